// Where the caret is in a text, in letters from its start, so that it can be found again.

/** How many letters stand before the caret; 0 when it is elsewhere. */
export function caretIn(root) {
  const selection = getSelection();
  if (!selection.rangeCount || !root.contains(selection.focusNode)) return 0;
  const range = document.createRange();
  range.setStart(root, 0);
  range.setEnd(selection.focusNode, selection.focusOffset);
  return range.toString().length;
}

/** Put the caret behind so many letters, or to the end. */
export function putCaret(editor, letters) {
  const walker = document.createTreeWalker(editor.getRoot(), NodeFilter.SHOW_TEXT);
  let left = letters;
  let node = walker.nextNode();
  while (node && left > node.length) {
    left -= node.length;
    node = walker.nextNode();
  }
  const range = document.createRange();
  if (node) range.setStart(node, left);
  else range.selectNodeContents(editor.getRoot().lastElementChild);
  range.collapse(Boolean(node));
  editor.setSelection(range).focus();
}

/** The place in the text that a point of the window shows; null outside of it. */
export function rangeAt(x, y, root) {
  const place = document.caretPositionFromPoint?.(x, y);
  const range = place ? document.createRange() : document.caretRangeFromPoint?.(x, y);
  if (place) range.setStart(place.offsetNode, place.offset);
  return range && root.contains(range.startContainer) ? range : null;
}
