"""The header fields of a mail, as they are sent, or as they came."""

from __future__ import annotations

from attachments.incoming import BLOCK_BYTES
from attachments.storage import attachment_storage
from messaging.mime.assembly import assemble
from messaging.mime.fields import MAX_HEADER_BYTES, Field, Fields, read_fields
from messaging.models import Arrival, Message
from messaging.models.message import Direction
from project.errors import Refusal

ENDS = (b"\n\n", b"\n\r\n")


def read_head(message: Message) -> Fields:
    """The fields of a message with its files, in their order, repeated ones included.

    Where the mail itself is not to be had, those that are kept beside it.
    """
    raw = _written(message) if message.direction == Direction.OUTBOUND else _received(message)
    if raw is None:
        return _kept_beside(message)
    return read_fields(raw, 0, len(raw), is_top=True)[0]


def _written(message: Message) -> bytes | None:
    try:
        return assemble(message).head
    except Refusal:  # of one that was recorded, and never checked to be writable
        return None


def _received(message: Message) -> bytes | None:
    arrival = min(message.arrivals.all(), key=lambda one: one.pk, default=None)
    return _beginning_of(arrival) if arrival else None


def _beginning_of(arrival: Arrival) -> bytes | None:
    """The raw bytes down to the end of the header or beyond; None when they are gone."""
    raw = b""
    try:
        with attachment_storage().open(arrival.key) as file:
            while len(raw) <= MAX_HEADER_BYTES and not any(end in raw for end in ENDS):
                block = file.read(BLOCK_BYTES)
                if not block:
                    break
                raw += block
    except FileNotFoundError:
        return None
    return raw


def _kept_beside(message: Message) -> Fields:
    kept = {
        "Message-ID": message.rfc_message_id,
        "In-Reply-To": message.in_reply_to,
        "References": " ".join(message.references),
    }
    known = {name.lower() for name in message.headers}
    named = {name: text for name, text in kept.items() if text and name.lower() not in known}
    fields = message.headers | named
    return Fields(Field(name, text.encode(errors="replace")) for name, text in fields.items())
