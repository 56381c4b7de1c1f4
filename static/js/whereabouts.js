// Where somebody was writing, to go on there when a mail is taken back.

/** The place: a field and how far one is in it, or a spot in the text; null when there is none. */
export function keepCaret(composer, focused) {
  const text = composer.querySelector("letter-editor [contenteditable=true]");
  if (text?.contains(focused)) {
    const { anchorNode, anchorOffset } = getSelection();
    return text.contains(anchorNode) ? { path: pathOf(anchorNode, text), at: anchorOffset } : null;
  }
  return focused?.id ? { id: focused.id, at: focused.selectionStart ?? 0 } : null;
}

/** Go to such a place, as far as it is still there. */
export function restoreCaret(composer, place) {
  if (!composer || !place) return;
  if (place.id) {
    const field = composer.querySelector(`#${CSS.escape(place.id)}`);
    field?.focus();
    if (field?.type === "text" || field?.matches("textarea")) field.setSelectionRange(place.at, place.at);
    return;
  }
  const text = composer.querySelector("letter-editor [contenteditable=true]");
  const node = place.path.reduce((found, index) => found?.childNodes[index], text);
  if (!node) return;
  text.focus();
  getSelection().collapse(node, Math.min(place.at, node.length ?? node.childNodes.length));
}

function pathOf(node, root) {
  const path = [];
  for (let one = node; one !== root; one = one.parentNode) {
    path.unshift([...one.parentNode.childNodes].indexOf(one));
  }
  return path;
}
