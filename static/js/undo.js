// What can be taken back for a moment: a mail that was sent, a draft that was let go of.

import { shortcut } from "keyboard";
import { announce } from "live";
import { call } from "native";
import { known } from "shelf";
import { toast } from "toast";
import { visit } from "visit";
import { restoreCaret } from "whereabouts";

const GRACE = 8000; // milliseconds in which a discarded draft can be had back
const LOOK = 3000; // milliseconds between two looks at a mail that waits for files

/** Drafts that are about to be deleted, by id: what deletes one now. */
const discarded = new Map();

/** Whether a draft is about to be deleted. */
export const isDiscarded = (id) => discarded.has(id);

/**
 * Say that a mail was sent, with Undo for as long as there is time by the server's clock.
 *
 * `when` are the words for a time that was chosen; `caret` is where its writer was.
 */
export function offerUnsend(draft, { when = "", caret = null } = {}) {
  const number = draft.waiting_for.length;
  const offer = (words, seconds = 0) => show(draft, words, { seconds, caret });
  if (when) offer(`Scheduled for ${when}.`, 10);
  else if (number) follow(draft, offer(waitingWords(number)));
  else if (draft.secondsLeft > 0) countDown(draft, offer("Sent."));
  else toast("Sent.");
}

function show(draft, words, { seconds, caret }) {
  const run = () => unsend(draft, caret);
  const notice = toast(words, { action: { label: "Undo", run }, seconds });
  notice.querySelector("button").setAttribute("aria-keyshortcuts", "z");
  return notice;
}

function countDown(draft, notice) {
  const button = notice.querySelector("button");
  const tick = () => {
    const left = Math.ceil(draft.secondsLeft);
    if (!notice.isConnected) return;
    if (!left) return dismiss(notice);
    button.textContent = `Undo (${left} s)`;
    setTimeout(tick, 250);
  };
  tick();
}

const waitingWords = (number) => `Sending when ${number} file${number > 1 ? "s are" : " is"} in.`;

/** Follow a mail that waits until its files are in, in this window or another. */
function follow(draft, notice) {
  const words = notice.querySelector("span");
  const look = async () => {
    if (!notice.isConnected) return;
    await draft.reload().catch(() => {});
    const number = draft.waiting_for.length;
    if (draft.state === "open") return notice.remove();
    if (number) words.textContent = waitingWords(number);
    else if (draft.secondsLeft > 0) {
      words.textContent = "Sent.";
      return countDown(draft, notice);
    } else if (draft.state === "dispatched") {
      announce("Sent.");
      words.textContent = "Sent.";
      notice.querySelector("button").remove();
      return setTimeout(() => dismiss(notice), 4000);
    }
    setTimeout(look, LOOK);
  };
  setTimeout(look, LOOK);
}

/** Take a notice away; whoever was on it goes on in the page. */
function dismiss(notice) {
  if (notice.contains(document.activeElement)) document.querySelector("#main").focus();
  notice.remove();
}

async function unsend(draft, caret) {
  try {
    await draft.unsend();
    announce("Taken back. It is a draft again.");
    const arrive = () => restoreCaret(document.querySelector("mail-composer"), caret);
    document.body.addEventListener("htmx:afterSettle", arrive, { once: true });
    visit(`/mail/drafts/${draft.id}`);
  } catch (error) {
    const isLate = error.code === "too_late";
    toast(isLate ? "It has just left, and cannot be taken back." : error.message, { kind: "bad" });
  }
}

/** Let go of a draft: it is deleted in a moment, unless the person wants it back. */
export function discard(id, { back = () => {} } = {}) {
  const timer = setTimeout(() => discarded.get(id)?.(), GRACE);
  discarded.set(id, () => {
    clearTimeout(timer);
    discarded.delete(id);
    deleteNow(id).catch((error) => {
      toast(`The draft is still there. ${error.message}`, { kind: "bad" });
      back();
    });
  });
  const run = () => {
    clearTimeout(timer);
    discarded.delete(id);
    announce("The draft is back.");
    back();
  };
  const notice = toast("Draft discarded.", { action: { label: "Undo", run }, seconds: GRACE / 1000 });
  notice.querySelector("button").setAttribute("aria-keyshortcuts", "z");
}

async function deleteNow(id) {
  const draft = known.get(id);
  if (draft) return draft.discard();
  return call("DELETE", `/drafts/${id}`, { keepalive: true }).catch((error) => {
    if (error.code !== "draft_not_found") throw error;
  });
}

addEventListener("pagehide", () => discarded.forEach((now) => now()));

shortcut("z", "Undo", (button) => button.click(), { where: "#toasts [aria-keyshortcuts=z]" });
