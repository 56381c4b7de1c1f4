// The signature under what is written changes with the inbox, as long as nobody has touched it.

import { textOf } from "letter";

const MARK = "-- ";

/** A plain text with the new signature in place of the old one. */
export function resignedText(text, old, now) {
  const block = (signature) => `\n${MARK}\n${signature}`;
  if (!old) return now ? `${text.trimEnd()}\n${block(now)}` : text;
  const place = `${text}\n`.indexOf(`${block(old)}\n`);
  if (place < 0) return text;
  const rest = text.slice(place + block(old).length);
  return now ? text.slice(0, place) + block(now) + rest : text.slice(0, place).trimEnd() + rest;
}

/** Put the new signature in place of the old one, in what the editor shows. */
export function resign(root, old, now) {
  const blocks = [...root.querySelectorAll("div.signature")];
  const block = blocks.find((one) => textOf(one) === `${MARK}\n${old}`);
  if (block && !now) block.remove();
  else if (block) fill(block, now);
  else if (!old && now && !blocks.length) {
    const made = document.createElement("div");
    made.className = "signature";
    fill(made, now);
    root.append(made);
  }
}

function fill(block, signature) {
  const lines = [MARK, ...signature.split("\n")];
  block.replaceChildren(
    ...lines.flatMap((line, place) => (place ? [document.createElement("br"), line] : [line])),
  );
}
