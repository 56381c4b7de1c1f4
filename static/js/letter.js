// What is written, between three forms: HTML as it is saved, HTML as the editor shows it, and text.

import DOMPurify from "dompurify";

const BLOCKS = new Set(
  "ADDRESS ARTICLE ASIDE BLOCKQUOTE CENTER DD DIV DL DT FIGURE FOOTER H1 H2 H3 H4 H5 H6 HEADER HR LI MAIN OL P PRE SECTION TABLE TBODY TD TFOOT TH THEAD TR UL".split(" "),
);
const SPACED = new Set(["P", "H1", "H2", "H3", "H4", "H5", "H6", "TABLE"]);
const FORBIDDEN = ["audio", "button", "dialog", "form", "input", "select", "source", "style", "svg", "math", "textarea", "video"];
const OURS = /^(?:blob:|\/api\/v1\/attachments\/)/;
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp);base64,/i;

/** How a draft's pictures are shown; `urlOf` gives the address of a Content-ID, or "". */
let urlOf = () => "";
let isOwn = false; // it is what the editor had before, not what came from elsewhere

const cleaner = DOMPurify(window);

cleaner.addHook("afterSanitizeAttributes", (node) => {
  if (/url\s*\(|@import|expression/i.test(node.getAttribute?.("style") ?? "")) {
    node.removeAttribute("style"); // what a style fetches is not shown
  }
  if (node.nodeName === "IMG") settlePicture(node);
  if (node.nodeName === "A" && /^(?:javascript|data|blob):/i.test(node.getAttribute("href") ?? "")) {
    node.removeAttribute("href");
  }
});

/**
 * HTML made harmless for the editor: a fragment that fetches nothing but the draft's own pictures.
 *
 * Pictures of elsewhere keep their address in `data-src`. With `own` it is the editor's own HTML.
 */
export function clean(html, { pictureUrl = () => "", own = false } = {}) {
  urlOf = pictureUrl;
  isOwn = own;
  return cleaner.sanitize(tidied(quietly(html)), {
    RETURN_DOM_FRAGMENT: true,
    FORBID_TAGS: FORBIDDEN,
    FORBID_ATTR: ["background", "srcset", "id", "name", "contenteditable", "autofocus", "tabindex"],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel|cid|blob|data):|^[^:]*$/i,
  });
}

/**
 * HTML without what the page's policy would report while it is only being read. The cleaner drops
 * it anyway.
 */
