// What every page of the desk does. Pages are swapped into one document, so modules live on.

import "navigation";
import "shortcuts";
import { localize } from "times";
import "visit";

/** Get what is needed only where people write. The composer comes first: the others look for it. */
async function loadComposer() {
  if (!document.querySelector("mail-composer")) return;
  await import("composer");
  const parts = [import("recipients"), import("editor"), import("draft-files"), import("sending")];
  await Promise.all(parts);
}

async function loadReading() {
  if (document.querySelector("mail-list")) await import("list");
  if (document.querySelector("mail-conversation")) await import("conversation");
  if (document.querySelector("held-list")) await import("held");
  if (document.querySelector("file-thumbnail")) await import("thumbnails");
}

async function loadSettings() {
  if (document.querySelector("copy-text")) await import("settings");
}

function arrive() {
  localize(document);
  loadReading();
  loadSettings();
  loadComposer();
}

document.body.addEventListener("htmx:afterSettle", arrive);
document.body.addEventListener("htmx:historyRestore", arrive);

arrive();
