// The composer: a form that saves itself. What stands in it are elements of their own, which find
// the draft by `this.closest("mail-composer").draft`.

import { Draft } from "draft";
import { announce } from "live";
import { format } from "times";
import { toast } from "toast";

const OWN_FIELDS = ["subject", "inbox_id"]; // the others have elements of their own
const POLITE = 20_000; // milliseconds between two looks at what others have changed

export class MailComposer extends HTMLElement {
  /** {draft, limits, undo_seconds, inboxes, …}: what the server has told. */
  facts;
  draft;
  #end;

  connectedCallback() {
    this.#end = new AbortController();
    const { signal } = this.#end;
    this.facts = JSON.parse(this.querySelector(":scope > script").textContent);
    this.draft = Draft.of(this.facts.draft);
    this.form = this.querySelector("form");
    const on = (name, run) => this.draft.addEventListener(name, run, { signal });
    on("saving", () => this.#say("Saving…"));
    on("saved", () => this.#saved());
    on("unsaved", ({ detail }) => this.#unsaved(detail));
    on("change", ({ detail }) => detail.forEach((name) => this.#show(name)));
    for (const name of OWN_FIELDS) {
      const input = this.form.elements[name];
      this.#show(name);
      input.addEventListener("input", () => this.draft.set(name, input.value), { signal });
    }
    this.addEventListener("submit", (event) => event.preventDefault(), { signal }); // see `draft`
    this.addEventListener("click", (event) => this.#click(event), { signal });
    this.addEventListener("focusout", () => this.draft.isSaved || this.draft.save(), { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    addEventListener("online", () => this.draft.isSaved || this.draft.save(), { signal });
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    const timer = setInterval(() => this.#look(), POLITE);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#attach(this.facts.wanted.map((id) => ({ id })));
  }

  disconnectedCallback() {
    this.#end.abort();
    if (!this.draft.isSaved) this.draft.save();
  }

  /** The inbox that sends it, as the server has told of it: {id, address, name, signature}. */
  get inbox() {
    return this.facts.inboxes.find(({ id }) => id === this.draft.fields.inbox_id);
  }

  #look() {
    if (!document.hidden) this.draft.reload().catch(() => {});
  }

  #show(name) {
    if (!OWN_FIELDS.includes(name)) return;
    const input = this.form.elements[name];
    const value = this.draft.fields[name] ?? "";
    if (input.value !== value) input.value = value;
  }

  #saved() {
    const path = `/mail/drafts/${this.draft.id}`;
    if (location.pathname === "/mail/compose") history.replaceState(history.state, "", path);
    this.form.action = path;
    this.#say(`Saved ${format(new Date(), "time")}`);
  }

  #unsaved(error) {
    const again = this.draft.isTriedAgain ? ", trying again" : "";
    this.#say(`Not saved${again}. ${error.message}`);
    if (this.draft.failures === 1) announce(`Not saved. ${error.message}`);
  }

  #say(words) {
    this.querySelector(".save-state").textContent = words;
  }

  #click(event) {
    const button = event.target.closest("[name=action][value=originals]");
    if (!button) return;
    event.preventDefault();
    button.closest(".originals").remove();
    this.querySelector("letter-editor").focus();
    this.#attach(this.facts.originals);
  }

  /** Have the draft carry files that are here already. */
  async #attach(entries) {
    const known = (this.draft.attachments ?? []).map(({ id }) => id);
    for (const entry of entries.filter(({ id }) => !known.includes(id))) {
      try {
        await this.draft.attach(entry);
      } catch (error) {
        toast(error.message, { kind: "bad" });
      }
    }
    this.facts.wanted = [];
  }

  #key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "s") {
      event.preventDefault();
      this.draft.save();
    }
  }
}

customElements.define("mail-composer", MailComposer);
