"""Lists of messages: plain rows with the models' own rules.

A page of 50 with its files and recipients is some 200 rows. As models they take twice as long as
here, where columns are read, and what the models say of themselves (`status_at`, `waiting_for`,
…) is said of these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast
from uuid import UUID

from attachments.models import Attachment
from messaging.models import Delivery, Message, MessageAttachment, Recipient

#: what lists leave out, and `?fields=full` gives
LONG = ("text", "html", "headers")
SHORT = (
    *("id", "inbox_id", "folder_id", "thread_id", "customer_id", "direction"),
    *("from_email", "from_name", "to", "cc", "bcc", "reply_to", "subject"),
    *("rfc_message_id", "in_reply_to", "references", "size", "attachment_count"),
    *("tags", "metadata", "unread", "starred", "send_at", "sent_at", "created_at"),
    "files_until",
)
CARRIED = (
    *("message_id", "id", "position", "filename", "inline", "content_id", "in_mail"),
    "container_id",
)
FILE = (
    *("id", "filename", "content_type", "size", "sha256", "state", "reason_code", "reason"),
    *("created_at", "expires_at", "deleted_at"),
)
DELIVERY = ("message_id", "id", "state", "due_at", "attempts", "reason", "held_until")
RECIPIENT = ("id", "email", "name", "role", "state", "reply", "at")


class Row:
    """Some columns of a row."""

    id: UUID

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self.__dict__ = dict(zip(names, values, strict=True))

    @property
    def pk(self) -> UUID:
        return self.id


class Rows(list[Any]):
    """What belongs to a row."""

    def all(self) -> Rows:
        return self


class MessageRow(Row):
    """A message."""

    status_at = Message.status_at
    waiting_for = Message.waiting_for
    hold = Message.hold
    recipients = Message.recipients


class DeliveryRow(Row):
    """A delivery of a message."""

    is_due = Delivery.is_due


class FileRow(Row):
    """An attachment."""

    incoming_key = Attachment.incoming_key


def fill(messages: Iterable[tuple[Any, ...]], *, full: bool) -> list[Message]:
    """Messages, read as `columns`, with their files, deliveries and recipients; two queries."""
    names = columns(full=full)
    rows = [MessageRow(names, values) for values in messages]
    ids = [row.id for row in rows]
    files = _files(ids) if any(vars(row)["attachment_count"] for row in rows) else {}
    deliveries = _deliveries(ids) if ids else {}
    for row in rows:
        row.__dict__["enclosures"] = files.get(row.id, NONE)
        row.__dict__["deliveries"] = deliveries.get(row.id, NONE)
    return cast("list[Message]", rows)


def columns(*, full: bool) -> tuple[str, ...]:
    """What is read of a message; what is long only if it is to be `full`."""
    return (*SHORT, *LONG) if full else SHORT


NONE = Rows()


def _files(ids: Sequence[UUID]) -> dict[UUID, Rows]:
    found: defaultdict[UUID, Rows] = defaultdict(Rows)
    names = (*CARRIED, *(f"attachment__{name}" for name in FILE))
    rows = MessageAttachment.objects.filter(message__in=ids).order_by("message", "position")
    for values in rows.values_list(*names):
        row = Row(CARRIED, values[: len(CARRIED)])
        row.__dict__["attachment"] = FileRow(FILE, values[len(CARRIED) :])
        found[values[0]].append(row)
    return found


def _deliveries(ids: Sequence[UUID]) -> dict[UUID, Rows]:
    found: defaultdict[UUID, Rows] = defaultdict(Rows)
    for delivery, recipients in _by_delivery(ids):
        delivery.__dict__["recipients"] = recipients
        found[vars(delivery)["message_id"]].append(delivery)
    return found


def _by_delivery(ids: Sequence[UUID]) -> Iterator[tuple[DeliveryRow, Rows]]:
    """Every delivery with its recipients, of whom each has one or more."""
    names = (*(f"delivery__{name}" for name in DELIVERY), *RECIPIENT)
    rows = Recipient.objects.filter(delivery__message__in=ids).values_list(*names)
    found: dict[UUID, tuple[DeliveryRow, Rows]] = {}
    for values in rows:
        id = values[1]
        if id not in found:
            found[id] = DeliveryRow(DELIVERY, values[: len(DELIVERY)]), Rows()
        found[id][1].append(Row(RECIPIENT, values[len(DELIVERY) :]))
    yield from found.values()
