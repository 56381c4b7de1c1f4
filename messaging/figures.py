"""How much mail is on its way, out and in, and how late it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from messaging.models import Arrival, Delivery, Recipient


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
    late: Heap = Heap()  # tried, and to be tried again
    scheduled: Heap = Heap()
    waiting: Heap = Heap()  # for a file
    sending: Heap = Heap()
    unknown: Heap = Heap()  # recipients of whom nobody knows whether they have it
    unread: Heap = Heap()  # mail that came in and has not been read
    poison: Heap = Heap()  # mail that came in and could not be read

    @property
    def heaps(self) -> dict[str, Heap]:
        """All of them by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def flow_at(at: datetime) -> Flow:
    """The mail flow of the whole installation at `at`; four queries, each by an index."""
    queued = Q(state=Delivery.State.QUEUED)
    wanted = {
        "due": queued & Q(attempts=0, due_at__lte=at),
        "late": queued & Q(attempts__gt=0),
        "scheduled": queued & Q(attempts=0, due_at__gt=at),
        "sending": Q(state__in=(Delivery.State.CLAIMED, Delivery.State.DATA)),
    }
    out = _heaps(wanted, oldest="due_at")
    found = Delivery.objects.filter(due_at__isnull=False).aggregate(**out)
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING, deadline__isnull=False)
    unknown = Recipient.objects.filter(state=Recipient.State.UNKNOWN)
    unread = Arrival.objects.filter(due_at__isnull=False)
    poison = Arrival.objects.filter(state=Arrival.State.FAILED)
    return Flow(
        **{name: Heap(number=found[name], oldest=found[f"{name}_oldest"]) for name in wanted},
        waiting=_heap(waiting.aggregate(number=Count("pk"), oldest=Min("message__created_at"))),
        unknown=_heap(unknown.aggregate(number=Count("pk"), oldest=Min("at"))),
        unread=_heap(unread.aggregate(number=Count("pk"), oldest=Min("received_at"))),
        poison=_heap(poison.aggregate(number=Count("pk"), oldest=Min("received_at"))),
    )


def _heaps(wanted: dict[str, Q], *, oldest: str) -> dict[str, Count | Min]:
    counts = {name: Count("pk", filter=rule) for name, rule in wanted.items()}
    return counts | {f"{name}_oldest": Min(oldest, filter=rule) for name, rule in wanted.items()}


def _heap(found: dict[str, object]) -> Heap:
    return Heap(**found)  # type: ignore[arg-type]  # an aggregate's values have no types


def late_since(flow: Flow) -> Iterable[datetime]:
    """Since when work that only workers do has been left lying; nothing while they keep up."""
    return [heap.oldest for heap in (flow.due, flow.unread) if heap.oldest]
