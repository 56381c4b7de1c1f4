// Choosing when a mail leaves.

import { ask, make } from "dialog";
import { cityOf, instantOf, localOf, nameOf, ownZone, presets } from "zones";

const LAST = "enclose.schedule.hour";
const THEIR_ZONE = "enclose.schedule.zone";

/** A moment as people say it: `Mon, 30 Nov, 08:00`. */
export function inWords(at, zone = ownZone()) {
  const year = at.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return new Intl.DateTimeFormat(undefined, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    timeZone: zone,
    ...year,
  }).format(at);
}

/** Ask when it shall leave; gives the instant, or null. `was` is a time that stood before. */
export async function askTime({ title = "Send later", was = null } = {}) {
  const zone = ownZone();
  const now = new Date();
  const choices = [
    ...(was && was > now ? [{ name: "As before", at: was }] : []),
    ...presets(now, zone).map(({ name, local }) => ({ name, at: instantOf(local, zone).at })),
    ...lastUsed(now, zone),
  ];
  const own = new OwnTime(zone, was && was > now ? was : choices[0].at);
  const list = make("div", { className: "presets" }, ...choices.map(presetButton));
  const answer = await ask({
    title,
    className: "schedule",
    content: [list, own.element],
    actions: [{ label: "Cancel", value: "" }],
  });
  if (!answer) return null;
  const at = new Date(answer);
  localStorage.setItem(LAST, localOf(at, zone).slice(11));
  return at;
}

function presetButton({ name, at }) {
  return make(
    "button",
    { type: "button", className: "answer preset", value: at.toISOString() },
    make("span", { textContent: name }),
    make("span", { className: "faint", textContent: inWords(at) }),
  );
}

/** The hour that was chosen last, when it comes next. */
function lastUsed(now, zone) {
  const hour = localStorage.getItem(LAST);
  if (!hour) return [];
  const day = (at) => localOf(at, zone).slice(0, 10);
  const next = [now, new Date(now.getTime() + 24 * 3600_000)]
    .map((at) => instantOf(`${day(at)}T${hour}`, zone).at)
    .find((at) => at > now);
  return next ? [{ name: "The hour of last time", at: next }] : [];
}

/** Any other time, with what it is elsewhere, and what becomes of it on the odd nights. */
class OwnTime {
  constructor(zone, at) {
    this.zone = zone;
    this.input = make("input", {
      type: "datetime-local",
      id: "send-at",
      value: localOf(at, zone),
      attributes: { "aria-describedby": "send-at-words" },
    });
    this.zones = zoneChoice(zone);
    this.words = make("p", { id: "send-at-words", className: "when", attributes: { role: "status" } });
    this.button = make("button", { type: "button", className: "answer", textContent: "Schedule" });
    this.element = make(
      "div",
      { className: "own-time" },
      make("label", { htmlFor: "send-at", textContent: "Another time" }),
      make("div", { className: "own-line" }, this.input, this.button),
      make("label", { htmlFor: "their-zone", textContent: "Show it for somebody in" }),
      this.zones,
      this.words,
    );
    this.input.addEventListener("input", () => this.tell());
    this.input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.button.click();
    });
    this.zones.addEventListener("input", () => {
      localStorage.setItem(THEIR_ZONE, this.zones.value);
      this.tell();
    });
    this.tell();
  }

  tell() {
    const { at, kind } = this.input.value ? instantOf(this.input.value, this.zone) : {};
    const isOver = at && at <= new Date();
    this.button.disabled = !at || isOver;
    this.button.value = at && !isOver ? at.toISOString() : "";
    this.input.setAttribute("aria-invalid", String(Boolean(isOver)));
    if (!at) this.words.textContent = "Choose a day and a time.";
    else if (isOver) this.words.textContent = "This time is over.";
    else this.words.textContent = whenWords(at, kind, this.zone, this.zones.value);
  }
}

/** What a chosen time comes to, in a sentence or two. */
export function whenWords(at, kind, zone, theirs) {
  const words = [`It leaves ${inWords(at, zone)} your time (${nameOf(zone, at)})`];
  if (theirs && theirs !== zone) words.push(`, ${inWords(at, theirs)} in ${cityOf(theirs)}`);
  words.push(".");
  if (kind === "skipped") words.push(" Clocks are put forward that night and skip the hour you chose.");
  if (kind === "twice") words.push(" Clocks are put back that night and show this hour twice: it leaves the first time.");
  return words.join("");
}

function zoneChoice(own) {
  const known = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
  const select = make(
    "select",
    { id: "their-zone" },
    make("option", { value: "", textContent: "nowhere else" }),
    ...known.filter((zone) => zone !== own).map((zone) => (
      make("option", { value: zone, textContent: zone.replaceAll("_", " ") })
    )),
  );
  select.value = localStorage.getItem(THEIR_ZONE) ?? "";
  if (select.selectedIndex < 0) select.value = "";
  return select;
}
