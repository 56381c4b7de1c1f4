// Mail addresses as people type and paste them. What is taken here is taken by the server, too.

const SEPARATORS = ",;\n\r\t，；、،؛";
const ATOM = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-][\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]*$/u;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const MAX_LOCAL = 64; // bytes
const MAX_EMAIL = 254;
const MAX_NAME = 255; // characters

const bytes = (text) => new TextEncoder().encode(text).length;

/** What two spellings of the same mailbox have in common, for people: servers may differ. */
export const keyOf = ({ email }) => email.toLowerCase();

/** An address as one writes it in a row of others. */
export function spellAddress({ email, name }) {
  if (!name) return email;
  if (/^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'’()-]*$/u.test(name)) return `${name} <${email}>`;
  return `"${name.replace(/["\\]/g, "\\$&")}" <${email}>`;
}

/**
 * The addresses in a text, in order: {email, name} for each, or {text, reason} for what is none.
 * `name` is null where there is none.
 */
export function readAddresses(text) {
  return pieces(text).flatMap(readPiece);
}

/** Why an email is none, in a few words; "" when it is one. */
export function problemOf(email) {
  if (!email.includes("@")) return "There is no @ in it.";
  if (/\s/.test(email)) return "There is a space in it.";
  const at = email.lastIndexOf("@");
  const local = email.slice(0, at);
  if (local.includes("@")) return "There is more than one @ in it.";
  return problemOfLocal(local) || problemOfDomain(email.slice(at + 1), bytes(local));
}

function problemOfLocal(local) {
  if (!local) return "Nothing stands in front of the @.";
  if (bytes(local) > MAX_LOCAL) return "It is too long in front of the @.";
  const atoms = local.split(".");
  if (atoms.includes("")) return "There is a dot too many in front of the @.";
  const isFine = atoms.every((atom) => ATOM.test(atom)) && local === local.normalize("NFC");
  return isFine ? "" : "There is a character in front of the @ that no address has.";
}

function problemOfDomain(domain, localBytes) {
  if (!domain) return "Nothing stands behind the @.";
  const ascii = asciiOf(domain);
  if (!ascii) return `${domain} is not the name of a server.`;
  const labels = ascii.split(".");
  if (labels.includes("")) return "There is a dot too many behind the @.";
  if (labels.length < 2) return `${domain} has no ending such as .com.`;
  const isFine = labels.every((label) => LABEL.test(label) && !isReserved(label));
  if (!isFine || !/[a-z]$/i.test(ascii)) return `${domain} is not the name of a server.`;
  return localBytes + 1 + ascii.length > MAX_EMAIL ? "It is too long." : "";
}

/** Other letters are spelt as the network does; "" when they cannot be. */
function asciiOf(domain) {
  if (/^[\x21-\x7e]*$/.test(domain)) return domain;
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain)) return "";
  return URL.canParse(`http://${domain}`) ? new URL(`http://${domain}`).hostname : "";
}

const isReserved = (label) => label.slice(2, 4) === "--" && !isEncoded(label);
const isEncoded = (label) =>
  /^xn--/i.test(label) && URL.canParse(`http://${label}.test`);

// Taking a text apart ----------------------------------------------------------------------------

/**
 * The text between the separators. Those in quotes or angle brackets separate nothing, and where
 * semicolons do, a comma belongs to a name: `Lee, Ann <ann@example.com>; Ray, Bob <…>`.
 */
function pieces(text) {
  if (/^\s*mailto:\S+\s*$/i.test(text)) return [text];
  const found = split(text, SEPARATORS);
  if (!found.some(({ end }) => end === ";")) return found.map(({ piece }) => piece);
  return split(text, SEPARATORS.replace(",", "")).flatMap(({ piece }) => {
    const parts = split(piece, ",").map((one) => one.piece);
    const isName = parts.slice(0, -1).every((part) => !part.includes("@"));
    return isName && parts.at(-1)?.includes("<") ? [piece] : parts;
  });
}

function split(text, separators) {
  const found = [];
  let start = 0;
  let quoted = false;
  let angled = false;
  for (let at = 0; at <= text.length; at++) {
    const mark = text[at];
    if (quoted && mark === "\\") at++;
    else if (mark === '"' && (quoted || closes(text, at, '"'))) quoted = !quoted;
    else if (!quoted && mark === "<") angled = closes(text, at, ">");
    else if (!quoted && mark === ">") angled = false;
    if (at < text.length && (quoted || angled || !separators.includes(mark))) continue;
    found.push({ piece: text.slice(start, at), end: mark });
    start = at + 1;
  }
  return found;
}

/** Whether what opens here is closed on the same line: a lone quote must not eat a whole list. */
function closes(text, at, mark) {
  for (let next = at + 1; next < text.length && text[next] !== "\n"; next++) {
    if (text[next] === mark) return true;
    if (text[next] === "\\" && mark === '"') next++;
    if (mark === ">" && text[next] === "<") return false;
  }
  return false;
}

function readPiece(piece) {
  const text = tidy(piece);
  if (!text) return [];
  if (/^<?mailto:/i.test(text)) return readLink(text.replace(/^<|>$/g, ""));
  const named = /^(.*?)<([^<>]*)>\.?$/s.exec(text);
  if (named) return [checked(named[2].replace(/^mailto:/i, "").trim(), nameIn(named[1]), text)];
  const bare = text.replace(/^['"(]+|['")]+$|\.+$/g, "");
  const words = text.split(" ");
  const isRow = words.length > 1 && words.every((word) => !problemOf(word));
  return isRow ? words.map((word) => checked(word, null, word)) : [checked(bare, null, text)];
}

/** A text on one line, without what nobody sees in it. */
function tidy(text) {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Zs}]+/gu, " ").trim();
}

/** `mailto:ann@example.com,bob@example.com?subject=…`: whom it is to. */
function readLink(text) {
  const path = text.replace(/^mailto:/i, "").split("?")[0];
  try {
    return path.split(",").flatMap((part) => readPiece(decodeURIComponent(part)));
  } catch {
    return [{ text, reason: "This link cannot be read." }];
  }
}

function nameIn(text) {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(text.trim());
  const name = quoted ? quoted[1].replace(/\\(.)/gs, "$1") : text;
  return name.replace(/^\s*'(.*)'\s*$/s, "$1").trim() || null;
}

function checked(email, name, text) {
  const reason = problemOf(email);
  if (reason) return { text, reason };
  if ([...(name ?? "")].length > MAX_NAME) return { text, reason: "The name is too long." };
  return { email, name: name === email ? null : name };
}
