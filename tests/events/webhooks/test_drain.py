"""What receivers do with what they are told, and what is kept of it."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from datetime import timedelta
from threading import Event as Flag
from time import monotonic
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from project.events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.services import emit, happened
from project.events.webhooks import drain
from project.events.webhooks.dialects import WAITS
from project.events.webhooks.endpoints import (
    OVERLAP,
    delete_webhook,
    rotate_secret,
    update_webhook,
)
from project.events.webhooks.queue import claim, put_down, replay
from project.ids import spell
from tests.events.make import (
    attempts_of,
    let_time_pass,
    make_endpoint,
    make_events,
    queue_all,
    tell,
)
from tests.people import Person
from tests.services.hooks import Heard, Hooks


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True


@pytest.fixture
def endpoint(alice: Person, hooks: Hooks) -> WebhookEndpoint:
    return make_endpoint(alice.workspace, hooks.url)


def delivery_of(endpoint: WebhookEndpoint) -> WebhookDelivery:
    return WebhookDelivery.objects.get(endpoint=endpoint)


def test_it_is_told_once_with_a_signature_that_the_public_library_verifies(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    (event,) = make_events(alice.workspace, "message.sent", attempt=1)
    tell()
    (heard,) = hooks.requests
    body = Webhook(endpoint.secret).verify(heard.body, dict(heard.headers))
    assert body["type"] == "message.sent"
    assert body["data"]["id"] == spell("evt", event.id)
    assert body["data"]["subject"] == {"kind": "message", "id": spell("msg", event.subject_id)}
    assert body["data"]["data"] == {"attempt": 1}
    assert heard.headers["content-type"] == "application/json"
    delivery = delivery_of(endpoint)
    assert heard.headers["webhook-id"] == spell("whd", delivery.pk)
    assert (delivery.state, delivery.due_at, delivery.problem) == ("delivered", None, "")
    (attempt,) = attempts_of(endpoint)
    assert (attempt.status, attempt.problem, attempt.url) == (204, "", hooks.url)
    assert attempt.headers["webhook-signature"] == heard.headers["webhook-signature"]
    tell()
    assert len(hooks.requests) == 1


def test_a_receiver_with_another_secret_refuses_it_and_that_is_on_record(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    def verify(line: Any, heard: Heard) -> None:
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + "A" * 44).verify(heard.body, dict(heard.headers))
        line.send_response(401)
        line.end_headers()
        line.wfile.write(b"wrong signature")

    hooks.answer = verify
    make_events(alice.workspace, "message.sent")
    tell()
    (attempt,) = attempts_of(endpoint)
    assert (attempt.status, attempt.answer) == (401, "wrong signature")
    assert attempt.problem == "It answered 401."
    assert delivery_of(endpoint).state == "pending"


def test_both_secrets_sign_while_they_overlap(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    old = endpoint.secret
    rotate_secret(endpoint=endpoint)
    make_events(alice.workspace, "message.sent")
    tell()
    (heard,) = hooks.requests
    for secret in (old, endpoint.secret):
        assert Webhook(secret).verify(heard.body, dict(heard.headers))
    WebhookEndpoint.objects.update(previous_until=timezone.now())
    make_events(alice.workspace, "message.sent")
    tell()
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(hooks.requests[1].body, dict(hooks.requests[1].headers))
    assert Webhook(endpoint.secret).verify(hooks.requests[1].body, dict(hooks.requests[1].headers))
    assert timedelta(hours=24) == OVERLAP


def test_a_500_is_tried_again_for_a_day_with_the_same_words_and_then_given_up(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    hooks.answer_with(500, body=b"out of order")
    make_events(alice.workspace, "message.sent")
    for wait in WAITS:
        tell()
        delivery = delivery_of(endpoint)
        assert delivery.due_at is not None
        late = delivery.due_at - attempts_of(endpoint)[-1].ended_at - wait
        assert abs(late) < timedelta(seconds=10)
        let_time_pass()
    tell()
    delivery = delivery_of(endpoint)
    assert (delivery.state, delivery.due_at) == ("failed", None)
    assert delivery.problem == "It answered 500."
    assert len(hooks.requests) == len(attempts_of(endpoint)) == len(WAITS) + 1
    assert {(one.status, one.answer) for one in attempts_of(endpoint)} == {(500, "out of order")}
    assert len({(one.headers["webhook-id"], one.body) for one in hooks.requests}) == 1
    assert sum(WAITS, timedelta()) >= timedelta(hours=24) - timedelta(minutes=1)


def test_it_comes_through_once_the_receiver_is_well_again(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    hooks.answer_with(503)
    make_events(alice.workspace, "message.sent")
    tell()
    endpoint.refresh_from_db()
    assert endpoint.failing_since is not None
    hooks.answer_with(200)
    let_time_pass()
    tell()
    endpoint.refresh_from_db()
    assert (delivery_of(endpoint).state, endpoint.failing_since) == ("delivered", None)
    assert [one.status for one in attempts_of(endpoint)] == [503, 200]


def test_a_redirect_to_a_private_address_is_not_followed(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    hooks.answer_with(307, headers={"Location": f"http://127.0.0.1:{hooks.port}/inside"})
    make_events(alice.workspace, "message.sent")
    tell()
    (attempt,) = attempts_of(endpoint)
    assert (attempt.status, attempt.problem) == (
        307,
        "It answered with a redirect, and none is followed.",
    )
    assert [one.path for one in hooks.requests] == ["/hooks"]


def drip(line: Any, _: Heard) -> None:
    """Answer a byte at a time, so that no wait for one is ever too long."""
    end = monotonic() + 20
    line.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    try:
        while monotonic() < end:
            line.wfile.write(b"x")
            line.wfile.flush()
            Flag().wait(0.05)
    except OSError:
        return


def test_whoever_hangs_is_hung_up_on(
    alice: Person, hooks: Hooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("project.api.webhooks.dialect.NativeDialect.timeout_seconds", 0.6)
    silence = Flag()
    hung, dripping = (
        make_endpoint(alice.workspace, f"{hooks.url}/{name}", events=["message"])
        for name in ("hang", "drip")
    )

    def answer(line: Any, heard: Heard) -> None:
        if heard.path.endswith("hang"):
            silence.wait(20)
        else:
            drip(line, heard)

    hooks.answer = answer
    make_events(alice.workspace, "message.sent")
    tell()
    silence.set()
    for endpoint in (hung, dripping):
        (attempt,) = attempts_of(endpoint)
        assert attempt.status is None
        assert attempt.problem == "It took longer than 0.6 s."
        took = attempt.ended_at - attempt.started_at
        assert timedelta(seconds=0.5) < took < timedelta(seconds=10)
        assert delivery_of(endpoint).state == "pending"


def test_an_endpoint_that_fails_has_one_call_at_a_time_and_holds_nobody_up(
    alice: Person, hooks: Hooks
) -> None:
    well, ill = (
        make_endpoint(alice.workspace, f"{hooks.url}/{name}", events=["message"])
        for name in ("well", "ill")
    )
    WebhookEndpoint.objects.filter(pk=ill.pk).update(failing_since=timezone.now())
    calls, most, told = 0, 0, Flag()

    def answer(line: Any, heard: Heard) -> None:
        nonlocal calls, most
        if heard.path.endswith("ill"):
            calls += 1
            most = max(most, calls)
            assert told.wait(20)  # until all others have been told
            calls -= 1
        elif sum(one.path.endswith("well") for one in hooks.requests) == 6:
            told.set()
        line.send_response(200 if heard.path.endswith("well") else 500)
        line.end_headers()

    hooks.answer = answer
    make_events(alice.workspace, *["message.sent"] * 6)
    tell()
    assert [one.state for one in well.deliveries.all()] == ["delivered"] * 6
    assert most == 1


def test_what_is_gone_for_good_is_turned_off_at_once_and_the_owners_are_told(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint, django_capture_on_commit_callbacks: Any
) -> None:
    hooks.answer_with(410)
    make_events(alice.workspace, "message.sent")
    with django_capture_on_commit_callbacks(execute=True):
        tell()
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.disabled_reason) == (
        False,
        "It answered 410: it is gone for good.",
    )
    assert delivery_of(endpoint).state == "failed"
    (notice,) = mail.outbox
    assert notice.to == [alice.user.email]
    assert "127.0.0.1" in notice.body and hooks.url not in notice.body
    event = Event.objects.get(kind="webhook.disabled")
    assert (event.subject_id, event.payload["host"]) == (endpoint.pk, "127.0.0.1")


def test_what_takes_nothing_for_five_days_is_turned_off(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    hooks.answer_with(500)
    make_events(alice.workspace, "message.sent")
    tell()
    long_ago = timezone.now() - timedelta(days=5)
    WebhookEndpoint.objects.update(failing_since=long_ago)
    let_time_pass()
    tell()
    endpoint.refresh_from_db()
    assert endpoint.is_active  # as long as the delivery is to be tried again
    WebhookDelivery.objects.update(tries=len(WAITS))
    let_time_pass()
    tell()
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert "5 days" in endpoint.disabled_reason
    make_events(alice.workspace, "message.sent")
    tell()
    assert len(hooks.requests) == 3
    update_webhook(endpoint=endpoint, is_active=True)
    hooks.answer_with(200)
    make_events(alice.workspace, "message.received")
    tell()
    assert [json.loads(one.body)["type"] for one in hooks.requests[3:]] == ["message.received"]
    endpoint.refresh_from_db()
    assert (endpoint.disabled_reason, endpoint.failing_since) == ("", None)


def test_a_delivery_that_cannot_be_composed_costs_itself_only(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(event: Event) -> dict[str, Any]:
        if event.kind == "message.failed":
            raise RecursionError
        return {}

    monkeypatch.setattr("project.api.webhooks.dialect.spell_event", broken)
    make_events(alice.workspace, "message.failed", "message.sent")
    tell()
    bad, good = endpoint.deliveries.order_by("id")
    assert (bad.state, bad.problem) == ("failed", "It could not be composed: RecursionError.")
    assert good.state == "delivered"


def test_an_event_or_an_endpoint_that_cannot_be_told_costs_nobody_else_anything(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint, settings: Any
) -> None:
    strange = make_endpoint(alice.workspace, f"{hooks.url}/strange", dialect="gone")
    locked = make_endpoint(alice.workspace, f"{hooks.url}/locked", events=["message"])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_webhookendpoint SET secret = %s WHERE id = %s",
            [
                "no key opens this",
                WebhookEndpoint._meta.pk.get_db_prep_value(locked.pk, connection),
            ],
        )
    make_events(alice.workspace, "message.sent")
    tell()
    assert [one.path for one in hooks.requests if "message.sent" in one.body.decode()] == ["/hooks"]
    assert not strange.deliveries.exists()
    make_events(alice.workspace, "message.failed")
    tell()
    assert "message.failed" in hooks.requests[-1].body.decode()


def test_an_endpoint_deleted_while_it_is_called_costs_nobody_else_anything(
    alice: Person, hooks: Hooks
) -> None:
    doomed, well = (
        make_endpoint(alice.workspace, f"{hooks.url}/{name}", events=["message"])
        for name in ("doomed", "well")
    )
    make_events(alice.workspace, "message.sent")
    queue_all()
    calls = [
        WebhookAttempt(delivery=one, url=one.endpoint.url, started_at=one.created_at)
        for endpoint in (doomed, well)
        for one in claim(endpoint_id=endpoint.pk, limit=1)
    ]
    delete_webhook(endpoint=doomed)
    for attempt in calls:
        attempt.ended_at = timezone.now()
        put_down(attempt)
    assert [one.url for one in WebhookAttempt.objects.all()] == [well.url]
    assert delivery_of(well).state == "delivered"


def test_what_is_replayed_while_it_is_told_is_told_twice(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    look = drain._Drain.look_for_work

    def look_and_replay(self: Any) -> bool:
        looks.append(look(self))
        if len(looks) == 1:
            replay(delivery=delivery_of(endpoint))
        return looks[-1]

    monkeypatch.setattr(drain._Drain, "look_for_work", look_and_replay)
    make_events(alice.workspace, "message.sent")
    tell()
    assert len(hooks.requests) == len(attempts_of(endpoint)) == 2
    assert delivery_of(endpoint).state == "delivered"


def test_a_redirect_is_not_read(alice: Person, hooks: Hooks, endpoint: WebhookEndpoint) -> None:
    bomb = gzip.compress(bytes(20_000_000))
    hooks.answer_with(
        302, headers={"Location": "/elsewhere", "Content-Encoding": "gzip"}, body=bomb
    )
    make_events(alice.workspace, "message.sent")
    tracemalloc.start()
    tell()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    (attempt,) = attempts_of(endpoint)
    assert (attempt.status, len(hooks.requests)) == (302, 1)
    assert peak < 5_000_000


def test_a_change_does_not_undo_what_has_happened_since(
    alice: Person, endpoint: WebhookEndpoint
) -> None:
    stale = WebhookEndpoint.objects.get(pk=endpoint.pk)
    rotate_secret(endpoint=endpoint)
    WebhookEndpoint.objects.update(failing_since=timezone.now())
    update_webhook(endpoint=stale, description="Mine")
    fresh = WebhookEndpoint.objects.get(pk=endpoint.pk)
    assert (fresh.secret, fresh.description) == (endpoint.secret, "Mine")
    assert fresh.failing_since is not None and stale.secret == fresh.secret


def test_words_of_a_message_that_is_gone_are_gone_here_too(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    (event,) = make_events(alice.workspace, "message.sent")
    tell()
    assert delivery_of(endpoint).body
    emit(happened("message.deleted", workspace_id=alice.workspace.pk, subject_id=event.subject_id))
    assert endpoint.deliveries.get(event=event).body == ""


def test_a_worker_that_is_asked_to_stop_begins_nothing(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "stopping", Flag())
    drain.stopping.set()
    make_events(alice.workspace, "message.sent")
    tell()
    assert hooks.requests == []


def test_a_worker_that_died_is_followed_by_another(
    alice: Person, hooks: Hooks, endpoint: WebhookEndpoint
) -> None:
    make_events(alice.workspace, "message.sent")
    queue_all()
    (held,) = claim(endpoint_id=endpoint.pk, limit=5)
    assert claim(endpoint_id=endpoint.pk, limit=5) == []
    tell()
    assert hooks.requests == []
    let_time_pass()  # the lease is over
    tell()
    assert len(hooks.requests) == 1
    assert delivery_of(endpoint).claim != held.claim
