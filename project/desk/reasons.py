"""Why a mail did not arrive, in plain words instead of those of servers."""

from __future__ import annotations

import re
from typing import Any

from messaging.outbox.record import IN_DOUBT

#: a reply: code, enhanced code (RFC 3463) if there is one, words
REPLY = re.compile(r"(\d{3})[ -]?(?:([245])\.(\d{1,3})\.(\d{1,3}) ?)?(.*)", re.DOTALL)
#: between what `drafts.reopening` has noted for one recipient and for the next
NEXT = re.compile(r"; (?=\S+@\S+: |and \d+ others$)")
NO_MAILBOX = re.compile(
    r"no such (?:user|mailbox|recipient|address)|user unknown|unknown (?:user|recipient)|"
    r"(?:user|mailbox|recipient|address) (?:not found|does not exist|unknown)|does ?n.t exist",
    re.IGNORECASE,
)

#: enhanced subject and detail -> what it means; {email}, {domain}
MEANINGS = {
    (1, 1): "There is no such mailbox at {domain}.",
    (1, 2): "There is no such domain as {domain}, or it takes no mail.",
    (1, 3): "{email} is not an address that its server understands.",
    (1, 6): "{email} has moved, and nobody says where.",
    (1, 10): "{domain} takes no mail.",
    (2, 1): "The mailbox {email} is closed.",
    (2, 2): "The mailbox {email} is full.",
    (2, 3): "It is too large for the server of {domain}.",
    (3, 4): "It is too large for the server of {domain}.",
    (4, 4): "There is no way to a mail server of {domain}.",
    (4, 7): "The server of {domain} did not answer for so long that it was given up.",
    (5, 3): "It has more recipients than the server of {domain} takes at once.",
    (6, 0): "The server of {domain} does not take what is in it.",
    (7, 8): "The relay did not take the password that it was given.",
    (7, 26): "The server of {domain} could not verify that it is from you.",
}
#: basic code -> the same, for servers that say no more
CODES = {
    "530": MEANINGS[7, 8],
    "535": MEANINGS[7, 8],
    "551": "There is no such mailbox at {domain}.",
    "552": "It is too large for the server of {domain}.",
    "553": "{email} is not an address that its server understands.",
}


def reason_in_words(email: str, reply: str) -> str:
    """What the answer to a recipient means; what no rule knows is given as it is.

    Source: RFC 3463, sections 3.2 to 3.8; RFC 5321, section 4.2.3.
    """
    if reply == IN_DOUBT:
        return "The connection broke at the last moment; it may have arrived."
    match = REPLY.match(reply)
    if match is None:
        return reply or "It did not arrive."
    return _meaning(match).format(email=email, domain=email.rpartition("@")[2])


def reasons_of_error(error: dict[str, Any]) -> list[str]:
    """Why a draft was not sent, by recipient, as far as they are named in it."""
    if error.get("code") != "delivery_failed":
        return [error.get("message", "")]
    return [_of_part(part) for part in NEXT.split(error["message"])]


def _of_part(part: str) -> str:
    email, colon, reply = part.partition(": ")
    return reason_in_words(email, reply) if colon and "@" in email else f"{part}.".capitalize()


def _meaning(match: re.Match[str]) -> str:
    code, subject, detail, words = match[1], match[3], match[4], match[5]
    enhanced = (int(subject), int(detail)) if subject else None
    if code.startswith("4") or match[2] == "4":
        return "The server of {domain} put it off again and again, until it was given up."
    if enhanced in MEANINGS:
        return MEANINGS[enhanced]
    if enhanced and enhanced[0] == 7:
        return "The server of {domain} does not take it from you: it calls it unwanted."
    if NO_MAILBOX.search(words):
        return MEANINGS[1, 1]
    return CODES.get(code, "The server of {domain} refused it.")
