// Files that are dropped on the page, or pasted; folders as well.

import { counted } from "file-words";
import { toast } from "toast";

const OURS = "application/x-enclose-attachment"; // a file of a message that is shown
const HIDDEN = /^\.|^(thumbs\.db|desktop\.ini)$/i;
const BETWEEN = " - "; // the names of folders and files

/**
 * Take what is dropped on the page or pasted while a composer is there, until `signal` says so.
 *
 * `surface` shows that it can be dropped. `take` gets [{file, name}]; `takeKnown` the id of a
 * file that is here already. What another place takes, such as the text, is left to it.
 */
export function catchFiles({ surface, take, takeKnown, signal }) {
  const listen = (name, run) => addEventListener(name, run, { signal });
  const leave = () => surface.classList.remove("dropping");
  const isFor = ({ dataTransfer }) =>
    dataTransfer.types.includes("Files") || dataTransfer.types.includes(OURS);

  const over = (event) => {
    if (!isFor(event)) return;
    surface.classList.add("dropping");
    if (event.defaultPrevented) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  };
  listen("dragenter", over);
  listen("dragover", over);
  listen("dragleave", (event) => event.relatedTarget || leave());
  listen("dragend", leave);
  listen("pointermove", leave); // there is none while files hang over a page
  listen("drop", async (event) => {
    leave();
    if (event.defaultPrevented || !isFor(event)) return;
    event.preventDefault();
    const known = event.dataTransfer.getData(OURS);
    if (known) takeKnown(known);
    else take(await droppedFiles(event.dataTransfer));
  });
  listen("paste", (event) => {
    const { files, types } = event.clipboardData ?? {};
    if (event.defaultPrevented || !files?.length) return;
    // Tables come with a picture of themselves: whoever writes means the words.
    if (event.target.closest?.("input, textarea, [contenteditable]") && types.includes("text/plain")) {
      return;
    }
    event.preventDefault();
    take([...files].map((file) => ({ file })));
  });
}

/** The files of a drop, those in folders with their path in the name. */
async function droppedFiles(dataTransfer) {
  const entries = [...dataTransfer.items]
    .map((item) => item.webkitGetAsEntry?.())
    .filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) {
    return [...dataTransfer.files].map((file) => ({ file }));
  }
  const found = [];
  let hidden = 0;
  const walk = async (entry, folders) => {
    if (folders.length && HIDDEN.test(entry.name)) {
      hidden += 1;
    } else if (entry.isDirectory) {
      for (const child of await childrenOf(entry)) await walk(child, [...folders, entry.name]);
    } else {
      const file = await new Promise((give, deny) => entry.file(give, deny));
      found.push({ file, name: [...folders, entry.name].join(BETWEEN) });
    }
  };
  for (const entry of entries) await walk(entry, []);
  if (hidden) toast(`${counted(hidden, "hidden file")} left out.`);
  return found;
}

async function childrenOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((give, deny) => reader.readEntries(give, deny));
    if (!some.length) return found.sort((one, other) => one.name.localeCompare(other.name));
    found.push(...some);
  }
}
