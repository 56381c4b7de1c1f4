// Files of which a part has come, from another window, device or day.

import { headDigest } from "digests";
import { progressOf } from "roads";

const LOOK = 5000; // milliseconds

/** See how far the half-done rows are, now and again, until `signal` says so. */
export function watchHalfDone(rows, render, signal) {
  const look = async () => {
    for (const row of rows().filter(({ isHalfDone }) => isHalfDone)) {
      try {
        row.file.halfDone = await progressOf(row.id);
      } catch {
        row.file.halfDone = null; // it comes by another way, or there is no connection
      }
    }
    if (!signal.aborted) render();
  };
  const isWorthIt = () => !document.hidden && rows().some(({ isHalfDone }) => isHalfDone);
  const timer = setInterval(() => isWorthIt() && look(), LOOK);
  signal.addEventListener("abort", () => clearInterval(timer));
  queueMicrotask(() => isWorthIt() && look());
}

/** Whether a file is the one of which the row has a part. */
export async function isSameFile({ file: { enclosure, halfDone }, name }, file) {
  if (file.size !== enclosure.size) return false;
  const head = halfDone?.head && (await headDigest(file));
  return head ? head === halfDone.head : file.name === name;
}