function quietly(html) {
  return html
    .replace(/<style\b[^]*?<\/style\s*>/gi, "")
    .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/[\s/"']on\w+\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)/gi, " "));
}

/** Whether HTML says or shows anything. */
export function isBlank(fragment) {
  return !fragment.textContent.trim() && !fragment.querySelector("img, hr, table");
}

/** What the editor shows, as it is saved: without what is of the page alone. */
export function savedHtml(root) {
  const copy = document.implementation.createHTMLDocument().importNode(root, true);
  copy.querySelectorAll(".squire-image-resize-container").forEach((one) => one.remove());
  for (const picture of copy.querySelectorAll("img")) {
    const { cid, src } = picture.dataset;
    picture.removeAttribute("tabindex");
    if (cid) picture.setAttribute("src", `cid:${cid}`);
    else if (src) picture.setAttribute("src", src);
    else picture.remove(); // it is still on its way
    for (const name of Object.keys(picture.dataset)) delete picture.dataset[name];
  }
  copy.querySelectorAll('[style=""]').forEach((one) => one.removeAttribute("style"));
  for (const one of copy.querySelectorAll("span")) {
    if (!one.attributes.length) one.replaceWith(...one.childNodes);
  }
  return copy.innerHTML.replaceAll("\u200b", "");
}

/** Take the older mail, which stands at the end, out of a fragment; "" when there is none. */
export function takeQuote(fragment) {
  let last = fragment.lastElementChild;
  while (last && isBlank(last)) last = last.previousElementSibling;
  if (!last?.matches("div.quoted, blockquote[type=cite], div.gmail_quote")) return "";
  while (last.nextSibling) {
    if (last.nextSibling.textContent.trim()) return "";
    last.nextSibling.remove();
  }
  last.remove();
  const holder = document.implementation.createHTMLDocument().createElement("div");
  holder.append(holder.ownerDocument.adoptNode(last));
  return savedHtml(holder);
}

/** Parse HTML without anything of it being fetched or run. */
export function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

/** A plain text in two: what is newly written, and the older mail below. */
export function splitText(text) {
  const lines = text.split("\n");
  const start = lines.findIndex(
    (line, place) =>
      /^-{5,} ?Forwarded message ?-{5,}$/.test(line) ||
      (/:$/.test(line) && lines.slice(place + 1).some(Boolean) && lines.slice(place + 1).every(isQuoted)),
  );
  if (start < 0) return [text, ""];
  return [lines.slice(0, start).join("\n"), lines.slice(start).join("\n")];
}

const isQuoted = (line) => !line || line.startsWith(">");

/** A plain text as HTML: a block for each line, quotes as quotes. */
export function htmlOf(text) {
  const root = document.implementation.createHTMLDocument().createElement("div");
  let into = root;
  for (const line of text.split("\n")) {
    const depth = /^(?:> ?)*/.exec(line)[0];
    const wanted = (depth.match(/>/g) ?? []).length;
    while (depthOf(into) > wanted) into = into.parentNode;
    while (depthOf(into) < wanted) {
      into = into.appendChild(root.ownerDocument.createElement("blockquote"));
    }
    const block = into.appendChild(root.ownerDocument.createElement("div"));
    block.dir = "auto";
    const words = line.slice(depth.length);
    if (words) block.textContent = words.replace(/ (?= )|^ /g, "\u00a0");
    else block.append(root.ownerDocument.createElement("br"));
  }
  return root.innerHTML;
}

const depthOf = (node) => (node.nodeName === "BLOCKQUOTE" ? 1 + depthOf(node.parentNode) : 0);

/** The words of HTML, a line for each block; pictures by their names. */
export function textOf(root) {
  return linesOf(root, "")
    .map((line) => (line.trimEnd() === "--" ? "-- " : line.trimEnd()))
    .join("\n")
    .replace(/^\n+/, "")
    .trimEnd();
}

function linesOf(parent, bullet) {
  const lines = [];
  let line = null;
  const flush = () => {
    if (line !== null) lines.push(line);
    line = null;
  };
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const words = spaced(node);
      if (words.trim() || line) line = (line ?? "") + (line ? words : words.trimStart());
    } else if (node.nodeName === "BR") {
      lines.push(line ?? "");
      line = null;
    } else if (node.nodeName === "IMG") {
      if (!node.dataset.upload) line = (line ?? "") + nameOf(node); // else it is still on its way
    } else if (BLOCKS.has(node.nodeName)) {
      flush();
      addBlock(lines, node);
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      const start = (line ?? "").length;
      node.childNodes.forEach(walk);
      line = withAddress(node, line, start);
    }
  };
  parent.childNodes.forEach(walk);
  flush();
  return bullet ? hang(lines, bullet) : lines;
}

