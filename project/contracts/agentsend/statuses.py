"""The eight words for what has become of a message."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from messaging.models import Message, Recipient
from messaging.models.message import MessageQuerySet, Status

WORDS = (
    "queued",
    "sending",
    "sent",
    "delivered",
    "failed",
    "bounced",
    "complained",
    "received",
)

#: words that follow from the status alone
OPEN = {
    Status.SCHEDULED: "queued",
    Status.WAITING: "queued",
    Status.HELD: "queued",
    Status.QUEUED: "queued",
    Status.DEFERRED: "queued",
    Status.SENDING: "sending",
    Status.UNKNOWN: "sending",
    Status.RECEIVED: "received",
}
#: what the others come to while no recipient says anything worse
OVER = {
    Status.SENT: "sent",
    Status.RECORDED: "sent",
    Status.PARTIAL: "bounced",
    Status.FAILED: "failed",
    Status.CANCELED: "failed",
}


def status_of(message: Message, *, at: datetime) -> str:
    """What has become of a message; no query if it is complete."""
    status = message.status_at(at)
    if status in OPEN:
        return OPEN[status]
    states = {one.state for one in message.recipients}
    for unhappy in (Recipient.State.COMPLAINED, Recipient.State.BOUNCED):
        if unhappy in states:
            return unhappy.value
    if status == Status.SENT and states == {Recipient.State.DELIVERED}:
        return "delivered"
    return OVER[status]


def having_status(rows: MessageQuerySet, word: str, *, at: datetime) -> QuerySet[Message]:
    """Those of the messages whose `status_of` is this one; the same rules for the database."""
    if word in OPEN.values():
        return _any_of(rows, [status for status in OPEN if OPEN[status] == word], at)
    complained, bounced = _has("complained"), _has("bounced")
    if word == "complained":
        return _any_of(rows, list(OVER), at).filter(complained)
    content = rows.exclude(complained)
    if word == "bounced":
        others = content.with_status(Status.PARTIAL, at=at)
        return _any_of(content, list(OVER), at).filter(bounced) | others
    content = content.exclude(bounced)
    on_the_way = Exists(_recipients().exclude(state=Recipient.State.DELIVERED))
    if word == "delivered":
        return content.with_status(Status.SENT, at=at).exclude(on_the_way)
    if word == "sent":
        sent = content.with_status(Status.SENT, at=at).filter(on_the_way)
        return sent | content.with_status(Status.RECORDED, at=at)
    return _any_of(content, [Status.FAILED, Status.CANCELED], at)


def _any_of(rows: MessageQuerySet, statuses: list[Status], at: datetime) -> MessageQuerySet:
    first, *others = [rows.with_status(status, at=at) for status in statuses]
    for other in others:
        first |= other
    return first


def _recipients() -> QuerySet[Recipient]:
    return Recipient.objects.filter(delivery__message=OuterRef("pk"))


def _has(state: str) -> Exists:
    return Exists(_recipients().filter(state=state))
