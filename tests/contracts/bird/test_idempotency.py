"""Requests that take effect once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from attachments.errors import StorageUnavailable
from messaging.models import Inbox, Message, Suppression
from project.api.times import spell_time
from project.tenancy.models import IdempotencyRecord
from tests.contracts.bird.wire import (
    BATCHES,
    MESSAGES,
    PDF,
    SUPPRESSIONS,
    error_of,
    file,
    letter,
    post,
    send,
)
from tests.people import Person

pytestmark = pytest.mark.django_db

KEY = {"Idempotency-Key": "4f5e9d5c-6f7a-4d5b-8a54-000000000001"}


def again(first: Any, second: Any) -> None:
    """Fail unless the second answer is the first one, byte for byte."""
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second["Idempotency-Replay"] == "true"
    assert "Idempotency-Replay" not in first
    assert second["X-Request-Id"] != first["X-Request-Id"]


def test_the_same_send_is_answered_with_the_same_bytes(alice: Person, inbox: Inbox) -> None:
    fields = {"metadata": {"b": 1.10, "a": {"z": 10**30, "y": "\N{SNOWMAN}/"}}}
    body = letter(file(PDF * 20_000), file(PDF, "b.pdf"), **fields)
    first = alice.api.post(MESSAGES, body, headers=KEY)
    assert first.status_code == 202
    again(first, alice.api.post(MESSAGES, body, headers=KEY))
    assert Message.objects.count() == 1


def test_a_batch_has_one_key_for_all(alice: Person, inbox: Inbox) -> None:
    body = [letter(file()), letter()]
    first = alice.api.post(BATCHES, body, headers=KEY)
    again(first, alice.api.post(BATCHES, body, headers=KEY))
    assert Message.objects.count() == 2
    assert error_of(alice.api.post(BATCHES, body[::-1], headers=KEY), 409)["code"] == "E01005"


@pytest.mark.parametrize(
    "other",
    [
        letter(file(PDF + b"!")),
        letter(file(PDF * 20_000 + b"!")),
        letter(file(filename="b.pdf")),
        letter(file(), subject="Other"),
        letter(file(), surprise=1),
    ],
)
def test_another_request_under_the_key_is_refused(other: Any, alice: Person, inbox: Inbox) -> None:
    alice.api.post(MESSAGES, letter(file()), headers=KEY)
    error = error_of(alice.api.post(MESSAGES, other, headers=KEY), 409)
    assert (error["type"], error["name"], error["code"]) == (
        "conflict_error",
        "IdempotencyKeyReuse",
        "E01005",
    )
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (letter(file(), to=["bad"]), 422),
        (letter({**file(), "content": "?"}), 422),
        (letter(file(filename="a.exe")), 422),
        (letter(**{"from": "other@acme.test"}), 422),
        (letter(file(b"x" * 16 * 1024 * 1024)), 413),
        ([], 422),
        (letter(metadata={"content": "A" * 70_000}), 422),
    ],
)
def test_refusals_are_remembered(body: Any, status: int, alice: Person, inbox: Inbox) -> None:
    first = alice.api.post(MESSAGES, body, headers=KEY)
    assert error_of(first, status)
    if isinstance(body, dict):
        again(first, alice.api.post(MESSAGES, body, headers=KEY))
        assert error_of(post(alice.api, headers=KEY), 409)["code"] == "E01005"


def test_what_is_our_fault_is_not(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr("messaging.entries.put_offer", refuse)
        error = error_of(post(alice.api, file(), headers=KEY), 503)
        assert (error["type"], error["code"]) == ("service_unavailable_error", "E90503")
    assert post(alice.api, file(), headers=KEY).status_code == 202


def test_an_equal_request_in_flight_is_refused(alice: Person, inbox: Inbox) -> None:
    post(alice.api, headers=KEY)
    lease = timezone.now() + timedelta(minutes=1)
    IdempotencyRecord.objects.update(status=None, answer=None, lease_until=lease)
    error = error_of(post(alice.api, headers=KEY), 409)
    assert (error["name"], error["code"]) == ("RequestInProgress", "E01004")


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_has_1_to_255_characters(key: str, alice: Person, inbox: Inbox) -> None:
    error = error_of(post(alice.api, headers={"Idempotency-Key": key}), 400)
    assert (error["type"], error["name"]) == ("bad_request_error", "InvalidRequest")
    assert (error["code"], error["param"]) == ("E01002", "Idempotency-Key")
    assert post(alice.api, headers={"Idempotency-Key": "k" * 255}).status_code == 202


def test_a_key_is_kept_for_three_hours(alice: Person, inbox: Inbox) -> None:
    post(alice.api, headers=KEY)
    record = IdempotencyRecord.objects.get()
    assert record.door == "bird"
    assert abs(record.expires_at - timezone.now() - timedelta(hours=3)) < timedelta(minutes=1)
    IdempotencyRecord.objects.update(expires_at=timezone.now())
    fresh = post(alice.api, headers=KEY)
    assert fresh.status_code == 202 and "Idempotency-Replay" not in fresh
    assert Message.objects.count() == 2


def test_without_a_key_nothing_is_remembered(alice: Person, inbox: Inbox) -> None:
    assert send(alice.api)["id"] != send(alice.api)["id"]
    assert not IdempotencyRecord.objects.exists()


def test_it_is_the_workspaces_own(alice: Person, bob: Person, charlie: Person) -> None:
    body = {"email": "ann@example.com"}
    first = alice.api.post(SUPPRESSIONS, body, headers=KEY)
    again(first, bob.api.post(SUPPRESSIONS, body, headers=KEY))
    other = charlie.api.post(SUPPRESSIONS, body, headers=KEY)
    assert other.status_code == 201 and "Idempotency-Replay" not in other


def test_cancel_and_delete_have_keys_as_well(alice: Person, inbox: Inbox) -> None:
    at = spell_time(timezone.now() + timedelta(hours=1))
    path = f"{MESSAGES}/{send(alice.api, scheduled_at=at)['id']}/cancel"
    first = alice.api.post(path, headers=KEY)
    assert first.status_code == 204
    again(first, alice.api.post(path, headers=KEY))
    refused = alice.api.post(path, headers={"Idempotency-Key": "2"})
    assert refused.status_code == 409
    again(refused, alice.api.post(path, headers={"Idempotency-Key": "2"}))
    made = alice.api.post(SUPPRESSIONS, {"email": "ann@example.com"}).json()
    gone = f"{SUPPRESSIONS}/{made['id']}"
    first = alice.api.delete(gone, headers={"Idempotency-Key": "3"})
    again(first, alice.api.delete(gone, headers={"Idempotency-Key": "3"}))
    assert not Suppression.objects.exists()
