"""What can be done to a draft. Every write bumps its version; of two on one, one wins.

A draft that was scheduled, or waits for a file, is taken back, changed, and sent anew at the time
that stands, all in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from attachments.limits import Limits
from attachments.services import release_attachments
from drafts.errors import AlreadyAttached, NotAttached, PositionOutOfRange
from drafts.files import lock_files, put_files, settle
from drafts.handover import (
    check_not_dispatched,
    due_time,
    hand_over,
    hand_over_again,
    take_back,
)
from drafts.models import Draft, DraftState
from drafts.versions import Overtaken, assign, save, write
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.letter import Letter
from messaging.models import Customer, Inbox, Message, Thread
from messaging.services import sender_of
from project.tenancy.models import Workspace


class DraftFields(TypedDict, total=False):
    """What may be said of a draft; what is left out stays as it is."""

    channel: str
    inbox: Inbox | None
    customer: Customer | None
    thread: Thread | None
    in_reply_to: Message | None
    sender: Address | None  # None: the inbox's own
    to: Sequence[Address]
    cc: Sequence[Address]
    bcc: Sequence[Address]
    reply_to: Sequence[Address]
    subject: str
    text: str | None
    html: str | None
    headers: Mapping[str, str]
    tags: Sequence[str]
    metadata: Mapping[str, Any]
    annotations: Mapping[str, Any]


@dataclass(frozen=True)
class Edit:
    """What a write makes of a draft: values of columns, and its files in their new order."""

    columns: Mapping[str, Any] = field(default_factory=dict)
    carried: Sequence[Enclosure] | None = None  # None: as they are


@transaction.atomic(savepoint=False)
def create_draft(
    *,
    workspace: Workspace,
    limits: Limits,
    enclosures: Sequence[Enclosure] = (),
    **fields: Unpack[DraftFields],
) -> Draft:
    """A new draft, open, with its files; nothing of it is checked but shape and size.

    Raises NotSender, TooManyFiles, FileTwice, DuplicateContentId, AttachmentNotFound,
    AttachmentGone, AttachmentRefused.
    """
    limits.check_count(len(enclosures), field="attachments")
    now = timezone.now()
    draft = Draft(workspace=workspace, created_at=now, updated_at=now)
    draft.files = []
    assign(draft, _columns(draft, fields))
    carried = lock_files(draft, settle(draft, enclosures))
    draft.save(force_insert=True)
    put_files(draft, carried)
    return draft


def update_draft(
    *,
    draft: Draft,
    limits: Limits,
    expected: int | None = None,
    enclosures: Sequence[Enclosure] | None = None,
    **fields: Unpack[DraftFields],
) -> Draft:
    """Change what is named, and the whole list of files if one is given; use what it returns.

    Raises VersionConflict, DraftNotFound, DraftDispatched, and as `create_draft` does.
    """

    def edit(current: Draft) -> Edit:
        return Edit(columns=_columns(current, fields), carried=enclosures)

    return _rewrite(draft, edit, limits=limits, expected=expected)


def attach_files(
    *,
    draft: Draft,
    enclosures: Sequence[Enclosure],
    limits: Limits,
    expected: int | None = None,
) -> Draft:
    """Add files behind those that are there; use what it returns.

    Raises AlreadyAttached, and as `update_draft` does.
    """

    def edit(current: Draft) -> Edit:
        known = {file.attachment_id for file in current.files}
        for one in enclosures:
            if one.attachment.pk in known:
                raise AlreadyAttached(one.attachment.pk)
        return Edit(carried=[*current.carried, *enclosures])

    return _rewrite(draft, edit, limits=limits, expected=expected)


def detach_file(
    *, draft: Draft, attachment_id: UUID, limits: Limits, expected: int | None = None
) -> Draft:
    """Take a file from a draft; it stays for 30 days if nothing else uses it.

    Raises NotAttached, and as `update_draft` does.
    """

    def edit(current: Draft) -> Edit:
        carried = current.carried
        del carried[_position_of(current, attachment_id)]
        return Edit(carried=carried)

    return _rewrite(draft, edit, limits=limits, expected=expected)


def edit_enclosure(
    *,
    draft: Draft,
    attachment_id: UUID,
    limits: Limits,
    inline: bool | None = None,
    content_id: str | None = None,
    filename: str | None = None,
    position: int | None = None,
    expected: int | None = None,
) -> Draft:
    """Change how a draft carries a file, or its place; None leaves a thing as it is.

    A blank `filename` is the file's own; an inline file with a blank `content_id` gets one.
    Raises NotAttached, PositionOutOfRange, and as `update_draft` does.
    """
    given = {"inline": inline, "content_id": content_id, "filename": filename}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}

    def edit(current: Draft) -> Edit:
        carried = current.carried
        place = _position_of(current, attachment_id)
        changed = replace(carried.pop(place), **changes)
        if position is not None and position > len(carried):
            raise PositionOutOfRange(
                "It has fewer files.", field="position", limit=len(carried), actual=position
            )
        carried.insert(place if position is None else position, changed)
        return Edit(carried=carried)

    return _rewrite(draft, edit, limits=limits, expected=expected)


def delete_draft(*, draft: Draft, expected: int | None = None) -> None:
    """Delete a draft, and take back what has not left; what has been sent stays sent.

    Raises VersionConflict, DraftNotFound, TooLate.
    """

    def effect(current: Draft) -> Draft:
        lock_files(current, [])
        if current.state_at(timezone.now()) != DraftState.DISPATCHED:
            take_back(current)
        _, counts = Draft.objects.filter(pk=current.pk, version=current.version).delete()
        if not counts.get(Draft._meta.label):
            raise Overtaken
        if current.files:
            release_attachments(file.attachment for file in current.files)
        return current

    write(draft, effect, expected=expected)


def send_draft(
    *,
    draft: Draft,
    limits: Limits,
    send_at: datetime | None = None,
    undo_seconds: int = 0,
    expected: int | None = None,
) -> Draft:
    """Send a draft at `send_at`, or now, but not before `undo_seconds` are over.

    Files that are on their way are no obstacle: it then waits for them, visibly. One that is
    scheduled or waits is sent anew. Use what it returns.
    Raises CheckFailed, TimeOutOfRange, NotSchedulable, DraftDispatched, TooLate, VersionConflict.
    """

    def effect(current: Draft) -> Draft:
        check_not_dispatched(current)
        lock_files(current, [])
        due_at = due_time(send_at=send_at, undo_seconds=undo_seconds, now=timezone.now())
        hand_over(current, limits=limits, due_at=due_at)
        return current

    return write(draft, effect, expected=expected)


def unsend_draft(*, draft: Draft, expected: int | None = None) -> Draft:
    """Take back what has not left: the draft is open again; one that is open stays so.

    Raises DraftDispatched, TooLate, VersionConflict.
    """

    def effect(current: Draft) -> Draft:
        lock_files(current, [])
        take_back(current, send_at=None)
        return current

    return write(draft, effect, expected=expected)


def dismiss_error(*, draft: Draft) -> Draft:
    """Forget why the last send of a draft failed; use what it returns. Raises DraftNotFound."""

    def effect(current: Draft) -> Draft:
        if current.error is not None:
            save(current, error=None)
        return current

    return write(draft, effect, expected=None)


# How a write goes -------------------------------------------------------------------------------


def _rewrite(
    draft: Draft, edit: Callable[[Draft], Edit], *, limits: Limits, expected: int | None
) -> Draft:
    def effect(current: Draft) -> Draft:
        made = edit(current)
        carried = None
        if made.carried is not None:
            limits.check_count(len(made.carried), field="attachments")
            carried = settle(current, made.carried)
        if carried is not None or current.message_id:
            carried = lock_files(current, carried if carried is not None else current.carried)
        was_sent = take_back(current, **made.columns)
        if not was_sent:
            save(current, **made.columns)
        if made.carried is not None:
            put_files(current, carried or [])
        if was_sent:
            hand_over_again(current, limits=limits)
        return current

    return write(draft, effect, expected=expected)


def _position_of(draft: Draft, attachment_id: UUID) -> int:
    for position, file in enumerate(draft.files):
        if file.attachment_id == attachment_id:
            return position
    raise NotAttached(attachment_id)


def _columns(draft: Draft, fields: DraftFields) -> dict[str, Any]:
    """The columns that these fields come to. Raises NotSender."""
    columns: dict[str, Any] = {**fields}
    for name in ("to", "cc", "bcc", "reply_to"):
        if name in columns:
            columns[name] = _spelt(columns[name])
    for name in ("headers", "metadata", "annotations"):
        if name in columns:
            columns[name] = dict(columns[name])
    if "tags" in columns:
        columns["tags"] = list(columns["tags"])
    inbox = fields.get("inbox", draft.inbox)
    if "sender" in fields:
        sender = columns.pop("sender")
        if sender and inbox:
            sender_of(inbox, Letter(sender=sender))
        columns |= _sender_columns(sender)
    elif "inbox" in fields and inbox != draft.inbox:
        columns |= _sender_columns(None)
    return columns


def _sender_columns(sender: Address | None) -> dict[str, str]:
    return {
        "from_email": sender.email if sender else "",
        "from_name": (sender.name or "") if sender else "",
    }


def _spelt(addresses: Iterable[Address]) -> list[dict[str, str | None]]:
    return [{"email": one.email, "name": one.name} for one in addresses]
