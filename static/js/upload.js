// One file on its way into a draft.

import { connection } from "connection";
import { digestOf } from "digests";
import { newKey, Refused, SIGNED_OUT, Unreachable } from "native";
import { giveUp, reserve, sendForm, sendPieces } from "roads";

const SMALL = 8 * 1024 * 1024; // up to here a file goes as a form, in one request with its row
const BACK_OFF = [1000, 3000, 8000]; // milliseconds; then people have to say "Retry"
const BUSY = 423; // a request that broke off is not forgotten yet; that takes some seconds
const PATIENT = 12; // times that one waits for that
const MEASURED = 4000; // milliseconds over which the rate is taken

/** The person, or something else, has ended it; nothing is to be said of that. */
class Ended extends Error {}

/** It cannot go on as it is, for the reason in the message; `again` is what can be done. */
export class Stopped extends Error {
  constructor(message, again = null) {
    super(message);
    this.again = again;
  }
}

/**
 * Events: `progress`, `state`, `done`, `failed`, `removed`.
 *
 * `promise` gives how the draft carries the file once its bytes are in, `attached` once the draft
 * holds it, with or without its bytes; both fail when it is taken out.
 */
export class Upload extends EventTarget {
  state = "waiting"; // uploading, paused, failed, done, canceled
  sent = 0;
  rate = null; // bytes per second
  reason = ""; // why it has failed
  again = null; // what can be tried then: "Retry", "Add anyway"
  note = ""; // something that people should know
  digest = ""; // blank: not known
  attachmentId = null;
  enclosure = null;
  isHeld = false; // the draft has it
  isSettled = false; // its name is its own, and its digest is known
  isDoubled = false; // the person wants it although it is there already
  #house;
  #stop = new AbortController();
  #failures = 0;
  #waits = 0;
  #reached = 0; // bytes, at the last failure
  #samples = [];
  #wantsPlace = false;
  #placing = null;
  #key = newKey();

  /** `house` says which names and digests are taken, and whose turn it is: see `uploads`. */
  constructor(house, draft, file, { id, name, inline = false, attachmentId = null }) {
    super();
    Object.assign(this, { id, draft, file, name, inline, size: file.size, attachmentId });
    this.#house = house;
    this.key = attachmentId ?? id; // of its row, as long as there is one
    this.before = new Set((draft.attachments ?? []).map((one) => one.id));
    this.isHeld = this.before.has(attachmentId);
    this.isInPieces = Boolean(attachmentId) || file.size > SMALL;
    this.promise = new Promise((...two) => ([this.#give, this.#deny] = two));
    this.attached = new Promise((...two) => ([this.#hold, this.#drop] = two));
    for (const promised of [this.promise, this.attached]) promised.catch(() => {});
    if (this.isHeld) this.#hold();
  }

  #give;
  #deny;
  #hold;
  #drop;

  get isOver() {
    return ["failed", "done", "canceled"].includes(this.state);
  }

  /** Seconds that are left at this rate; null while nobody can know. */
  get left() {
    return this.rate ? (this.size - this.sent) / this.rate : null;
  }

  /** Send it, from where it stands, through whatever comes. */
  async start() {
    for (;;) {
      this.#stop = new AbortController();
      try {
        await this.#go();
        return;
      } catch (error) {
        if (this.state === "canceled") return;
        try {
          await this.#recover(error);
        } catch (reason) {
          if (this.state !== "canceled") this.fail(reason);
          return;
        }
      }
    }
  }

  /** Try once more what has failed, at the person's word. */
  retry() {
    if (this.state !== "failed" || !this.again) return;
    this.isDoubled ||= this.again === "Add anyway";
    this.#failures = 0;
    this.reason = "";
    this.again = null;
    this.#to("waiting");
    this.start();
  }

  /** Take it out; of what has come nothing stays. */
  async cancel() {
    if (this.state === "canceled") return;
    const isAnswering = this.state === "uploading" && !this.isInPieces && this.sent >= this.size;
    const { attachmentId, isHeld } = this;
    this.#to("canceled");
    this.dispatchEvent(new Event("removed"));
    const over = new Ended("It was taken out.");
    this.#deny(over);
    this.#drop(over);
    if (isAnswering) return; // what comes of that is taken out then
    this.#stop.abort(over);
    if (attachmentId) await this.#undo(attachmentId, isHeld);
  }

  /** Stop with a reason, a Stopped or any other error. */
  fail(error) {
    this.reason = error.message;
    this.again = error instanceof Stopped ? error.again : "Retry";
    this.rate = null;
    this.#to("failed");
    this.dispatchEvent(new Event("failed"));
  }

  /** Stop for a moment: there is no connection. */
  interrupt() {
    if (this.state === "uploading") {
      this.#stop.abort(new Unreachable("There is no connection to the server."));
    }
  }

  /** Have a place for it, so that the draft holds it whatever becomes of this window. */
  reserved() {
    this.#wantsPlace = true; // one that is on its way as a form gets it when that breaks off
    if (this.isInPieces || this.state !== "uploading") {
      this.isInPieces = true;
      this.#place().catch(() => {}); // it is tried again, and told, when its turn comes
    }
    return new Promise((resolve, reject) => {
      this.attached.then(resolve, reject);
      this.addEventListener("failed", () => reject(new Error(this.reason)), { once: true });
    });
  }

  async #go() {
    await this.#prepare();
    const release = await this.#house.turn(this);
    try {
      if (this.state === "canceled") return;
      this.#to("uploading");
      if (this.isInPieces) await this.#goInPieces();
      else await this.#goAsForm();
    } finally {
      release();
      this.rate = null;
      this.#samples = [];
    }
  }

  /** Know the digest, so that the server can compare, and find a name of its own. */
  async #prepare() {
    if (this.isSettled) return;
    await this.draft.saved().catch((error) => {
      if (!this.draft.id) throw error; // a letter that cannot be saved may have files all the same
    });
    try {
      await this.#house.inTurn(async () => {
        this.digest ||= await digestOf(this.file);
        if (!this.isHeld) this.#house.settle(this);
      });
    } catch (error) {
      if (error instanceof Stopped) throw error;
      throw new Stopped(UNREADABLE);
    }
    this.isSettled = true;
  }

  async #goAsForm() {
    const { signal } = this.#stop;
    const form = { ...this.#facts(), draft: this.draft };
    const enclosure = await sendForm(form, { signal, progress: (sent) => this.#progress(sent) });
    if (this.state === "canceled") {
      await this.#undo(enclosure.id, true);
      return;
    }
    this.attachmentId = enclosure.id;
    this.#held();
    await this.#done(enclosure);
  }

  async #goInPieces() {
    await this.#place();
    const { signal } = this.#stop;
    const { file, attachmentId } = this;
    await sendPieces({ file, attachmentId }, { signal, progress: (sent) => this.#progress(sent) });
    await this.#done(null);
  }

  /** A place at the server, and in the draft; taken once, whoever asks for it. */
  #place() {
    this.#placing ??= this.#takePlace().finally(() => (this.#placing = null));
    return this.#placing;
  }

  async #takePlace() {
    if (this.isHeld) return;
    await this.#prepare();
    this.attachmentId ??= await reserve(this.#facts());
    await this.#attach();
  }

  #facts() {
    return {
      file: this.file,
      name: this.name,
      digest: this.digest,
      inline: this.inline,
      key: this.#key,
    };
  }

  async #attach() {
    const id = this.attachmentId;
    try {
      await this.draft.attach({ id, inline: this.inline });
    } catch (error) {
      if (!(error instanceof Refused && error.code === "already_attached")) throw error;
      await this.draft.reload(); // the answer to the first try was lost
    }
    if (this.state === "canceled") {
      await this.#undo(id, true);
      throw new Ended("It was taken out.");
    }
    this.#held();
  }

  #held() {
    this.isHeld = true;
    this.#hold();
  }

  async #done(enclosure) {
    await this.draft.reload().catch((error) => {
      if (!enclosure) throw error;
    });
    const carried = this.draft.attachments.find(({ id }) => id === this.attachmentId);
    this.enclosure = carried ?? enclosure;
    this.sent = this.size;
    this.#to("done");
    this.dispatchEvent(new Event("done"));
    this.#give(this.enclosure);
  }

