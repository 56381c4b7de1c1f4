"""Messages that were exchanged elsewhere, written down here."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from attachments.limits import Limits
from messaging.acceptance import Filing, remember, write_message
from messaging.letter import Letter
from messaging.models import Folder, Inbox, Message
from messaging.models.message import Direction
from messaging.services import record_message
from project.events.services import emit, happened


@transaction.atomic(savepoint=False)
def record_exchange(
    *,
    inbox: Inbox,
    letter: Letter,
    limits: Limits,
    filing: Filing,
    direction: str = Direction.OUTBOUND,
    at: datetime | None = None,
) -> Message:
    """Write down a message that an inbox sent or got at a time, now if none is given.

    Nothing is delivered. Raises NotSender for one that another address sent, and as
    `record_message` does.
    """
    if direction == Direction.OUTBOUND:
        message = record_message(inbox=inbox, letter=letter, limits=limits, filing=filing)
    else:
        message = _record_received(inbox, letter, limits, filing)
    message.date = message.sent_at = at or message.created_at
    message.save(update_fields=["date", "sent_at"])
    return message


def _record_received(inbox: Inbox, letter: Letter, limits: Limits, filing: Filing) -> Message:
    message = write_message(
        inbox=inbox, letter=letter, enclosures=(), limits=limits, filing=filing, due_at=None
    )
    message.direction = Direction.INBOUND
    message.folder = inbox.folders.filter(role=Folder.Role.INBOX).first()
    message.save(update_fields=["direction", "folder"])
    remember(message, [], [])
    emit(happened("message.recorded", workspace_id=message.workspace_id, subject_id=message.pk))
    return message
