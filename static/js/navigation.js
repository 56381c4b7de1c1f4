// How pages follow each other: what is swapped and what is not, waiting, focus, the way back.

import { announce } from "live";
import { toast } from "toast";

const LONG = 10_000; // milliseconds

const view = () => document.querySelector("#view");
const main = () => document.querySelector("#main");
const on = (name, run) => document.body.addEventListener(`htmx:${name}`, run);

/** Only pages of the desk can be put into this one. */
const isDesk = (url) => new URL(url, location.href).pathname.startsWith("/mail/");
const isPage = (text) => text.includes('id="view"');

let shown = location.href; // the page that is on the screen
let left = ""; // the one that was left by going back
let loading; // the request for the page that was asked for last

// What is asked for -----------------------------------------------------------------------------

on("confirm", (event) => {
  const { elt, verb, path } = event.detail;
  if (verb === "get" && elt.matches("a") && (elt.hasAttribute("download") || !isDesk(path))) {
    event.preventDefault();
    location.assign(elt.href);
  }
});

/** Every form is sent once: what is under way is not asked for again. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  if (form.ariaBusy === "true") {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  // after the others have had their say, and not before the submitter's value has been taken
  setTimeout(() => {
    const isSwapped = form.matches(".htmx-request");
    if (event.defaultPrevented && !isSwapped) return;
    hold(form, event.submitter);
    if (!isSwapped) setTimeout(() => release(form), LONG); // it may have been a download
  });
}, { capture: true });

function hold(form, submitter) {
  form.ariaBusy = "true";
  submitter?.setAttribute("aria-disabled", "true");
}

function release(form) {
  form.ariaBusy = null;
  for (const button of form.querySelectorAll("[aria-disabled]")) {
    button.removeAttribute("aria-disabled");
  }
}

addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach(release));

on("beforeRequest", ({ detail: { target, xhr } }) => {
  if (target?.id !== "view") return;
  loading = xhr;
  view().ariaBusy = "true";
});
on("afterRequest", ({ detail }) => {
  if (detail.elt.matches("form")) release(detail.elt);
  if (detail.xhr !== loading) return;
  loading = undefined;
  if (view()) view().ariaBusy = null;
});

// What is answered ------------------------------------------------------------------------------

on("beforeSwap", (event) => {
  const { xhr, target, requestConfig } = event.detail;
  if (target.id !== "view") return;
  keepPlace();
  const isWanted = xhr === loading; // else somebody has gone on meanwhile
  if (isWanted && isPage(xhr.responseText)) return;
  event.detail.shouldSwap = false;
  if (!isWanted) return;
  const isRead = requestConfig.verb === "get";
  const answered = new URL(xhr.responseURL || location.href);
  if (answered.pathname.startsWith("/accounts/login")) signInAgain(isRead ? answered : location);
  else if (xhr.status < 400) location.assign(answered);
  else if (isRead) location.assign(requestConfig.path);
  else toast(trouble(xhr), { kind: "bad", seconds: 0 });
});

/** The session is over: sign in, and come back to where one was. */
function signInAgain(url) {
  if (url !== location) return location.assign(url);
  const next = new URLSearchParams({ next: location.pathname + location.search });
  return location.assign(`/accounts/login/?${next}`);
}

function trouble({ status, responseText }) {
  const page = new DOMParser().parseFromString(responseText, "text/html");
  const words = page.querySelector("main h1")?.textContent;
  return `That did not work: ${words ?? `the server answered ${status}`}.`;
}

on("sendError", () => toast("There is no connection to the server.", { kind: "bad" }));

// What is seen ----------------------------------------------------------------------------------

on("afterSettle", ({ detail }) => {
  if (detail.target?.id !== "view" && detail.elt.id !== "view") return;
  shown = location.href;
  const wanted = document.querySelector("#main [autofocus]") ?? main();
  wanted?.focus({ preventScroll: true });
  arrived();
});

/** What is left is remembered, so that the way back leads to the same place in it. */
const places = new Map(); // page -> how far it was scrolled
const keepPlace = () => places.set(shown, scrollY);
addEventListener("popstate", () => {
  keepPlace();
  left = shown;
});

on("historyCacheMissLoad", ({ detail }) => {
  if (isPage(detail.response)) return;
  detail.response = "";
  location.reload();
});
on("historyCacheMissLoadError", () => location.reload());

on("historyRestore", () => {
  shown = location.href;
  scrollTo({ top: places.get(shown) ?? 0, behavior: "instant" });
  const path = left.replace(location.origin, "");
  const link = main()?.querySelector(`a[href="${CSS.escape(path)}"]`) ?? main();
  link?.focus({ preventScroll: true });
  arrived();
});

function arrived() {
  announce(document.title.replace(/ · [^·]*$/, ""));
}
