// The keys of the desk: one list of them, from which they work and in which they are looked up.

const OFF = "single-keys-off";
const PATIENCE = 1200; // milliseconds between the two keys of `g i`
const TYPING =
  "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], [role=textbox]";
const isMac = navigator.platform.startsWith("Mac");
const names = { mod: isMac ? "⌘" : "Ctrl", shift: isMac ? "⇧" : "Shift", alt: isMac ? "⌥" : "Alt" };

const shortcuts = [];
let first = "";
let firstAt = 0;

/**
 * Have keys do something: `c`, `g i`, `mod+shift+Enter` (mod: Ctrl, or Cmd on a Mac).
 *
 * They work, and are listed, where something on the page matches `where`; `run` gets that element.
 * Without `run` they are only listed: something else looks after them. Held down they are pressed
 * once, unless it `repeats`. `signal` ends it.
 */
export function shortcut(keys, label, run, options = {}) {
  const { where = "body", group = "", repeats = false, signal } = options;
  const made = { keys, label, run, where, group, repeats };
  shortcuts.push(made);
  signal?.addEventListener("abort", () => shortcuts.splice(shortcuts.indexOf(made), 1));
}

/** What works on this page: [{keys, label, group}]; `keys` in the words of this machine. */
export function shortcutsHere() {
  const here = shortcuts.filter(({ where }) => find(where));
  return here.map(({ keys, label, group }) => ({ keys: spell(keys), label, group }));
}

/** Whether keys without a modifier do something; the person decides (WCAG 2.1.4). */
export function singleKeysWork() {
  return localStorage.getItem(OFF) === null;
}

export function letSingleKeysWork(wanted) {
  if (wanted) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "true");
}

/** The first element that matches and can be seen. */
export function find(selector) {
  const isThere = (element) => element === document.body || element.checkVisibility();
  return [...document.querySelectorAll(selector)].find(isThere);
}

function spell(keys) {
  return keys.split(" ").map((one) => one.split("+").map((key) => names[key] ?? key));
}

/** A key as `shortcut` has it; Shift is only told of keys that mean the same with it. */
function keyOf(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("mod");
  if (event.altKey) parts.push("alt");
  const isWord = event.key.length > 1;
  if (event.shiftKey && (isWord || parts.length)) parts.push("shift");
  parts.push(isWord || !parts.length ? event.key : event.key.toLowerCase());
  return parts.join("+");
}

function press(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  const key = keyOf(event);
  const isPlain = !/^(mod|alt)/.test(key);
  const isSingle = isPlain && event.key.length === 1;
  if (isPlain && event.target.closest?.(TYPING)) return;
  if (isSingle && !singleKeysWork()) return;
  const before = Date.now() - firstAt < PATIENCE ? first : "";
  const wanted = before ? `${before} ${key}` : key;
  const made = shortcuts.findLast(({ keys, where }) => keys === wanted && find(where));
  first = "";
  if (made?.run) {
    event.preventDefault();
    if (event.repeat && !made.repeats) return;
    made.run(find(made.where), event);
  } else if (!made && isSingle && shortcuts.some(({ keys }) => keys.startsWith(`${key} `))) {
    first = key;
    firstAt = Date.now();
  }
}

document.addEventListener("keydown", press);
