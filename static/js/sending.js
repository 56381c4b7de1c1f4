// <draft-sending>: sending what is written, now or later, and taking it back.

import { Contested } from "draft";
import { shortcut } from "keyboard";
import { announce } from "live";
import { decideAll, watch } from "merging";
import { decide, goTo, look } from "preflight";
import { toast } from "toast";
import { discard, offerUnsend } from "undo";
import { uploads } from "uploads";
import { lastPlace, visit } from "visit";
import { keepCaret } from "whereabouts";

export class DraftSending extends HTMLElement {
  #end;
  #isBusy = false;
  #written; // the part of the composer in which somebody was last

  connectedCallback() {
    this.#end = new AbortController();
    const { signal } = this.#end;
    this.composer = this.closest("mail-composer");
    this.draft = this.composer.draft;
    this.addEventListener("click", (event) => this.#click(event), { signal });
    this.composer.addEventListener("focusin", ({ target }) => this.#note(target), { signal });
    const here = { where: "draft-sending .sending-open", signal };
    shortcut("mod+Enter", "Send", () => this.send(), here);
    shortcut("mod+shift+Enter", "Send later", () => this.schedule(), here);
    this.draft.addEventListener("state", () => this.#show(), { signal });
    watch(this.composer, signal);
    this.#offerAgain();
    this.#show();
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  /** Look it over, have its files held by the server, and send it; then back to where one was. */
  send(send_at) {
    return this.#alone(async () => {
      for (const field of this.composer.querySelectorAll("recipient-field")) field.commit?.();
      await uploads.reserveAll(this.draft);
      const answer = await decide(await look(this.composer, uploads));
      if (answer === "attach") return this.#attach();
      if (answer !== "send") return answer === "back" || goTo(this.composer, answer);
      const { undo_seconds } = this.composer.facts;
      const caret = keepCaret(this.composer, this.#written);
      await this.draft.send(send_at ? { send_at: send_at.toISOString() } : { undo_seconds });
      await this.#leave(send_at, caret);
    });
  }

  /** Ask for a time, and send it then. */
  async schedule() {
    const { askTime } = await import("schedule");
    const at = await askTime({ was: this.#was });
    if (at) await this.send(at);
  }

  get #was() {
    const was = new URLSearchParams(location.search).get("was");
    const at = new Date(was ?? NaN);
    return at > new Date() ? at : null;
  }

  async #leave(send_at, caret) {
    const { inWords } = await import("schedule");
    const when = send_at ? inWords(new Date(this.draft.send_at ?? send_at)) : "";
    visit(lastPlace());
    offerUnsend(this.draft, { when, caret });
  }

  async #move() {
    const { askTime, inWords } = await import("schedule");
    const at = await askTime({ title: "Another time", was: new Date(this.draft.send_at ?? NaN) });
    if (!at) return;
    await this.#alone(async () => {
      await this.draft.send({ send_at: at.toISOString() });
      toast(`It leaves ${inWords(at)}.`);
    });
  }

  #takeBack() {
    return this.#alone(async () => {
      const was = this.draft.state === "scheduled" ? this.draft.send_at : null;
      await this.draft.unsend();
      if (was) history.replaceState(history.state, "", `?was=${encodeURIComponent(was)}`);
      this.#offerAgain();
      announce("It is a draft again.");
    });
  }

  #discard() {
    const { draft } = this;
    const place = lastPlace();
    if (draft.isBlank && !uploads.of(draft).length) return visit(place);
    for (const upload of uploads.of(draft)) upload.cancel();
    draft.save().then(() => {
      if (draft.id) discard(draft.id, { back: () => visit(`/mail/drafts/${draft.id}`) });
      visit(place);
    });
  }

  #attach() {
    const button = this.composer.querySelector("draft-files button.attach");
    button.focus();
    button.click();
  }

  #note(element) {
    if (!this.contains(element)) this.#written = element;
  }

  #click(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const run = {
      send: () => this.send(),
      unsend: () => this.#takeBack(),
    }[button.name === "action" ? button.value : ""];
    const kind = ["later", "again", "move", "discard"].find((name) => name in button.dataset);
    const act = run ?? {
      later: () => this.schedule(),
      again: () => this.send(this.#was),
      move: () => this.#move(),
      discard: () => this.#discard(),
    }[kind];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** One thing at a time; what goes wrong is said, and everything is as it was. */
  async #alone(job) {
    if (this.#isBusy) return;
    this.#busy(true);
    try {
      await job();
    } catch (error) {
      if (error instanceof Contested) decideAll(this.composer, this.#end.signal);
      else toast(this.#words(error), { seconds: 0, kind: "bad" });
    } finally {
      this.#busy(false);
    }
  }

  #words(error) {
    if (error.code === "version_conflict") {
      return "Not sent: somebody else has just changed it. Look it over, and send it again.";
    }
    if (error.code === "too_late") return "It has left already.";
    return `Not sent. ${error.message}`;
  }

  #busy(isBusy) {
    this.#isBusy = isBusy;
    this.setAttribute("aria-busy", String(isBusy));
    for (const button of this.querySelectorAll("button")) button.setAttribute("aria-disabled", String(isBusy));
  }

  /** What can be done with it depends on where it stands. */
  #show() {
    const { state } = this.draft;
    this.querySelector(".sending-open").hidden = state !== "open";
    this.querySelector(".sending-held").hidden = state === "open";
    this.querySelector(".held-buttons").hidden = state === "dispatched";
    this.querySelector("[data-move]").hidden = state !== "scheduled";
    if (state !== "open") this.#tellState(state);
    for (const part of this.composer.form.children) {
      const isForFiles = state === "waiting" && part.matches("draft-files");
      if (part !== this && !part.matches("input, header, section")) part.inert = state !== "open" && !isForFiles;
    }
  }

  async #tellState(state) {
    const words = this.querySelector(".held-words");
    const number = this.draft.waiting_for.length;
    if (state === "dispatched") words.textContent = "It has been sent.";
    else if (number) words.textContent = `Sending when ${number} file${number > 1 ? "s are" : " is"} in.`;
    else {
      const { inWords } = await import("schedule");
      if (this.draft.send_at) words.textContent = `It leaves ${inWords(new Date(this.draft.send_at))}.`;
    }
  }

  /** The time at which it was to leave before it was taken back. */
  async #offerAgain() {
    const button = this.querySelector("[data-again]");
    const was = this.#was;
    button.hidden = !was;
    if (!was) return;
    const { inWords } = await import("schedule");
    button.textContent = `Send ${inWords(was)}, as before`;
  }
}

customElements.define("draft-sending", DraftSending);
