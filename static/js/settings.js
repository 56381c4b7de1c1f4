// <copy-text>: a text in a field that a button copies.

import { toast } from "toast";

class CopyText extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    this.button = document.createElement("button");
    this.button.type = "button";
    this.button.className = "quiet";
    this.button.textContent = "Copy";
    this.button.setAttribute("aria-label", `Copy ${this.dataset.what}`);
    this.button.addEventListener("click", () => this.copy());
    this.append(this.button);
  }

  disconnectedCallback() {
    this.button.remove();
  }

  async copy() {
    this.field.select();
    try {
      await navigator.clipboard.writeText(this.field.value); // not there without https
      toast("Copied.");
    } catch {
      toast("It is selected: copy it with the keyboard.");
    }
  }
}

customElements.define("copy-text", CopyText);
