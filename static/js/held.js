// <held-list>: drafts, and mail that leaves later, with what can be done to them at once.

import { toast } from "toast";
import { discard, isDiscarded } from "undo";
import { visit } from "visit";

export class HeldList extends HTMLElement {
  connectedCallback() {
    for (const row of this.querySelectorAll("[data-draft]")) {
      if (row.dataset.draft) row.hidden = isDiscarded(row.dataset.draft);
    }
    this.addEventListener("click", this);
  }

  disconnectedCallback() {
    this.removeEventListener("click", this);
  }

  handleEvent(event) {
    const row = event.target.closest("[data-draft]");
    const act = event.target.closest("a.discard") ? this.#discard : event.target.closest("summary") && this.#move;
    if (!row || !act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    act.call(this, row);
  }

  #discard(row) {
    const rows = [...this.querySelectorAll("[data-draft]:not([hidden])")];
    const next = rows[rows.indexOf(row) + 1] ?? rows[rows.indexOf(row) - 1];
    row.hidden = true;
    (next?.querySelector("a.line") ?? document.querySelector("#main")).focus();
    discard(row.dataset.draft, { back: () => this.#show(row) });
  }

  #show({ dataset: { draft } }) {
    const row = document.querySelector(`held-list [data-draft="${draft}"]`);
    if (!row) return;
    row.hidden = false;
    row.querySelector("a.line")?.focus();
  }

  async #move(row) {
    const { askTime, inWords } = await import("schedule");
    const { call } = await import("native");
    const at = await askTime({ title: "Another time", was: new Date(row.dataset.instant || NaN) });
    if (!at) return;
    try {
      const body = { send_at: at.toISOString() };
      await call("POST", `/drafts/${row.dataset.draft}/send`, { body });
      visit(location.pathname + location.search);
      toast(`It leaves ${inWords(at)}.`);
    } catch (error) {
      toast(`Not moved. ${error.message}`, { kind: "bad", seconds: 0 });
    }
  }
}

customElements.define("held-list", HeldList);
