"""Headers of the sender's own that say what a mail answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from messaging.acceptance import shorten_references
from messaging.mime.headers import MESSAGE_ID
from project.errors import Invalid

ANSWERED = "in-reply-to"
REFERENCES = "references"
NAMES = (ANSWERED, REFERENCES)


@dataclass(frozen=True)
class Replying:
    """What a mail answers, as Message-IDs: the mail itself, and the chain that led to it."""

    answered: str = ""
    references: tuple[str, ...] = ()


def read_replying(headers: Mapping[str, str]) -> Replying:
    """What the headers say, in whatever case their names are. Raises Invalid."""
    found = {name.lower(): _ids(name, text) for name, text in headers.items() if is_replying(name)}
    answered = found.get(ANSWERED, [])
    if len(answered) > 1:
        raise Invalid("must name one Message-ID", field="headers.In-Reply-To")
    return Replying(
        answered=answered[0] if answered else "",
        references=tuple(shorten_references(found.get(REFERENCES, answered))),
    )


def is_replying(name: str) -> bool:
    """Whether a header is one of these."""
    return name.lower() in NAMES


def _ids(name: str, text: str) -> list[str]:
    ids = text.split()
    if not ids or not all(MESSAGE_ID.fullmatch(one) for one in ids):
        raise Invalid("must be Message-IDs in angle brackets", field=f"headers.{name}")
    return ids
