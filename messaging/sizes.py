"""How large a mail is, as sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from messaging.enclosures import Enclosure
from messaging.letter import Letter
from messaging.mime.assembly import message_id_of, part_of
from messaging.mime.writer import MimeWriter

#: as long as any other
SOME_ID = UUID(int=0)
SOME_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def encoded_size(
    *,
    letter: Letter,
    enclosures: Sequence[Enclosure] = (),
    in_reply_to: str = "",
    references: Sequence[str] = (),
) -> int:
    """The exact number of bytes of the mail that this letter becomes, before it is one.

    Opens no file. Raises what the writer raises: InvalidHeader, InvalidContentId, ….
    """
    return MimeWriter(
        letter,
        [
            part_of(one.attachment, filename=one.name, inline=one.inline, content_id=one.content_id)
            for one in enclosures
        ],
        message_id=message_id_of(SOME_ID, letter),
        date=SOME_DATE,
        seed=b"",
        in_reply_to=in_reply_to or None,
        references=tuple(references),
    ).size
