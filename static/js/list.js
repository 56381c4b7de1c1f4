// <mail-list>: a list of conversations by keyboard, its selection, its stars.

import { ask } from "dialog";
import { shortcut } from "keyboard";
import { csrfToken } from "native";
import { toast } from "toast";

/** In which place the cursor was left, and at which row: actions bring the same list back. */
let left = { path: "", index: 0 };

const KEYS = [
  ["j", "Next conversation", (list) => list.step(1)],
  ["k", "Previous conversation", (list) => list.step(-1)],
  ["o", "Open", (list) => list.row?.querySelector("a.line").click()],
  ["x", "Select", (list) => list.pick()],
  ["s", "Star", (list) => list.row?.querySelector("button.star")?.click()],
  ["e", "Archive", (list) => list.act("archive", "e")],
  ["#", "Move to the trash", (list) => list.act("trash", "#")],
  ["u", "Mark as read or unread", (list) => list.act("read", "u")],
];

/** Send a form without leaving the page, as if `button` had been pressed; whether it went well. */
export async function sendQuietly(form, button) {
  const body = new FormData(form);
  body.set(button.name, button.value);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body,
      headers: { Accept: "application/json", "X-CSRFToken": csrfToken() },
    });
    return answer.ok;
  } catch {
    return false;
  }
}

/** Turn a star on or off, at once; back again if the server does not hear of it. */
export async function toggleStar(button) {
  turn(button);
  const asked = { name: button.name, value: swapped(button.value) };
  if (await sendQuietly(button.form, asked)) return;
  turn(button);
  toast("The star could not be changed.", { kind: "bad" });
}

function turn(button) {
  const isOn = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isOn));
  button.value = swapped(button.value);
}

function swapped(value) {
  return value.startsWith("un") ? value.slice(2) : `un${value}`;
}

/** What was done stands in the page with its Undo; with JavaScript it is a notice at the foot. */
export function showUndo() {
  for (const button of document.querySelectorAll(".messages button[form=undo]")) {
    const line = button.closest("li");
    const words = line.firstChild.textContent.trim();
    const form = document.querySelector("form#undo");
    const next = form.elements.next.value;
    const run = () => undo(form.action, next);
    const notice = toast(words, { action: { label: button.textContent, run }, seconds: 10 });
    notice.querySelector("button").setAttribute("aria-keyshortcuts", "z");
    line.remove();
  }
  for (const lines of document.querySelectorAll(".messages:empty")) lines.remove();
}

function undo(path, next) {
  htmx.ajax("POST", path, {
    target: "#view",
    select: "#view",
    swap: "outerHTML",
    values: { next, csrfmiddlewaretoken: csrfToken() },
  });
}

/** The buttons whose question has been answered. */
const agreed = new WeakSet();

/** Ask before a form does what cannot be undone. */
export async function asksFirst(event) {
  const button = event.submitter;
  const question = button?.dataset.question;
  if (!question || agreed.delete(button)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const actions = [
    { label: "Keep", value: "" },
    { label: button.textContent.trim(), value: "go on", kind: "danger" },
  ];
  if (!(await ask({ title: question, actions }))) return;
  agreed.add(button);
  button.form.requestSubmit(button);
}

class MailList extends HTMLElement {
  connectedCallback() {
    this.stopper = new AbortController();
    const { signal } = this.stopper;
    const here = { where: "mail-list .row", group: "List", repeats: true, signal };
    for (const [keys, label, run] of KEYS) shortcut(keys, label, () => run(this), here);
    this.addEventListener("click", (event) => this.click(event), { signal });
    this.addEventListener("change", (event) => this.change(event), { signal });
    this.addEventListener("focusin", () => this.remember(), { signal });
    this.addEventListener("submit", asksFirst, { signal, capture: true });
    this.querySelector(".all")?.removeAttribute("hidden");
    this.count();
    if (left.path === location.pathname && this.rows.length) this.rest();
    showUndo();
  }

  disconnectedCallback() {
    this.stopper.abort();
  }

  get rows() {
    return [...this.querySelectorAll(".row")];
  }

  get row() {
    return document.activeElement?.closest?.("mail-list .row") ?? null;
  }

  get picked() {
    return [...this.querySelectorAll("[name=thread]:checked")];
  }

  /** Where the cursor was, it is again; the row behind an archived one has moved up to there. */
  rest() {
    const row = this.rows[Math.min(left.index, this.rows.length - 1)];
    row.querySelector("a.line").setAttribute("autofocus", "");
  }

  remember() {
    if (this.row) left = { path: location.pathname, index: this.rows.indexOf(this.row) };
  }

  step(by) {
    const rows = this.rows;
    const now = this.row ? rows.indexOf(this.row) + by : 0;
    rows[Math.max(0, Math.min(now, rows.length - 1))]?.querySelector("a.line").focus();
  }

  pick() {
    const box = this.row?.querySelector("[name=thread]");
    if (box) box.click();
  }

  /** With a selection the button above the list, else that of the row. */
  act(name, key) {
    if (this.picked.length) {
      this.querySelector(`.list-actions [value=${name}]`)?.click();
      return;
    }
    this.row?.querySelector(`[data-key="${key}"]`)?.click();
  }

  async click(event) {
    const button = event.target.closest("button.star");
    if (!button) return;
    event.preventDefault();
    await toggleStar(button);
  }

  change(event) {
    if (event.target.matches(".select-all")) {
      for (const box of this.querySelectorAll("[name=thread]")) box.checked = event.target.checked;
    }
    this.count();
  }

  count() {
    const number = this.picked.length;
    const all = this.querySelector(".select-all");
    if (!all) return;
    all.checked = number > 0 && number === this.rows.length;
    all.indeterminate = number > 0 && !all.checked;
    this.classList.toggle("picking", number > 0);
    for (const tool of this.querySelectorAll(".list-actions .tool")) tool.disabled = number === 0;
    this.querySelector(".selected").textContent = number ? `${number} selected` : "";
  }
}

customElements.define("mail-list", MailList);
