"""Sending once with an Idempotency-Key."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from messaging.models import Inbox, Message
from project.api.idempotency import LEASE
from project.tenancy.models import IdempotencyRecord
from tests.contracts.nylas.wire import (
    JACOB,
    data_of,
    error_of,
    file_of,
    file_part,
    message_part,
    send_form,
    url_of,
)
from tests.messaging.make import make_inbox
from tests.people import Person

LETTER = {"to": [JACOB], "subject": "Once", "attachments": [file_of(b"once")]}


def send(person: Person, grant: Inbox, letter: dict = LETTER, key: str = "key-1"):
    url = url_of(grant, "messages", "send")
    return person.api.post(url, letter, format="json", headers={"Idempotency-Key": key})


def test_r75_the_same_request_again_gets_the_same_answer(alice: Person, grant: Inbox):
    first, second = send(alice, grant), send(alice, grant)
    assert data_of(first) == data_of(second)
    assert "Idempotent-Response" not in first.headers
    assert second["Idempotent-Response"] == "true"
    assert second.json()["grant_id"] == str(grant.pk)
    assert second.json()["request_id"] == second["X-Request-Id"] != first["X-Request-Id"]
    assert Message.objects.count() == 1


def test_r75_a_form_again_gets_the_same_answer(alice: Person, grant: Inbox):
    def once(content: bytes):
        url = url_of(grant, "messages", "send")
        letter = message_part({"to": [JACOB]})
        file = file_part("file0", content, "a.txt")
        return send_form(alice.api, url, letter, file, **{"Idempotency-Key": "k"})

    assert data_of(once(b"same")) == data_of(once(b"same"))
    assert error_of(once(b"other"), 409)["type"] == "invalid_idempotent_request"
    assert Message.objects.count() == 1


def test_r75_without_the_header_it_is_sent_twice(alice: Person, grant: Inbox):
    for _ in range(2):
        data_of(alice.api.post(url_of(grant, "messages", "send"), LETTER, format="json"))
    assert Message.objects.count() == 2


def test_r75_another_request_with_the_key_is_refused(alice: Person, grant: Inbox):
    send(alice, grant)
    for other in ({**LETTER, "subject": "Twice"}, {**LETTER, "attachments": [file_of(b"x")]}):
        error = error_of(send(alice, grant, other), 409)
        assert error["type"] == "invalid_idempotent_request"
    assert Message.objects.count() == 1


def test_r75_a_request_that_is_under_way_is_refused(alice: Person, grant: Inbox):
    send(alice, grant)
    IdempotencyRecord.objects.update(status=None, lease_until=timezone.now() + LEASE)
    error = error_of(send(alice, grant), 409)
    assert error["type"] == "concurrent_idempotent_request"
    assert Message.objects.count() == 1


def test_r75_an_answer_is_kept_for_an_hour(alice: Person, grant: Inbox):
    send(alice, grant)
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        assert send(alice, grant)["Idempotent-Response"] == "true"
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert "Idempotent-Response" not in send(alice, grant).headers
    assert Message.objects.count() == 2


def test_r75_errors_are_kept_too(alice: Person, grant: Inbox):
    letter = {**LETTER, "from": [{"email": "someone@else.test"}]}
    first = send(alice, grant, letter)
    second = send(alice, grant, letter)
    assert error_of(first, 400) == error_of(second, 400)
    assert second["Idempotent-Response"] == "true"
    error = error_of(send(alice, grant), 409)
    assert error["type"] == "invalid_idempotent_request"
    assert Message.objects.count() == 0


def test_r75_a_key_is_of_one_grant(alice: Person, bob: Person, charlie: Person, grant: Inbox):
    other = make_inbox(alice.workspace)
    theirs = make_inbox(charlie.workspace)
    data = data_of(send(alice, grant))
    assert data_of(send(alice, other))["id"] != data["id"]
    assert data_of(send(charlie, theirs))["id"] != data["id"]
    assert data_of(send(bob, grant))["id"] == data["id"]
    error_of(send(charlie, grant), 404)
    assert Message.objects.count() == 3


@pytest.mark.parametrize(("length", "status"), [(1, 200), (256, 200), (257, 400), (0, 400)])
def test_r75_limits_of_the_key(alice: Person, grant: Inbox, length: int, status: int):
    answer = send(alice, grant, key="k" * length)
    assert answer.status_code == status
    assert Message.objects.count() == (status == 200)
    if status == 400:
        assert error_of(answer, 400)["type"] == "invalid_idempotency_key"


def test_r75_a_schedule_again_is_one_schedule(alice: Person, grant: Inbox):
    send_at = int((timezone.now() + timedelta(seconds=90)).timestamp())
    letter = {**LETTER, "send_at": send_at}
    first = send(alice, grant, letter)
    with time_machine.travel(timezone.now() + timedelta(seconds=60)):
        second = send(alice, grant, letter)
    assert data_of(first, 202) == data_of(second, 202)
    assert second.json()["schedule_id"] == first.json()["schedule_id"]
    assert second["Idempotent-Response"] == "true"
    assert Message.objects.count() == 1
