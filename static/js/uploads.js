// All files that are on their way in this window, whatever page is shown.

import { connection } from "connection";
import { refused } from "file-limits";
import { numbered, pastedName } from "file-words";
import { Stopped, Upload } from "upload";
import { hear } from "upload-news";

const AT_ONCE = 4; // so that two of a browser's six connections are left for everything else
const LARGE_AT_ONCE = 2;

/** Event `change`: an upload was added, or is at another point. */
class Uploads extends EventTarget {
  limits; // of the workspace, as `GET /limits` has them
  #lists = new Map(); // draft -> its uploads; what is done stays until all are
  #waiting = [];
  #running = new Set();
  #line = Promise.resolve();
  #count = 0;

  constructor() {
    super();
    connection.addEventListener("change", () => {
      if (connection.isLost) this.busy.forEach((upload) => upload.interrupt());
      this.#changed();
    });
  }

  /** Attach a file; it is refused at once, as one that has failed, if it cannot be. */
  add(draft, file, { inline = false, name = pastedName(file) } = {}) {
    const upload = this.#keep(draft, file, { inline, name });
    const { size, type } = file;
    const mail = { limits: this.limits, fields: draft.fields, sizes: this.#sizes(upload) };
    const reason = refused({ name, size, type }, mail);
    if (reason) queueMicrotask(() => upload.fail(new Stopped(reason)));
    else upload.start();
    return upload;
  }

  /** Send the rest of a half-done file that a draft carries. */
  goOn(draft, { id, filename, inline }, file) {
    const upload = this.#keep(draft, file, { inline, name: filename, attachmentId: id });
    upload.start();
    return upload;
  }

  /** The uploads of a draft that are not done: on their way, or failed. */
  of(draft) {
    return this.#list(draft).filter(({ state }) => !["done", "canceled"].includes(state));
  }

  /** All that are on their way, of all drafts. */
  get busy() {
    return [...this.#lists.values()].flat().filter((upload) => !upload.isOver);
  }

  /** Wait until the draft holds every file that is on its way to it, with or without its bytes. */
  reserveAll(draft) {
    const unfinished = this.of(draft).filter((upload) => !upload.isOver);
    return Promise.all(unfinished.map((upload) => upload.reserved()));
  }

  /** Files of a draft as people see them, in their order: [{enclosure, upload}], either or both. */
  rows(draft) {
    const carried = draft.attachments ?? [];
    const ids = new Set(carried.map(({ id }) => id));
    const isGone = ({ state, isSeen, attachmentId }) =>
      state === "canceled" || (state === "done" && isSeen && !ids.has(attachmentId));
    const list = this.#list(draft).filter((upload) => !isGone(upload));
    const byId = new Map(list.map((upload) => [upload.attachmentId, upload]));
    const inPlace = carried
      .filter(({ id }) => !byId.has(id) || byId.get(id).before.has(id))
      .filter((enclosure) => !list.some((upload) => isOf(upload, enclosure)));
    const added = list.filter(({ attachmentId, before }) => !before.has(attachmentId));
    return [
      ...inPlace.map((enclosure) => ({ enclosure, upload: byId.get(enclosure.id) })),
      ...added.map((upload) => ({
        enclosure: carried.find(({ id }) => id === upload.attachmentId) ?? upload.enclosure,
        upload,
      })),
    ];
  }

  /** Let the files of a draft stand as the server has them: the person moves one. */
  forgetOrder(draft) {
    const failed = this.#list(draft).filter(({ state }) => state === "failed");
    this.#lists.set(draft, failed);
  }

  // What an upload asks for --------------------------------------------------------------------

  /** Wait for a free line; gives what ends its use. */
  turn(upload) {
    return new Promise((run) => {
      this.#waiting.push({ upload, run });
      this.#call();
    });
  }

  /** Do something while no other upload does the like. */
  inTurn(job) {
    const done = this.#line.then(job);
    this.#line = done.catch(() => {});
    return done;
  }

  /** Give an upload a name of its own; raises Stopped for what is there already. */
  settle(upload) {
    if (upload.isSettled) return;
    const others = this.of(upload.draft).filter((one) => one.isSettled && !one.isOver);
    const carried = upload.draft.attachments.filter(
      ({ id, state }) => state !== "gone" && id !== upload.attachmentId, // it is not its own twin
    );
    const same =
      carried.find(({ sha256 }) => sha256 === upload.digest) ??
      others.find(({ digest }) => digest === upload.digest);
    if (same && upload.digest && !upload.inline && !upload.isDoubled) {
      const other = same.filename ?? same.name;
      const words = other === upload.name ? "It is" : `The same file is, as ${other},`;
      throw new Stopped(`${words} already attached.`, "Add anyway");
    }
    const taken = [...carried.map(({ filename }) => filename), ...others.map(({ name }) => name)];
    const name = numbered(upload.name, taken);
    if (name !== upload.name) upload.note = `Renamed: another file is called ${upload.name}`;
    upload.name = name;
    upload.isSettled = true;
  }

  #call() {
    for (const one of [...this.#waiting]) {
      const large = [...this.#running].filter((upload) => upload.isInPieces).length;
      if (this.#running.size >= AT_ONCE) return;
      if (one.upload.isInPieces && large >= LARGE_AT_ONCE) continue;
      this.#waiting.splice(this.#waiting.indexOf(one), 1);
      this.#running.add(one.upload);
      one.run(() => {
        this.#running.delete(one.upload);
        this.#call();
      });
    }
  }

  // Keeping count ------------------------------------------------------------------------------

  #keep(draft, file, { inline, name, attachmentId }) {
    const id = `upload-${++this.#count}`;
    const upload = new Upload(this, draft, file, { id, name, inline, attachmentId });
    this.#list(draft).push(upload);
    for (const kind of ["progress", "state", "done", "failed", "removed"]) {
      upload.addEventListener(kind, () => hear(kind, upload, this.busy));
    }
    upload.addEventListener("state", () => this.#tidy(draft));
    hear("added", upload, this.busy);
    this.#changed();
    return upload;
  }

  #list(draft) {
    if (!this.#lists.has(draft)) {
      this.#lists.set(draft, []);
      draft.addEventListener("files", () => this.#look(draft));
    }
    return this.#lists.get(draft);
  }

  #sizes(upload) {
    const carried = upload.draft.attachments ?? [];
    const ids = new Set(carried.map(({ id }) => id));
    const coming = this.of(upload.draft).filter(
      (one) => one !== upload && one.state !== "failed" && !ids.has(one.attachmentId),
    );
    return [...carried.filter(({ state }) => state !== "gone"), ...coming].map(({ size }) => size);
  }

  /** What was taken out of the draft elsewhere need not be sent any more. */
  #look(draft) {
    const ids = new Set(draft.attachments.map(({ id }) => id));
    for (const upload of this.#list(draft)) {
      if (ids.has(upload.attachmentId)) upload.isSeen = true;
      else if (upload.isSeen && !upload.isOver) {
        upload.isHeld = false;
        upload.cancel();
      }
    }
  }

  async #tidy(draft) {
    const list = this.#list(draft);
    if (list.some((upload) => !upload.isOver)) return this.#changed();
    const done = list.filter(({ state }) => state === "done");
    await arrange(draft, done.map(({ attachmentId }) => attachmentId)).catch(() => {});
    const isStill = list.every(({ state }) => ["done", "canceled"].includes(state));
    if (isStill && this.#list(draft) === list) this.#lists.set(draft, []);
    this.#changed();
  }

  #changed() {
    const change = this.busy.length ? addEventListener : removeEventListener;
    change("beforeunload", ask);
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether a file that the draft has been seen to carry is one whose answer is still to come. */
function isOf(upload, { id, filename, size }) {
  return (
    !upload.attachmentId &&
    upload.state === "uploading" &&
    !upload.before.has(id) &&
    upload.name === filename &&
    upload.size === size
  );
}

/** Let files that came in any order stand in the order in which they were chosen. */
async function arrange(draft, ids) {
  if (draft.state !== "open") return;
  const order = () => draft.attachments.map(({ id }) => id).filter((id) => ids.includes(id));
  const wanted = ids.filter((id) => order().includes(id));
  for (let place = 0; place < wanted.length; place++) {
    const standing = order()[place];
    if (standing === wanted[place]) continue;
    const position = draft.attachments.findIndex(({ id }) => id === standing);
    await draft.editFile(wanted[place], { position });
  }
}

function ask(event) {
  event.preventDefault();
}

export const uploads = new Uploads();
