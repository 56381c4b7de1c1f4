"""What has become of recipients and messages, in Bird's words: for one, and for the database."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from enum import StrEnum

from django.db.models import Exists, OuterRef, Q

from messaging.models import Delivery, Message, Recipient
from messaging.models.message import MessageQuerySet

State = Recipient.State
UNDER_WAY = (Delivery.State.CLAIMED, Delivery.State.DATA)


class Status(StrEnum):
    """Of a message; all but the first, the last and partial failure also of a recipient."""

    SCHEDULED = "scheduled"
    ACCEPTED = "accepted"
    PROCESSED = "processed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    PARTIAL_FAILURE = "partial_failure"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    REJECTED = "rejected"
    CANCELED = "canceled"


COUNTED = (
    Status.ACCEPTED,
    Status.PROCESSED,
    Status.DELIVERED,
    Status.BOUNCED,
    Status.COMPLAINED,
    Status.DEFERRED,
    Status.REJECTED,
)

PLAIN = {
    State.ACCEPTED: Status.DELIVERED,
    State.DELIVERED: Status.DELIVERED,
    State.DEFERRED: Status.DEFERRED,
    State.BOUNCED: Status.BOUNCED,
    State.COMPLAINED: Status.COMPLAINED,
    State.SUPPRESSED: Status.REJECTED,
    State.UNKNOWN: Status.PROCESSED,
}


def status_of(recipient: Recipient, delivery: Delivery) -> Status:
    """What has become of a recipient; refused without a reply means that no server was asked."""
    if recipient.state == State.PENDING:
        return Status.PROCESSED if delivery.state in UNDER_WAY else Status.ACCEPTED
    if recipient.state == State.REFUSED:
        return Status.REJECTED if recipient.code is None else Status.BOUNCED
    return PLAIN[State(recipient.state)]


def counts_of(message: Message) -> Counter[Status]:
    """How many of the recipients have which status."""
    return Counter(
        status_of(one, delivery)
        for delivery in message.deliveries.all()
        for one in delivery.recipients.all()
    )


def is_scheduled(message: Message, at: datetime) -> bool:
    """Whether it is to leave later, and has not been tried."""
    return any(
        one.state == Delivery.State.QUEUED and not one.attempts and not one.is_due(at)
        for one in message.deliveries.all()
    )


def status_at(message: Message, at: datetime) -> Status:
    """What has become of a message as a whole."""
    if all(one.state == Delivery.State.CANCELED for one in message.deliveries.all()):
        return Status.CANCELED
    found = set(counts_of(message))
    if Status.COMPLAINED in found:
        return Status.COMPLAINED
    if is_scheduled(message, at):
        return Status.SCHEDULED
    return _aggregate(found)


def _aggregate(found: set[Status]) -> Status:
    if len(found) == 1:
        return found.pop()
    if found == {Status.BOUNCED, Status.REJECTED}:
        return Status.BOUNCED
    if found & {Status.BOUNCED, Status.REJECTED}:
        return Status.PARTIAL_FAILURE
    return Status.DEFERRED if Status.DEFERRED in found else Status.PROCESSED


def with_status(rows: MessageQuerySet, status: Status, *, at: datetime) -> MessageQuerySet:
    """Those of the messages whose `status_at(at)` is this one; the same rules, in their order."""
    condition = Q()
    for name, rule in _rules(at):
        if name == status:
            return _perhaps(rows, status).filter(condition & rule)
        condition &= ~rule
    return _perhaps(rows, status).filter(condition)  # accepted: what no rule knows


def _rules(at: datetime) -> tuple[tuple[Status, Q], ...]:
    deliveries = Delivery.objects.filter(message=OuterRef("pk"))
    recipients = Recipient.objects.filter(delivery__message=OuterRef("pk"))
    scheduled = deliveries.filter(state="queued", attempts=0, due_at__gt=at)
    bounced = Q(state=State.BOUNCED) | Q(state=State.REFUSED, code__isnull=False)
    rejected = Q(state=State.SUPPRESSED) | Q(state=State.REFUSED, code__isnull=True)
    delivered = Q(state__in=(State.ACCEPTED, State.DELIVERED))
    processed = Q(state=State.UNKNOWN) | Q(state=State.PENDING, delivery__state__in=UNDER_WAY)

    def some(condition: Q) -> Q:
        return Q(Exists(recipients.filter(condition)))

    return (
        (Status.CANCELED, ~Q(Exists(deliveries.exclude(state="canceled")))),
        (Status.COMPLAINED, some(Q(state=State.COMPLAINED))),
        (Status.SCHEDULED, Q(Exists(scheduled))),
        (Status.DELIVERED, ~some(~delivered)),
        (Status.REJECTED, ~some(~rejected)),
        (Status.BOUNCED, ~some(~(bounced | rejected))),
        (Status.PARTIAL_FAILURE, some(bounced | rejected)),
        (Status.DEFERRED, some(Q(state=State.DEFERRED))),
        (Status.PROCESSED, some(processed | delivered)),
    )


def _perhaps(rows: MessageQuerySet, status: Status) -> MessageQuerySet:
    """Those that can have a status that few have, by something that an index finds.

    The rules themselves would be tried on every message.
    """
    on_their_way = Q(due_at__isnull=False) | Q(state__in=("waiting", "held"))
    if status in (Status.SCHEDULED, Status.ACCEPTED):
        likely = Delivery.objects.filter(on_their_way)
    elif status == Status.CANCELED:
        likely = Delivery.objects.filter(state="canceled")
    else:
        return rows
    return rows.filter(pk__in=likely.values("message"))
