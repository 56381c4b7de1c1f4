// One recipient, as a field shows it.

import { spellAddress } from "addresses";

/** Who somebody is, in words: their name, else their address, else what was written. */
export const whoIs = ({ name, email, text }) => name || email || text;

/** The element of a recipient: a button with the name, and one that takes it away. */
export function recipientChip(one) {
  const chip = document.querySelector("#recipient-chip").content.firstElementChild.cloneNode(true);
  const [who, remove] = chip.children;
  const whole = one.text ?? spellAddress(one);
  who.firstElementChild.textContent = whoIs(one);
  who.title = one.reason ? `${one.text}: ${one.reason}` : one.email;
  remove.ariaLabel = `Remove ${whole}`;
  if (one.reason) {
    chip.classList.add("invalid");
    who.ariaDescription = one.reason;
  }
  return chip;
}
