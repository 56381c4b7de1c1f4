// Files in a dialog over the page: pictures, first pages, texts, sound and film.

import { announce } from "live";
import { drawn } from "thumbnails";

const MAX_TEXT = 100_000; // characters

/** How each kind is shown; each gives an element. */
const kinds = {
  image: ({ src }) => made("img", { src, alt: "" }),
  pdf: ({ preview }) => firstPage(preview),
  audio: ({ src }) => made("audio", { src, controls: true }),
  video: ({ src }) => made("video", { src, controls: true }),
  text: ({ src }) => readText(src),
};

/** Open a dialog with the files of these links, at `first`; the focus goes back to the last. */
export function showFiles(links, first) {
  const dialog = made("dialog", { className: "preview" });
  dialog.setAttribute("aria-labelledby", "preview-name");
  let index = links.indexOf(first);

  const name = made("h2", { id: "preview-name" });
  const stage = made("div", { className: "stage" });
  const download = made("a", { textContent: "Download", className: "button quiet", download: "" });
  const close = button("Close", () => dialog.close());
  const before = button("Previous file", () => go(-1));
  const after = button("Next file", () => go(1));
  const head = made("header", {});
  head.append(name, download, close);
  dialog.append(head, stage);
  if (links.length > 1) {
    const steps = made("nav", { className: "steps" });
    steps.setAttribute("aria-label", "Files");
    steps.append(before, after);
    dialog.append(steps);
  }

  function show() {
    const link = links[index];
    const { view, src, preview } = link.dataset;
    name.textContent = link.dataset.name;
    download.href = link.href;
    const content = kinds[view]({ src, preview });
    content.addEventListener("error", () => stage.replaceChildren(none()));
    stage.replaceChildren(content);
    announce(`${link.dataset.name}, ${index + 1} of ${links.length}`);
  }

  function go(by) {
    index = (index + by + links.length) % links.length;
    show();
  }

  dialog.addEventListener("keydown", (event) => {
    if (event.target.matches("audio, video, pre")) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && links.length > 1) {
      event.preventDefault();
      go(by);
    }
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    links[index].focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
  show();
}

function firstPage(url) {
  const image = made("img", { alt: "", className: "page" });
  drawn(url)
    .then((picture) => picture ?? Promise.reject(new Error("none")))
    .then((picture) => {
      image.src = URL.createObjectURL(picture);
      image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    })
    .catch(() => image.replaceWith(none()));
  return image;
}

function readText(src) {
  const page = made("pre", { tabIndex: 0, dir: "auto" });
  fetch(src)
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer)))
    .then((text) => {
      page.textContent = text.slice(0, MAX_TEXT);
    })
    .catch(() => page.replaceWith(none()));
  return page;
}

function none() {
  return made("p", { className: "faint", textContent: "There is no preview of this file." });
}

function button(label, run) {
  const one = made("button", { type: "button", className: "quiet", textContent: label });
  one.addEventListener("click", run);
  return one;
}

function made(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}
