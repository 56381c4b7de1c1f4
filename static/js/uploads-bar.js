// Says that files are on their way to a draft which is not on the screen.

import { connection } from "connection";
import { counted } from "file-words";
import { uploads } from "uploads";

export class UploadsBar extends HTMLElement {
  #end;

  connectedCallback() {
    this.#end = new AbortController();
    const { signal } = this.#end;
    uploads.addEventListener("change", () => this.render(), { signal });
    document.body.addEventListener("htmx:afterSettle", () => this.render(), { signal });
    const timer = setInterval(() => this.hidden || this.render(), 1000);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.render();
  }

  disconnectedCallback() {
    this.#end.abort();
  }

  render() {
    const shown = document.querySelector("mail-composer")?.draft;
    const away = uploads.busy.filter(({ draft }) => draft !== shown);
    this.hidden = !away.length;
    if (this.hidden) {
      this.replaceChildren();
      return;
    }
    const groups = Map.groupBy(away, ({ draft }) => draft);
    for (const [draft, coming] of groups) this.#line(draft, coming);
    for (const line of [...this.children]) if (!groups.has(line.draft)) line.remove();
  }

  #line(draft, coming) {
    const line = [...this.children].find((one) => one.draft === draft) ?? this.#add(draft);
    const [link, bar] = line.children;
    const subject = draft.fields.subject || "a mail without subject";
    const verb = coming.length === 1 ? "is" : "are";
    const words = `${counted(coming.length)} ${verb} uploading to “${subject}”`;
    const said = connection.isLost ? `${words}: no connection` : words;
    if (link.textContent !== said) link.textContent = said;
    const sum = (name) => coming.reduce((total, upload) => total + upload[name], 0);
    bar.value = Math.floor((100 * sum("sent")) / sum("size"));
    bar.setAttribute("aria-label", words);
    if (draft.id && !link.hasAttribute("href")) {
      link.href = `/mail/drafts/${draft.id}`;
      window.htmx.process(link);
    }
  }

  #add(draft) {
    const line = document.createElement("div");
    const bar = Object.assign(document.createElement("progress"), { max: 100 });
    line.append(document.createElement("a"), bar);
    line.draft = draft;
    this.append(line);
    return line;
  }
}

customElements.define("uploads-bar", UploadsBar);
