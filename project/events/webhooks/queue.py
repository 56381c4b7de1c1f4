"""The queue of webhooks: what is to be told to whom, who tells it, and what came of it.

Deliveries are made from the log, behind a cursor that every endpoint has: writing an event costs
nothing more, and an event that was committed late is told like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import models, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from project.errors import Unprocessable
from project.events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.dialects import Notice, dialect_of
from project.events.webhooks.endpoints import TESTED, disable, require_active

BATCH = 500
LEASE = timedelta(minutes=2)  # longer than any dialect waits for an answer
DISABLE_AFTER = timedelta(days=5)  # without one delivery that was taken
GONE = 410
KEPT = timedelta(days=30)
MAX_REPLAYED = 10_000

State = WebhookDelivery.State


class TooManyToReplay(Unprocessable):
    """More events in a range than one replay takes."""

    code = "too_many_to_replay"


# From the log into the queue ----------------------------------------------------------------------


def queue_news() -> int:
    """Queue what has happened since the last time, for every endpoint; returns how much.

    Of much that has happened, a batch for each.
    """
    rows = WebhookEndpoint.objects.with_news().values_list("pk", flat=True)
    return sum(_queue_for(id) for id in list(rows))


def _queue_for(id: UUID) -> int:
    with transaction.atomic():
        rows = WebhookEndpoint.objects.active().filter(pk=id)
        endpoint = rows.select_for_update(skip_locked=True, no_key=True).first()
        if endpoint is None:
            return 0
        log = Event.objects.filter(workspace=endpoint.workspace_id).settled()
        events = list(log.after(endpoint.told).in_order()[:BATCH])
        if not events:
            return 0
        count = _queue(endpoint, events)
        endpoint.told = events[-1].cursor
        endpoint.save(update_fields=["told_transaction", "told_position"])
        return count


def _queue(endpoint: WebhookEndpoint, events: Iterable[Event]) -> int:
    """Queue what the endpoint wants of these events; what it has already stays as it is."""
    now = timezone.now()
    deliveries = [
        WebhookDelivery(
            endpoint=endpoint, event=event, kind=notice.kind, part=notice.part, due_at=now
        )
        for event in events
        for notice in _heard(endpoint, event)
    ]
    WebhookDelivery.objects.bulk_create(deliveries, batch_size=BATCH, ignore_conflicts=True)
    return len(deliveries)


def _heard(endpoint: WebhookEndpoint, event: Event) -> Iterable[Notice]:
    """What an endpoint hears of an event; of itself only that somebody tries it."""
    notices = dialect_of(endpoint.dialect).notices(event)
    is_own = event.subject_id == endpoint.pk
    if event.kind == TESTED:
        return notices if is_own else ()
    return () if is_own else (one for one in notices if endpoint.wants(one.kind))


# Out of the queue ---------------------------------------------------------------------------------


def claim(*, endpoint_id: UUID, limit: int) -> list[WebhookDelivery]:
    """Take up to `limit` deliveries of an endpoint whose time it is, with endpoint and event."""
    token = uuid4()
    with transaction.atomic():
        due = WebhookDelivery.objects.due().filter(endpoint=endpoint_id).order_by("due_at")
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        WebhookDelivery.objects.due().filter(pk__in=ids).update(
            claim=token, due_at=Now() + LEASE, tries=F("tries") + 1
        )
    rows = WebhookDelivery.objects.filter(claim=token, pk__in=ids, state=State.PENDING)
    return list(rows.select_related("endpoint", "event").order_by("pk"))


def give_back(deliveries: Sequence[WebhookDelivery]) -> None:
    """Let go of deliveries that were not tried."""
    for delivery in deliveries:
        _held(delivery).update(due_at=Now(), tries=F("tries") - 1)


def keep_body(delivery: WebhookDelivery) -> None:
    """Keep what was composed, so that every try says the same."""
    _held(delivery).update(body=delivery.body)


def give_up(delivery: WebhookDelivery, *, problem: str) -> None:
    """Try a delivery no more."""
    _held(delivery).update(state=State.FAILED, problem=problem, due_at=None, done_at=Now())


@transaction.atomic
def put_down(attempt: WebhookAttempt) -> None:
    """Keep what came of a try, and decide what follows: nothing, another try, or the end.

    An endpoint that says it is gone, or that has taken nothing for 5 days, is turned off.
    """
    attempt.save(force_insert=True)
    delivery = attempt.delivery
    endpoint = delivery.endpoint
    if not attempt.problem:
        _held(delivery).update(state=State.DELIVERED, problem="", due_at=None, done_at=Now())
        rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, failing_since__isnull=False)
        rows.update(failing_since=None)
        return
    waits = dialect_of(endpoint.dialect).waits
    if delivery.tries > len(waits):
        give_up(delivery, problem=attempt.problem)
    else:
        _held(delivery).update(problem=attempt.problem, due_at=Now() + waits[delivery.tries - 1])
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    rows.filter(failing_since__isnull=True).update(failing_since=attempt.ended_at)
    since = rows.values_list("failing_since", flat=True).first()
    if attempt.status == GONE:
        disable(endpoint=endpoint, reason="It answered 410: it is gone for good.")
    elif since is not None and attempt.ended_at - since >= DISABLE_AFTER:
        disable(
            endpoint=endpoint,
            reason=f"It has taken nothing for {DISABLE_AFTER.days} days. {attempt.problem}",
        )


def _held(delivery: WebhookDelivery) -> models.QuerySet[WebhookDelivery]:
    """The row of a delivery, while it is ours."""
    return WebhookDelivery.objects.filter(pk=delivery.pk, claim=delivery.claim, state=State.PENDING)


# Again --------------------------------------------------------------------------------------------


def replay(*, delivery: WebhookDelivery) -> None:
    """Tell one thing again, whatever came of it before. Raises WebhookOff."""
    require_active(delivery.endpoint)
    _requeue(WebhookDelivery.objects.filter(pk=delivery.pk))


def replay_range(*, endpoint: WebhookEndpoint, since: datetime, until: datetime) -> int:
    """Tell an endpoint again what it wants of a time, or for the first time; returns how much.

    Raises TooManyToReplay and WebhookOff.
    """
    require_active(endpoint)
    events = Event.objects.filter(workspace=endpoint.workspace_id).between(since, until).settled()
    count = events.count()
    if count > MAX_REPLAYED:
        raise TooManyToReplay(
            f"{count} events happened in this time; at most {MAX_REPLAYED} are replayed at once.",
            field="since",
            limit=MAX_REPLAYED,
            actual=count,
        )
    with transaction.atomic():
        _queue(endpoint, events.iterator())
        told = endpoint.deliveries.filter(event__at__gte=since, event__at__lt=until)
        return _requeue(told)


def replay_failed(*, endpoint: WebhookEndpoint, since: datetime, until: datetime) -> int:
    """Tell an endpoint again what it was told in vain in a time; returns how much.

    What it has taken in that time, perhaps at a later try, is left out. Raises WebhookOff.
    """
    require_active(endpoint)
    tries = WebhookAttempt.objects.filter(
        delivery=OuterRef("pk"), started_at__gte=since, started_at__lte=until
    )
    taken = Exists(tries.filter(problem=""))
    return _requeue(endpoint.deliveries.filter(Exists(tries.exclude(problem=""))).exclude(taken))


def _requeue(deliveries: models.QuerySet[WebhookDelivery]) -> int:
    return deliveries.update(
        state=State.PENDING, problem="", due_at=Now(), claim=None, tries=0, done_at=None
    )


def forget_deliveries(*, at: datetime) -> int:
    """Delete what was told more than 30 days before `at`; returns how many rows went."""
    old = WebhookDelivery.objects.filter(created_at__lt=at - KEPT).exclude(state=State.PENDING)
    return old.delete()[0]
