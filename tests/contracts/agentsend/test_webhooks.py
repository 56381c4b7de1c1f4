from __future__ import annotations

import re
from typing import Any

import pytest

from messaging.models import Inbox
from project.events.models import Event, WebhookEndpoint
from project.ids import new_id, spell
from tests.contracts.agentsend.reach import error_of, time_of
from tests.make import api_of, api_with, make_key
from tests.people import Person

URL = "https://agent.example.com/hooks"
FIELDS = {"id", "url", "description", "events", "isActive", "createdAt", "updatedAt"}


def made(person: Person, **fields: Any) -> dict[str, Any]:
    answer = person.api.post("/webhooks", {"url": URL, **fields})
    assert answer.status_code == 201, answer.content
    webhook: dict[str, Any] = answer.json()
    return webhook


def test_it_makes_a_webhook_and_shows_its_secret_once(alice: Person):
    webhook = made(alice, events=["message.received"], description="Mine")
    secret = webhook.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    assert WebhookEndpoint.objects.get().secret == secret
    assert set(webhook) == FIELDS and re.fullmatch(r"wh_[0-9a-z]{26}", webhook["id"])
    assert (webhook["url"], webhook["description"]) == (URL, "Mine")
    assert webhook["events"] == ["message.received"] and webhook["isActive"] is True
    assert time_of(webhook["createdAt"]) and time_of(webhook["updatedAt"])
    assert alice.api.get(f"/webhooks/{webhook['id']}").json() == webhook
    assert alice.api.get("/webhooks").json() == {"data": [webhook]}
    answer = alice.api.put(f"/webhooks/{webhook['id']}", {"isActive": True})
    assert "secret" not in answer.json()


def test_secrets_differ(alice: Person):
    assert made(alice)["secret"] != made(alice)["secret"]


@pytest.mark.parametrize("fields", [{}, {"events": []}])
def test_without_events_it_is_told_of_all(alice: Person, fields: dict[str, Any]):
    webhook = made(alice, **fields, unknown=1, description=None)
    assert webhook["events"] == [] and webhook["description"] is None


def test_it_takes_every_event_that_there_is(alice: Person):
    events = [
        "domain.verified",
        "message.received",
        "message.sent",
        "message.delivered",
        "message.bounced",
        "message.complained",
    ]
    assert made(alice, events=events)["events"] == events


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "url"),
        ({"url": "http://agent.example.com/hooks"}, "url"),
        ({"url": "agent.example.com"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://[broken"}, "url"),
        ({"url": "https://a.example.com/two words"}, "url"),
        ({"url": f"https://a.example.com/{'x' * 2048}"}, "url"),
        ({"url": 5}, "url"),
        ({"url": URL, "events": ["message.lost"]}, "events"),
        ({"url": URL, "events": "message.sent"}, "events"),
        ({"url": URL, "description": "x" * 256}, "description"),
    ],
)
def test_it_names_the_field_that_is_wrong(alice: Person, fields: dict[str, Any], field: str):
    error = error_of(alice.api.post("/webhooks", fields), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == [field]
    assert not WebhookEndpoint.objects.exists()


def test_a_url_has_2048_characters_at_most(alice: Person):
    url = f"https://a.example.com/{'x' * 2026}"
    assert len(url) == 2048 and made(alice, url=url)["url"] == url


def test_it_changes_what_is_given(alice: Person):
    before = made(alice, events=["message.sent"], description="Mine")
    path = f"/webhooks/{before['id']}"
    secret = before.pop("secret")
    answer = alice.api.put(path, {"isActive": False})
    assert answer.status_code == 200
    after = answer.json()
    assert after["updatedAt"] >= before["updatedAt"]
    assert after == {**before, "isActive": False, "updatedAt": after["updatedAt"]}
    after = alice.api.put(path, {"url": f"{URL}/2", "events": [], "description": None}).json()
    assert (after["url"], after["events"], after["description"]) == (f"{URL}/2", [], None)
    assert after["isActive"] is False and alice.api.get(path).json() == after
    assert WebhookEndpoint.objects.get().secret == secret
    error_of(alice.api.put(path, {"url": "http://a.example.com"}), 400, "VALIDATION_ERROR")
    error_of(alice.api.put(path, {"isActive": "maybe"}), 400, "VALIDATION_ERROR")
    assert alice.api.get(path).json() == after


def test_it_deletes(alice: Person):
    path = f"/webhooks/{made(alice)['id']}"
    answer = alice.api.delete(path)
    assert answer.status_code == 204 and answer.content == b""
    for method in ("get", "delete", "put"):
        error_of(getattr(alice.api, method)(path), 404, "NOT_FOUND")
    kinds = Event.objects.in_order().values_list("kind", flat=True)
    assert list(kinds) == ["webhook.created", "webhook.deleted"]


def test_those_of_other_doors_are_not_shown(alice: Person):
    other = WebhookEndpoint.objects.create(
        workspace=alice.workspace, dialect="native", url=URL, secret="s"
    )
    assert alice.api.get("/webhooks").json() == {"data": []}
    error_of(alice.api.get(f"/webhooks/{spell('wh', other.pk)}"), 404, "NOT_FOUND")


@pytest.mark.parametrize("id", ["wh_x", "x", spell("wh", new_id())])
def test_it_knows_no_other_id(alice: Person, id: str):
    error = error_of(alice.api.get(f"/webhooks/{id}"), 404, "NOT_FOUND")
    assert error["message"] == f"Webhook '{id}' not found"


def test_bob_shares_and_charlie_is_a_stranger(alice: Person, bob: Person, charlie: Person):
    path = f"/webhooks/{made(alice)['id']}"
    assert bob.api.get(path).status_code == 200
    for method in ("get", "delete", "put"):
        error_of(getattr(charlie.api, method)(path), 404, "NOT_FOUND")
    assert charlie.api.get("/webhooks").json() == {"data": []}


def test_it_needs_the_scope_and_a_key_of_the_whole_account(alice: Person, inbox: Inbox):
    webhook = made(alice)
    reader = api_with(alice.workspace, "read", "send")
    assert reader.get("/webhooks").status_code == 200
    bound = api_of(make_key(alice.workspace, inbox_ids=[inbox.pk])[1])
    for api in (reader, bound):
        error_of(api.post("/webhooks", {"url": URL}), 403, "FORBIDDEN")
        error_of(api.delete(f"/webhooks/{webhook['id']}"), 403, "FORBIDDEN")
    error_of(bound.get("/webhooks"), 403, "FORBIDDEN")
