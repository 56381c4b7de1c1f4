// The row of a file in the composer, one for its whole life: on its way, and when it is there.

import { halves, inWords, kindOf, leftInWords, ofInWords } from "file-words";

const SETTLED = 5000; // milliseconds, after which a rate means something
const SHOWN_AS = ["image", "pdf", "audio", "video"];
const MAX_TEXT_BYTES = 100_000;

export class FileRow {
  /** {enclosure, upload, halfDone}: what it shows; either of the first two may be missing. */
  file = {};
  #parts = [];

  constructor(root) {
    this.root = root;
    const template = root.querySelector("template.row");
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.row = this;
    for (const one of this.element.querySelectorAll("[class], [data-do], progress")) {
      this.#parts.push(one); // a part may be out of the row for a while, as a name that is changed
    }
  }

  part(selector) {
    return this.#parts.find((one) => one.matches(selector));
  }

  get name() {
    const { enclosure, upload } = this.file;
    return enclosure?.filename ?? upload.name;
  }

  get id() {
    return this.file.enclosure?.id ?? null;
  }

  /** Whether bytes are on their way from here. */
  get isComing() {
    const { upload } = this.file;
    return Boolean(upload) && !upload.isOver;
  }

  get isReady() {
    return !this.isComing && this.file.enclosure?.state === "ready";
  }

  /** Whether only a part has come, and nothing more comes from here. */
  get isHalfDone() {
    const { upload, enclosure } = this.file;
    return (!upload || upload.state === "done") && enclosure?.state === "reserved";
  }

  show(file) {
    this.file = { ...this.file, ...file };
    this.#showName();
    this.#showState();
    this.#showActs();
  }

  #showName() {
    const { enclosure, upload } = this.file;
    const type = enclosure?.content_type ?? upload.file.type;
    const [head, tail] = halves(this.name);
    set(this.part(".head"), "textContent", head);
    set(this.part(".tail"), "textContent", tail);
    const link = this.part(".name");
    const size = enclosure?.size ?? upload.size;
    const facts = [this.name, type, inWords(size), enclosure?.sha256 && `SHA-256 ${enclosure.sha256}`];
    set(link, "title", facts.filter(Boolean).join("\n"));
    if (this.isReady) this.#link(link, enclosure, type);
    else link.removeAttribute("href");
    const kind = kindOf(type);
    if (this.element.dataset.kind === kind) return;
    this.element.dataset.kind = kind;
    const icon = this.root.querySelector(`template[data-icon="${kind}"]`);
    this.part(".thumb").replaceChildren(icon.content.cloneNode(true));
  }

  #link(link, { id, size, filename }, type) {
    const path = `/api/v1/attachments/${id}`;
    if (link.getAttribute("href") === `${path}/content`) return;
    link.href = `${path}/content`;
    const kind = kindOf(type);
    const isText = type.startsWith("text/plain") && size <= MAX_TEXT_BYTES;
    const facts = { name: filename, src: `${path}/content?inline=true`, preview: `${path}/preview` };
    Object.assign(link.dataset, facts);
    if (isText || SHOWN_AS.includes(kind)) link.dataset.view = isText ? "text" : kind;
  }

  #showState() {
    const { upload, enclosure } = this.file;
    const words = upload && !(upload.state === "done") ? saidOf(upload) : this.#saidOf(enclosure);
    set(this.part(".said"), "textContent", words);
    this.element.dataset.state = this.#state();
    const bar = this.part("progress");
    const has = this.isComing || this.isHalfDone;
    bar.hidden = !has;
    if (!has) return;
    const [sent, size] = this.isComing
      ? [upload.sent, upload.size]
      : [this.file.halfDone?.sent ?? 0, enclosure.size];
    bar.setAttribute("aria-label", this.name);
    bar.value = size ? Math.floor((100 * sent) / size) : 0;
  }

  #state() {
    const { upload, enclosure } = this.file;
    if (upload && upload.state !== "done") return upload.state;
    return this.isHalfDone ? "half-done" : enclosure.state;
  }

  #saidOf({ state, size, inline, reason }) {
    const { upload, halfDone } = this.file;
    if (state === "ready") {
      return [inWords(size), inline && "in the text", reason?.message, upload?.note].filter(Boolean).join(" · ");
    }
    if (state === "stored" && reason) return `Could not be checked yet: ${reason.message}`;
    if (state === "stored" || halfDone?.sent === size) return `${inWords(size)} · Being checked`;
    if (state === "reserved" && halfDone) {
      return `Half-done: ${ofInWords(halfDone.sent, size)}. Choose the same file to go on`;
    }
    if (state === "reserved") return `${inWords(size)} · Its bytes have not come yet`;
    if (state === "linked") return "Lies elsewhere";
    return `${state === "gone" ? "Gone" : "Blocked"}: ${reason?.message ?? "it cannot be sent"}`;
  }

  #showActs() {
    const { upload, halfDone } = this.file;
    const again = this.part(".again");
    const words = this.isHalfDone && halfDone ? "Choose file" : upload?.again;
    again.hidden = !words;
    if (words) {
      set(again, "textContent", words);
      again.setAttribute("aria-label", `${words}: ${this.name}`);
    }
    const remove = this.part("[data-do=remove]");
    remove.setAttribute("aria-label", `${this.isComing ? "Cancel" : "Remove"} ${this.name}`);
    const more = this.part(".more");
    more.hidden = !this.id || this.isComing;
    more.setAttribute("aria-label", `More for ${this.name}`);
  }
}

/** How an upload fares. */
function saidOf(upload) {
  const { state, sent, size, reason, rate, left, startedAt } = upload;
  if (state === "failed") return reason;
  if (state === "paused") return `Paused at ${ofInWords(sent, size)}: no connection`;
  if (state === "waiting") return `${inWords(size)} · ${sent ? "Trying again" : "Waiting"}`;
  if (sent >= size) return `${inWords(size)} · Being checked`;
  const words = [`${ofInWords(sent, size)} · ${Math.floor((100 * sent) / size)} %`];
  if (rate && performance.now() - startedAt > SETTLED) {
    words.push(leftInWords(left), `${inWords(rate)}/s`);
  }
  return words.join(" · ");
}

/** Set a property only if that changes it: readers of the page hear of every change. */
function set(element, name, value) {
  if (element[name] !== value) element[name] = value;
}
