"""What is added to the record of a message after the mail: nothing of it is ever sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from attachments.errors import AttachmentNotFound
from attachments.models import Attachment, AttachmentState
from attachments.services import check_not_lost, hold_attachments
from messaging.models import Message, MessageAttachment
from messaging.trash import check_settled
from project.events.services import emit, happened
from project.ids import spell


@dataclass(frozen=True, kw_only=True)
class Amendment:
    """A file that belongs to a message, and what a door keeps beside it, under its own name."""

    attachment: Attachment
    filename: str
    annotations: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def annotate_message(*, message: Message, door: str, notes: Mapping[str, Any]) -> None:
    """Change what a door keeps beside a message: only what is named, and null forgets it."""
    known = Message.objects.select_for_update().get(pk=message.pk).annotations
    kept = {**known.get(door, {}), **notes}
    mine = {name: note for name, note in kept.items() if note is not None}
    message.annotations = {**known, door: mine}
    message.save(update_fields=["annotations"])


@transaction.atomic
def amend_message(*, message: Message, amendments: Sequence[Amendment]) -> None:
    """Note files in the record of a message, behind those that it has; none of them leaves.

    A file that the message has already gets the new annotations, and a new name if it was not in
    the mail. Raises MessageUnfinished while the message may still leave, and AttachmentNotFound,
    AttachmentGone or AttachmentRefused for a file that it does not have yet.
    """
    ids = {one.attachment.pk for one in amendments}
    locked = {row.pk: row for row in Attachment.objects.locked().filter(pk__in=ids)}
    check_settled(message)
    Message.objects.select_for_update().get(pk=message.pk)
    rows = {row.attachment_id: row for row in message.enclosures.order_by("position").all()}
    known = len(rows)
    position = max((row.position for row in rows.values()), default=-1) + 1
    for one in amendments:
        row = rows.get(one.attachment.pk)
        if row is None:
            attachment = _usable(one, locked.get(one.attachment.pk))
            row = MessageAttachment(
                message=message, attachment=attachment, position=position, in_mail=False
            )
            rows[attachment.pk] = row
            position += 1
        if not row.in_mail:
            row.filename = one.filename
        row.annotations = {**row.annotations, **one.annotations}
        row.save()
    hold_attachments(locked[id] for id in ids if id in locked)
    Message.objects.filter(pk=message.pk).update(attachment_count=len(rows))
    facts = {"files": len(rows) - known}
    emit(
        happened(
            "message.amended",
            workspace_id=message.workspace_id,
            subject_id=message.pk,
            payload=facts,
        )
    )


def _usable(one: Amendment, locked: Attachment | None) -> Attachment:
    if locked is None or locked.deleted_at is not None:
        raise AttachmentNotFound(spell("att", one.attachment.pk))
    if locked.state != AttachmentState.LINKED:
        check_not_lost(locked)
    return locked
