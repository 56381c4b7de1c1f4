// The files of a draft in the composer: those that are there, and those on their way.

import { connection } from "connection";
import { mailSize, tooMany } from "file-limits";
import { counted, inWords } from "file-words";
import { catchFiles } from "file-drop";
import { showMenu } from "file-menu";
import { sortable } from "file-order";
import { rename } from "file-rename";
import { FileRow } from "file-row";
import { isSameFile, watchHalfDone } from "half-done";
import { shortcut } from "keyboard";
import { announce } from "live";
import { toast } from "toast";
import { uploads } from "uploads";
import "uploads-bar";

const GROUP = "Files";
const KEYS = [
  ["alt+ArrowUp", "Move the file up"],
  ["alt+ArrowDown", "Move the file down"],
  ["F2", "Rename the file"],
  ["Delete", "Take the file out"],
]; // of the file that has the focus
const LOOK = 2000; // milliseconds between two looks at what is being checked

export class DraftFiles extends HTMLElement {
  draft;
  #rows = new Map(); // key -> row
  #keys = new Map(); // id of an attachment -> key, where it came from here
  #leaving = new Set(); // ids of those that are being taken out
  #end;
  #wanted; // the half-done file that the person is choosing again

  connectedCallback() {
    const composer = this.closest("mail-composer");
    this.draft = composer.draft;
    this.limits = composer.facts.limits;
    uploads.limits = this.limits;
    this.#end = new AbortController();
    const { signal } = this.#end;
    this.list = this.querySelector(".draft-file-list");
    this.input = this.querySelector("input[type=file]");
    this.list.replaceChildren();
    this.#rows.clear();
    for (const [target, name] of [
      [this.draft, "files"],
      [this.draft, "change"],
      [this.draft, "saved"],
      [uploads, "change"],
      [connection, "change"],
    ]) {
      target.addEventListener(name, () => this.render(), { signal });
    }
    this.addEventListener("click", (event) => this.#click(event), { signal });
    this.input.addEventListener("change", () => this.#chosen(), { signal });
    this.list.addEventListener("keydown", (event) => this.#key(event), { signal });
    const attach = () => this.#choose(null);
    shortcut("mod+shift+a", "Attach files", attach, { where: "draft-files", group: GROUP, signal });
    for (const [keys, label] of KEYS) {
      shortcut(keys, label, null, { where: ".draft-file", group: GROUP, signal });
    }
    const takeKnown = (id) => this.attachKnown([id]);
    catchFiles({ surface: this, take: (files) => this.take(files), takeKnown, signal });
    sortable(this.list, (row, position) => this.move(row, position), signal);
    watchHalfDone(() => [...this.#rows.values()], () => this.render(), signal);
    const timer = setInterval(() => this.#look(), LOOK);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.render();
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  /** Attach files: [{file, name}]; what is the rest of a half-done one goes on with that. */
  async take(files) {
    const room = this.limits.message.max_files - this.list.children.length;
    if (files.length > room) {
      toast(`${counted(files.length)} are too many. ${tooMany(this.limits)}`, { seconds: 12 });
      return;
    }
    for (const { file, name } of files) {
      const row = await this.#halfDone(file);
      if (row) uploads.goOn(this.draft, row.file.enclosure, file);
      else uploads.add(this.draft, file, { name });
    }
  }

  /** Attach files that are here already, by their ids. */
  async attachKnown(ids) {
    for (const id of ids) {
      await this.#try(() => this.draft.attach({ id }));
    }
  }

  /** Draw what is new. Rows stay the same elements for their whole life. */
  render() {
    const files = uploads.rows(this.draft).filter(({ enclosure }) => !this.#leaving.has(enclosure?.id));
    const rows = files.map(({ enclosure, upload }) => {
      if (upload?.attachmentId) this.#keys.set(upload.attachmentId, upload.key);
      const key = upload?.key ?? this.#keys.get(enclosure.id) ?? enclosure.id;
      const row = this.#rows.get(key) ?? this.#add(key, upload);
      row.show({ enclosure, upload: upload ?? row.file.upload });
      return row;
    });
    for (const [key, row] of this.#rows) {
      if (rows.includes(row)) continue;
      this.#rows.delete(key);
      row.element.remove();
    }
    rows.forEach(({ element }, place) => {
      const standing = this.list.children[place];
      if (standing !== element) this.list.insertBefore(element, standing ?? null);
    });
    this.#showMeter(files);
    this.#showNotice();
  }

  #add(key, upload) {
    const row = new FileRow(this);
    this.#rows.set(key, row);
    const { signal } = this.#end;
    upload?.addEventListener("progress", () => row.show({}), { signal });
    upload?.addEventListener("state", () => this.render(), { signal });
    return row;
  }

  /** Take a file out; it can be had back for a while. */
  async remove(row) {
    const { enclosure, upload } = row.file;
    const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
    (next?.querySelector("[data-do=remove]") ?? this.querySelector(".attach")).focus();
    if (upload && upload.state !== "done") {
      await upload.cancel();
      return;
    }
    const { id, inline, content_id, filename } = enclosure;
    const position = this.draft.attachments.findIndex((one) => one.id === id);
    this.#leaving.add(id);
    this.render();
    const isOut = await this.#try(() => this.draft.detach(id));
    this.#leaving.delete(id);
    this.render();
    if (!isOut) return;
    upload?.dispatchEvent(new Event("removed"));
    const back = { id, inline, filename, ...(content_id && { content_id }) };
    const run = () => this.#restore(back, position);
    toast(`${filename} removed`, { action: { label: "Undo", run }, seconds: 10 });
  }

  async #restore(entry, position) {
    const isBack = await this.#try(() => this.draft.attach(entry));
    const last = this.draft.attachments.length - 1;
    if (isBack && position < last) await this.#try(() => this.draft.editFile(entry.id, { position }));
    this.#focus(entry.id);
  }

  /** Put a file at another place among those of the draft. */
  async move(row, position) {
    const count = this.draft.attachments.length;
    if (uploads.of(this.draft).some((upload) => !upload.isOver)) {
      announce("Files can be moved when all of them are in.");
      return;
    }
    if (!row.id || position < 0 || position >= count) return;
    uploads.forgetOrder(this.draft);
    const isMoved = await this.#try(() => this.draft.editFile(row.id, { position }));
    if (isMoved) announce(`${row.name}, ${position + 1} of ${count}`);
    this.#focus(row.id);
  }

  #placeOf(row) {
    return this.draft.attachments.findIndex(({ id }) => id === row.id);
  }

  #rowOf(id) {
    return [...this.#rows.values()].find((row) => row.id === id);
  }

  #focus(id) {
    const link = this.#rowOf(id)?.part(".name");
    if (link && !this.contains(document.activeElement)) link.focus();
  }

  #rename(row) {
    rename(row, this.limits, (filename) =>
      this.#try(() => this.draft.editFile(row.id, { filename })),
    );
  }

  #choose(row) {
    this.#wanted = row;
    this.input.click();
  }

  #chosen() {
    const files = [...this.input.files];
    this.input.value = "";
    const row = this.#wanted;
    this.#wanted = null;
    if (row && files.length === 1) this.#goOn(row, files[0]);
    else this.take(files.map((file) => ({ file })));
  }

  async #goOn(row, file) {
    if (await isSameFile(row, file)) uploads.goOn(this.draft, row.file.enclosure, file);
    else toast(`${file.name} is another file than the half-done ${row.name}.`, { seconds: 10 });
  }

