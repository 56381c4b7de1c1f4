// The buttons above the text: one stop of the Tab key, arrow keys between them.

/** button -> the element around the caret with which it is in force */
const FORMATS = {
  bold: "B",
  italic: "I",
  underline: "U",
  link: "A",
  bullets: "UL",
  numbers: "OL",
  quote: "BLOCKQUOTE",
};

/** Bring a toolbar to life: `run` gets the name of the button that is pressed. */
export function equip(toolbar, run) {
  const buttons = [...toolbar.querySelectorAll("button")];
  const usable = () => buttons.filter((button) => !button.disabled);
  const stop = (chosen) => buttons.forEach((button) => (button.tabIndex = button === chosen ? 0 : -1));
  stop(buttons[0]);
  toolbar.addEventListener("mousedown", (event) => event.preventDefault()); // the text keeps the focus
  toolbar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) run(button.dataset.do, button);
  });
  toolbar.addEventListener("focusin", (event) => stop(event.target));
  toolbar.addEventListener("keydown", (event) => {
    const places = usable();
    const place = places.indexOf(event.target);
    const isBackwards = getComputedStyle(toolbar).direction === "rtl";
    const step = { ArrowRight: isBackwards ? -1 : 1, ArrowLeft: isBackwards ? 1 : -1 }[event.key];
    const next = { Home: places[0], End: places.at(-1) }[event.key];
    const wanted = next ?? (step && places.at((place + step) % places.length));
    if (!wanted) return;
    event.preventDefault();
    wanted.focus();
  });
}

/** Show which buttons are in force where the caret is. */
export function showFormats(toolbar, editor) {
  for (const [name, tag] of Object.entries(FORMATS)) {
    toolbar.querySelector(`[data-do=${name}]`).setAttribute("aria-pressed", editor.hasFormat(tag));
  }
}

/** In plain text only the button that leads out of it can be pressed. */
export function showPlain(toolbar, isPlain) {
  for (const button of toolbar.querySelectorAll("button")) {
    const isSwitch = button.dataset.do === "plain";
    if (isSwitch) button.setAttribute("aria-pressed", isPlain);
    else button.disabled = isPlain;
  }
  const first = toolbar.querySelector("button:not(:disabled)");
  toolbar.querySelectorAll("button").forEach((one) => (one.tabIndex = one === first ? 0 : -1));
}
