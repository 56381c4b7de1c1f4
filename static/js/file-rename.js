// Giving a file another name, in its row.

import { refusedName } from "file-limits";
import { endingOf } from "file-words";

/**
 * Let the person write another name in place of the one in the row.
 *
 * Its ending stays unless another one is written, and confirmed. `save` gets the new name.
 */
export function rename(row, limits, save) {
  const before = row.name;
  const ending = endingOf(before);
  const link = row.part(".name");
  const input = document.createElement("input");
  input.className = "rename";
  input.value = before;
  input.maxLength = limits.file.max_filename_characters;
  input.ariaLabel = `New name of ${before}`;
  const warning = document.createElement("p");
  warning.className = "rename-warning";
  warning.role = "alert";
  let isSure = false;
  let isOver = false;

  const end = (back = true) => {
    if (isOver) return;
    isOver = true;
    row.element.draggable = true;
    warning.remove();
    input.replaceWith(link);
    if (back) link.focus();
  };

  const commit = (back) => {
    if (isOver) return;
    let name = input.value.trim();
    if (!name || name === before) return end(back);
    if (ending && !endingOf(name)) name += ending;
    const reason = refusedName(name, limits);
    const changed = endingOf(name).toLowerCase() !== ending.toLowerCase();
    if (reason || (changed && !isSure)) {
      const words = `The ending changes from ${ending || "none"} to ${endingOf(name)}: it may not open. `;
      warning.textContent = reason ?? `${words}Press Enter again to do that, Esc to leave it.`;
      isSure = !reason;
      row.element.append(warning);
      if (!back) end(false);
      return;
    }
    end(back);
    save(name);
  };

  input.addEventListener("input", () => {
    isSure = false;
    warning.remove();
  });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter") {
      event.preventDefault();
      commit(true);
    }
    if (event.key === "Escape") {
      event.preventDefault();
      end();
    }
  });
  input.addEventListener("blur", () => commit(false));
  row.element.draggable = false; // a name is to be marked, not the row to be moved
  link.replaceWith(input);
  input.focus();
  input.setSelectionRange(0, before.length - ending.length);
}
