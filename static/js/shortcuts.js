// Keys that work on every page, and the dialog that lists those of this one.

import { find, letSingleKeysWork, shortcut, shortcutsHere, singleKeysWork } from "keyboard";

const press = (element) => element.click();
const focus = (element) => {
  element.focus();
  element.select?.();
};
const place = (name) => `#sidebar a[data-place=${name}]`;
/** The sidebar may be folded away: a link there is followed all the same. */
const go = (name) => document.querySelector(place(name))?.click();

shortcut("c", "Compose", press, { where: "#bar a.compose" });
shortcut("/", "Search", focus, { where: "#q" });
shortcut("g i", "Inbox", () => go("inbox"), { group: "Go to" });
shortcut("g d", "Drafts", () => go("drafts"), { group: "Go to" });
shortcut("g s", "Sent", () => go("sent"), { group: "Go to" });
shortcut("?", "This list", open);
shortcut("mod+s", "Save", null, { where: "mail-composer", group: "Writing" });

function open() {
  const dialog = document.querySelector("#shortcuts");
  const groups = Map.groupBy(shortcutsHere(), ({ group }) => group);
  dialog.querySelector(".keys").replaceChildren(...[...groups].flatMap(section));
  dialog.querySelector("[type=checkbox]").checked = singleKeysWork();
  dialog.showModal();
}

function section([group, entries]) {
  const list = document.createElement("dl");
  for (const { keys, label } of entries) {
    const row = document.createElement("div");
    row.append(made("dt", label), made("dd", ...keys.flatMap(chord)));
    list.append(row);
  }
  return group ? [made("h3", group), list] : [list];
}

function chord(keys, index) {
  const marks = keys.flatMap((key) => ["+", made("kbd", key)]).slice(1);
  return index ? [" then ", ...marks] : marks;
}

function made(name, ...children) {
  const element = document.createElement(name);
  element.append(...children);
  return element;
}

document.addEventListener("click", ({ target }) => {
  if (!target.closest("[aria-controls=shortcuts]")) return;
  find("#sidebar:popover-open")?.hidePopover();
  open();
});
document.querySelector("#shortcuts").addEventListener("change", ({ target }) => {
  letSingleKeysWork(target.checked);
});
