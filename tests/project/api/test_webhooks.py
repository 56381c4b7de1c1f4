"""Webhooks at the native door: made, changed, tried, looked into and replayed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from project.events.models import WebhookDelivery, WebhookEndpoint
from project.ids import new_id, read, spell
from tests.events.make import let_time_pass, make_endpoint, make_events, queue_all, tell
from tests.make import api_of, api_with, make_key
from tests.messaging.api.reach import error_of, listed
from tests.people import Person
from tests.services.hooks import Hooks

URL = "/api/v1/webhooks"
ADDRESS = "https://app.example.com/hooks"


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True


def made(person: Person, url: str = ADDRESS, **fields: Any) -> dict[str, Any]:
    answer = person.api.post(URL, {"url": url, **fields})
    assert answer.status_code == 201, answer.content
    webhook: dict[str, Any] = answer.json()
    return webhook


def at(webhook: dict[str, Any], *rest: str) -> str:
    return "/".join([URL, webhook["id"], *rest])


def test_it_is_made_with_a_secret_that_is_shown_once(alice: Person, bob: Person) -> None:
    webhook = made(alice, events=["message.received", "draft"], description="shop")
    secret = webhook.pop("secret")
    assert WebhookEndpoint.objects.get().secret == secret and secret.startswith("whsec_")
    assert webhook["url"] == ADDRESS and webhook["description"] == "shop"
    assert webhook["events"] == ["message.received", "draft"]
    assert (webhook["state"], webhook["reason"], webhook["failing_since"]) == ("active", None, None)
    assert bob.api.get(at(webhook)).json() == webhook
    assert listed(bob.api.get(URL)) == [webhook]


def test_a_repeated_request_makes_one_and_does_not_show_the_secret_again(alice: Person) -> None:
    first, second = (
        alice.api.post(URL, {"url": ADDRESS}, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert second["Idempotency-Replay"] == "true" and WebhookEndpoint.objects.count() == 1
    assert "secret" in first.json() and "secret" not in second.json()
    assert second.json()["id"] == first.json()["id"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "url"),
        ({"url": "http://app.example.com/hooks"}, "url"),
        ({"url": "https://10.0.0.1/hooks"}, "url"),
        ({"url": ADDRESS, "events": ["message.lost"]}, "events[0]"),
        ({"url": ADDRESS, "events": "message.sent"}, "events"),
        ({"url": ADDRESS, "description": "x" * 256}, "description"),
        ({"url": ADDRESS, "secret": "mine"}, "secret"),
    ],
)
def test_it_names_the_field_that_is_wrong(
    alice: Person, fields: dict[str, Any], field: str
) -> None:
    assert error_of(alice.api.post(URL, fields), 400)["field"] == field
    assert not WebhookEndpoint.objects.exists()


def test_it_is_changed_turned_off_and_deleted(alice: Person) -> None:
    webhook = made(alice)
    webhook.pop("secret")
    changed = alice.api.patch(at(webhook), {"events": ["message"], "is_active": False}).json()
    assert (changed["events"], changed["state"], changed["url"]) == (["message"], "off", ADDRESS)
    assert alice.api.patch(at(webhook), {"is_active": True}).json()["state"] == "active"
    assert error_of(alice.api.patch(at(webhook), {"url": "x"}), 400)["field"] == "url"
    assert alice.api.delete(at(webhook)).status_code == 204
    assert error_of(alice.api.get(at(webhook)), 404)
    assert not WebhookEndpoint.objects.exists()


def test_a_new_secret_comes_with_an_overlap(alice: Person, hooks: Hooks) -> None:
    webhook = made(alice, hooks.url)
    rotated = alice.api.post(at(webhook, "rotate_secret"), {"overlap_hours": 1}).json()
    assert rotated["secret"] != webhook["secret"] and rotated["previous_secret_until"]
    make_events(alice.workspace, "message.sent")
    tell()
    for secret in (webhook["secret"], rotated["secret"]):
        assert Webhook(secret).verify(hooks.requests[-1].body, dict(hooks.requests[-1].headers))
    assert alice.api.post(at(webhook, "rotate_secret")).status_code == 200  # 24 hours
    for hours in (169, -1):
        error = error_of(
            alice.api.post(at(webhook, "rotate_secret"), {"overlap_hours": hours}), 400
        )
        assert (error["field"], error["limit"], error["actual"]) == ("overlap_hours", 168, hours)


def test_it_is_tried_and_the_log_shows_request_and_answer(
    alice: Person, bob: Person, hooks: Hooks
) -> None:
    webhook = made(alice, hooks.url, events=["draft"])
    hooks.answer_with(418, body=b"no coffee")
    assert alice.api.post(at(webhook, "test")).status_code == 202
    tell()
    (row,) = listed(bob.api.get(at(webhook, "deliveries")))
    assert (row["kind"], row["state"], row["tries"]) == ("webhook.tested", "pending", 1)
    assert row["problem"] == "It answered 418." and row["next_try_at"] and row["done_at"] is None
    whole = bob.api.get(at(webhook, "deliveries", row["id"])).json()
    (attempt,) = whole.pop("attempts")
    assert whole.pop("body") == hooks.requests[0].body.decode()
    assert whole == row
    assert (attempt["status"], attempt["answer"]) == (418, "no coffee")
    assert attempt["url"] == hooks.url and attempt["problem"] == row["problem"]
    assert attempt["headers"]["webhook-id"] == row["id"]
    hooks.answer_with(200)
    let_time_pass()
    tell()
    (row,) = listed(bob.api.get(at(webhook, "deliveries")))
    assert (row["state"], row["problem"], row["next_try_at"]) == ("delivered", None, None)
    assert listed(bob.api.get(f"{at(webhook, 'deliveries')}?state=failed")) == []
    assert error_of(bob.api.get(f"{at(webhook, 'deliveries')}?state=lost"), 400)["field"] == "state"


def test_one_is_replayed_with_the_same_words(alice: Person, hooks: Hooks) -> None:
    webhook = made(alice, hooks.url, events=["message"])
    make_events(alice.workspace, "message.sent")
    tell()
    (row,) = listed(alice.api.get(at(webhook, "deliveries")))
    answer = alice.api.post(at(webhook, "deliveries", row["id"], "replay"))
    assert answer.status_code == 202 and answer.json()["state"] == "pending"
    tell()
    first, second = hooks.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == row["id"]


def test_a_time_is_replayed_once_it_is_on_again(alice: Person, hooks: Hooks) -> None:
    webhook = made(alice, hooks.url, events=["message"])
    alice.api.patch(at(webhook), {"is_active": False})
    since = timezone.now().isoformat()
    make_events(alice.workspace, "message.sent", "message.failed", "draft.failed")
    tell()
    refused = alice.api.post(at(webhook, "replay"), {"since": since})
    assert error_of(refused, 409)["code"] == "webhook_off"
    alice.api.patch(at(webhook), {"is_active": True})
    assert alice.api.post(at(webhook, "replay"), {"since": since}).json() == {"queued": 2}
    tell()
    kinds = sorted(json.loads(one.body)["type"] for one in hooks.requests)
    assert kinds == ["message.failed", "message.sent"]
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    nothing = alice.api.post(at(webhook, "replay"), {"since": later, "until": later})
    assert nothing.json() == {"queued": 0}
    assert error_of(alice.api.post(at(webhook, "replay"), {}), 400)["field"] == "since"


def test_a_stranger_sees_and_changes_nothing(alice: Person, charlie: Person) -> None:
    webhook = made(alice)
    make_events(alice.workspace, "message.sent")
    queue_all()
    delivery = spell("whd", WebhookDelivery.objects.get().pk)
    assert listed(charlie.api.get(URL)) == []
    for method, place, body in (
        ("get", at(webhook), None),
        ("patch", at(webhook), {"is_active": False}),
        ("delete", at(webhook), None),
        ("post", at(webhook, "rotate_secret"), {}),
        ("post", at(webhook, "test"), None),
        ("post", at(webhook, "replay"), {"since": timezone.now().isoformat()}),
        ("get", at(webhook, "deliveries"), None),
        ("get", at(webhook, "deliveries", delivery), None),
        ("post", at(webhook, "deliveries", delivery, "replay"), None),
    ):
        assert error_of(getattr(charlie.api, method)(place, body), 404)["code"] == "not_found"
    assert WebhookEndpoint.objects.get().is_active


def test_a_delivery_belongs_to_its_webhook(alice: Person) -> None:
    first, second = made(alice), made(alice)
    make_events(alice.workspace, "message.sent")
    queue_all()
    rows = WebhookDelivery.objects.filter(endpoint=read("whk", second["id"]))
    other = spell("whd", rows.get(kind="message.sent").pk)
    assert error_of(alice.api.get(at(first, "deliveries", other)), 404)
    assert error_of(alice.api.get(at(first, "deliveries", spell("whd", new_id()))), 404)


def test_webhooks_of_other_doors_are_theirs(alice: Person) -> None:
    endpoint = make_endpoint(alice.workspace, dialect="agentsend")
    assert listed(alice.api.get(URL)) == []
    assert error_of(alice.api.get(f"{URL}/{spell('whk', endpoint.pk)}"), 404)


def test_it_takes_the_scope_admin_and_a_key_for_the_whole_workspace(alice: Person) -> None:
    webhook = made(alice)
    reader = api_with(alice.workspace, "read")
    assert listed(reader.get(URL))[0]["id"] == webhook["id"]
    for answer in (
        reader.post(URL, {"url": ADDRESS}),
        reader.patch(at(webhook), {}),
        reader.delete(at(webhook)),
        reader.post(at(webhook, "test")),
        reader.post(at(webhook, "rotate_secret")),
        reader.post(at(webhook, "replay"), {}),
    ):
        assert error_of(answer, 403)["code"] == "missing_scope"
    bound = api_of(make_key(alice.workspace, inbox_ids=[new_id()])[1])
    for answer in (bound.get(URL), bound.get(at(webhook)), bound.post(URL, {"url": ADDRESS})):
        assert error_of(answer, 403)["code"] == "bound_key"
    assert WebhookEndpoint.objects.count() == 1


def test_a_page_of_deliveries_takes_as_many_statements_as_one(
    alice: Person, django_assert_num_queries: Any
) -> None:
    webhook = made(alice)
    make_events(alice.workspace, *["message.sent"] * 30)
    queue_all()
    with django_assert_num_queries(3):  # key, webhook, deliveries with their events
        assert len(listed(alice.api.get(at(webhook, "deliveries")))) == 25
