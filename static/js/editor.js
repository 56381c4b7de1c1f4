// The text of a letter, rich or plain. It is saved as both; older mail below it is folded away.

import Squire from "squire-rte";
import { announce } from "live";
import {
  clean, htmlOf, isBlank, parsed, savedHtml, splitText, takeQuote, textOf, withoutLooks,
} from "letter";
import { askForLink, linkOf } from "linking";
import { Pictures, sorted, tellPictures } from "pictures";
import { resign, resignedText } from "signature";
import { equip, showFormats, showPlain } from "toolbar";
import { toast } from "toast";
import { uploads } from "uploads";
import { caretIn, putCaret, rangeAt } from "caret";

const OWN = "<!-- squire -->"; // what was copied from an editor of ours

export class LetterEditor extends HTMLElement {
  #draft;
  #pictures;
  #squire;
  #quote = ""; // the older mail that is folded away, as it is saved: HTML, or in plain text words
  #quoteText = "";
  #last; // what was shown when it was saved or loaded last
  #signature = "";
  #end;

  connectedCallback() {
    if (this.#end && !this.#end.signal.aborted) return;
    this.#end = new AbortController();
    const { signal } = this.#end;
    const composer = this.closest("mail-composer");
    this.#draft = composer.draft;
    this.#pictures = Pictures.of(this.#draft);
    this.#signature = composer.inbox?.signature ?? "";
    this.#build();
    this.#load();
    const on = (target, name, run, options) => target.addEventListener(name, run, { signal, ...options });
    on(this.#draft, "change", ({ detail }) => this.#changedElsewhere(detail));
    on(this.textarea, "input", () => this.#typed());
    on(this, "paste", (event) => this.#paste(event), { capture: true });
    on(this, "dragover", (event) => this.#over(event));
    on(this, "drop", (event) => this.#drop(event), { capture: true });
    on(this, "keydown", (event) => this.#key(event));
    on(composer, "place-inline", ({ detail }) => this.#place(detail));
    on(composer, "take-out", ({ detail }) => this.#pictures.takeOut(detail).catch(told));
    on(composer.querySelector("[name=inbox_id]"), "input", () => this.#resign());
    if (this.textarea.autofocus && !this.#isElsewhere()) this.focus();
  }

  disconnectedCallback() {
    this.#end.abort();
    this.#squire.destroy();
  }

  get isPlain() {
    return this.hasAttribute("plain");
  }

  /** Go to the text, in front of what is below it. */
  focus() {
    if (this.isPlain) {
      this.textarea.focus({ preventScroll: true });
      this.textarea.setSelectionRange(0, 0);
    } else {
      this.#squire.focus();
    }
  }

  // Its parts ------------------------------------------------------------------------------------

  #build() {
    this.querySelectorAll(":scope > :is(.surface, .fold, .letter-tools, dialog)").forEach((one) => one.remove());
    this.textarea = this.querySelector("textarea");
    this.surface = document.createElement("div");
    this.surface.className = "surface";
    this.surface.id = "letter";
    for (const [name, value] of Object.entries({
      role: "textbox",
      "aria-multiline": "true",
      "aria-label": "Message",
      spellcheck: "true",
    })) this.surface.setAttribute(name, value);
    this.append(this.surface, this.querySelector("template").content.cloneNode(true));
    this.fold = this.querySelector(".fold");
    this.tools = this.querySelector(".letter-tools");
    this.dialog = this.querySelector("dialog");
    this.#squire = new Squire(this.surface, {
      blockAttributes: { dir: "auto" },
      sanitizeToDOMFragment: (html) =>
        clean(html, {
          pictureUrl: (cid) => this.#pictures.url(cid),
          own: this.#isLoading || html.includes(OWN),
        }),
      didError: reportError,
    });
    this.#squire.addEventListener("input", () => this.#typed());
    for (const name of ["pathChange", "select"]) {
      this.#squire.addEventListener(name, () => showFormats(this.tools, this.#squire));
    }
    this.#squire.addEventListener("willPaste", ({ detail }) => {
      if (detail.fragment && !detail.html.includes(OWN)) withoutLooks(detail.fragment);
    });
    for (const key of ["PageUp", "PageDown"]) this.#squire.setKeyHandler(key, null);
    equip(this.tools, (name) => this.#do(name));
    this.fold.addEventListener("click", () => this.#unfold());
  }

  // In and out -----------------------------------------------------------------------------------

  #isLoading = false;

  /** Show what the draft has. */
  #load() {
    const { html, text } = this.#draft.fields;
    const isPlain = html === null && Boolean(text);
    this.#toPlain(isPlain);
    if (isPlain) this.#loadText(text);
    else this.#loadHtml(html ?? "");
    this.#last = this.#shown;
  }

  #loadText(text) {
    const [own, quote] = splitText(text);
    this.textarea.value = own;
    this.#quote = quote;
    this.#showFold();
  }

  #loadHtml(html) {
    const before = this.#pictures.root;
    const isComing =
      this.#pictures.areComing && before && savedHtml(before) + this.#pictures.quote === html;
    const fragment = isComing
      ? clean(before.innerHTML, { own: true })
      : clean(html, { pictureUrl: (cid) => this.#pictures.url(cid) });
    this.#quote = isComing ? this.#pictures.quote : takeQuote(fragment);
    this.#quoteText = this.#quote ? textOf(parsed(this.#quote)) : "";
    for (const block of fragment.querySelectorAll(":scope > :is(div, p, ul, ol)")) {
      if (!block.dir) block.dir = "auto";
    }
    const holder = document.createElement("template");
    holder.content.append(fragment);
    this.#isLoading = true;
    this.#squire.setHTML(holder.innerHTML);
    this.#isLoading = false;
    this.#pictures.look(this.surface, () => this.#typed());
    this.#showFold();
  }

  /** What is shown, as it is saved: {html, text}. */
  get #shown() {
    if (this.isPlain) return { html: null, text: joined(this.textarea.value, this.#quote) };
    if (!this.#quote && isBlank(this.surface)) return { html: null, text: null };
    const text = joined(textOf(this.surface), this.#quoteText);
    return { html: savedHtml(this.surface) + this.#quote, text };
  }

  /** Something may be another: the draft has to know. */
  #typed() {
    if (!this.isPlain) this.#pictures.textChanged();
    const now = this.#shown;
    if (now.html === this.#last.html && now.text === this.#last.text) return;
    this.#last = now;
    this.#draft.set("html", now.html);
    this.#draft.set("text", now.text);
  }

  #changedElsewhere(names) {
    if (!names.includes("html") && !names.includes("text")) return;
    const { html, text } = this.#draft.fields;
    if (html === this.#last.html && (html !== null || text === this.#last.text)) return;
    const isHere = this.contains(document.activeElement);
    const caret = this.isPlain ? this.textarea.selectionStart : caretIn(this.surface);
    this.#load();
    if (this.isPlain) this.textarea.setSelectionRange(caret, caret);
    else if (isHere) putCaret(this.#squire, caret);
    announce("The text was changed elsewhere.");
  }

  // Older mail -----------------------------------------------------------------------------------

  #showFold() {
    this.#pictures.quote = this.isPlain ? "" : this.#quote;
    this.fold.hidden = !this.#quote;
    this.fold.setAttribute("aria-expanded", "false");
  }

  #unfold() {
    const quote = this.#quote;
    this.#quote = "";
    this.#quoteText = "";
    this.#showFold();
    if (this.isPlain) {
      this.textarea.value = joined(this.textarea.value, quote);
      this.textarea.focus();
      return;
    }
    const fragment = clean(quote, { pictureUrl: (cid) => this.#pictures.url(cid) });
    this.#squire.saveUndoState();
    this.surface.append(fragment);
    this.#squire.focus();
    announce("The quoted text is shown.");
  }

  // What the buttons do --------------------------------------------------------------------------

  #do(name) {
    const editor = this.#squire;
    const has = (tag) => editor.hasFormat(tag);
    const acts = {
      bold: () => (has("B") ? editor.removeBold() : editor.bold()),
      italic: () => (has("I") ? editor.removeItalic() : editor.italic()),
      underline: () => (has("U") ? editor.removeUnderline() : editor.underline()),
      bullets: () => (has("UL") ? editor.removeList() : editor.makeUnorderedList()),
      numbers: () => (has("OL") ? editor.removeList() : editor.makeOrderedList()),
      quote: () => (has("BLOCKQUOTE") ? editor.decreaseQuoteLevel() : editor.increaseQuoteLevel()),
      clear: () => editor.removeAllFormatting(),
      link: () => this.#link(),
      picture: () => this.#choose(),
      plain: () => this.#switch(),
    };
    acts[name]();
    if (!["link", "picture", "plain"].includes(name)) editor.focus();
  }

  async #link() {
    const editor = this.#squire;
    const range = editor.getSelection();
    const node = range.startContainer;
    const link = (node.nodeType === Node.TEXT_NODE ? node.parentNode : node).closest("a");
    const url = link?.getAttribute("href") ?? linkOf(editor.getSelectedText());
    const wanted = await askForLink(this.dialog, { url: link ? url : "" });
    editor.setSelection(range).focus();
    if (wanted === null) return;
    if (link && range.collapsed) range.selectNodeContents(link);
    editor.setSelection(range);
    if (wanted) editor.makeLink(wanted);
    else editor.removeLink();
  }

  #choose() {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = "image/png,image/jpeg,image/gif,image/webp";
    input.multiple = true;
    input.addEventListener("change", () => this.#take([...input.files]));
    input.click();
  }

  /** From rich to plain and back; what is lost on the way can be had again. */
  async #switch() {
    if (this.isPlain) {
      const text = joined(this.textarea.value, this.#quote);
      const [own, quote] = splitText(text);
      this.#toPlain(false);
      this.#loadHtml(htmlOf(own) + (quote && `<div class="quoted">${htmlOf(quote)}</div>`));
      this.#typed();
      this.#squire.focus();
      announce("Formatted text.");
      return;
    }
    const { html } = this.#shown;
    const text = joined(textOf(this.surface), this.#quoteText);
    this.#toPlain(true);
    this.#loadText(text);
    this.#typed();
    this.textarea.focus();
    const number = await this.#pictures.takeAllOut().catch(told);
    const kept = number ? ` ${number === 1 ? "The image is" : `${number} images are`} attached as ${number === 1 ? "a file" : "files"}.` : "";
    toast(`Plain text.${kept}`, {
      seconds: 10,
      action: { label: "Undo", run: () => this.#switchBack(html) },
    });
  }

  #switchBack(html) {
    if (!this.isConnected) return;
    this.#toPlain(false);
    this.#loadHtml(html ?? "");
    this.#pictures.bringBack();
    this.#typed();
    this.#squire.focus();
  }

  #toPlain(isPlain) {
    this.toggleAttribute("plain", isPlain);
    this.surface.hidden = isPlain;
    showPlain(this.tools, isPlain);
  }

  #resign() {
    const now = this.closest("mail-composer").inbox?.signature ?? "";
    const old = this.#signature;
    this.#signature = now;
    if (now === old) return;
    if (this.isPlain) this.textarea.value = resignedText(this.textarea.value, old, now);
    else if (!isBlank(this.surface) || now) resign(this.surface, old, now);
    this.#typed();
  }

  // Files that come into the text ----------------------------------------------------------------

  #take(files) {
    const [pictures, others] = this.isPlain ? [[], files] : sorted(files);
    if (pictures.length) {
      this.#pictures.add(pictures, (picture) => this.#squire.insertElement(picture));
      tellPictures(pictures);
    }
    for (const file of others) uploads.add(this.#draft, file);
  }

  #paste(event) {
    const { files, types } = event.clipboardData ?? {};
    if (!this.#isText(event.target) || !files?.length || types.includes("text/plain")) return;
    event.preventDefault();
    event.stopPropagation();
    this.#take([...files]);
  }

  #over(event) {
    if (!this.#isText(event.target) || !hasPictures(event.dataTransfer) || this.isPlain) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }

  #drop(event) {
    const files = [...(event.dataTransfer?.files ?? [])];
    const [pictures] = sorted(files);
    if (this.isPlain || !this.#isText(event.target) || !pictures.length) return;
    if (pictures.length < files.length) return; // a mixed lot is attached
    event.preventDefault();
    const range = rangeAt(event.clientX, event.clientY, this.surface);
    if (range) this.#squire.setSelection(range);
    this.#take(pictures);
  }

  #isText(target) {
    return target === this.textarea || this.surface.contains(target);
  }

  async #place(file) {
    if (this.isPlain) {
      toast("Plain text shows no images. Switch to formatted text first.");
      return;
    }
    await this.#pictures
      .place(file, (picture) => this.#squire.insertElement(picture))
      .catch(told);
  }

  #key(event) {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === "k" && !this.isPlain && this.#isText(event.target)) {
      event.preventDefault();
      this.#link();
    } else if (event.altKey && event.key === "F10") {
      event.preventDefault();
      this.tools.querySelector("[tabindex='0']").focus();
    } else if (event.key === "Escape" && this.tools.contains(event.target)) {
      event.stopPropagation();
      (this.isPlain ? this.textarea : this.#squire).focus();
    }
  }

  #isElsewhere() {
    const active = document.activeElement;
    return active && active !== document.body && active.id !== "main" && active !== this.textarea;
  }
}

function joined(own, quote) {
  return quote ? `${own.trimEnd()}\n\n${quote}` : own;
}

function hasPictures(dataTransfer) {
  return [...dataTransfer.items].some(({ kind, type }) => kind === "file" && /^image\/(?!svg)/.test(type));
}

function told(error) {
  toast(error.message, { kind: "bad" });
}

customElements.define("letter-editor", LetterEditor);
