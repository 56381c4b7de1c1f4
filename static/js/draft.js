// A draft: what is written, what the server has of it, and what is done to it.

import { ask, isPassing, newKey, Refused, versionOf } from "native";
import { known, tellWindows, unsaved } from "shelf";
import { merge, same, UNITS } from "threeway";

/** What people write; a draft says more, which other places look after. */
export const FIELDS = UNITS.flat();

const PAUSE = 1000; // milliseconds without typing, after which it is saved
const LATEST = 3000; // it is saved while somebody types on and on
const BACK_OFF = [1000, 2000, 5000, 10_000, 30_000];
const TRIES = 5; // of a write, while others come first
const LAST_WORDS = 20_000; // characters that a browser surely sends for a page that is left

/** What a draft that is made anew takes along, besides what people write. */
const BELONGINGS = ["in_reply_to", "thread_id", "customer_id", "reply_to", "headers", "tags", "metadata"];

/** It is not saved, since somebody else has changed the same: the person has to decide. */
export class Contested extends Error {
  constructor() {
    super("Somebody else has changed the same.");
  }
}

/**
 * Events: `saving`, `saved`, `unsaved` (detail: the error; see `failures` and `isTriedAgain`),
 * `change` (detail: names of fields that somebody else has changed), `files`, `state` (it is on
 * its way now, or is not any more), `conflict` (see `conflicts`), `gone` (somebody deleted it).
 */
export class Draft extends EventTarget {
  #base = {}; // the fields, as the server had them last
  #mine = {}; // fields that were changed here and are not saved
  #sent = []; // fields that were sent; the answer has not come, or never will
  #before = new Map(); // contested unit -> its fields, as both sides had them
  #refused = new Map(); // field -> {value, error}: what the server does not take
  #creation; // {key, body} of the request that makes it, until that is answered
  #sending; // {key, words} of the last request to send it
  #belongings = {};
  #turn = Promise.resolve(); // writes go one after the other
  #isBusy = false;
  #isOver = false; // it is deleted
  #timer;
  #dirtySince;
  #clock; // the server's time when this page's clock was at zero

  failures = 0; // tries since it was saved last
  isTriedAgain = false; // by itself, after a failure

  /** The draft that the server has told of, or the one that this window has of it. */
  static of(json) {
    const draft = (json.id && known.get(json.id)) || new Draft();
    if (draft.version === undefined || json.version >= draft.version) draft.#adopt(json);
    return draft;
  }

  /** Whether nothing has been written, here or ever. */
  get isBlank() {
    return !this.id && !this.#creation && this.isSaved;
  }

