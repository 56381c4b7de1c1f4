"""The queue of webhooks: what is to be told to whom, who tells it, and what came of it.

Deliveries are made from the log, behind a cursor that every endpoint has: writing an event costs
nothing more, and an event that was committed late is told like any other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from project.errors import Unprocessable
from project.events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.services import on
from project.events.webhooks.dialects import Notice, dialect_of
from project.events.webhooks.endpoints import TESTED, disable, lock_active
from project.tenancy.office import Workspaces, within

log = logging.getLogger(__name__)

#: the database does not answer: nothing can be done about that here
AWAY = (OperationalError, InterfaceError)

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
    """Queue what has happened since the last time, for every endpoint; returns how much it was.

    Of much that has happened, a batch for each. What goes wrong with one endpoint costs that one.
    """
    count = 0
    for id in list(WebhookEndpoint.objects.with_news().values_list("pk", flat=True)):
        try:
            count += _queue_for(id)
        except AWAY:
            raise
        except Exception:
            log.exception("nothing can be queued for webhook %s", id)
    return count


def _queue_for(id: UUID) -> int:
    with transaction.atomic():
        rows = WebhookEndpoint.objects.active().filter(pk=id).without_secrets()
        endpoint = rows.select_for_update(skip_locked=True, no_key=True).first()
        if endpoint is None:
            return 0
        events = list(
            Event.objects.filter(workspace=endpoint.workspace_id)
            .settled()
            .after(endpoint.told)
            .in_order()[:BATCH]
        )
        if events:
            _queue(endpoint, events)
            endpoint.told = events[-1].cursor
            endpoint.save(update_fields=["told_transaction", "told_position"])
        return len(events)


def _queue(endpoint: WebhookEndpoint, events: Iterable[Event]) -> None:
    """Queue what the endpoint wants of these events; what it has already stays as it is."""
    deliveries = [
        WebhookDelivery(
            endpoint=endpoint, event=event, kind=notice.kind, part=notice.part, due_at=Now()
        )
        for event in events
        for notice in _heard(endpoint, event)
    ]
    WebhookDelivery.objects.bulk_create(deliveries, batch_size=BATCH, ignore_conflicts=True)


def _heard(endpoint: WebhookEndpoint, event: Event) -> list[Notice]:
    """What an endpoint hears of an event; of itself only that somebody tries it.

    An event that cannot be told costs itself only.
    """
    is_own = event.subject_id == endpoint.pk
    if is_own != (event.kind == TESTED):
        return []
    try:
        notices = list(dialect_of(endpoint.dialect).notices(event))
    except AWAY:
        raise
    except Exception:
        log.exception("event %s cannot be told to webhook %s", event.id, endpoint.pk)
        return []
    return notices if is_own else [one for one in notices if endpoint.wants(one.kind)]


# Out of the queue ---------------------------------------------------------------------------------


def claim(*, endpoint_id: UUID, limit: int) -> list[WebhookDelivery]:
    """Take up to `limit` deliveries of an endpoint whose time it is, with endpoint and event."""
    token = uuid4()
    with transaction.atomic():
        due = WebhookDelivery.objects.due().filter(endpoint=endpoint_id).order_by("due_at")
        ids = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
        if ids:
            WebhookDelivery.objects.due().filter(pk__in=ids).update(
                claim=token, due_at=Now() + LEASE, tries=F("tries") + 1
            )
    rows = WebhookDelivery.objects.filter(claim=token, pk__in=ids, state=State.PENDING)
    return list(rows.select_related("endpoint", "event").order_by("pk")) if ids else []


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

    An endpoint that says it is gone, or that has taken nothing for 5 days when a delivery is given
    up, is turned off. Of one that has been deleted nothing is kept, and to one that has moved
    since, what its old address said means nothing.
    """
    delivery = attempt.delivery
    rows = WebhookEndpoint.objects.locked().without_secrets()
    endpoint = rows.filter(pk=delivery.endpoint_id).first()
    if endpoint is None or not WebhookDelivery.objects.filter(pk=delivery.pk).exists():
        return
    attempt.save(force_insert=True)
    is_current = attempt.url == endpoint.url
    if not attempt.problem:
        _held(delivery).update(state=State.DELIVERED, problem="", due_at=None, done_at=Now())
        if endpoint.failing_since and is_current:
            WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
        return
    waits = dialect_of(endpoint.dialect).waits
    is_last = delivery.tries > len(waits)
    if is_last:
        give_up(delivery, problem=attempt.problem)
    else:
        _held(delivery).update(problem=attempt.problem, due_at=Now() + waits[delivery.tries - 1])
    if not is_current:
        return
    since = endpoint.failing_since or attempt.ended_at
    if endpoint.failing_since is None:
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(failing_since=since)
    if attempt.status == GONE:
        disable(endpoint=endpoint, reason="It answered 410: it is gone for good.")
    elif is_last and attempt.ended_at - since >= DISABLE_AFTER:
        disable(
            endpoint=endpoint,
            reason=f"It has taken nothing for {DISABLE_AFTER.days} days. {attempt.problem}",
        )


