// Times in the zone and the language of who looks: <time datetime="…" data-format="moment">.

const FORMATS = {
  time: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
  year: { day: "numeric", month: "short", year: "numeric" },
  full: { dateStyle: "full", timeStyle: "short" },
};

/** A time as a list has it: the hour today, the day this year, else the date. */
export function moment(date, now = new Date()) {
  if (date.toDateString() === now.toDateString()) return format(date, "time");
  return format(date, date.getFullYear() === now.getFullYear() ? "day" : "year");
}

/** A time in one of the FORMATS. */
export function format(date, name) {
  return new Intl.DateTimeFormat(undefined, FORMATS[name]).format(date);
}

/** Have all times below a node in the person's zone. */
export function localize(root) {
  for (const element of root.querySelectorAll("time[data-format]")) {
    const date = new Date(element.dateTime);
    const name = element.dataset.format;
    element.textContent = name === "moment" ? moment(date) : format(date, name);
    if (name !== "full") element.title = format(date, "full");
  }
}
