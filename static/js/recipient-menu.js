// What can be done with a recipient: a small menu below it.

import { whoIs } from "recipient-chip";

const ROOM = 8; // pixels that it keeps from the edge of the window

/** Open the menu of a recipient below its button; `actions` are {label, run}. */
export function openMenu(button, one, actions) {
  const menu = document.querySelector("#recipient-menu");
  menu.ariaLabel = whoIs(one);
  menu.querySelector("strong").textContent = whoIs(one);
  menu.querySelector(".faint").textContent = one.reason ?? (one.name ? one.email : "");
  menu.querySelector("ul").replaceChildren(...actions.map((action) => line(menu, action)));
  menu.showPopover();
  place(menu, button.getBoundingClientRect());
  menu.querySelector("button").focus();
}

function line(menu, { label, run }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "place";
  button.textContent = label;
  button.addEventListener("click", () => {
    menu.hidePopover();
    run();
  });
  item.append(button);
  return item;
}

function place(menu, { left, bottom, top }) {
  const { width, height } = menu.getBoundingClientRect();
  const isBelow = bottom + height + ROOM < innerHeight;
  const x = Math.max(ROOM, Math.min(left, innerWidth - width - ROOM));
  menu.style.left = `${x}px`;
  menu.style.top = `${isBelow ? bottom + 4 : Math.max(ROOM, top - height - 4)}px`;
}
