"""Inboxes, files and messages, made in a word."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from io import BytesIO
from itertools import count

from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.models import Attachment
from attachments.services import put_blob, reserve_attachment, store_attachment
from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.inboxes import create_inbox
from messaging.letter import Letter
from messaging.models import Arrival, Delivery, Inbox, Message
from messaging.receiving.arrivals import keep_arrivals, open_incoming
from messaging.receiving.parsing import parse_arrival
from messaging.services import send_message
from project.tenancy.models import Workspace

_numbers = count(1)

LETTER = Letter(
    to=(Address("ann@example.com", "Ann"),), subject="Hello", text="Please see the file.\n"
)


def letter_to(*emails: str, **fields: object) -> Letter:
    return Letter(
        to=tuple(Address(email) for email in emails),
        subject="Hello",
        text="Please see the file.\n",
        **fields,  # type: ignore[arg-type]
    )


def make_inbox(workspace: Workspace, *, address: str = "", **fields: str) -> Inbox:
    return create_inbox(
        workspace=workspace, address=address or f"inbox{next(_numbers)}@acme.test", **fields
    )


def make_file(
    workspace: Workspace, content: bytes = b"%PDF-1.4 hello", *, filename: str = "a.pdf"
) -> Attachment:
    """A file that is ready."""
    limits = Limits.for_workspace(workspace)
    with Incoming() as incoming:
        incoming.write_from(BytesIO(content))
        blob = put_blob(workspace=workspace, incoming=incoming, limits=limits)
    return store_attachment(workspace=workspace, blob=blob, filename=filename, limits=limits)


def make_reservation(
    workspace: Workspace, *, size: int = 14, filename: str = "late.pdf"
) -> Attachment:
    """A file whose bytes have not come."""
    limits = Limits.for_workspace(workspace)
    return reserve_attachment(workspace=workspace, filename=filename, size=size, limits=limits)


def make_message(
    inbox: Inbox,
    letter: Letter = LETTER,
    *,
    files: Sequence[Attachment] = (),
    due_at: datetime | None = None,
    filing: Filing | None = None,
) -> Message:
    """A message that was accepted for sending."""
    return send_message(
        inbox=inbox,
        letter=letter,
        enclosures=[Enclosure(file) for file in files],
        limits=Limits.for_workspace(inbox.workspace),
        due_at=due_at,
        filing=filing,
    )


def delivery_of(message: Message) -> Delivery:
    """The one delivery of a message, as the database has it now."""
    return Delivery.objects.get(message=message)


def outcomes(message: Message) -> dict[str, str]:
    """The state of each recipient, by address."""
    rows = Message.objects.in_full().get(pk=message.pk).recipients
    return {one.email: one.state for one in rows}


def make_arrival(inbox: Inbox, raw: bytes) -> Arrival:
    """A mail that came in by HTTP and has not been read."""
    with closing(open_incoming()) as incoming:
        incoming.write(raw)
        (arrival,) = keep_arrivals(
            envelope=[(inbox, inbox.address)], incoming=incoming, via=Arrival.Via.HTTP
        )
    return arrival


def receive(inbox: Inbox, raw: bytes) -> Message:
    """The message that a mail becomes."""
    arrival = make_arrival(inbox, raw)
    assert parse_arrival(arrival.pk)
    arrival.refresh_from_db()
    assert arrival.message
    return arrival.message
