"""Files of received mail that were too large to keep, and what the message says of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from messaging.models import Message

#: under which name a message's annotations have them
NAME = "receiving"
MIB = 1024 * 1024
END = re.compile(r"(?:</body\s*>\s*)?(?:</html\s*>\s*)?\Z", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Omitted:
    """A file that was left out; `size` and `limit` are decoded bytes."""

    filename: str
    size: int
    limit: int

    @property
    def note(self) -> str:
        """What readers are told."""
        name = re.sub(r"[\r\n\0]+", " ", self.filename)
        return (
            f'[Attachment "{name}" ({self.size} bytes) was removed: '
            f"exceeds the {self.limit // MIB} MB limit]"
        )


def with_notes(
    text: str | None, html: str | None, omitted: Sequence[Omitted]
) -> tuple[str | None, str | None]:
    """The bodies with a note of each file at their end; without any text, the notes are it."""
    if not omitted:
        return text, html
    notes = "\n".join(one.note for one in omitted)
    body = (text or "").rstrip("\r\n")
    return f"{body}\n\n{notes}" if body else notes, _marked_up(html, omitted)


def _marked_up(html: str | None, omitted: Sequence[Omitted]) -> str | None:
    if html is None:
        return None
    end = END.search(html)
    place = end.start() if end else len(html)
    notes = "".join(f"<p>{escape(one.note, quote=False)}</p>" for one in omitted)
    return f"{html[:place]}{notes}{html[place:]}"


def annotation_of(omitted: Sequence[Omitted]) -> dict[str, Any]:
    """What a message's annotations keep of them; nothing of none."""
    return {NAME: {"omitted": [asdict(one) for one in omitted]}} if omitted else {}


def omitted_from(message: Message) -> list[Omitted]:
    """The files that were left out of a message."""
    kept = message.annotations.get(NAME, {}).get("omitted", [])
    return [Omitted(**facts) for facts in kept]