  async #undo(id, isHeld) {
    try {
      if (isHeld) await this.draft.detach(id);
      if (this.isInPieces) await giveUp(id);
    } catch (error) {
      if (!(error instanceof Refused)) await this.draft.reload().catch(() => {});
    }
  }

  /** Wait for a better moment; raises Stopped when people have to decide. */
  async #recover(error) {
    if (error instanceof Stopped) throw error;
    if (error instanceof Refused) await this.#endIfFinal(error);
    else if (!(error instanceof Unreachable)) throw new Stopped(error.message, "Retry");
    if (this.#wantsPlace) this.isInPieces = true;
    if (!(await this.#isReadable())) throw new Stopped(UNREADABLE);
    if (error instanceof Unreachable || [502, 503, 504].includes(error.status)) {
      if (!(await connection.check())) {
        this.#to("paused");
        await connection.back();
        this.#to("waiting");
        return;
      }
    }
    if (error.status === BUSY && this.#waits++ < PATIENT) {
      this.#to("waiting");
      await this.#pause(BACK_OFF[0]);
      return;
    }
    if (this.sent > this.#reached && this.isInPieces) this.#failures = 0;
    this.#reached = this.sent;
    if (this.#failures >= BACK_OFF.length) {
      throw new Stopped(`Tried ${this.#failures + 1} times. ${error.message}`, "Retry");
    }
    this.#to("waiting");
    await this.#pause(BACK_OFF[this.#failures++]);
  }

  async #endIfFinal({ status, code, message }) {
    if (code === "missing_scope") throw new Stopped(message);
    if (status === 401 || status === 403) throw new Stopped(SIGNED_OUT, "Retry");
    if (code === "draft_not_found") throw new Stopped("This draft has been deleted.");
    if (status === 404 || status === 410) {
      await this.#beginAnew();
      throw new Stopped("What had come of it is gone. It has to begin anew.", "Retry");
    }
    if ([400, 413, 415, 422].includes(status)) throw new Stopped(message);
  }

  /** Its time ran out, or somebody ended it. */
  async #beginAnew() {
    const old = this.attachmentId;
    this.attachmentId = null;
    this.isHeld = false;
    this.sent = 0;
    this.#key = newKey();
    if (old) await this.draft.detach(old).catch(() => {});
  }

  async #isReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  #pause(milliseconds) {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #progress(sent) {
    this.sent = sent;
    const now = performance.now();
    this.#samples.push([now, sent]);
    while (this.#samples.length > 2 && now - this.#samples[1][0] > MEASURED) this.#samples.shift();
    const [[then, before]] = this.#samples;
    if (now - then > 500) this.rate = ((sent - before) / (now - then)) * 1000;
    this.dispatchEvent(new Event("progress"));
  }

  #to(state) {
    this.state = state;
    if (state === "uploading") this.startedAt ??= performance.now();
    this.dispatchEvent(new Event("state"));
  }
}

const UNREADABLE =
  "The file cannot be read: it was moved, changed or deleted. Look for it and choose it again.";
