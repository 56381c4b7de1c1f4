// Short notices at the foot of the window; they stay while pages come and go.

import { announce } from "live";

/**
 * Show a notice; gives its element, which `remove()` takes away.
 *
 * `action` is {label, run}: its button also removes the notice. It goes by itself after `seconds`,
 * but not while the pointer or the focus is on it; 0: it stays.
 */
export function toast(text, { action, seconds = 6, kind = "" } = {}) {
  const element = document.createElement("div");
  element.className = `toast ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  if (action) element.append(button(action.label, "plain", () => action.run(), element));
  element.append(button("Close", "plain close", () => {}, element));
  document.querySelector("#toasts").append(element);
  announce(text);
  if (seconds) goAfter(element, seconds * 1000);
  return element;
}

function button(label, className, run, element) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = label;
  made.addEventListener("click", () => {
    element.remove();
    run();
  });
  return made;
}

function goAfter(element, milliseconds) {
  setTimeout(() => {
    if (element.matches(":hover, :focus-within")) goAfter(element, 2000);
    else element.remove();
  }, milliseconds);
}
