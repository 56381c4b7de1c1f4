"""What becomes of a message: canceling, recipients, events, the sandbox."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.models import Captured, Delivery, Inbox, Recipient, Suppression
from messaging.outbox.drain import deliver_due
from messaging.suppressions import suppress
from project.api.times import spell_time
from project.ids import new_id, read, spell
from tests.contracts.bird.wire import MESSAGES, error_of, file, get, params_of, send
from tests.make import api_with
from tests.people import Person

pytestmark = pytest.mark.django_db

COUNTS = ("accepted", "processed", "delivered", "bounced", "complained", "deferred", "rejected")


def later(hours: float = 1) -> str:
    return spell_time(timezone.now() + timedelta(hours=hours))


def counts(message: dict[str, Any]) -> dict[str, int]:
    """The counters that are not 0."""
    return {name: message[f"{name}_count"] for name in COUNTS if message[f"{name}_count"]}


def cancel(alice: Person, id: str) -> Any:
    return alice.api.post(f"{MESSAGES}/{id}/cancel")


# Canceling


def test_a_scheduled_message_is_canceled(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(), scheduled_at=later())
    answer = cancel(alice, message["id"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["X-Request-Id"].startswith("req_")
    shown = get(alice.api, message["id"])
    assert shown["status"] == "canceled"
    events = get(alice.api, message["id"], "/events")["data"]
    assert [one["type"] for one in events] == [
        "email.canceled",
        "email.accepted",
        "email.scheduled",
    ]
    Delivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    deliver_due()
    assert not Captured.objects.exists()


def test_it_is_canceled_as_clients_ask_without_a_body(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, scheduled_at=later())
    path = f"{MESSAGES}/{message['id']}/cancel"
    answer = alice.api.generic("POST", path, b"", content_type="", CONTENT_LENGTH="0")
    assert answer.status_code == 204


def test_a_message_for_the_sandbox_is_canceled_as_well(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, to=["delivered@messagebird.dev"], scheduled_at=later())
    assert cancel(alice, message["id"]).status_code == 204
    assert get(alice.api, message["id"])["status"] == "canceled"


def test_only_while_it_is_scheduled(alice: Person, inbox: Inbox) -> None:
    at_once, canceled = send(alice.api), send(alice.api, scheduled_at=later())
    due = send(alice.api, scheduled_at=later())
    cancel(alice, canceled["id"])
    Delivery.objects.filter(message=read("em", due["id"])).update(due_at=timezone.now())
    for id in (at_once["id"], canceled["id"], due["id"]):
        error = error_of(cancel(alice, id), 409)
        assert (error["type"], error["name"]) == ("conflict_error", "Conflict")
        assert error["code"] == "E90409"
    deliver_due()
    assert error_of(cancel(alice, at_once["id"]), 409)


def test_only_ones_own(alice: Person, bob: Person, charlie: Person, inbox: Inbox) -> None:
    message = send(alice.api, scheduled_at=later())
    path = f"{MESSAGES}/{message['id']}/cancel"
    assert error_of(charlie.api.post(path), 404)
    assert error_of(api_with(alice.workspace, "read").post(path), 403)
    assert error_of(alice.api.post(f"{MESSAGES}/{spell('em', new_id())}/cancel"), 404)
    assert bob.api.post(path).status_code == 204


# The sandbox

SANDBOX = {
    "delivered": "delivered",
    "bounce": "bounced",
    "hardbounce": "bounced",
    "softbounce": "bounced",
    "complaint": "complained",
    "spam": "complained",
    "suppressed": "rejected",
    "reject": "rejected",
    "deferred": "deferred",
    "delay": "deferred",
    "nobody": "bounced",
}


@pytest.mark.parametrize("name", SANDBOX)
@pytest.mark.parametrize("label", ["", "+label"])
def test_r30_an_accepted_message_may_still_bounce(
    name: str, label: str, alice: Person, inbox: Inbox
) -> None:
    message = send(alice.api, file(), to=[f"{name}{label}@MessageBird.dev"])
    assert (message["status"], counts(message)) == ("accepted", {"accepted": 1})
    deliver_due()
    shown = get(alice.api, message["id"])
    assert (shown["status"], counts(shown)) == (SANDBOX[name], {SANDBOX[name]: 1})
    assert not Captured.objects.exists()
    assert not Suppression.objects.exists()


BOUNCES = {
    "hardbounce": ("bounced", None, "hard", "550"),
    "softbounce": ("bounced", None, "soft", "452"),
    "deferred": ("deferred", None, "soft", "451"),
    "suppressed": ("rejected", "recipient_suppressed", None, None),
    "reject": ("rejected", "policy_rejection", None, None),
    "delivered": ("delivered", None, None, None),
}


@pytest.mark.parametrize("name", BOUNCES)
def test_recipients_and_events_tell_why(name: str, alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, to=[f"Sam <{name}@messagebird.dev>"])
    deliver_due()
    status, reason, kind, code = BOUNCES[name]
    (one,) = get(alice.api, message["id"], "/recipients")["data"]
    assert one["id"].startswith("er_") and one["parent_id"] == message["id"]
    assert (one["role"], one["name"]) == ("to", "Sam")
    assert one["recipient"] == f"{name}@messagebird.dev"
    assert (one["status"], one["rejection_reason"]) == (status, reason)
    assert (one["bounce_type"], one["bounce_code"]) == (kind, code)
    assert bool(one["bounce_description"]) == (kind is not None)
    assert (
        bool(one["delivered_at"])
        == (one["total_latency_ms"] is not None)
        == (status == "delivered")
    )
    newest, oldest = get(alice.api, message["id"], "/events")["data"]
    assert (newest["type"], oldest["type"]) == (f"email.{status}", "email.accepted")
    assert newest["recipient_id"] == oldest["recipient_id"] == one["id"]
    assert (newest["bounce_type"], newest["rejection_reason"]) == (kind, reason)
    assert oldest["bounce_type"] is None
    assert newest["occurred_at"] >= oldest["occurred_at"] == message["created_at"]


MIXTURES = [
    (["delivered", "bounce"], "partial_failure"),
    (["delivered", "complaint", "bounce"], "complained"),
    (["bounce", "reject"], "bounced"),
    (["reject", "suppressed"], "rejected"),
    (["delivered", "deferred"], "deferred"),
    (["delivered", "delivered+2"], "delivered"),
]


@pytest.mark.parametrize(("names", "status"), MIXTURES)
def test_a_message_is_what_its_recipients_are(
    names: list[str], status: str, alice: Person, inbox: Inbox
) -> None:
    message = send(alice.api, to=[f"{name}@messagebird.dev" for name in names])
    deliver_due()
    assert get(alice.api, message["id"])["status"] == status


def test_others_beside_the_sandbox_get_their_mail(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(), to=["bounce@messagebird.dev"], cc=["ann@example.com"])
    deliver_due()
    assert Captured.objects.get().recipients == ["ann@example.com"]
    assert get(alice.api, message["id"])["status"] == "partial_failure"


def test_when_it_was_delivered_is_told(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api)
    assert (message["delivered_at"], message["total_latency_ms"]) == (None, None)
    deliver_due()
    shown = get(alice.api, message["id"])
    assert shown["delivered_at"] >= message["created_at"]
    assert shown["total_latency_ms"] >= 0


# Recipients and events


def test_recipients_are_paged_in_their_order(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, to=["a@x.example", "b@x.example"], cc=["c@x.example"])
    path = f"{MESSAGES}/{message['id']}/recipients"
    first = alice.api.get(path, {"limit": 2}).json()
    assert [(one["recipient"][0], one["role"]) for one in first["data"]] == [
        ("a", "to"),
        ("b", "to"),
    ]
    rest = alice.api.get(path, {"starting_after": first["next_cursor"]}).json()
    assert [one["recipient"] for one in rest["data"]] == ["c@x.example"]
    back = alice.api.get(path, {"ending_before": rest["prev_cursor"]}).json()
    assert back["data"] == first["data"]
    assert {"next_cursor", "prev_cursor", "refresh_cursor", "data"} == set(back)


def test_events_are_paged_newest_first(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, to=[f"delivered+{n}@messagebird.dev" for n in range(3)])
    deliver_due()
    path = f"{MESSAGES}/{message['id']}/events"
    whole = alice.api.get(path).json()["data"]
    assert len({one["id"] for one in whole}) == 6
    assert [one["type"] for one in whole] == ["email.delivered"] * 3 + ["email.accepted"] * 3
    first = alice.api.get(path, {"limit": 4}).json()
    rest = alice.api.get(path, {"limit": 4, "starting_after": first["next_cursor"]}).json()
    assert first["data"] + rest["data"] == whole
    assert rest["next_cursor"] is None
    back = alice.api.get(path, {"limit": 4, "ending_before": rest["prev_cursor"]}).json()
    assert back["data"] == first["data"]
    error = error_of(alice.api.get(path, {"starting_after": "ev_1"}), 422)
    assert error["name"] == "InvalidCursor"
    assert params_of(alice.api.get(path, {"limit": "0"})) == ["limit"]


@pytest.mark.parametrize("tail", ["", "/recipients", "/events", "/attachments"])
def test_what_hangs_on_a_message_is_its_workspaces(
    tail: str, alice: Person, bob: Person, charlie: Person, inbox: Inbox
) -> None:
    path = f"{MESSAGES}/{send(alice.api)['id']}{tail}"
    assert bob.api.get(path).status_code == 200
    assert error_of(charlie.api.get(path), 404)["type"] == "not_found_error"


def test_a_sending_in_doubt_and_one_given_up(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, to=["a@x.example", "b@x.example"])
    rows = Recipient.objects.order_by("pk")
    rows.filter(email="a@x.example").update(state="unknown", at=timezone.now())
    rows.filter(email="b@x.example").update(state="refused", code=None, at=timezone.now())
    first, second = get(alice.api, message["id"], "/recipients")["data"]
    assert (first["status"], first["rejection_reason"]) == ("processed", None)
    assert (second["status"], second["rejection_reason"]) == ("rejected", "transmission_failed")


def test_who_is_suppressed_is_rejected_and_the_others_are_not(alice: Person, inbox: Inbox) -> None:
    suppress(workspace=alice.workspace, email="gone@example.com")
    message = send(alice.api, to=["Gone@example.com", "ann@example.com"])
    assert counts(message) == {"accepted": 1, "rejected": 1}
    gone, ann = get(alice.api, message["id"], "/recipients")["data"]
    assert (gone["status"], gone["rejection_reason"]) == ("rejected", "recipient_suppressed")
    assert ann["status"] == "accepted"
    deliver_due()
    assert Captured.objects.get().recipients == ["ann@example.com"]
    assert get(alice.api, message["id"])["status"] == "partial_failure"