function addBlock(lines, block) {
  if (SPACED.has(block.nodeName) && lines.length && lines.at(-1)) lines.push("");
  if (block.nodeName === "HR") lines.push("----------");
  else if (block.nodeName === "BLOCKQUOTE") {
    const quoted = trimmed(linesOf(block, ""));
    lines.push(...quoted.map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`)));
  } else if (block.nodeName === "TR") {
    lines.push([...block.children].map((cell) => linesOf(cell, "").join(" ")).join("\t"));
  } else lines.push(...linesOf(block, bulletOf(block)));
  if (SPACED.has(block.nodeName) && block.nextSibling && lines.at(-1)) lines.push("");
}

/** Lines without the blank ones at both ends. */
function trimmed(lines) {
  const start = lines.findIndex(Boolean);
  return start < 0 ? [] : lines.slice(start, lines.findLastIndex(Boolean) + 1);
}

/** What stands for a picture; nothing for one of elsewhere that has no name of its own. */
function nameOf({ alt, dataset }) {
  const isOwn = "cid" in dataset || "upload" in dataset;
  return alt || isOwn ? `[${alt || "image"}]` : "";
}

function bulletOf(block) {
  if (block.nodeName !== "LI") return "";
  if (block.parentNode.nodeName !== "OL") return "- ";
  const items = [...block.parentNode.children].filter(({ nodeName }) => nodeName === "LI");
  return `${(block.parentNode.start || 1) + items.indexOf(block)}. `;
}

const hang = (lines, bullet) =>
  (lines.length ? lines : [""]).map((line, place) => (place ? " ".repeat(bullet.length) : bullet) + line);

function spaced(node) {
  const isKept = node.parentElement?.closest("pre");
  const words = isKept ? node.data : node.data.replace(/[ \t\r\n\f]+/g, " ");
  return words.replaceAll("\u00a0", " ").replaceAll("\u200b", "");
}

function withAddress(node, line, start) {
  const address = node.nodeName === "A" ? (node.getAttribute("href") ?? "") : "";
  const words = (line ?? "").slice(start).trim();
  const isSaid = !words || address.replace(/^mailto:|\/$/g, "") === words.replace(/\/$/, "");
  return address && !isSaid ? `${line} <${address}>` : line;
}

function settlePicture(picture) {
  const source = picture.getAttribute("src") ?? "";
  if (isOwn && (OURS.test(source) || PICTURE.test(source) || !source)) return;
  for (const name of Object.keys(picture.dataset)) delete picture.dataset[name];
  const cid = source.startsWith("cid:") ? decoded(source.slice(4)) : "";
  if (cid) {
    picture.dataset.cid = cid;
    const url = urlOf(cid);
    if (url) picture.setAttribute("src", url);
    else picture.removeAttribute("src");
  } else if (PICTURE.test(source)) {
    picture.dataset.pasted = "";
  } else if (/^https?:/i.test(source)) {
    picture.dataset.src = source;
    picture.removeAttribute("src");
  } else {
    picture.remove();
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// What office programs paste -------------------------------------------------------------------

function tidied(html) {
  if (!/mso-|docs-internal-guid|google-sheets|<o:p/i.test(html)) return html;
  const body = parsed(html);
  body.querySelectorAll("style, meta, link, title, xml").forEach((one) => one.remove());
  body.querySelectorAll("b[id^=docs-internal-guid]").forEach((one) => one.replaceWith(...one.childNodes));
  const items = [...body.querySelectorAll("p")].filter((one) => /mso-list:\s*l/.test(one.getAttribute("style")));
  for (const item of items) takeItem(item);
  return body.innerHTML;
}

/** Word writes the items of a list as paragraphs, each with its mark in front. */
function takeItem(paragraph) {
  const mark = [...paragraph.querySelectorAll("span")].find((one) =>
    /mso-list:\s*ignore/i.test(one.getAttribute("style")),
  );
  const kind = /^\s*[\dA-Za-z]+[.)]/.test(mark?.textContent ?? "") ? "OL" : "UL";
  mark?.remove();
  const before = paragraph.previousElementSibling;
  const list = before?.nodeName === kind ? before : paragraph.ownerDocument.createElement(kind);
  const item = list.appendChild(paragraph.ownerDocument.createElement("li"));
  item.append(...paragraph.childNodes);
  if (list === before) paragraph.remove();
  else paragraph.replaceWith(list);
}

/** Leave of what was pasted the words and their structure, not the looks of where it was. */
export function withoutLooks(fragment) {
  for (const one of fragment.querySelectorAll("*")) {
    for (const name of ["class", "style", "face", "color", "size", "width", "height", "bgcolor", "align", "lang"]) {
      if (one.nodeName === "IMG" && ["width", "height"].includes(name)) continue;
      one.removeAttribute(name);
    }
  }
  for (const one of fragment.querySelectorAll("span, font")) {
    if (!one.attributes.length) one.replaceWith(...one.childNodes);
  }
}
