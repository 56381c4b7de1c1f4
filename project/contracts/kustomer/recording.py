"""Writing down messages and what belongs to their record: both happen, or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from messaging.acceptance import Filing
from messaging.amendments import Amendment, amend_message, annotate_message
from messaging.letter import Letter
from messaging.models import Inbox, Message
from messaging.records import record_exchange
from messaging.sorting import sort_message
from project.api.times import spell_time
from project.contracts.kustomer.limits import LIMITS
from project.contracts.kustomer.serializers.customers import DOOR


@dataclass(frozen=True, kw_only=True)
class Note:
    """What a request says of a message's record; None leaves a thing as it is."""

    amendments: Sequence[Amendment] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    tags: Sequence[str] | None = None
    metadata: Mapping[str, Any] | None = None


@transaction.atomic
def note_message(*, message: Message, note: Note) -> None:
    """Add to the record of a message; nothing is sent. Raises as `amend_message` does."""
    if note.amendments:
        amend_message(message=message, amendments=note.amendments)
    notes = {**note.kept, "updatedAt": spell_time(timezone.now())}
    annotate_message(message=message, door=DOOR, notes=notes)
    sort_message(message=message, tags=note.tags, metadata=note.metadata)


@transaction.atomic
def record_with_note(
    *,
    inbox: Inbox,
    letter: Letter,
    direction: str,
    at: datetime | None,
    filing: Filing,
    note: Note,
) -> Message:
    """Write down a message that was exchanged elsewhere. Raises as `record_exchange` does."""
    message = record_exchange(
        inbox=inbox, letter=letter, limits=LIMITS, filing=filing, direction=direction, at=at
    )
    note_message(message=message, note=note)
    return message
