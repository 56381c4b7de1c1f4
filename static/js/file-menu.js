// A menu beside a button: what can be done to one file.

/** Show a menu of [{label, run}] at a button; the focus goes back there when it is closed. */
export function showMenu(button, label, items) {
  const menu = document.createElement("div");
  menu.className = "file-menu";
  menu.popover = "auto";
  menu.role = "menu";
  menu.ariaLabel = label;
  menu.append(...items.map((item) => choice(item, menu)));
  button.after(menu);
  button.style.anchorName = "--file-menu";
  button.ariaExpanded = "true";
  menu.addEventListener("keydown", (event) => step(event, menu));
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") return;
    const hadFocus = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    button.style.anchorName = "";
    button.ariaExpanded = "false";
    if (hadFocus && button.isConnected) button.focus();
  });
  menu.showPopover();
  menu.firstElementChild.focus();
}

function choice({ label, run }, menu) {
  const button = document.createElement("button");
  button.type = "button";
  button.role = "menuitem";
  button.tabIndex = -1;
  button.textContent = label;
  button.addEventListener("click", () => {
    menu.hidePopover();
    run();
  });
  return button;
}

function step(event, menu) {
  const items = [...menu.children];
  const place = items.indexOf(document.activeElement);
  const places = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: -1 };
  if (event.key === "Tab") menu.hidePopover();
  if (!(event.key in places)) return;
  event.preventDefault();
  items.at(places[event.key] % items.length).focus();
}
