// Completing an address while it is written, out of contacts and of whom one writes with.

import { keyOf, problemOf } from "addresses";
import { announce } from "live";
import { call } from "native";

const PAUSE = 120; // milliseconds without typing
const SHOWN = 8;

/**
 * Offer people while something is typed in a combobox, whose `aria-controls` names their list.
 *
 * `known` gives the keys of those who need not be offered; `take` gets whoever is chosen. What is
 * an address as it stands is left alone until somebody goes into the list.
 */
export function completion(input, { signal, known, take }) {
  new Completion(input, known, take).begin(signal);
}

let lists = 0;

class Completion {
  #found = [];
  #at = -1;
  #timer;
  #asking = new AbortController();

  constructor(input, known, take) {
    this.input = input;
    this.known = known;
    this.take = take;
    this.list = input.parentElement.querySelector("[role=listbox]");
    this.list.id ||= `people-${++lists}`;
    input.setAttribute("aria-controls", this.list.id);
  }

  begin(signal) {
    const on = (target, name, run) => target.addEventListener(name, run, { signal });
    on(this.input, "input", () => this.#later());
    on(this.input, "keydown", (event) => this.#key(event));
    on(this.input, "blur", () => this.#close());
    on(this.list, "mousedown", (event) => event.preventDefault()); // the focus stays
    on(this.list, "click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.#choose([...this.list.children].indexOf(option));
    });
    signal.addEventListener("abort", () => this.#close());
  }

  #later() {
    clearTimeout(this.#timer);
    this.#asking.abort();
    const search = this.input.value.trim();
    if (!search) return this.#close();
    if (!this.#stillFits(search)) this.#go(-1);
    this.#timer = setTimeout(() => this.#ask(search), PAUSE);
    return undefined;
  }

  /** Whether who is marked may be meant by what is typed by now: Enter must not take another. */
  #stillFits(search) {
    const one = this.#found[this.#at];
    if (!one || !problemOf(search)) return false;
    const text = `${one.name ?? ""} ${one.email}`.toLowerCase();
    return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  async #ask(search) {
    const { signal } = (this.#asking = new AbortController());
    const query = new URLSearchParams({ search: search.slice(0, 200), limit: 3 * SHOWN });
    try {
      const { data } = await call("GET", `/addresses?${query}`, { signal });
      if (!signal.aborted) this.#offer(data, search);
    } catch {
      if (!signal.aborted) this.#close(); // one can always write the whole address
    }
  }

  #offer(people, search) {
    const known = this.known();
    this.#found = people.filter((one) => !known.has(keyOf(one))).slice(0, SHOWN);
    if (!this.#found.length) return this.#close();
    this.list.replaceChildren(...this.#found.map((one, at) => this.#option(one, at, search)));
    this.list.hidden = false;
    this.input.ariaExpanded = "true";
    const number = this.#found.length;
    announce(`${number} ${number === 1 ? "person fits" : "people fit"}`);
    return this.#go(problemOf(search) ? 0 : -1);
  }

  #option({ email, name }, at, search) {
    const option = document.createElement("li");
    option.role = "option";
    option.id = `${this.list.id}-${at}`;
    const lines = name ? [line("strong", name, search), line("span", email, search)] : [];
    option.append(...(lines.length ? lines : [line("strong", email, search)]));
    return option;
  }

  #go(at) {
    this.list.children[this.#at]?.removeAttribute("aria-selected");
    this.#at = at;
    const option = this.list.children[at];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option?.id ?? "");
  }

  #key(event) {
    if (this.list.hidden || event.isComposing) return;
    const count = this.#found.length;
    const acts = {
      ArrowDown: () => this.#go((this.#at + 1) % count),
      ArrowUp: () => this.#go((Math.max(this.#at, 0) + count - 1) % count),
      Escape: () => this.#close(),
    };
    const isChosen = this.#at >= 0 && !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (isChosen) acts.Enter = acts.Tab = () => this.#choose(this.#at);
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }

  #choose(at) {
    const { email, name } = this.#found[at];
    this.input.value = "";
    this.#close();
    this.take({ email, name });
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.list.hidden = true;
    this.list.replaceChildren();
    this.#at = -1;
    this.input.ariaExpanded = "false";
    this.input.removeAttribute("aria-activedescendant");
  }
}

/** A line with the words that were typed standing out. */
function line(name, text, search) {
  const element = document.createElement(name);
  const words = search.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  for (const part of text.split(new RegExp(`(${words.join("|")})`, "i"))) {
    const isTyped = words.some((word) => new RegExp(`^${word}$`, "i").test(part));
    const mark = document.createElement("mark");
    if (isTyped) mark.append(part);
    element.append(isTyped ? mark : part);
  }
  return element;
}
