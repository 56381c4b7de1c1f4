"""What an inbox has sent, in numbers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet

from messaging.models import Delivery, Inbox, Message, Recipient
from project.ids import floor_of


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Messages of one inbox, and recipients of them who did not want or get theirs."""

    accepted_today: int = 0
    sent: int = 0
    bounced: int = 0
    complained: int = 0


def counts_of(inboxes: Collection[Inbox], *, at: datetime) -> dict[UUID, Counts]:
    """The numbers of each inbox, of what is still in the database; three queries for all."""
    ids = [inbox.pk for inbox in inboxes]
    today = _number(accepted_today(ids, at=at), "inbox")
    sent = _number(Message.objects.filter(inbox__in=ids, sent_at__isnull=False), "inbox")
    lost = Recipient.objects.filter(delivery__message__inbox__in=ids)
    unhappy = lost.filter(state__in=(Recipient.State.BOUNCED, Recipient.State.COMPLAINED))
    by_state = _number(unhappy, "delivery__message__inbox", "state")
    return {
        id: Counts(
            accepted_today=today.get((id,), 0),
            sent=sent.get((id,), 0),
            bounced=by_state.get((id, Recipient.State.BOUNCED.value), 0),
            complained=by_state.get((id, Recipient.State.COMPLAINED.value), 0),
        )
        for id in ids
    }


def accepted_today(inbox_ids: Collection[UUID], *, at: datetime) -> QuerySet[Message]:
    """What these inboxes have accepted for sending since midnight UTC, and nobody has canceled.

    Found by the ids, which an index has and which begin with the time.
    """
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    leaving = Delivery.objects.exclude(state=Delivery.State.CANCELED)
    return Message.objects.filter(
        Exists(leaving.filter(message=OuterRef("pk"))),
        inbox__in=inbox_ids,
        pk__gte=floor_of(midnight),
    )


def _number(
    rows: QuerySet[Message] | QuerySet[Recipient], *by: str
) -> dict[tuple[object, ...], int]:
    grouped = rows.order_by().values_list(*by).annotate(number=Count("pk"))
    return {tuple(values): number for *values, number in grouped}
