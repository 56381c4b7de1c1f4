"""Webhooks of Bird: who is told, what came of it, and who may say so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from messaging.models import Inbox
from project.api.times import spell_time
from project.contracts.bird.event_types import EVENT_TYPES
from project.events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.endpoints import disable
from project.ids import new_id, read, spell
from tests.contracts.bird.wire import error_of, params_of
from tests.contracts.happenings import get_mail, heard_by
from tests.make import api_of, api_with, make_key
from tests.people import Person
from tests.services.hooks import Hooks

pytestmark = pytest.mark.django_db

URL = "https://app.example.com/hooks"
WEBHOOKS = "/v1/webhooks"
FIELDS = {"url": URL, "events": ["email.received"]}
SHOWN = {
    "id",
    "url",
    "description",
    "filter",
    "events",
    "status",
    "destination",
    "created_at",
    "updated_at",
}


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True


def made(person: Person, **fields: Any) -> dict[str, Any]:
    answer = person.api.post(WEBHOOKS, {**FIELDS, **fields})
    assert answer.status_code == 201, answer.content
    webhook: dict[str, Any] = answer.json()
    return webhook


def path_of(webhook: dict[str, Any], tail: str = "") -> str:
    return f"{WEBHOOKS}/{webhook['id']}{tail}"


def json_of(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return answer.json()


def test_it_makes_a_webhook_and_shows_its_secret_once(alice: Person) -> None:
    webhook = made(alice, description="Mine", destination={"type": "webhook"}, filter=None)
    secret, following = webhook.pop("secret"), webhook.pop("next")
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.secret == secret and endpoint.pk == read("whk", webhook["id"])
    assert set(webhook) == SHOWN and following == []
    assert (webhook["url"], webhook["description"]) == (URL, "Mine")
    assert (webhook["events"], webhook["status"]) == (["email.received"], "active")
    assert (webhook["filter"], webhook["destination"]) == (None, {"type": "webhook"})
    assert webhook["created_at"] == spell_time(endpoint.created_at)
    assert json_of(alice.api.get(path_of(webhook))) == webhook
    page = json_of(alice.api.get(WEBHOOKS))
    assert page["data"] == [webhook] and "total" not in page


def test_it_takes_every_type_that_the_libraries_know(alice: Person) -> None:
    assert made(alice, events=list(EVENT_TYPES))["events"] == list(EVENT_TYPES)
    assert "sms.received" in EVENT_TYPES


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"url": "http://app.example.com"}, "url"),
        ({"url": "https://10.1.2.3/hooks"}, "url"),
        ({"url": None}, "url"),
        ({"events": []}, "events"),
        ({"events": ["email.lost"]}, "events[0]"),
        ({"events": ["email.received"] * 101}, "events"),
        ({"description": "x" * 256}, "description"),
        ({"filter": {"mailbox_id": "mbx_01krdgeqcxet5s7t44vh8rt9mg"}}, "filter"),
        ({"destination": {"type": "connector", "connector": {}}}, "destination"),
    ],
)
def test_it_names_the_field_that_is_wrong(
    alice: Person, fields: dict[str, Any], param: str
) -> None:
    assert params_of(alice.api.post(WEBHOOKS, {**FIELDS, **fields})) == [param]
    assert not WebhookEndpoint.objects.exists()


def test_it_changes_what_is_given(alice: Person) -> None:
    before = made(alice, description="Mine")
    secret = before.pop("secret")
    del before["next"]
    path = path_of(before)
    after = json_of(alice.api.patch(path, {"events": ["email.bounced"]}))
    assert after == {**before, "events": ["email.bounced"], "updated_at": after["updated_at"]}
    changes = {"url": f"{URL}/2", "status": "paused", "description": None, "filter": None}
    after = json_of(alice.api.patch(path, changes))
    assert {name: after[name] for name in changes} == changes
    assert json_of(alice.api.patch(path, {"status": "active"}))["status"] == "active"
    assert params_of(alice.api.patch(path, {"status": "degraded"})) == ["status"]
    assert params_of(alice.api.patch(path, {"events": []})) == ["events"]
    assert WebhookEndpoint.objects.get().secret == secret


def test_it_says_how_a_webhook_does(alice: Person) -> None:
    path = path_of(made(alice))
    endpoint = WebhookEndpoint.objects.get()
    endpoint.failing_since = endpoint.created_at
    endpoint.save()
    assert json_of(alice.api.get(path))["status"] == "degraded"
    disable(endpoint=endpoint, reason="It takes nothing.")
    assert json_of(alice.api.get(path))["status"] == "paused"


def test_both_secrets_sign_after_a_rotation(alice: Person, hooks: Hooks, inbox: Inbox) -> None:
    webhook = made(alice, url=hooks.url)
    answer = json_of(alice.api.post(path_of(webhook, "/rotate-secret")))
    assert set(answer) == {"secret"} and answer["secret"] != webhook["secret"]
    get_mail(inbox)
    (heard,) = heard_by(hooks)
    for secret in (answer["secret"], webhook["secret"]):
        assert Webhook(secret).verify(heard.body, dict(heard.headers))["type"] == "email.received"
    until = WebhookEndpoint.objects.get().previous_until
    assert until and timedelta(hours=23) < until - timezone.now() <= timedelta(hours=24)


def test_it_deletes(alice: Person) -> None:
    webhook = made(alice)
    answer = alice.api.delete(path_of(webhook))
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("get", "delete", "patch"):
        error_of(getattr(alice.api, method)(path_of(webhook)), 404)
    kinds = Event.objects.in_order().values_list("kind", flat=True)
    assert list(kinds) == ["webhook.created", "webhook.deleted"]


def test_a_list_goes_both_ways(alice: Person) -> None:
    ids = [made(alice)["id"] for _ in range(3)]
    first = json_of(alice.api.get(WEBHOOKS, {"limit": 2, "include_total": "true"}))
    assert ([one["id"] for one in first["data"]], first["total"]) == (ids[:0:-1], 3)
    rest = json_of(alice.api.get(WEBHOOKS, {"starting_after": first["next_cursor"]}))
    assert [one["id"] for one in rest["data"]] == ids[:1]
    back = json_of(alice.api.get(WEBHOOKS, {"ending_before": rest["prev_cursor"], "limit": 2}))
    assert back["data"] == first["data"]
    oldest = json_of(alice.api.get(WEBHOOKS, {"order": "asc"}))["data"]
    assert [one["id"] for one in oldest] == ids


def test_a_list_goes_by_address(alice: Person) -> None:
    urls = [f"{URL}/{name}" for name in ("b", "a", "b", "c")]
    ids = [made(alice, url=url)["id"] for url in urls]
    query: dict[str, Any] = {"sort": "url", "order": "asc", "limit": 2}
    wanted = [ids[1], ids[0], ids[2], ids[3]]
    first = json_of(alice.api.get(WEBHOOKS, query))
    rest = json_of(alice.api.get(WEBHOOKS, {**query, "starting_after": first["next_cursor"]}))
    assert [one["id"] for one in first["data"] + rest["data"]] == wanted
    back = json_of(alice.api.get(WEBHOOKS, {**query, "ending_before": rest["prev_cursor"]}))
    assert back["data"] == first["data"]
    backwards = json_of(alice.api.get(WEBHOOKS, {"sort": "url"}))["data"]
    assert [one["id"] for one in backwards] == wanted[::-1]
    found = json_of(alice.api.get(WEBHOOKS, {"url": f"{URL}/b", "include_total": "true"}))
    assert ([one["id"] for one in found["data"]], found["total"]) == ([ids[2], ids[0]], 2)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"sort": "status"}, "sort"),
        ({"order": "up"}, "order"),
        ({"limit": "0"}, "limit"),
        ({"include_total": "1"}, "include_total"),
        ({"starting_after": "x"}, "starting_after"),
        ({"sort": "url", "starting_after": "WyJhXHUwMDAwIiwiMCJd"}, "starting_after"),
    ],
)
def test_a_list_says_what_is_wrong_with_a_question(
    alice: Person, query: dict[str, str], param: str
) -> None:
    assert params_of(alice.api.get(WEBHOOKS, query)) == [param]


def test_a_test_reaches_even_a_paused_webhook_and_is_not_on_record(
    alice: Person, hooks: Hooks
) -> None:
    webhook = made(alice, url=hooks.url)
    alice.api.patch(path_of(webhook), {"status": "paused"})
    hooks.answer_with(200, body=b"x" * 2000)
    said = json_of(alice.api.post(path_of(webhook, "/test"), {}))
    took = said.pop("response_duration_ms")
    assert isinstance(took, int) and 0 <= took < 10_000
    assert said == {
        "status": "delivered",
        "response_status_code": 200,
        "response_body": "x" * 1024,
    }
    (heard,) = hooks.requests
    body = Webhook(webhook["secret"]).verify(heard.body, dict(heard.headers))
    assert (body["type"], body["data"]) == ("email.received", {})
    json_of(alice.api.post(path_of(webhook, "/test"), {"event_type": "sms.sent"}))
    assert b'"sms.sent"' in hooks.requests[1].body
    assert not WebhookAttempt.objects.exists() and not WebhookDelivery.objects.exists()
    answer = alice.api.post(path_of(webhook, "/test"), {"event_type": "sms.lost"})
    assert params_of(answer) == ["event_type"]


def test_a_test_says_what_went_wrong(alice: Person, hooks: Hooks, settings: Any) -> None:
    webhook = made(alice, url=hooks.url)
    hooks.answer_with(500, body=b"broken")
    said = json_of(alice.api.post(path_of(webhook, "/test"), {}))
    assert (said["status"], said["response_status_code"]) == ("failed", 500)
    assert said["response_body"] == "broken" and "error" not in said
    settings.WEBHOOKS_TO_LOOPBACK = False
    said = json_of(alice.api.post(path_of(webhook, "/test"), {}))
    assert (said["status"], said["response_status_code"]) == ("failed", None)
    assert said["error"].startswith("The address is not a public one")


def test_every_request_is_listed_with_its_answer(alice: Person, hooks: Hooks, inbox: Inbox) -> None:
    webhook = made(alice, url=hooks.url)
    hooks.answer_with(503, body=b"later")
    get_mail(inbox)
    heard_by(hooks)
    hooks.answer_with(204)
    WebhookDelivery.objects.update(due_at=timezone.now())
    heard_by(hooks)
    second, first = json_of(alice.api.get(path_of(webhook, "/attempts")))["data"]
    delivery = WebhookDelivery.objects.get()
    assert second["event_id"] == first["event_id"] == spell("whe", delivery.pk)
    assert first["id"] != second["id"]
    assert (first["status"], first["response_status_code"]) == ("failed", 503)
    assert (second["status"], second["response_status_code"]) == ("delivered", 204)
    assert first["response_body"] == "later" and "response_body" not in second
    assert (first["event_type"], first["url"]) == ("email.received", hooks.url)
    assert first["response_duration_ms"] >= 0
    at = WebhookAttempt.objects.order_by("id").last()
    assert at and second["attempted_at"] == spell_time(at.started_at)
    for query, wanted in (
        ({"before": second["attempted_at"]}, [first]),
        ({"after": second["attempted_at"], "limit": 1}, [second]),
        ({"limit": 1}, [second]),
        ({"after": spell_time(timezone.now())}, []),
    ):
        assert json_of(alice.api.get(path_of(webhook, "/attempts"), query))["data"] == wanted
    assert params_of(alice.api.get(path_of(webhook, "/attempts"), {"before": "x"})) == ["before"]


def test_what_was_not_taken_is_replayed_and_nothing_else(
    alice: Person, hooks: Hooks, inbox: Inbox
) -> None:
    webhook = made(alice, url=hooks.url)
    get_mail(inbox)
    heard_by(hooks)
    hooks.answer_with(500)
    lost = get_mail(inbox, b"From: x@example.com\r\nSubject: Lost\r\n\r\nHi\r\n")
    heard_by(hooks)
    WebhookDelivery.objects.filter(event__subject_id=lost.pk).update(state="failed", due_at=None)
    hooks.answer_with(204)
    assert heard_by(hooks) == []
    answer = alice.api.post(path_of(webhook, "/replay"), {"until": "2026-01-01T00:00:00Z"})
    assert (answer.status_code, heard_by(hooks)) == (204, [])
    answer = alice.api.post(path_of(webhook, "/replay"), {})
    assert (answer.status_code, answer.content) == (204, b"")
    (heard,) = heard_by(hooks)
    assert spell("rem", lost.pk).encode() in heard.body
    alice.api.post(path_of(webhook, "/replay"), {})
    assert heard_by(hooks) == []


def test_what_is_paused_is_not_replayed(alice: Person) -> None:
    webhook = made(alice)
    alice.api.patch(path_of(webhook), {"status": "paused"})
    error = error_of(alice.api.post(path_of(webhook, "/replay"), {}), 409)
    assert error["type"] == "conflict_error"


@pytest.mark.parametrize("id", ["whk_x", "x", spell("whk", new_id())])
def test_it_knows_no_other_id(alice: Person, id: str) -> None:
    error_of(alice.api.get(f"{WEBHOOKS}/{id}"), 404)


def test_those_of_other_doors_are_not_shown(alice: Person) -> None:
    other = WebhookEndpoint.objects.create(
        workspace=alice.workspace, dialect="native", url=URL, secret="s"
    )
    assert json_of(alice.api.get(WEBHOOKS))["data"] == []
    error_of(alice.api.get(f"{WEBHOOKS}/{spell('whk', other.pk)}"), 404)


def test_bob_shares_and_charlie_is_a_stranger(
    alice: Person, bob: Person, charlie: Person, hooks: Hooks
) -> None:
    webhook = made(alice, url=hooks.url)
    assert json_of(bob.api.get(path_of(webhook)))["id"] == webhook["id"]
    for method, tail in (
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "/rotate-secret"),
        ("post", "/test"),
        ("get", "/attempts"),
        ("post", "/replay"),
    ):
        error_of(getattr(charlie.api, method)(path_of(webhook, tail)), 404)
    assert json_of(charlie.api.get(WEBHOOKS))["data"] == []
    assert WebhookEndpoint.objects.get().secret == webhook["secret"]
    assert hooks.requests == []


def test_it_needs_the_scope_and_a_key_of_the_whole_workspace(alice: Person, inbox: Inbox) -> None:
    webhook = made(alice)
    reader = api_with(alice.workspace, "read", "send")
    json_of(reader.get(path_of(webhook)))
    json_of(reader.get(path_of(webhook, "/attempts")))
    bound = api_of(make_key(alice.workspace, inbox_ids=[inbox.pk])[1])
    for api in (reader, bound):
        error_of(api.post(WEBHOOKS, FIELDS), 403)
        error_of(api.delete(path_of(webhook)), 403)
        for tail in ("/rotate-secret", "/test", "/replay"):
            error_of(api.post(path_of(webhook, tail), {}), 403)
    error_of(bound.get(WEBHOOKS), 403)


def test_a_change_happens_once_for_each_key(alice: Person) -> None:
    webhook = made(alice)
    headers = {"Idempotency-Key": "once"}
    answers = [alice.api.delete(path_of(webhook), headers=headers) for _ in range(2)]
    assert [one.status_code for one in answers] == [204, 204]
    assert Event.objects.filter(kind="webhook.deleted").count() == 1


def test_no_answer_with_a_secret_is_kept(alice: Person) -> None:
    headers = {"Idempotency-Key": "again"}
    answers = [alice.api.post(WEBHOOKS, FIELDS, headers=headers).json() for _ in range(2)]
    assert answers[0]["id"] != answers[1]["id"]
    assert all(one["secret"] for one in answers)
