"""Messages that are on their way out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from attachments.models import Attachment
from attachments.services import release_attachments
from messaging.errors import MessageUnfinished
from messaging.models import Arrival, Captured, Delivery, Folder, Inbox, Message
from messaging.models.message import OPEN, MessageQuerySet
from messaging.receiving.arrivals import forget_raw
from project.events.models import Event
from project.events.retention import Rule
from project.events.services import emit, happened
from project.tenancy.office import Workspaces, within

KEPT = timedelta(days=30)
BATCH = 200


@transaction.atomic
def trash_message(*, message: Message) -> None:
    """Move a message to its inbox's trash, from which it goes 30 days later.

    Raises MessageUnfinished while it may still leave.
    """
    check_settled(message)
    discard_message(message=message)


@transaction.atomic
def discard_message(*, message: Message) -> None:
    """Move a message to the trash even while it may still leave; what was accepted leaves."""
    folder = Folder.objects.filter(inbox=message.inbox_id, role=Folder.Role.TRASH).first()
    Message.objects.filter(pk=message.pk).update(folder=folder, trashed_at=timezone.now())
    if message.trashed_at is None:
        emit(_moved(message))


@transaction.atomic
def delete_message(*, message: Message) -> None:
    """Delete a message at once; files that nothing else uses go 30 days later.

    Raises MessageUnfinished while it may still leave.
    """
    check_settled(message)
    _delete([message])


@transaction.atomic
def delete_messages(*, messages: Sequence[Message]) -> None:
    """`delete_message` for several messages."""
    check_all_settled(messages)
    _delete(messages)


def check_settled(message: Message) -> None:
    """Lock the message's deliveries; raises MessageUnfinished while it may still leave."""
    check_all_settled([message])


def check_all_settled(messages: Sequence[Message]) -> None:
    """`check_settled` for several messages, in one query."""
    deliveries = Delivery.objects.filter(message__in=[message.pk for message in messages])
    rows = deliveries.order_by("pk").select_for_update()
    if set(OPEN) & set(rows.values_list("state", flat=True)):
        raise MessageUnfinished("It has not left yet: cancel it first.")


def empty(*, at: datetime, workspaces: Workspaces = None) -> int:
    """Delete what has been in the trash for 30 days; returns how many messages."""
    return _delete_all(within(Message.objects.to_delete(at - KEPT), "workspace", workspaces))


def empty_trash(*, inbox: Inbox) -> int:
    """Delete what is in an inbox's trash and will not leave; returns how many messages."""
    return _delete_all(Message.objects.settled().filter(inbox=inbox, trashed_at__isnull=False))


def _delete_all(rows: MessageQuerySet) -> int:
    count = 0
    while True:
        with transaction.atomic():
            old = rows.order_by("pk")
            some = list(old.select_for_update(skip_locked=True, of=("self",))[:BATCH])
            _delete(some)
        count += len(some)
        if len(some) < BATCH:
            return count


def _delete(messages: Sequence[Message]) -> None:
    ids = [message.pk for message in messages]
    files = list(Attachment.objects.filter(message_enclosures__message__in=ids).distinct())
    keys = set(Arrival.objects.filter(message__in=ids).values_list("key", flat=True))
    keys |= set(Captured.objects.filter(delivery__message__in=ids).values_list("key", flat=True))
    emit(*(_deleted(message) for message in messages))
    Message.objects.filter(pk__in=ids).delete()
    release_attachments(files)
    if keys:
        transaction.on_commit(lambda: forget_raw(keys), robust=True)


def _moved(message: Message) -> Event:
    return happened(
        "message.updated",
        workspace_id=message.workspace_id,
        subject_id=message.pk,
        payload={"changed": ["folder"]},
    )


def _deleted(message: Message) -> Event:
    """That a message is gone; of its row nothing is left to ask."""
    inbox = message.inbox_id.hex if message.inbox_id else None
    return happened(
        "message.deleted",
        workspace_id=message.workspace_id,
        subject_id=message.pk,
        payload={"inbox": inbox},
    )


TRASH = Rule(
    name="trash",
    title="Trash",
    words="A message goes 30 days after it came into the trash, unless it may still leave.",
    every=timedelta(hours=1),
    rows=lambda at: Message.objects.to_delete(at - KEPT),
    take=lambda at, workspaces: empty(at=at, workspaces=workspaces),
    due="trashed_at",
    bytes_at="size",
)
