// Dialogs that ask something, and the small pieces that they are made of.

/** An element with properties and children; texts are texts. */
export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  const { attributes = {}, ...own } = properties;
  Object.assign(element, own);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

let count = 0;

/**
 * Ask something; gives the value of the button that was pressed, blank when the dialog was closed.
 *
 * `actions` are [{label, value, kind}]; the first has the focus, unless something in `content` has
 * `autofocus`. A button in `content` answers with its `value` too when it has the class `answer`.
 */
export function ask({ title, content = [], actions, className = "" }) {
  const id = `dialog-${++count}`;
  const buttons = actions.map(({ label, value, kind = "quiet" }) =>
    make("button", { type: "button", className: `answer ${kind}`, textContent: label, value }),
  );
  const dialog = make(
    "dialog",
    { className, attributes: { "aria-labelledby": id } },
    make("h2", { id, textContent: title }),
    ...content,
    make("div", { className: "actions" }, ...buttons),
  );
  document.body.append(dialog);
  dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? buttons[0])?.focus();
  return new Promise((answer) => {
    dialog.addEventListener("click", ({ target }) => {
      const button = target.closest("button.answer");
      if (button) dialog.close(button.value);
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      answer(dialog.returnValue);
    });
  });
}
