"""Addresses that get no more mail."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.models import Inbox, Message, Recipient, Suppression
from messaging.suppressions import suppress
from project.ids import new_id, spell
from tests.contracts.bird.wire import SUPPRESSIONS, error_of, get, params_of, post, send
from tests.make import api_of, api_with, make_key
from tests.people import Person

pytestmark = pytest.mark.django_db


def add(alice: Person, email: str = "ann@example.com") -> dict[str, Any]:
    answer = alice.api.post(SUPPRESSIONS, {"email": email})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_an_address_is_added_once(alice: Person) -> None:
    made = add(alice, " Ann@Example.com ")
    assert made == {
        "id": made["id"],
        "email": "ann@example.com",
        "scope": {"type": "workspace", "id": spell("ws", alice.workspace.pk)},
        "reason": "manual",
        "origin": "api_key",
        "applies_to": "all",
        "source_email_id": None,
        "source_recipient_id": None,
        "created_at": made["created_at"],
    }
    assert made["id"].startswith("sup_")
    again = alice.api.post(SUPPRESSIONS, {"email": "ann@example.com"})
    assert (again.status_code, again.json()) == (200, made)


@pytest.mark.parametrize("body", [{}, {"email": ""}, {"email": 7}, {"email": "bad"}])
def test_an_address_that_is_none_is_refused(body: Any, alice: Person) -> None:
    assert params_of(alice.api.post(SUPPRESSIONS, body)) == ["email"]


def test_they_are_listed_in_pages(alice: Person) -> None:
    made = [add(alice, f"p{n}@example.com") for n in range(3)][::-1]
    first = alice.api.get(SUPPRESSIONS, {"limit": 2}).json()
    assert set(first) == {"data", "next_cursor", "prev_cursor", "refresh_cursor"}
    rest = alice.api.get(SUPPRESSIONS, {"starting_after": first["next_cursor"]}).json()
    assert first["data"] + rest["data"] == made


def test_one_is_lifted(alice: Person, inbox: Inbox) -> None:
    made = add(alice)
    answer = alice.api.delete(f"{SUPPRESSIONS}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert error_of(alice.api.delete(f"{SUPPRESSIONS}/{made['id']}"), 404)
    assert error_of(alice.api.delete(f"{SUPPRESSIONS}/{spell('sup', new_id())}"), 404)
    send(alice.api, to=["ann@example.com"])


def test_where_one_came_from_is_told(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api)
    recipient = Recipient.objects.get()
    suppress(
        workspace=alice.workspace,
        email=recipient.email,
        reason=Suppression.Reason.COMPLAINT,
        applies_to=Suppression.Scope.NON_TRANSACTIONAL,
        recipient=recipient,
    )
    (shown,) = alice.api.get(SUPPRESSIONS).json()["data"]
    assert (shown["reason"], shown["origin"]) == ("complaint", "complaint_event")
    assert shown["applies_to"] == "non_transactional"
    assert shown["source_email_id"] == message["id"]
    (there,) = get(alice.api, message["id"], "/recipients")["data"]
    assert shown["source_recipient_id"] == there["id"]


def test_nobody_left_is_a_refusal(alice: Person, inbox: Inbox) -> None:
    add(alice)
    error = error_of(post(alice.api, to=["ANN@example.com"]), 422)
    assert (error["name"], error["type"]) == ("AllRecipientsSuppressed", "validation_error")
    assert error["code"] == "E91002"
    assert not Message.objects.exists()


def test_marketing_is_held_back_where_the_rest_is_not(alice: Person, inbox: Inbox) -> None:
    suppress(
        workspace=alice.workspace,
        email="ann@example.com",
        reason=Suppression.Reason.UNSUBSCRIBE,
        applies_to=Suppression.Scope.NON_TRANSACTIONAL,
    )
    assert error_of(post(alice.api), 422)["name"] == "AllRecipientsSuppressed"
    assert send(alice.api, category="transactional")["accepted_count"] == 1


def test_they_are_the_workspaces_own(alice: Person, bob: Person, charlie: Person) -> None:
    made = add(alice)
    assert bob.api.get(SUPPRESSIONS).json()["data"] == [made]
    assert charlie.api.get(SUPPRESSIONS).json()["data"] == []
    assert error_of(charlie.api.delete(f"{SUPPRESSIONS}/{made['id']}"), 404)
    reader = api_with(alice.workspace, "read")
    assert reader.get(SUPPRESSIONS).status_code == 200
    assert error_of(reader.post(SUPPRESSIONS, {"email": "b@example.com"}), 403)
    assert error_of(reader.delete(f"{SUPPRESSIONS}/{made['id']}"), 403)


def test_a_bound_key_has_no_part_in_them(alice: Person, inbox: Inbox) -> None:
    made = add(alice)
    api = api_of(make_key(alice.workspace, inbox_ids=[inbox.pk])[1])
    assert error_of(api.get(SUPPRESSIONS), 403)
    assert error_of(api.post(SUPPRESSIONS, {"email": "b@example.com"}), 403)
    assert error_of(api.delete(f"{SUPPRESSIONS}/{made['id']}"), 403)
