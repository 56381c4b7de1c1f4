// What a mail takes: said before a byte is sent.

import { counted, endingOf, inWords } from "file-words";

const PART_BYTES = 350; // about what the headers of a file take

/** The bytes that a file takes in a mail: base64 in lines of 76, as the server counts them. */
export function encodedSize(size) {
  const characters = Math.ceil(size / 3) * 4;
  return characters + Math.ceil(characters / 76) * 2;
}

/** How large the mail is as it travels, with files of these sizes. */
export function mailSize(fields, sizes) {
  const letter = new Blob([fields.text ?? "", fields.html ?? "", fields.subject ?? ""]).size;
  return sizes.reduce((sum, size) => sum + encodedSize(size) + PART_BYTES, letter + PART_BYTES);
}

/** Why a name cannot be taken; null when it can. */
export function refusedName(name, limits) {
  const ending = endingOf(name.replace(/[. ]+$/, "")).slice(1).toLowerCase();
  if (ending && limits.file.blocked_extensions.includes(ending)) {
    return `Files that end in .${ending} are not taken here. Put it in a zip, or send a link.`;
  }
  return null;
}

/**
 * Why a file cannot be attached to a mail that has `sizes` and `fields` already; null when it can.
 */
export function refused({ name, size, type }, { limits, fields, sizes }) {
  if (!size) return "The file is empty: nothing is in it. Look at it and choose it again.";
  if (size > limits.file.max_bytes) {
    const most = inWords(limits.file.max_bytes);
    return `The file has ${inWords(size)}; a file may have ${most}. Share it by a link instead.`;
  }
  if (limits.file.blocked_types.includes(type)) return `Files of the type ${type} are not taken.`;
  const reason = refusedName(name, limits);
  if (reason) return reason;
  if (sizes.length >= limits.message.max_files) return tooMany(limits);
  const total = mailSize(fields, [...sizes, size]);
  const most = limits.message.max_encoded_bytes;
  if (total > most) {
    return (
      `With it the mail would have ${inWords(total)} as sent; it may have ${inWords(most)}. ` +
      "Take another file out, or send it in a mail of its own."
    );
  }
  return null;
}

/** Why no further file can be attached. */
export function tooMany(limits) {
  return `A mail carries ${counted(limits.message.max_files)}. Put several in a zip.`;
}
