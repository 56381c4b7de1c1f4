"""Keeping messages in order: where they lie, and what people note beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from messaging.models import Folder, Message
from messaging.trash import check_all_settled, check_settled
from project.events.models import Event
from project.events.services import emit, happened


@transaction.atomic
def sort_message(
    *,
    message: Message,
    folder: Folder | None = None,
    unread: bool | None = None,
    starred: bool | None = None,
    tags: Sequence[str] | None = None,
    metadata: Mapping[str, object] | None = None,
) -> None:
    """Change what is given, and nothing that the mail itself has; tell what has really changed.

    What is moved to the trash goes from there 30 days later; what is moved out of it stays.
    Raises MessageUnfinished for the trash, while it may still leave.
    """
    given = _given(folder=folder, unread=unread, starred=starred, tags=tags, metadata=metadata)
    changes = dict(given)
    if folder is not None:
        to_trash = folder.role == Folder.Role.TRASH
        if to_trash:
            check_settled(message)
        changes["trashed_at"] = (message.trashed_at or timezone.now()) if to_trash else None
    events = _events([message], given)
    for name, value in changes.items():
        setattr(message, name, value)
    if changes:
        message.save(update_fields=list(changes))
    emit(*events)


@transaction.atomic
def sort_messages(
    *,
    messages: Sequence[Message],
    folder: Folder | None = None,
    unread: bool | None = None,
    starred: bool | None = None,
) -> None:
    """Change what is given of all of them, which are of one inbox; see `sort_message`.

    Raises MessageUnfinished for the trash, while one of them may still leave.
    """
    rows = Message.objects.filter(pk__in=[message.pk for message in messages])
    if folder is not None and folder.role == Folder.Role.TRASH:
        check_all_settled(messages)
        rows.filter(trashed_at__isnull=True).update(folder=folder, trashed_at=timezone.now())
    elif folder is not None:
        rows.update(folder=folder, trashed_at=None)
    marks = _given(unread=unread, starred=starred)
    if marks:
        rows.update(**marks)
    emit(*_events(messages, _given(folder=folder, **marks)))


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _events(messages: Sequence[Message], given: Mapping[str, object]) -> list[Event]:
    """What is to be told of messages, as they were before, that are given these values."""
    events = []
    for message in messages:
        changed = [name for name, value in given.items() if _differs(message, name, value)]
        if changed:
            events.append(
                happened(
                    "message.updated",
                    workspace_id=message.workspace_id,
                    subject_id=message.pk,
                    payload={"changed": changed},
                )
            )
    return events


def _differs(message: Message, name: str, value: object) -> bool:
    if isinstance(value, Folder):
        return message.folder_id != value.pk
    return bool(getattr(message, name) != value)
