// Rows that can be dragged to another place in their list.

/** Let `move(row, position)` be called for a row that is dropped at another place. */
export function sortable(list, move, signal) {
  let dragged = null;
  const listen = (name, run) => list.addEventListener(name, run, { signal });
  const rowAt = (event) => event.target.closest(".draft-file");
  const clear = () => list.querySelector(".aimed")?.classList.remove("aimed");

  listen("dragstart", (event) => {
    dragged = rowAt(event);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.row.name);
  });
  listen("dragover", (event) => {
    const aim = rowAt(event);
    if (!dragged || !aim) return;
    event.preventDefault();
    clear();
    if (aim !== dragged) aim.classList.add("aimed");
  });
  listen("drop", (event) => {
    const aim = rowAt(event);
    if (!dragged || !aim || aim === dragged) return;
    event.preventDefault();
    move(dragged.row, [...list.children].indexOf(aim));
  });
  listen("dragend", () => {
    clear();
    dragged = null;
  });
}
