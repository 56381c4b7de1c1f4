"""Keeping whole conversations in order, in as many inboxes as they are in.

Each verb is given the messages of the conversations as their reader sees them: those in the trash,
or those that are not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from messaging.models import Folder, Message
from messaging.models.message import Direction, MessageQuerySet
from messaging.sorting import sort_messages
from messaging.trash import delete_messages

TOLD = (
    "id",
    "workspace_id",
    "inbox_id",
    "folder_id",
    "thread_id",
    "direction",
    "unread",
    "starred",
)
OUT_OF_THE_WAY = (Folder.Role.SENT, Folder.Role.ARCHIVE, Folder.Role.TRASH)

#: the folder in which messages were -> their ids
Places = Mapping[UUID, list[UUID]]


@transaction.atomic
def mark_read(rows: MessageQuerySet) -> None:
    """Mark all of them as read."""
    _mark(rows.filter(unread=True), unread=False)


@transaction.atomic
def mark_unread(rows: MessageQuerySet) -> None:
    """Mark the newest received message of each conversation as not yet read."""
    received = rows.filter(direction=Direction.INBOUND)
    _mark(_newest(received), unread=True)


@transaction.atomic
def star_conversations(rows: MessageQuerySet) -> None:
    """Star the newest message of each conversation."""
    _mark(_newest(rows), starred=True)


@transaction.atomic
def unstar_conversations(rows: MessageQuerySet) -> None:
    """Take the star off all of them."""
    _mark(rows.filter(starred=True), starred=False)


@transaction.atomic
def archive_conversations(rows: MessageQuerySet) -> Places:
    """Archive what lies before people; what was sent stays there. Returns where it was."""
    aside = Q(folder__role__in=OUT_OF_THE_WAY)
    return _move(rows.exclude(aside), lambda message: Folder.Role.ARCHIVE)


@transaction.atomic
def discard_conversations(rows: MessageQuerySet) -> Places:
    """Move all of them to the trash; returns where they were.

    Raises MessageUnfinished while one of them may still leave.
    """
    return _move(rows.filter(trashed_at__isnull=True), lambda message: Folder.Role.TRASH)


@transaction.atomic
def bring_back_conversations(rows: MessageQuerySet) -> Places:
    """Move what is archived or in the trash to where it came in, or to what was sent."""
    aside = rows.filter(folder__role__in=(Folder.Role.ARCHIVE, Folder.Role.TRASH))
    return _move(aside, _home_of)


@transaction.atomic
def move_conversations(rows: MessageQuerySet, *, folder: Folder) -> Places:
    """Move to a folder what is in its inbox; what was sent goes only if there is nothing else.

    Returns where it was. Raises MessageUnfinished for the trash, while one may still leave.
    """
    wanted = list(rows.filter(inbox=folder.inbox_id).only(*TOLD))
    sent = Folder.objects.filter(inbox=folder.inbox_id, role=Folder.Role.SENT).first()
    others = [one for one in wanted if sent is None or one.folder_id != sent.pk]
    return _put(others or wanted, folder)


@transaction.atomic
def put_back_messages(rows: MessageQuerySet, *, places: Places) -> None:
    """Move messages to where they were; what is gone by now, or whose folder is, is left alone."""
    for folder in Folder.objects.filter(pk__in=list(places)):
        ids = places[folder.pk]
        _put(list(rows.filter(pk__in=ids, inbox=folder.inbox_id).only(*TOLD)), folder)


@transaction.atomic
def delete_conversations(rows: MessageQuerySet) -> None:
    """Delete at once what is in the trash. Raises MessageUnfinished."""
    delete_messages(messages=list(rows.filter(trashed_at__isnull=False)))


def _home_of(message: Message) -> str:
    return Folder.Role.SENT if message.direction == Direction.OUTBOUND else Folder.Role.INBOX


def _newest(rows: MessageQuerySet) -> MessageQuerySet:
    newest = dict(rows.order_by("pk").values_list("thread_id", "pk"))
    return rows.filter(pk__in=list(newest.values()))


def _mark(
    rows: MessageQuerySet, *, unread: bool | None = None, starred: bool | None = None
) -> None:
    sort_messages(messages=list(rows.only(*TOLD)), unread=unread, starred=starred)


def _move(rows: MessageQuerySet, role_for: Callable[[Message], str]) -> Places:
    """Each to the folder of its own inbox that has the role; returns where they were."""
    messages = list(rows.filter(inbox__isnull=False).only(*TOLD))
    inbox_ids = {message.inbox_id for message in messages}
    folders = Folder.objects.filter(inbox__in=inbox_ids).exclude(role=Folder.Role.FREE)
    by_role = {(folder.inbox_id, folder.role): folder for folder in folders}
    wanted: defaultdict[Folder, list[Message]] = defaultdict(list)
    for message in messages:
        wanted[by_role[_inbox_of(message), role_for(message)]].append(message)
    places: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for folder, some in wanted.items():
        for before, ids in _put(some, folder).items():
            places[before] += ids
    return places


def _inbox_of(message: Message) -> UUID:
    assert message.inbox_id
    return message.inbox_id


def _put(messages: Sequence[Message], folder: Folder) -> Places:
    moved = [message for message in messages if message.folder_id != folder.pk]
    places: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for message in moved:
        if message.folder_id:
            places[message.folder_id].append(message.pk)
    sort_messages(messages=moved, folder=folder)
    return places
