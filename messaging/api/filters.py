"""Which messages a list is to have."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast
from rest_framework import serializers

from messaging.models import Delivery, MessageAttachment, Recipient
from messaging.models.message import REACHED, Direction, MessageQuerySet, Status
from project.api.fields import ChoiceField, IdField, LineField, TimeField

Narrow = Callable[[MessageQuerySet, Any], MessageQuerySet]


ON_THEIR_WAY = (
    Status.SCHEDULED,
    Status.WAITING,
    Status.HELD,
    Status.QUEUED,
    Status.SENDING,
    Status.DEFERRED,
)
WITH_TROUBLE = (Status.PARTIAL, Status.FAILED, Status.UNKNOWN)
UNREACHED = sorted(set(Recipient.State.values) - set(REACHED))


class MessageFilters(serializers.Serializer[Any]):
    """The query parameters of a list of messages."""

    inbox_id = IdField("inb", required=False)
    folder_id = IdField(
        "fol", required=False, help_text="Without it, messages in the trash are left out."
    )
    thread_id = IdField("thr", required=False)
    customer_id = IdField("cus", required=False)
    direction = ChoiceField(Direction.choices, required=False, help_text="Sent, or received.")
    status = ChoiceField(Status.choices, required=False, help_text="As it is now.")
    has_attachment = serializers.BooleanField(required=False, help_text="With files, or without.")
    filename = LineField(required=False, help_text="Any part of the name of one of its files.")
    search = LineField(required=False, help_text="Any part of subject, sender or plain text.")
    to = LineField(required=False, help_text="The address of a recipient, in any role.")
    since = TimeField(required=False, help_text="Made then or later.")
    until = TimeField(required=False, help_text="Made before that.")
    unread = serializers.BooleanField(
        required=False, help_text="Those that nobody has read, or the others."
    )
    starred = serializers.BooleanField(required=False, help_text="Marked ones, or the others.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        sender = LineField(required=False, help_text="The sender's address.")
        return {**super().get_fields(), "from": sender}


def narrow(rows: MessageQuerySet, wanted: dict[str, Any], *, at: datetime) -> MessageQuerySet:
    """Those of the messages that fit all of `MessageFilters`, with their status at `at`."""
    if "folder_id" not in wanted:
        rows = rows.filter(trashed_at__isnull=True)
    if status := wanted.pop("status", None):
        rows = _perhaps(rows, status).with_status(status, at=at)
    for name, value in wanted.items():
        rows = FILTERS[name](rows, value)
    return rows


def _perhaps(rows: MessageQuerySet, status: str) -> MessageQuerySet:
    """Those that can have a status, by something that it needs and that indexes find.

    The status itself is a chain of exceptions that would be tried on every message; few messages
    are in any but one of them.
    """
    if status in ON_THEIR_WAY:
        likely = Delivery.objects.filter(done_at__isnull=True)
    elif status == Status.CANCELED:
        likely = Delivery.objects.filter(state="canceled")
    elif status in WITH_TROUBLE:
        likely = Delivery.objects.filter(recipients__state__in=UNREACHED)
    else:
        return rows
    return rows.filter(pk__in=likely.values("message"))


def _same(lookup: str) -> Narrow:
    return lambda rows, value: rows.filter(**{lookup: value})


def _with_files(rows: MessageQuerySet, wanted: bool) -> MessageQuerySet:
    return rows.filter(attachment_count__gt=0) if wanted else rows.filter(attachment_count=0)


def _with_file_named(rows: MessageQuerySet, part: str) -> MessageQuerySet:
    named = MessageAttachment.objects.filter(filename__icontains=part)
    return rows.filter(pk__in=named.values("message_id"))


def _mentioning(rows: MessageQuerySet, part: str) -> MessageQuerySet:
    return rows.filter(
        Q(subject__icontains=part)
        | Q(from_email__icontains=part)
        | Q(from_name__icontains=part)
        | Q(text__icontains=part)
    )


def _by(rows: MessageQuerySet, email: str) -> MessageQuerySet:
    return rows.filter(from_email__in=_spellings(email))


def _for(rows: MessageQuerySet, email: str) -> MessageQuerySet:
    """Recipients of what we sent are rows; of what we got, only the header tells."""
    ours = Recipient.objects.filter(delivery__message=OuterRef("pk"), email__in=_spellings(email))
    rows = rows.alias(header_to=Cast("to", TextField()), header_cc=Cast("cc", TextField()))
    named = f'"email": "{email.strip()}"'
    theirs = Q(header_to__icontains=named) | Q(header_cc__icontains=named)
    return rows.filter(Exists(ours) | (Q(direction=Direction.INBOUND) & theirs))


def _spellings(email: str) -> set[str]:
    return {email.strip(), email.strip().lower()}


FILTERS: dict[str, Narrow] = {
    "inbox_id": _same("inbox"),
    "folder_id": _same("folder"),
    "thread_id": _same("thread"),
    "customer_id": _same("customer"),
    "direction": _same("direction"),
    "has_attachment": _with_files,
    "filename": _with_file_named,
    "search": _mentioning,
    "from": _by,
    "to": _for,
    "since": _same("created_at__gte"),
    "until": _same("created_at__lt"),
    "unread": _same("unread"),
    "starred": _same("starred"),
}
