"""What messages keep for a while only: their files, and where a workspace wants it, their words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from attachments.errors import AttachmentGone
from attachments.models import Attachment
from attachments.services import release_attachments
from messaging.errors import ContentGone
from messaging.models import Message
from messaging.models.message import MessageQuerySet
from project.api.times import spell_time
from project.events.retention import Rule
from project.events.services import emit, happened
from project.tenancy.office import Workspaces, within

BATCH = 200
NOT_STORED = "content_not_stored"
NOTHING_KEPT = "This workspace keeps nothing of what its messages say and carry."


def let_go(*, workspaces: Workspaces = None) -> int:
    """Let go of what is over; returns for how many messages.

    By the database's clock, as `needing_bytes` has it: what is released is not needed.
    """
    over = within(Message.objects.to_let_go(Now()), "workspace", workspaces)
    count = 0
    while True:
        some = _let_go_of_some(over)
        count += some
        if some < BATCH:
            return count


@transaction.atomic(savepoint=False)
def _let_go_of_some(over: MessageQuerySet) -> int:
    """A message at rest stays so, so that nothing but its row need be locked."""
    rows = over.order_by("files_until").only("workspace_id", "stores_content")
    messages = list(
        rows.select_for_update(skip_locked=True, of=("self",), no_key=True)[:BATCH],
    )
    if not messages:
        return 0
    ids = [one.pk for one in messages]
    Message.objects.filter(pk__in=ids).update(files_released_at=Now())
    files = Attachment.objects.filter(message_enclosures__message__in=ids).distinct()
    release_attachments(files, at_once=True)
    _forget([one for one in messages if not one.stores_content])
    return len(messages)


def _forget(messages: list[Message]) -> None:
    if not messages:
        return
    ids = [one.pk for one in messages]
    Message.objects.filter(pk__in=ids).update(text=None, html=None, headers={})
    emit(
        *(
            happened("message.forgotten", workspace_id=one.workspace_id, subject_id=one.pk)
            for one in messages
        )
    )


def check_files_kept(message: Message, *, at: datetime) -> None:
    """Raises AttachmentGone when the time of a message's files is over, the clock come by or not.

    It may still leave with them then.
    """
    until = message.files_until
    if until is None or until > at:
        return
    if not message.stores_content:
        raise AttachmentGone(code=NOT_STORED, reason=NOTHING_KEPT, at=until)
    reason = f"The files of this message were kept until {spell_time(until)}."
    raise AttachmentGone(code="expired", reason=reason, at=until)


def check_mail_kept(message: Message, *, at: datetime) -> None:
    """Raises ContentGone or AttachmentGone when a mail, whole, is not to be had any more.

    The message must have its enclosures.
    """
    until = message.files_until
    if not message.stores_content and until is not None and until <= at:
        raise ContentGone(code=NOT_STORED, reason=NOTHING_KEPT, at=until)
    if any(one.in_mail for one in message.enclosures.all()):
        check_files_kept(message, at=at)


SENT = Rule(
    name="sent",
    title="Files of sent mail, and words that are not stored",
    words=(
        "Where the door that took a message says so, it lets its files go when that time is over; "
        "in a workspace that stores no content its words go with them, once it has left. Nothing "
        "goes that may still be sent."
    ),
    every=timedelta(minutes=1),
    rows=lambda at: Message.objects.to_let_go(at),
    take=lambda at, workspaces: let_go(workspaces=workspaces),
    due="files_until",
    bytes_at="size",
)
