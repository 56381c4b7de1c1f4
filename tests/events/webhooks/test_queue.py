"""From the log into the queue, and again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from project.events.models import Event, WebhookDelivery, WebhookEndpoint
from project.events.webhooks import queue
from project.events.webhooks.endpoints import (
    WebhookOff,
    delete_webhook,
    send_test,
    update_webhook,
)
from project.events.webhooks.queue import (
    TooManyToReplay,
    forget_deliveries,
    queue_news,
    replay,
    replay_range,
)
from tests.events.make import make_endpoint, make_events, queue_all, settle, write
from tests.people import Person


def kinds(endpoint: WebhookEndpoint) -> list[str]:
    return list(endpoint.deliveries.order_by("id").values_list("kind", flat=True))


def queued(endpoint: WebhookEndpoint) -> list[str]:
    """What there is to be told, once everything that has happened is settled."""
    queue_all()
    return kinds(endpoint)


def test_it_hears_what_it_asked_for_and_only_of_its_workspace(
    alice: Person, charlie: Person
) -> None:
    everything = make_endpoint(alice.workspace)
    some = make_endpoint(alice.workspace, events=["message.sent", "draft"])
    stranger = make_endpoint(charlie.workspace)
    make_events(alice.workspace, "message.sent", "message.failed", "draft.failed", "draft.waiting")
    assert queued(some) == ["message.sent", "draft.failed", "draft.waiting"]
    assert kinds(everything)[1:] == [
        "message.sent",
        "message.failed",
        "draft.failed",
        "draft.waiting",
    ]
    assert kinds(stranger) == []


def test_it_hears_of_what_happens_from_now_on(alice: Person) -> None:
    make_events(alice.workspace, "message.sent")
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, "message.failed")
    assert queued(endpoint) == ["message.failed"]
    assert queue_news() == 0


def test_much_news_is_queued_in_batches(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "BATCH", 3)
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, *["message.sent"] * 7)
    settle()
    counts = [queue_news() for _ in range(5)]
    assert counts == [3, 3, 2, 0, 0]  # with that it was made, which it is not told
    assert len(kinds(endpoint)) == 7


def test_nobody_listening_costs_one_statement(
    alice: Person, django_assert_num_queries: object
) -> None:
    make_events(alice.workspace, *["message.sent"] * 3)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert queue_news() == 0


def test_a_trial_is_told_to_its_endpoint_alone(alice: Person) -> None:
    tried = make_endpoint(alice.workspace, events=["message.sent"])
    other = make_endpoint(alice.workspace)
    send_test(endpoint=tried)
    assert queued(tried) == ["webhook.tested"]
    assert "webhook.tested" not in kinds(other)


def test_turned_off_it_hears_nothing_and_what_waited_is_given_up(alice: Person) -> None:
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, "message.sent")
    assert queued(endpoint) == ["message.sent"]
    update_webhook(endpoint=endpoint, is_active=False)
    (delivery,) = endpoint.deliveries.all()
    assert (delivery.state, delivery.problem) == ("failed", "The webhook was turned off.")
    make_events(alice.workspace, "message.failed")
    assert queued(endpoint) == ["message.sent"]
    for again in (
        lambda: replay(delivery=delivery),
        lambda: send_test(endpoint=endpoint),
        lambda: replay_range(endpoint=endpoint, since=timezone.now(), until=timezone.now()),
    ):
        with pytest.raises(WebhookOff):
            again()
    update_webhook(endpoint=endpoint, is_active=True)
    make_events(alice.workspace, "message.received")
    assert queued(endpoint) == ["message.sent", "message.received"]


def test_one_delivery_is_replayed(alice: Person) -> None:
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, "message.sent", "message.failed")
    queued(endpoint)
    WebhookDelivery.objects.update(state="failed", due_at=None, tries=9, body="{}", problem="No.")
    first, second = endpoint.deliveries.order_by("id")
    replay(delivery=first)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.tries, first.body, first.problem) == ("pending", 0, "{}", "")
    assert second.state == "failed"


def test_a_range_is_replayed_with_what_was_never_told(alice: Person, charlie: Person) -> None:
    now = timezone.now()
    make_events(alice.workspace, "message.sent", "draft.failed")
    endpoint = make_endpoint(alice.workspace, events=["message"])
    make_events(alice.workspace, "message.failed", "message.bounced")
    make_events(charlie.workspace, "message.sent")
    assert queued(endpoint) == ["message.failed", "message.bounced"]
    Event.objects.filter(kind="message.bounced").update(at=now + timedelta(hours=2))
    WebhookDelivery.objects.update(state="delivered", due_at=None)
    count = replay_range(endpoint=endpoint, since=now, until=now + timedelta(hours=1))
    assert count == 2
    waiting = endpoint.deliveries.filter(state="pending").order_by("event_id")
    assert [one.kind for one in waiting] == ["message.sent", "message.failed"]


def test_a_range_has_an_end(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MAX_REPLAYED", 2)
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, *["message.sent"] * 3)
    with pytest.raises(TooManyToReplay) as refused:
        replay_range(
            endpoint=endpoint,
            since=timezone.now() - timedelta(hours=1),
            until=timezone.now() + timedelta(hours=1),
        )
    assert refused.value.limit == 2 and int(refused.value.actual or 0) >= 3
    assert not WebhookDelivery.objects.exists()


def test_old_deliveries_are_forgotten_but_for_those_that_wait(alice: Person) -> None:
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, "message.sent", "message.failed")
    queued(endpoint)
    endpoint.deliveries.filter(kind="message.sent").update(state="delivered", due_at=None)
    assert forget_deliveries(at=timezone.now() + timedelta(days=29)) == 0
    assert forget_deliveries(at=timezone.now() + timedelta(days=31)) == 1
    assert kinds(endpoint) == ["message.failed"]
    delete_webhook(endpoint=endpoint)
    assert not WebhookDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_committed_late_is_told_too(alice: Person) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: what is written earlier is committed earlier.")
    endpoint = make_endpoint(alice.workspace, events=["message"])
    written, go_on = threading.Event(), threading.Event()

    def write_slowly() -> None:
        try:
            with transaction.atomic():
                write(alice.workspace, "message.first")
                written.set()
                assert go_on.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(write_slowly)
        assert written.wait(10)
        write(alice.workspace, "message.second")
        queue_news()
        early = kinds(endpoint)
        go_on.set()
        slow.result(10)
    assert early == []
    queue_news()
    assert kinds(endpoint) == ["message.first", "message.second"]


@pytest.mark.django_db(transaction=True)
def test_several_workers_take_each_delivery_once(alice: Person) -> None:
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, *["message.sent"] * 40)
    start = threading.Barrier(4)

    def work() -> list[str]:
        try:
            start.wait(10)
            queue_news()
            taken: list[str] = []
            while some := queue.claim(endpoint_id=endpoint.pk, limit=3):
                taken += [one.pk.hex for one in some]
            return taken
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        taken = [id for job in [pool.submit(work) for _ in range(4)] for id in job.result(60)]
    assert len(taken) == len(set(taken)) == 40
    assert endpoint.deliveries.count() == 40
