// Files in words: their names, their sizes, what they are.

const MIB = 1024 * 1024;
const LONGEST_ENDING = 12; // characters; what is longer is no ending
const TAIL = 4; // characters before the ending that are always shown

/** The ending of a name with its dot; blank without one. */
export function endingOf(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 && name.length - dot <= LONGEST_ENDING ? name.slice(dot) : "";
}

/** A name in two: what may be shortened, and the end that is always whole. */
export function halves(name) {
  const place = Math.max(0, name.length - endingOf(name).length - TAIL);
  return [name.slice(0, place), name.slice(place)];
}

/** The name, or `name (1).ext` where others have it already. */
export function numbered(name, others) {
  const taken = new Set([...others].map((one) => one.toLowerCase()));
  const ending = endingOf(name);
  const stem = name.slice(0, name.length - ending.length);
  let found = name;
  for (let number = 1; taken.has(found.toLowerCase()); number++) {
    found = `${stem} (${number})${ending}`;
  }
  return found;
}

/** A name for what was pasted: pictures of the screen all come as "image.png", made just now. */
export function pastedName(file, now = new Date()) {
  const isNew = Math.abs(now - file.lastModified) < 10_000;
  if (!isNew || !/^image\.(png|jpe?g|gif|webp)$/i.test(file.name)) return file.name;
  const two = (number) => String(number).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `image-${day}-${two(now.getHours())}${two(now.getMinutes())}${endingOf(file.name)}`;
}

/** A number of bytes as people say it. */
export function inWords(bytes) {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  if (bytes < MIB) return `${Math.round(bytes / 1024)} KB`;
  const megabytes = bytes / MIB;
  return `${Number(megabytes.toFixed(megabytes < 100 ? 1 : 0))} MB`;
}

/** "12.3 of 20 MB". */
export function ofInWords(part, whole) {
  const [number, unit] = inWords(whole).split(" ");
  const size = { bytes: 1, byte: 1, KB: 1024, MB: MIB }[unit];
  const digits = unit === "MB" ? 1 : 0;
  return `${(Math.min(part, whole) / size).toFixed(digits)} of ${number} ${unit}`;
}

/** How long it takes, roughly. */
export function leftInWords(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
  return `${Math.round(seconds / 60)} min left`;
}

/** "1 file", "3 files". */
export function counted(number, noun = "file") {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

const KINDS = {
  image: /^image\//,
  audio: /^audio\//,
  video: /^video\//,
  pdf: /^application\/pdf/,
  sheet: /spreadsheet|ms-excel|text\/csv/,
  mail: /^message\/|ms-outlook/,
  archive: /zip|x-tar|x-7z|compressed/,
  text: /^text\/|wordprocessing|msword|rtf|json/,
};

/** What a file is, by its type: the name of its icon. */
export function kindOf(contentType) {
  return Object.keys(KINDS).find((kind) => KINDS[kind].test(contentType)) ?? "other";
}
