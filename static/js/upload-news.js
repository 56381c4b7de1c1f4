// Tells those who listen how the files fare: of a few each by name, of many the number.

import { counted } from "file-words";
import { announce } from "live";

const FEW = 3;
const GATHERED = 250; // milliseconds
const SHORT = 2000; // milliseconds, within which nobody wants to hear percents
const MARKS = [25, 50, 75];

const news = { added: [], done: [], failed: [], removed: [] };
let crowd = null; // what came at once, if that is more than a few
let timer;
const marks = new WeakMap(); // what has been said of an upload, or of a crowd

/** Something has happened to an upload; `busy` are all that are on their way. */
export function hear(kind, upload, busy) {
  if (kind === "progress") tellProgress(upload);
  if (kind in news && !(kind === "removed" && upload.state === "done")) {
    news[kind].push(upload);
    clearTimeout(timer);
    timer = setTimeout(tellNews, GATHERED);
  }
  if (crowd && !busy.length) tellEnd();
}

function tellNews() {
  const { added, done, failed, removed } = news;
  const begun = added.filter((upload) => !upload.isOver);
  if (added.length > FEW) {
    crowd = [...(crowd ?? []), ...added];
    if (begun.length) announce(`${counted(begun.length)}, uploading`);
    else tellEnd();
  } else {
    for (const { name } of begun) announce(`${name}, uploading`);
  }
  for (const upload of done) {
    if (upload.note) announce(`${upload.name}. ${upload.note}`);
    if (!crowd?.includes(upload)) announce(`${upload.name} uploaded`);
  }
  tellEach(failed, ({ name, reason }) => `${name} failed: ${reason}`, "failed");
  tellEach(removed, ({ name }) => `${name} removed`, "removed");
  for (const list of Object.values(news)) list.length = 0;
}

function tellEach(uploads, words, inShort) {
  if (uploads.length > FEW) announce(`${counted(uploads.length)} ${inShort}`);
  else for (const upload of uploads) announce(words(upload));
}

function tellProgress(upload) {
  const many = crowd?.includes(upload) ? crowd : null;
  const group = many ?? [upload];
  const began = Math.min(...group.map(({ startedAt }) => startedAt ?? Infinity));
  if (performance.now() - began < SHORT) return;
  const sum = (name) => group.reduce((total, one) => total + one[name], 0);
  const percent = (100 * sum("sent")) / sum("size");
  const mark = MARKS.findLast((one) => percent >= one);
  if (!mark || (marks.get(many ?? upload) ?? 0) >= mark) return;
  marks.set(many ?? upload, mark);
  announce(`${many ? counted(many.length) : upload.name}, ${mark} %`);
}

function tellEnd() {
  const all = crowd.length;
  const whole = crowd.filter(({ state }) => state === "done").length;
  crowd = null;
  announce(whole === all ? `${counted(all)} uploaded` : `${whole} of ${counted(all)} uploaded`);
}
