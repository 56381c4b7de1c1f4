// Two versions of a text: where they differ, and both of them in one.

/** The plain words of a letter: {text, html}. */
export function textOf({ text, html }) {
  if (text) return text;
  const page = new DOMParser().parseFromString(html ?? "", "text/html");
  return page.body.textContent;
}

/** Each of two texts as [what both begin with, what is only in it, what both end with]. */
export function middles(one, other) {
  const [start, end] = common([...one], [...other]);
  return [[...one], [...other]].map((text) => [
    text.slice(0, start).join(""),
    text.slice(start, text.length - end).join(""),
    end ? text.slice(-end).join("") : "",
  ]);
}

/** Both versions of a letter in one: what they have in common once, then mine, then theirs. */
export function both(base, mine, theirs) {
  const lines = (fields) => (textOf(fields) ?? "").split("\n");
  const text = joined(lines(mine), lines(theirs)).join("\n");
  if (!mine.html) return { text, html: null };
  return { text, html: joined(blocks(mine.html), blocks(theirs.html ?? paragraphs(theirs.text))).join("") };
}

function joined(one, other) {
  const [start, end] = common(one, other);
  const stop = one.length - end;
  return [...one.slice(0, stop), ...other.slice(start, other.length - end), ...one.slice(stop)];
}

/** How many pieces two lists begin with in common, and end with besides. */
function common(one, other) {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start++;
  let end = 0;
  while (end < shorter - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  return [start, end];
}

/** The outermost elements of some HTML, each as HTML. */
function blocks(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  return [...page.body.childNodes].map((node) => node.outerHTML ?? escaped(node.textContent));
}

function paragraphs(text) {
  return (text ?? "").split("\n").map((line) => `<div>${escaped(line) || "<br>"}</div>`).join("");
}

function escaped(text) {
  const node = document.createElement("p");
  node.textContent = text;
  return node.innerHTML;
}
