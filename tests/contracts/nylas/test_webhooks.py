"""Webhooks of Nylas: who is told, and who may say so."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.models import Inbox
from project.contracts.nylas.triggers import TRIGGERS
from project.events.models import Event, WebhookEndpoint
from project.events.webhooks.endpoints import disable
from project.ids import read_hex, spell_hex
from tests.contracts.shapes import check_error
from tests.make import api_of, api_with, make_key
from tests.people import Person

pytestmark = pytest.mark.django_db

URL = "https://app.example.com/hooks"
WEBHOOKS = "/v3/webhooks"
FIELDS = {"trigger_types": ["message.created"], "webhook_url": URL}
SHOWN = {
    "id",
    "description",
    "trigger_types",
    "webhook_url",
    "status",
    "notification_email_addresses",
    "status_updated_at",
    "created_at",
    "updated_at",
}


def data_of(answer: Any) -> Any:
    body = answer.json()
    assert answer.status_code == 200, body
    assert body["request_id"] == answer["X-Request-Id"]
    return body["data"]


def made(person: Person, **fields: Any) -> dict[str, Any]:
    webhook: dict[str, Any] = data_of(person.api.post(WEBHOOKS, {**FIELDS, **fields}))
    return webhook


def message_of(answer: Any, status: int) -> str:
    return str(check_error("nylas", answer, status)["error"]["message"])


def test_it_makes_a_webhook_and_shows_its_secret_once(alice: Person) -> None:
    emails = ["ops@example.com"]
    webhook = made(alice, description="Mine", notification_email_addresses=emails)
    secret = webhook.pop("webhook_secret")
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secret == secret and endpoint.pk == read_hex(webhook["id"])
    assert set(webhook) == SHOWN
    assert (webhook["webhook_url"], webhook["description"]) == (URL, "Mine")
    assert (webhook["trigger_types"], webhook["status"]) == (["message.created"], "active")
    assert webhook["notification_email_addresses"] == emails
    assert webhook["created_at"] == int(endpoint.created_at.timestamp())
    assert data_of(alice.api.get(f"{WEBHOOKS}/{webhook['id']}")) == webhook
    assert data_of(alice.api.get(WEBHOOKS)) == [webhook]


def test_it_takes_every_trigger_that_the_libraries_know(alice: Person) -> None:
    assert made(alice, trigger_types=list(TRIGGERS))["trigger_types"] == list(TRIGGERS)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"webhook_url": "http://app.example.com"}, "webhook_url"),
        ({"webhook_url": "https://127.0.0.1/hooks"}, "webhook_url"),
        ({"webhook_url": None}, "webhook_url"),
        ({"trigger_types": []}, "trigger_types"),
        ({"trigger_types": ["message.lost"]}, "trigger_types"),
        ({"trigger_types": "message.created"}, "trigger_types"),
        ({"description": "x" * 256}, "description"),
        ({"notification_email_addresses": "ops@example.com"}, "notification_email_addresses"),
    ],
)
def test_it_names_the_field_that_is_wrong(alice: Person, fields: dict[str, Any], name: str) -> None:
    answer = alice.api.post(WEBHOOKS, {**FIELDS, **fields})
    assert message_of(answer, 400).startswith(name)
    assert not WebhookEndpoint.objects.exists()


def test_it_changes_what_is_given(alice: Person) -> None:
    before = made(alice, notification_email_addresses=["ops@example.com"])
    secret = before.pop("webhook_secret")
    path = f"{WEBHOOKS}/{before['id']}"
    after = data_of(alice.api.put(path, {"trigger_types": ["folder.created"]}))
    assert after == {
        **before,
        "trigger_types": ["folder.created"],
        "updated_at": after["updated_at"],
        "status_updated_at": after["status_updated_at"],
    }
    changes = {"webhook_url": f"{URL}/2", "description": "Two", "status": "pause"}
    after = data_of(alice.api.put(path, {**changes, "notification_email_addresses": None}))
    assert {name: after[name] for name in changes} == changes
    assert after["notification_email_addresses"] == []
    assert data_of(alice.api.put(path, {"status": "active"}))["status"] == "active"
    assert WebhookEndpoint.objects.get().secret == secret
    assert message_of(alice.api.put(path, {"status": "failed"}), 400).startswith("status")
    assert message_of(alice.api.put(path, {"trigger_types": []}), 400).startswith("trigger_types")


def test_it_says_how_a_webhook_does(alice: Person) -> None:
    path = f"{WEBHOOKS}/{made(alice)['id']}"
    endpoint = WebhookEndpoint.objects.get()
    endpoint.failing_since = endpoint.created_at
    endpoint.save()
    assert data_of(alice.api.get(path))["status"] == "failing"
    disable(endpoint=endpoint, reason="It takes nothing.")
    assert data_of(alice.api.get(path))["status"] == "failed"


@pytest.mark.parametrize(
    ("method", "path"), [("put", "{id}/rotate-secret"), ("post", "rotate-secret/{id}")]
)
def test_each_library_rotates_the_secret_in_its_way(alice: Person, method: str, path: str) -> None:
    webhook = made(alice)
    before = webhook.pop("webhook_secret")
    where = f"{WEBHOOKS}/{path.format(id=webhook['id'])}"
    rotated = data_of(getattr(alice.api, method)(where, {}))
    endpoint = WebhookEndpoint.objects.get()
    assert rotated.pop("webhook_secret") == endpoint.secret != before
    assert set(rotated) == SHOWN and rotated["id"] == webhook["id"]
    assert endpoint.previous_until is not None and endpoint.previous_until <= endpoint.updated_at


def test_it_deletes(alice: Person) -> None:
    path = f"{WEBHOOKS}/{made(alice)['id']}"
    assert data_of(alice.api.delete(path)) == {"status": "success"}
    for method in ("get", "delete", "put"):
        message_of(getattr(alice.api, method)(path), 404)
    kinds = Event.objects.in_order().values_list("kind", flat=True)
    assert list(kinds) == ["webhook.created", "webhook.deleted"]


def test_a_list_goes_page_by_page(alice: Person) -> None:
    ids = [made(alice)["id"] for _ in range(3)]
    first = alice.api.get(WEBHOOKS, {"limit": 2}).json()
    rest = alice.api.get(WEBHOOKS, {"limit": 2, "page_token": first["next_cursor"]}).json()
    assert [one["id"] for one in first["data"] + rest["data"]] == ids[::-1]
    assert "next_cursor" not in rest


def test_it_names_no_addresses_that_calls_come_from(alice: Person) -> None:
    answer = alice.api.get(f"{WEBHOOKS}/ip-addresses")
    assert data_of(answer) == {"ip_addresses": [], "updated_at": 0}


@pytest.mark.parametrize("id", ["x", "a" * 24, "0" * 24])
def test_it_knows_no_other_id(alice: Person, id: str) -> None:
    message_of(alice.api.get(f"{WEBHOOKS}/{id}"), 404)


def test_those_of_other_doors_are_not_shown(alice: Person) -> None:
    other = WebhookEndpoint.objects.create(
        workspace=alice.workspace, dialect="native", url=URL, secret="s"
    )
    assert data_of(alice.api.get(WEBHOOKS)) == []
    message_of(alice.api.get(f"{WEBHOOKS}/{spell_hex(other.pk)}"), 404)


def test_bob_shares_and_charlie_is_a_stranger(alice: Person, bob: Person, charlie: Person) -> None:
    webhook = made(alice)
    secret = WebhookEndpoint.objects.get().secret
    path = f"{WEBHOOKS}/{webhook['id']}"
    assert data_of(bob.api.get(path))["id"] == webhook["id"]
    for method, where in (
        ("get", path),
        ("put", path),
        ("delete", path),
        ("put", f"{path}/rotate-secret"),
        ("post", f"{WEBHOOKS}/rotate-secret/{webhook['id']}"),
    ):
        message_of(getattr(charlie.api, method)(where, {}), 404)
    assert data_of(charlie.api.get(WEBHOOKS)) == []
    assert WebhookEndpoint.objects.get().secret == secret


def test_it_needs_the_scope_and_a_key_of_the_whole_workspace(alice: Person, grant: Inbox) -> None:
    path = f"{WEBHOOKS}/{made(alice)['id']}"
    reader = api_with(alice.workspace, "read", "send")
    assert reader.get(path).status_code == 200
    bound = api_of(make_key(alice.workspace, inbox_ids=[grant.pk])[1])
    for api in (reader, bound):
        message_of(api.post(WEBHOOKS, FIELDS), 403)
        message_of(api.delete(path), 403)
        message_of(api.put(f"{path}/rotate-secret", {}), 403)
    message_of(bound.get(WEBHOOKS), 403)
