// <recipient-field name="to">: the people a mail goes to, one by one, out of a line of text.

import { keyOf, readAddresses, spellAddress } from "addresses";
import { completion } from "completion";
import { announce } from "live";
import { recipientChip, whoIs } from "recipient-chip";
import { letDrag } from "recipient-drag";
import { openMenu } from "recipient-menu";
import { toast } from "toast";

const NAMES = ["to", "cc", "bcc"];
const LABELS = { to: "To", cc: "Cc", bcc: "Bcc" };
const MANY = 40; // recipients, from which on they scroll in a box of their own
const ENDS = [",", ";", "，", "；"];

export class RecipientField extends HTMLElement {
  #entries = []; // {email, name}, or {text, reason} for what is none
  #chips = new Map(); // entry -> its element
  #end;

  connectedCallback() {
    this.#end = new AbortController();
    const { signal } = this.#end;
    this.composer = this.closest("mail-composer");
    this.draft = this.composer.draft;
    this.#build();
    this.#entries = [...this.#saved(), ...this.#keptLeftovers()];
    this.#show();
    completion(this.input, { signal, known: () => this.#taken(), take: (one) => this.add([one]) });
    const on = (name, run) => this.addEventListener(name, run, { signal });
    on("keydown", (event) => this.#key(event));
    on("click", (event) => this.#click(event));
    on("dblclick", ({ target }) => target.closest(".who") && this.edit(this.#index(target)));
    on("paste", (event) => this.#paste(event));
    on("input", () => this.#typed());
    on("focusout", (event) => this.#leave(event));
    on("focusin", ({ target }) => this.#roam(target.closest(".who")));
    const index = (element) => this.#index(element);
    letDrag(this, { signal, index, entries: () => this.#entries });
    this.draft.addEventListener("change", ({ detail }) => this.#adopt(detail), { signal });
    this.draft.addEventListener("unsaved", ({ detail }) => this.#refused(detail), { signal });
    this.draft.addEventListener("saved", () => this.#keepLeftovers(), { signal });
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  get name() {
    return this.getAttribute("name");
  }

  get label() {
    return LABELS[this.name];
  }

  /** Those to whom it can be sent. */
  get valid() {
    return this.#entries.filter(({ email }) => email);
  }

  /** What is no address: [{text, reason}]. */
  get invalid() {
    return this.#entries.filter(({ reason }) => reason);
  }

  /** The fields of this mail that stand on the page, in their order. */
  get siblings() {
    return NAMES.map((name) => this.composer.querySelector(`recipient-field[name=${name}]`));
  }

  /** Have it seen, and write in it. */
  ask() {
    this.classList.remove("unasked");
    this.siblings[0].showAsked();
    this.input.focus();
  }

  /** What has been typed and not yet ended becomes recipients; whether there was something. */
  commit() {
    const text = this.input.value;
    this.input.value = "";
    return this.add(readAddresses(text)).length > 0;
  }

  /** Add some, but not those that the mail goes to already; gives what was added. */
  add(entries) {
    const taken = this.#taken();
    const fresh = entries.filter((one) => !one.email || take(taken, keyOf(one)));
    const twice = entries.length - fresh.length;
    if (fresh.length) this.#change([...this.#entries, ...fresh]);
    if (twice) toast(`${twice === 1 ? "One was" : `${twice} were`} there already.`);
    if (fresh.length > 1) announce(`${fresh.length} added to ${this.label}`);
    return fresh;
  }

  /** Take one out; the focus goes to the next one, else to the text. */
  remove(index) {
    const [gone] = this.#entries.slice(index, index + 1);
    this.#change(this.#entries.filter((_, at) => at !== index));
    this.#focus(index);
    announce(`${whoIs(gone)} removed`);
    return gone;
  }

  /** Make text of one again, to be written anew. */
  edit(index) {
    this.commit();
    const one = this.#entries[index];
    this.#change(this.#entries.filter((_, at) => at !== index));
    this.input.value = one.email ? spellAddress(one) : one.text;
    this.input.focus();
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** Move one to another field, where it has the focus. */
  move(index, field) {
    if (!field || field === this) return;
    const one = this.#entries[index];
    this.#change(this.#entries.filter((_, at) => at !== index));
    field.classList.remove("unasked");
    field.siblings[0].showAsked();
    field.add([one]);
    field.#focus(field.#entries.length - 1);
    announce(`${whoIs(one)} moved to ${field.label}`);
  }

  /** The buttons that ask for Cc and Bcc stand as long as these are not there. */
  showAsked() {
    for (const button of this.querySelectorAll(".ask")) {
      button.hidden = !this.#other(button.value)?.classList.contains("unasked");
    }
  }

  // What is on the page --------------------------------------------------------------------------

  #build() {
    if (this.chips) return;
    const plain = this.querySelector("input");
    const template = document.querySelector("#recipient-box").content.cloneNode(true);
    this.chips = template.querySelector(".recipient-chips");
    this.input = template.querySelector("input");
    this.problems = template.querySelector(".problem");
    this.input.id = plain.id;
    this.input.autofocus = plain.autofocus;
    this.chips.ariaLabel = this.label;
    this.problems.id = `${this.name}-problems`;
    template.querySelector(".asks").hidden = this.name !== "to";
    plain.removeAttribute("id");
    plain.type = "hidden"; // what an ordinary form would send
    this.plain = plain;
    this.querySelector("p.problem")?.remove();
    plain.after(template);
    if (this.input.autofocus) this.input.focus();
  }

  #show() {
    this.#showChips();
    this.plain.value = this.#entries.map((one) => one.text ?? spellAddress(one)).join(", ");
    this.#tellProblems();
    if (this.#entries.length) this.classList.remove("unasked");
    this.siblings[0].showAsked?.();
  }

  /** Those that are there already stay: of a thousand only the new ones are made. */
  #showChips() {
    const wanted = new Set(this.#entries);
    for (const [one, chip] of this.#chips) {
      if (wanted.has(one)) continue;
      chip.remove();
      this.#chips.delete(one);
    }
    const fresh = this.#entries.filter((one) => !this.#chips.has(one));
    for (const one of fresh) this.#chips.set(one, recipientChip(one));
    const isBehind = fresh.every((one, at) => one === this.#entries.at(at - fresh.length));
    const chips = (isBehind ? fresh : this.#entries).map((one) => this.#chips.get(one));
    this.chips.append(...chips);
    this.chips.hidden = !wanted.size;
    this.chips.parentElement.classList.toggle("many", wanted.size >= MANY);
    if (!this.chips.querySelector(".who[tabindex='0']")) {
      this.#roam(this.chips.lastElementChild?.querySelector(".who"));
    }
  }

  #tellProblems() {
    const [first, ...others] = this.invalid;
    const more = others.length ? ` And ${others.length} more.` : "";
    this.problems.textContent = first ? `${first.text}: ${first.reason}${more}` : "";
    this.problems.hidden = !first;
    this.input.ariaInvalid = first ? "true" : null;
    this.input.setAttribute("aria-describedby", first ? this.problems.id : "recipients-help");
  }

  /** The one chip that Tab reaches; the arrow keys lead from there to the others. */
  #roam(who) {
    if (!who) return;
    for (const other of this.chips.querySelectorAll(".who[tabindex='0']")) other.tabIndex = -1;
    who.tabIndex = 0;
  }

  #focus(index) {
    const who = this.chips.children[Math.min(index, this.chips.children.length - 1)];
    (who?.querySelector(".who") ?? this.input).focus();
  }

  #index(element) {
    return [...this.chips.children].indexOf(element.closest(".recipient"));
  }

  #other(name) {
    return this.siblings.find((field) => field.name === name);
  }

  // What is kept ---------------------------------------------------------------------------------

  #saved() {
    return this.draft.fields[this.name] ?? [];
  }

  #taken() {
    return new Set(this.siblings.flatMap((field) => (field.valid ?? []).map(keyOf)));
  }

  #change(entries) {
    this.#entries = entries;
    this.#show();
    this.draft.set(this.name, this.valid.map(({ email, name }) => ({ email, name })));
    this.#keepLeftovers();
    if (this.invalid.length && !this.draft.id) this.draft.save(); // they are kept under its id
  }

  /** Somebody else has changed them; what is not finished here stays. */
  #adopt(names) {
    if (!names.includes(this.name)) return;
    const index = this.#index(document.activeElement ?? this);
    this.#entries = [...this.#saved(), ...this.invalid];
    this.#show();
    if (index >= 0) this.#focus(index);
  }

  /** The server may know better what is no address. */
  #refused({ code, field, message }) {
    const place = /^(\w+)\[(\d+)\]/.exec(field ?? "");
    if (code !== "invalid_address" || place?.[1] !== this.name) return;
    const wrong = this.valid[Number(place[2])];
    if (!wrong) return;
    const marked = { text: spellAddress(wrong), reason: message };
    this.#change(this.#entries.map((one) => (one === wrong ? marked : one)));
  }

  get #place() {
    return `recipients:${this.draft.id}:${this.name}`;
  }

  #keepLeftovers() {
    if (!this.draft.id) return;
    if (this.invalid.length) sessionStorage.setItem(this.#place, JSON.stringify(this.invalid));
    else sessionStorage.removeItem(this.#place);
  }

  #keptLeftovers() {
    return this.draft.id ? JSON.parse(sessionStorage.getItem(this.#place) ?? "[]") : [];
  }

  // What people do -------------------------------------------------------------------------------

  #key(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const who = event.target.closest(".who");
    if (who) this.#chipKey(event, this.#index(who));
    else if (event.target === this.input) this.#inputKey(event);
  }

  #inputKey(event) {
    const isEmpty = !this.input.value.trim();
    const isChord = event.ctrlKey || event.metaKey || event.altKey;
    if (event.key === "Enter" && isChord) this.commit(); // it is sent by somebody else
    else if (event.key === "Enter" || (ENDS.includes(event.key) && !isQuoted(this.input))) {
      event.preventDefault();
      this.commit();
    } else if (event.key === "Tab" && !event.shiftKey && !isEmpty) {
      event.preventDefault();
      this.commit();
    } else if (["Backspace", "ArrowLeft"].includes(startward(event)) && isAtStart(this.input)) {
      if (!this.#entries.length) return;
      event.preventDefault();
      this.#focus(this.#entries.length - 1);
    }
  }

  #chipKey(event, index) {
    const last = this.#entries.length - 1;
    const siblings = this.siblings;
    const here = siblings.indexOf(this);
    const isMove = event.altKey && event.shiftKey;
    const acts = {
      ArrowLeft: () => this.#focus(Math.max(0, index - 1)),
      ArrowRight: () => (index === last ? this.input.focus() : this.#focus(index + 1)),
      Home: () => this.#focus(0),
      End: () => this.input.focus(),
      Enter: () => this.edit(index),
      Backspace: () => this.remove(index),
      Delete: () => this.remove(index),
      ArrowUp: () => isMove && this.move(index, siblings[here - 1]),
      ArrowDown: () => isMove && this.move(index, siblings[here + 1]),
    };
    const act = acts[startward(event)];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  #click(event) {
    const { target } = event;
    const ask = target.closest(".ask");
    if (ask) this.#other(ask.value).ask();
    else if (target.closest(".remove")) this.remove(this.#index(target));
    else if (target.closest(".who") && event.detail < 2) this.#openMenu(target.closest(".who"));
    else if (target.closest(".recipient-box") && !target.closest(".recipient")) this.input.focus();
  }

  #openMenu(who) {
    const index = this.#index(who);
    const others = this.siblings.filter((field) => field !== this);
    openMenu(who, this.#entries[index], [
      { label: "Edit", run: () => this.edit(index) },
      ...others.map((field) => ({
        label: `Move to ${field.label}`,
        run: () => this.move(index, field),
      })),
      { label: "Remove", run: () => this.remove(index) },
    ]);
  }

  #paste(event) {
    const text = event.clipboardData.getData("text/plain");
    const whole = this.#withPasted(text);
    const entries = readAddresses(whole);
    const isList = entries.length > 1 || entries.some(({ email }) => email);
    if (!isList) return; // a word: it is written on
    event.preventDefault();
    this.input.value = "";
    this.add(entries);
  }

  #withPasted(text) {
    const { value, selectionStart, selectionEnd } = this.input;
    return value.slice(0, selectionStart) + text + value.slice(selectionEnd);
  }

  /** A telephone's keyboard tells of no keys: a comma is seen once it stands there. */
  #typed() {
    if (ENDS.some((end) => this.input.value.endsWith(end)) && !isQuoted(this.input)) this.commit();
  }

  #leave({ relatedTarget }) {
    if (!this.contains(relatedTarget) && this.input.value.trim()) this.commit();
  }
}

function take(taken, key) {
  return !taken.has(key) && taken.add(key);
}

const isAtStart = (input) => input.selectionStart === 0 && input.selectionEnd === 0;

/** Whether what is typed stands in quotes that are not closed: a comma belongs to a name there. */
const isQuoted = ({ value }) => value.replace(/\\./g, "").split('"').length % 2 === 0;

/** A key, with left and right told apart by where the text begins. */
function startward({ key, currentTarget }) {
  const isRtl = getComputedStyle(currentTarget).direction === "rtl";
  const swapped = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" };
  return (isRtl && swapped[key]) || key;
}

customElements.define("recipient-field", RecipientField);