  get isSaved() {
    return !Object.keys(this.#mine).length;
  }

  /** Whether something that was written would be lost with this page. */
  get isAtRisk() {
    if (this.isSaved || this.#isOver) return false;
    const isBeingMade = !this.id && this.#isBusy && !this.#isOnItsWay(this.#mine);
    return this.failures > 0 || isBeingMade || JSON.stringify(this.#mine).length > LAST_WORDS;
  }

  /** What is written, saved or not. */
  get fields() {
    return { ...this.#base, ...this.#mine };
  }

  /** What both sides have changed: [{name, base, mine, theirs}], each with the fields of a unit. */
  get conflicts() {
    return UNITS.filter(([name]) => this.#before.has(name)).map((unit) => ({
      name: unit[0],
      base: this.#before.get(unit[0]),
      mine: pick(this.fields, unit),
      theirs: pick(this.#base, unit),
    }));
  }

  /** The seconds until it leaves, by the server's clock; 0 when it has left, or is not to leave. */
  get secondsLeft() {
    const left = this.send_at ? Date.parse(this.send_at) - this.#clock - performance.now() : 0;
    return Math.max(0, left / 1000);
  }

  /** The person has changed a field; it is saved in a moment. */
  set(name, value) {
    if (!same(this.#refused.get(name)?.value, value)) this.#refused.delete(name);
    const isBack = same(value, this.#base[name]) && !this.#sent.some((body) => name in body);
    if (isBack) delete this.#mine[name];
    else this.#mine[name] = value;
    this.#note();
    this.#dirtySince ??= Date.now();
    if (this.failures && this.isTriedAgain) return; // its time is set
    this.#later(Math.max(0, Math.min(PAUSE, this.#dirtySince + LATEST - Date.now())));
  }

  /** Save now; a failure is told as `unsaved`, and tried again where that makes sense. */
  async save() {
    if (this.isBlank || this.#isOver || (this.#isSettled && !this.failures)) return this;
    await this.#saving(async () => {
      if (!this.#isSettled) await this.#write();
      this.#complain();
      if (!this.failures) return;
      this.failures = 0; // what was not taken is not wanted any more
      this.#tell("saved");
    }).catch(() => {});
    return this;
  }

  /** The draft once all that was written is saved, and it exists. Raises what the API answers. */
  saved() {
    return this.#saving(async () => {
      while (!this.#isSettled) await this.#write();
      this.#complain();
      return this;
    });
  }

  /** Look what the server has, and take over what others have changed. */
  reload() {
    if (!this.id || this.#isOver) return Promise.resolve(this);
    return this.#inTurn(() => this.#refresh());
  }

  /** The person has decided what the fields of a contested unit shall be. */
  resolve(name, values) {
    this.#before.delete(name);
    for (const [field, value] of Object.entries(values)) this.set(field, value);
    this.#tell("change", Object.keys(values));
    this.#later(0);
  }

  /** Make it anew out of what is here, after somebody has deleted it. */
  revive() {
    const attachments = (this.attachments ?? []).map(({ id, inline, content_id, filename }) => (
      { id, inline, filename, ...(content_id && { content_id }) }
    ));
    this.#mine = this.fields;
    this.#creation = { key: newKey(), body: { ...this.#belongings, ...this.#mine, attachments } };
    this.id = null;
    this.version = 0;
    this.#isOver = false;
    return this.saved();
  }

  // Files ----------------------------------------------------------------------------------------

  /** Attach a file; `entry` is what the API takes. Gives how the draft carries it. */
  async attach(entry) {
    if (!this.id) await this.#saving(() => this.id || this.#write());
    return this.#file("POST", "", entry);
  }

  /** Change how the draft carries a file: `inline`, `content_id`, `filename`, `position`. */
  editFile(id, changes) {
    return this.#file("PATCH", `/${id}`, changes);
  }

  /** Take a file out of the draft; it stays for a while, and can be attached again. */
  detach(id) {
    return this.#file("DELETE", `/${id}`);
  }

  // Sending --------------------------------------------------------------------------------------

  /** What there is to say before it is sent: {ok, encoded_size, findings}. */
  async check() {
    await this.saved();
    return this.#inTurn(async () => (await ask("GET", `${this.#path}/check`)).json());
  }

  /** Send it, at `send_at` or `undo_seconds` from now; asked again, it is sent once. */
  async send({ send_at, undo_seconds } = {}) {
    await this.saved();
    return this.#inTurn(async () => {
      const body = { send_at, undo_seconds, version: this.version };
      const words = JSON.stringify(body);
      if (this.#sending?.words !== words) this.#sending = { key: newKey(), words };
      const headers = { "Idempotency-Key": this.#sending.key };
      await this.#change("POST", `${this.#path}/send`, { body, headers });
      this.#tellWindows();
      return this;
    });
  }

  /** Take it back, as long as it has not left. */
  unsend() {
    return this.#inTurn(async () => {
      await this.#change("DELETE", `${this.#path}/send`);
      this.#tellWindows();
      return this;
    });
  }

  /** Delete it; nothing more is saved. */
  discard() {
    this.#end();
    return this.#inTurn(async () => {
      if (!this.id && this.#creation) await this.#create(); // it may be there
      if (this.id) await ask("DELETE", this.#path, { keepalive: true }).catch(unlessGone);
      this.#tellWindows();
    });
  }

  /** The page goes: say what is not saved, as long as one can. */
  leave() {
    if (!this.#isBusy) this.save();
    else if (this.id && !this.#isSettled) {
      // Its version depends on the answer that is still to come.
      ask("PATCH", this.#path, { body: this.#ours, keepalive: true }).catch(() => {});
    }
  }

  // How a write goes -----------------------------------------------------------------------------

  get #path() {
    return `/drafts/${this.id}`;
  }

  /** What is to be saved: what was changed here, is not contested, and was not refused as it is. */
  get #ours() {
    const contested = UNITS.filter(([name]) => this.#before.has(name)).flat();
    const entries = Object.entries(this.#mine);
    return Object.fromEntries(
      entries.filter(([name]) => !contested.includes(name) && !this.#refused.has(name)),
    );
  }

  get #isSettled() {
    return Boolean(this.id) && !Object.keys(this.#ours).length;
  }

  #isOnItsWay(fields) {
    const last = this.#sent.at(-1) ?? {};
    return Object.entries(fields).every(([name, value]) => name in last && same(last[name], value));
  }

  #inTurn(job) {
    const turn = this.#turn.then(async () => {
      this.#isBusy = true;
      try {
        return await job();
      } finally {
        this.#isBusy = false;
      }
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #later(milliseconds) {
    this.#calm();
    if (!this.#isOver) this.#timer = setTimeout(() => this.save(), milliseconds);
  }

  #calm() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #saving(job) {
    if (this.#isOver) throw new Error("It has been deleted.");
    this.#calm();
    this.#dirtySince = undefined;
    try {
      const done = await this.#inTurn(job);
      if (!this.#isSettled && !this.#timer) this.#later(PAUSE); // typed on while it was saved
      return done;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error) {
    if (this.#isOver) return;
    this.failures += 1;
    this.isTriedAgain = isPassing(error);
    if (this.isTriedAgain) this.#later(BACK_OFF[Math.min(this.failures, BACK_OFF.length) - 1]);
    this.#tell("unsaved", error);
  }

  #complain() {
    if (this.#before.size) throw new Contested();
    for (const { error } of this.#refused.values()) throw error;
  }

  async #write() {
    for (let tries = 1; !this.#isSettled; tries++) {
      this.#tell("saving");
      try {
        await (this.id ? this.#update() : this.#create());
        this.failures = 0;
        this.#tell("saved");
        this.#tellWindows();
        return;
      } catch (error) {
        const isOvertaken = error instanceof Refused && error.code === "version_conflict";
        if (tries === TRIES || !(isOvertaken || this.#setAside(error))) throw error;
      }
    }
  }

  /** Leave out the field that the server does not take, so that the others are saved. */
  #setAside(error) {
    const name = error instanceof Refused && error.field?.split(/[.[]/)[0];
    if (!name || !(name in this.#ours) || isPassing(error)) return false;
    this.#refused.set(name, { value: this.#mine[name], error });
    return true;
  }

  #update() {
    const body = this.#ours;
    return this.#change("PATCH", this.#path, { body, version: this.version }, body);
  }

  /** Asked twice it is made once: the same words under the same key, whatever is typed meanwhile. */
  async #create() {
    this.#creation ??= { key: newKey(), body: { ...this.#base, ...this.#ours } };
    const { key, body } = this.#creation;
    try {
      await this.#change("POST", "/drafts", { body, headers: { "Idempotency-Key": key } }, body);
      this.#creation = undefined;
    } catch (error) {
      if (!isPassing(error)) this.#creation = undefined;
      throw error;
    }
  }

  /** Ask for a change whose answer is the draft. `fields` are those that it is to have then. */
  async #change(method, path, options, fields = {}) {
    this.#sent.push(fields);
    const isShort = JSON.stringify(options?.body ?? {}).length < LAST_WORDS;
    try {
      await this.#read(await ask(method, path, { ...options, keepalive: isShort }), fields);
    } catch (error) {
      if (error instanceof Refused && !isPassing(error)) this.#sent.pop();
      if (error.code === "draft_not_found") this.#vanish();
      if (["version_conflict", "too_late"].includes(error.code)) await this.#refresh();
      throw error;
    }
  }

  async #refresh() {
    try {
      await this.#read(await ask("GET", this.#path));
    } catch (error) {
      if (error.code === "draft_not_found") this.#vanish();
      throw error;
    }
    return this;
  }

  async #read(answer, own) {
    const json = await answer.json();
    const told = Date.parse(answer.headers.get("Date")) || 0;
    this.#clock = Math.max(told, Date.parse(json.updated_at)) - performance.now();
    this.#adopt(json, own);
  }

  async #file(method, path, body) {
    return this.#inTurn(async () => {
      const answer = await ask(method, `${this.#path}/attachments${path}`, { body });
      const told = answer.status === 204 ? null : await answer.json();
      await this.#refresh();
      if (versionOf(answer) === this.version) this.#tell("saved");
      this.#tellWindows();
      return told;
    });
  }

  /** Take over what the server has; nobody else has changed what was our `own` write. */
  #adopt(json, own = {}) {
    const isNew = this.version === undefined;
    const before = this.#base;
    const isOurs = (name) => [own, ...this.#sent].some((body) => same(body[name], json[name]) && name in body);
    const base = Object.fromEntries(
      Object.entries(before).map(([name, value]) => (
        [name, name in own || isOurs(name) ? json[name] : value]
      )),
    );
    for (const [name, value] of Object.entries(own)) {
      if (same(this.#mine[name], value)) delete this.#mine[name]; // else it was changed meanwhile
    }
    const { fields, adopted, contested } = merge(base, this.#mine, json);
    this.#mine = fields;
    this.#base = pick(json, FIELDS);
    this.#sent = [];
    for (const unit of UNITS) {
      if (contested.includes(unit[0])) this.#before.set(unit[0], pick(before, unit));
      else if (!unit.some((name) => name in fields)) this.#before.delete(unit[0]);
    }
    this.#note();
    const changed = this.#take(json);
    if (isNew) return;
    if (adopted.length) this.#tell("change", adopted);
    for (const name of changed) this.#tell(name);
    if (contested.length) this.#tell("conflict");
  }

  /** Have what is no field; gives the events that say what is new of it. */
  #take(json) {
    const isNews = (...names) => names.some((name) => !sameJson(this[name], json[name]));
    const events = [];
    if (isNews("attachments")) events.push("files");
    if (isNews("state", "send_at", "error", "waiting_for")) events.push("state");
    for (const name of ["id", "version", "state", "attachments", "send_at", "error", "waiting_for"]) {
      this[name] = json[name];
    }
    this.messageId = json.message_id;
    this.threadId = json.thread_id;
    this.#belongings = pick(json, BELONGINGS.filter((name) => json[name] !== null));
    if (this.id) known.set(this.id, this);
    return events;
  }

  #note() {
    if (this.isSaved || this.#isOver) unsaved.delete(this);
    else unsaved.add(this);
  }

  #end() {
    this.#isOver = true;
    this.#calm();
    unsaved.delete(this);
    known.delete(this.id);
  }

  #vanish() {
    if (this.#isOver) return;
    this.#end();
    this.#tell("gone");
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #tellWindows() {
    if (this.id) tellWindows({ id: this.id, version: this.#isOver ? Infinity : this.version });
  }
}

const sameJson = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
const pick = (from, names) => Object.fromEntries(names.map((name) => [name, from[name]]));

function unlessGone(error) {
  if (error.code !== "draft_not_found") throw error;
}