def _held(delivery: WebhookDelivery) -> models.QuerySet[WebhookDelivery]:
    """The row of a delivery, while it is ours."""
    return WebhookDelivery.objects.filter(pk=delivery.pk, claim=delivery.claim, state=State.PENDING)


# Again --------------------------------------------------------------------------------------------


@transaction.atomic
def replay(*, delivery: WebhookDelivery) -> None:
    """Tell one thing again, whatever came of it before. Raises WebhookOff and NotFound."""
    lock_active(delivery.endpoint)
    _requeue(WebhookDelivery.objects.filter(pk=delivery.pk))


def replay_range(*, endpoint: WebhookEndpoint, since: datetime, until: datetime) -> int:
    """Tell an endpoint again what it wants of a time, or for the first time; returns how much.

    Raises TooManyToReplay, WebhookOff and NotFound.
    """
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
        lock_active(endpoint)
        _queue(endpoint, events.iterator())
        told = endpoint.deliveries.filter(event__at__gte=since, event__at__lt=until)
        return _requeue(told)


@transaction.atomic
def replay_failed(*, endpoint: WebhookEndpoint, since: datetime, until: datetime) -> int:
    """Tell an endpoint again what it was told in vain in a time; returns how much.

    What it has taken in that time, perhaps at a later try, is left out.

    Raises WebhookOff and NotFound.
    """
    lock_active(endpoint)
    tries = WebhookAttempt.objects.filter(
        delivery=OuterRef("pk"), started_at__gte=since, started_at__lte=until
    )
    in_vain = Q(Exists(tries.exclude(problem=""))) & ~Q(Exists(tries.filter(problem="")))
    untried = Q(state=State.FAILED, tries=0, created_at__gte=since, created_at__lte=until)
    return _requeue(endpoint.deliveries.filter(in_vain | untried))


def _requeue(deliveries: models.QuerySet[WebhookDelivery]) -> int:
    return deliveries.update(
        state=State.PENDING, problem="", due_at=Now(), claim=None, tries=0, done_at=None
    )


def told_before(at: datetime) -> models.QuerySet[WebhookDelivery]:
    """What was told, or given up, more than 30 days before `at`."""
    return WebhookDelivery.objects.filter(created_at__lt=at - KEPT).exclude(state=State.PENDING)


def forget_deliveries(*, at: datetime, workspaces: Workspaces = None) -> int:
    """Delete what was told more than 30 days before `at`; returns how many deliveries went."""
    old = within(told_before(at), "endpoint__workspace", workspaces)
    count = 0
    while ids := list(old.values_list("pk", flat=True)[:BATCH]):
        WebhookDelivery.objects.filter(pk__in=ids).delete()
        count += len(ids)
    return count


@on("message.deleted", "message.forgotten")
def forget_words(events: list[Event]) -> None:
    """What was said of messages whose words are gone; what is still to be said is composed anew."""
    ids = [event.subject_id for event in events]
    WebhookDelivery.objects.filter(event__subject_id__in=ids).exclude(body="").update(body="")
