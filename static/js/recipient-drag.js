// Dragging recipients from one field to another.

import { spellAddress } from "addresses";

const CARRIED = "application/x-enclose-recipient";

/** Let the chips of a field be dragged, and let it take those of its siblings. */
export function letDrag(field, { signal, index, entries }) {
  const on = (name, run) => field.addEventListener(name, run, { signal });
  on("dragstart", (event) => {
    const at = index(event.target);
    const one = entries()[at];
    if (!one) return;
    event.dataTransfer.setData(CARRIED, JSON.stringify({ name: field.name, at }));
    event.dataTransfer.setData("text/plain", one.text ?? spellAddress(one));
    for (const other of field.siblings) other.classList.add("open-to-drop");
  });
  on("dragend", () => {
    for (const other of field.siblings) other.classList.remove("open-to-drop", "over");
  });
  on("dragover", (event) => {
    if (!event.dataTransfer.types.includes(CARRIED)) return;
    event.preventDefault();
    field.classList.add("over");
  });
  on("dragleave", ({ relatedTarget }) => {
    if (!field.contains(relatedTarget)) field.classList.remove("over");
  });
  on("drop", (event) => {
    const carried = event.dataTransfer.getData(CARRIED);
    if (!carried) return;
    event.preventDefault();
    const { name, at } = JSON.parse(carried);
    field.siblings.find((one) => one.name === name).move(at, field);
  });
}
