// <mail-conversation>: marks as read, sizes frames, shows files, answers keys.

import { shortcut } from "keyboard";
import { asksFirst, sendQuietly, showUndo, toggleStar } from "list";

/** What a key does; each has a button that says so by its `data-key` or its `data-answer`. */
const KEYS = [
  ["r", "Reply", "[data-answer=reply]"],
  ["a", "Reply to all", "[data-answer=reply_all]"],
  ["f", "Forward", "[data-answer=forward]"],
  ["e", "Archive", "[data-key=e]"],
  ["#", "Move to the trash", "[data-key='#']"],
  ["u", "Mark as unread", "[data-key=u]"],
  ["s", "Star", "[data-key=s]"],
  ["Escape", "Back to the list", "[data-key=Escape]"],
];

class MailConversation extends HTMLElement {
  connectedCallback() {
    this.stopper = new AbortController();
    const { signal } = this.stopper;
    for (const [keys, label, button] of KEYS) {
      const here = { where: `mail-conversation ${button}`, group: "Conversation", signal };
      shortcut(keys, label, () => this.press(button), here);
    }
    this.addEventListener("click", (event) => this.click(event), { signal });
    this.addEventListener("submit", asksFirst, { signal, capture: true });
    this.addEventListener("dragstart", (event) => this.drag(event), { signal });
    // This does not bubble.
    this.addEventListener("load", (event) => this.fit(event.target), { signal, capture: true });
    this.growth = new ResizeObserver((grown) => {
      for (const { target } of grown) adjust(target.ownerDocument.defaultView?.frameElement);
    });
    for (const frame of this.querySelectorAll("iframe.frame")) this.fit(frame);
    if ("unread" in this.dataset) this.markRead();
    this.goToNewest();
    showUndo();
  }

  disconnectedCallback() {
    this.stopper.abort();
    this.growth.disconnect();
  }

  /** Past what is folded, to what is to be read. */
  goToNewest() {
    const folded = this.querySelectorAll(".letter:not([open])").length;
    if (folded < 3 || location.hash) return;
    const newest = this.querySelector(".letter[open]");
    requestAnimationFrame(() => newest?.scrollIntoView({ block: "center" }));
  }

  async markRead() {
    const button = this.querySelector(".mark-read");
    if (!button || !(await sendQuietly(button.form, button))) return;
    button.remove();
    const count = document.querySelector("#sidebar [aria-current=page] .count");
    const rest = Number.parseInt(count?.textContent ?? "", 10) - this.querySelectorAll(".new").length;
    if (rest > 0) count.firstChild.textContent = String(rest);
    else if (rest <= 0) count.remove();
  }

  fit(frame) {
    const page = frame.matches?.("iframe.frame") ? frame.contentDocument : null;
    if (!page?.body || page.URL === "about:blank") return;
    adjust(frame);
    this.growth.observe(page.documentElement);
    page.addEventListener("keydown", (event) => passOn(event));
  }

  press(button) {
    const isAnswer = button.startsWith("[data-answer");
    (isAnswer ? this.newest : this)?.querySelector(button)?.click();
  }

  /** The letter that has the focus, else the last that is open. */
  get newest() {
    const focused = document.activeElement?.closest?.(".letter[open]");
    return focused ?? [...this.querySelectorAll(".letter[open]")].at(-1);
  }

  async click(event) {
    const star = event.target.closest("button.star");
    const remote = event.target.closest(".remote a");
    const file = event.target.closest("a.file-open[data-view]");
    if (star) {
      event.preventDefault();
      await toggleStar(star);
    } else if (remote) {
      remote.closest(".remote").remove();
    } else if (file && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const { showFiles } = await import("preview");
      showFiles([...file.closest("ul").querySelectorAll("a.file-open[data-view]")], file);
    }
  }

  /** A file may be dropped into a draft, or onto the computer. */
  drag(event) {
    const file = event.target.closest?.("a.file-open");
    if (!file) return;
    const { attachment, name } = file.dataset;
    event.dataTransfer.effectAllowed = "copy";
    event.dataTransfer.setData("application/x-enclose-attachment", attachment);
    event.dataTransfer.setData("DownloadURL", `application/octet-stream:${name}:${file.href}`);
  }
}

/** As high as what is in it, so that the page scrolls and the frame does not. */
function adjust(frame) {
  const page = frame?.contentDocument;
  if (!page?.body) return;
  const height = `${Math.ceil(page.documentElement.getBoundingClientRect().height)}px`;
  if (frame.style.height !== height) frame.style.height = height;
  frame.classList.add("sized");
}

/** Keys that are pressed within a mail are meant for the page. */
function passOn(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key } = event;
  if (key.length > 1 && key !== "Escape") return;
  document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

customElements.define("mail-conversation", MailConversation);