  async #halfDone(file) {
    for (const row of this.#rows.values()) {
      if (row.isHalfDone && row.file.halfDone && (await isSameFile(row, file))) return row;
    }
    return null;
  }

  #click(event) {
    const button = event.target.closest("button, a.name");
    if (!button) return;
    const { row } = button.closest(".draft-file") ?? {};
    if (button.matches(".attach")) this.#choose(null);
    if (button.matches(".earlier")) this.#chooseEarlier();
    if (button.matches(".cancel-all")) this.#cancelAll();
    if (button.matches("[data-do=remove]")) this.remove(row);
    if (button.matches("[data-do=more]")) this.#showMore(row, button);
    if (button.matches("[data-do=again]")) this.#again(row);
    if (button.matches("a.name[data-view]")) {
      event.preventDefault();
      this.#preview(button);
    }
  }

  #again(row) {
    if (row.isHalfDone) this.#choose(row);
    else row.file.upload.retry();
  }

  #cancelAll() {
    this.querySelector(".attach").focus();
    uploads.of(this.draft).forEach((upload) => upload.cancel());
  }

  async #preview(link) {
    const { showFiles } = await import("preview");
    showFiles([...this.list.querySelectorAll("a.name[data-view]")], link);
  }

  async #chooseEarlier() {
    const { chooseEarlier, wholeMail } = await import("earlier-files");
    const carried = new Set((this.draft.attachments ?? []).map(({ id }) => id));
    const { files, mails } = await chooseEarlier(carried);
    this.querySelector(".earlier").focus();
    await this.attachKnown(files);
    for (const id of mails) await this.#try(async () => this.take([{ file: await wholeMail(id) }]));
  }

  #showMore(row, button) {
    const { enclosure } = row.file;
    const place = this.#placeOf(row);
    const tell = (name) => () =>
      this.dispatchEvent(new CustomEvent(name, { detail: enclosure, bubbles: true }));
    const isPicture = enclosure.content_type.startsWith("image/") && row.isReady;
    showMenu(button, `${row.name}`, [
      { label: "Rename", run: () => this.#rename(row) },
      ...(enclosure.inline ? [{ label: "Make it an attachment", run: tell("take-out") }] : []),
      ...(isPicture && !enclosure.inline
        ? [{ label: "Show in the text", run: tell("place-inline") }]
        : []),
      ...(place > 0 ? [{ label: "Move up", run: () => this.move(row, place - 1) }] : []),
      ...(place < this.draft.attachments.length - 1
        ? [{ label: "Move down", run: () => this.move(row, place + 1) }]
        : []),
    ]);
  }

  #key(event) {
    const row = event.target.closest(".draft-file")?.row;
    if (!row || event.target.matches("input, [role=menuitem]")) return;
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && by) this.move(row, this.#placeOf(row) + by);
    else if (event.key === "F2" && row.id && !row.isComing) this.#rename(row);
    else if (event.key === "Delete") this.remove(row);
    else return;
    event.preventDefault();
  }

  /** Files that are being checked are ready a moment later. */
  #look() {
    const isChecked = ({ state }) => state === "stored";
    const isWhole = (row) => row.isHalfDone && row.file.halfDone?.sent === row.file.enclosure.size;
    const isAwaited = this.draft.attachments?.some(isChecked) || [...this.#rows.values()].some(isWhole);
    if (isAwaited && !document.hidden) this.draft.reload().catch(() => {});
  }

  #showMeter(files) {
    const sizes = files
      .filter(({ upload, enclosure }) => enclosure || upload.state !== "failed")
      .map(({ upload, enclosure }) => enclosure?.size ?? upload.size);
    const size = mailSize(this.draft.fields, sizes);
    const most = this.limits.message.max_encoded_bytes;
    const box = this.querySelector(".draft-files-meter");
    box.hidden = !sizes.length;
    const over = size > most;
    box.classList.toggle("over", over);
    const meter = box.querySelector("meter");
    Object.assign(meter, { max: most, high: most * 0.9, value: Math.min(size, most) });
    const plan = `Take ${inWords(size - most)} out, or send it in two mails.`;
    box.querySelector("span").textContent = over
      ? `${inWords(size)} as sent, and ${inWords(most)} is the most. ${plan}`
      : `${inWords(size)} of ${inWords(most)} as sent`;
    const coming = uploads.of(this.draft).filter((upload) => !upload.isOver);
    this.querySelector(".cancel-all").hidden = coming.length < 2;
  }

  /** One for all rows: the connection is gone. */
  #showNotice() {
    const notice = this.querySelector(".draft-files-notice");
    const isPaused = uploads.of(this.draft).some(({ state }) => state === "paused");
    if (notice.hidden === !isPaused) return;
    notice.hidden = !isPaused;
    notice.textContent = "There is no connection. The files go on by themselves when it is back.";
    announce(isPaused ? notice.textContent : "The connection is back.");
  }

  async #try(job) {
    try {
      await job();
      return true;
    } catch (error) {
      toast(error.message);
      return false;
    }
  }
}

customElements.define("draft-files", DraftFiles);
