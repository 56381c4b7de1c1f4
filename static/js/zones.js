// Times of day in time zones, and the two nights of a year on which these are not what they seem.

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The zone of this browser, such as `Europe/Berlin`. */
export function ownZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * The instant at which clocks in a zone show `local` (`2026-11-20T08:00`): {at, kind}.
 *
 * `kind` is `once` as a rule; `skipped` when no clock there ever shows it, since they are put
 * forward: `at` is as much later as they are; `twice` when they are put back: `at` is the first.
 */
export function instantOf(local, zone) {
  const wanted = Date.parse(`${local}Z`);
  const shifts = [wanted - DAY, wanted + DAY].map((at) => shiftOf(at, zone));
  const shown = [...new Set(shifts)]
    .map((shift) => wanted - shift)
    .filter((at) => at + shiftOf(at, zone) === wanted);
  // Between two days of one shift it may have been another for a moment; no zone does that.
  if (shown.length) return { at: new Date(Math.min(...shown)), kind: shown.length > 1 ? "twice" : "once" };
  return { at: new Date(wanted - Math.min(...shifts)), kind: "skipped" };
}

/** What clocks in a zone show at an instant: `2026-11-20T08:00`. */
export function localOf(at, zone) {
  return new Date(at.getTime() + shiftOf(at.getTime(), zone)).toISOString().slice(0, 16);
}

/** A zone as people call it at an instant: `Berlin, GMT+1`, or `UTC`, which is no place. */
export function nameOf(zone, at) {
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "short" }).formatToParts(at);
  const short = parts.find(({ type }) => type === "timeZoneName").value;
  return [...new Set([cityOf(zone), short])].join(", ");
}

/** The place that a zone is named after. */
export function cityOf(zone) {
  return zone.split("/").at(-1).replaceAll("_", " ");
}

/** The milliseconds by which clocks in a zone are ahead of UTC at an instant, to the minute. */
function shiftOf(at, zone) {
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(at);
  const value = (name) => Number(parts.find(({ type }) => type === name).value);
  const shown = Date.UTC(
    value("year"), value("month") - 1, value("day"), value("hour"), value("minute"), value("second"),
  );
  return Math.round((shown - at) / MINUTE) * MINUTE;
}

/** Times that are often chosen, as seen from `now` on: [{name, local}]. */
export function presets(now, zone) {
  const today = localOf(now, zone).slice(0, 10);
  const day = (days) => new Date(Date.parse(`${today}T00:00Z`) + days * DAY).toISOString().slice(0, 10);
  const hour = Number(localOf(now, zone).slice(11, 13));
  const later = hour < 12 ? 15 : hour < 15 ? 18 : hour < 18 ? 20 : 0;
  const weekday = new Date(`${today}T00:00Z`).getUTCDay();
  const untilMonday = (8 - weekday) % 7 || 7;
  return [
    ...(later ? [{ name: "Later today", local: `${today}T${later}:00` }] : []),
    { name: "Tomorrow morning", local: `${day(1)}T08:00` },
    { name: "Tomorrow afternoon", local: `${day(1)}T13:00` },
    ...(untilMonday > 1 ? [{ name: "Monday morning", local: `${day(untilMonday)}T08:00` }] : []),
  ];
}
