"""How much mail is on its way, out and in, and how late it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from messaging.models import Arrival, Delivery, Recipient
from messaging.models.outbox import is_paused


@dataclass(frozen=True, kw_only=True)
class Heap:
    """So many of a kind; `oldest` is since when the first of them should have been done."""

    number: int = 0
    oldest: datetime | None = None

    def age(self, at: datetime) -> timedelta:
        """How late the oldest is."""
        return max(at - self.oldest, timedelta()) if self.oldest else timedelta()


@dataclass(frozen=True, kw_only=True)
class Flow:
    """The mail flow at a moment."""

    due: Heap = Heap()  # should be leaving
    paused: Heap = Heap()  # the same, and a pause keeps it here
    late: Heap = Heap()  # tried, and to be tried again
    scheduled: Heap = Heap()
    waiting: Heap = Heap()  # for a file
    held: Heap = Heap()  # by an operator
    sending: Heap = Heap()
    unknown: Heap = Heap()  # recipients of whom nobody knows whether they have it
    unread: Heap = Heap()  # mail that came in and has not been read
    poison: Heap = Heap()  # mail that came in and could not be read

    @property
    def heaps(self) -> dict[str, Heap]:
        """All of them by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def stages(at: datetime) -> dict[str, Q]:
    """Deliveries by how far they are at `at`, each rule for one heap of the flow."""
    queued = Q(state=Delivery.State.QUEUED)
    return {
        "due": queued & Q(attempts=0, due_at__lte=at) & ~is_paused(),
        "paused": queued & Q(attempts=0, due_at__lte=at) & is_paused(),
        "late": queued & Q(attempts__gt=0),
        "scheduled": queued & Q(attempts=0, due_at__gt=at),
        "sending": Q(state__in=(Delivery.State.CLAIMED, Delivery.State.DATA)),
        "waiting": Q(state=Delivery.State.WAITING, deadline__isnull=False),
        "held": Q(state=Delivery.State.HELD, done_at__isnull=True),
    }


def flow_at(at: datetime, *, workspaces: Collection[UUID] | None = None) -> Flow:
    """The mail flow at `at`, of the whole installation or of some workspaces.

    Five queries, each by an index.
    """
    rules = stages(at)
    wanted = {name: rules[name] for name in ("due", "paused", "late", "scheduled", "sending")}
    deliveries, recipients, arrivals = _rows(workspaces)
    out = _heaps(wanted, oldest="due_at")
    found = deliveries.filter(due_at__isnull=False).aggregate(**out)
    parked = {name: deliveries.filter(rules[name]) for name in ("waiting", "held")}
    unknown = recipients.filter(state=Recipient.State.UNKNOWN)
    unread = arrivals.filter(due_at__isnull=False)
    poison = arrivals.filter(state=Arrival.State.FAILED)
    return Flow(
        **{name: Heap(number=found[name], oldest=found[f"{name}_oldest"]) for name in wanted},
        **{
            name: _heap(rows.aggregate(number=Count("pk"), oldest=Min("message__created_at")))
            for name, rows in parked.items()
        },
        unknown=_heap(unknown.aggregate(number=Count("pk"), oldest=Min("at"))),
        unread=_heap(unread.aggregate(number=Count("pk"), oldest=Min("received_at"))),
        poison=_heap(poison.aggregate(number=Count("pk"), oldest=Min("received_at"))),
    )


def _rows(
    workspaces: Collection[UUID] | None,
) -> tuple[QuerySet[Delivery], QuerySet[Recipient], QuerySet[Arrival]]:
    deliveries, recipients = Delivery.objects.all(), Recipient.objects.all()
    arrivals = Arrival.objects.all()
    if workspaces is None:
        return deliveries, recipients, arrivals
    return (
        deliveries.filter(message__workspace__in=workspaces),
        recipients.filter(delivery__message__workspace__in=workspaces),
        arrivals.filter(workspace__in=workspaces),
    )


def _heaps(wanted: dict[str, Q], *, oldest: str) -> dict[str, Count | Min]:
    counts = {name: Count("pk", filter=rule) for name, rule in wanted.items()}
    return counts | {f"{name}_oldest": Min(oldest, filter=rule) for name, rule in wanted.items()}


def _heap(found: dict[str, object]) -> Heap:
    return Heap(**found)  # type: ignore[arg-type]  # an aggregate's values have no types


def late_since(flow: Flow) -> Iterable[datetime]:
    """Since when work that only workers do has been left lying; nothing while they keep up."""
    return [heap.oldest for heap in (flow.due, flow.unread) if heap.oldest]
