"""What a send asks of the database, beside what the native one asks."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from messaging.models import Inbox
from tests.attachments.statements import verbs_of
from tests.contracts.bird.wire import BATCHES, MESSAGES, file, letter
from tests.people import Person

pytestmark = pytest.mark.django_db

NATIVE = "/api/v1/messages"
SEND = [
    "SELECT",  # the key
    "SELECT",  # the inbox
    "SELECT",  # the bytes, if they are here already
    "UPDATE",  # the bytes that the workspace stores
    "INSERT",  # the bytes
    "INSERT",  # the file
    "INSERT",  # what happened to it
    "SELECT",  # whether a message has waited for it
    "SELECT",  # who is suppressed, and who is one of us
    "SELECT",  # the folder
    "INSERT",  # the thread
    "INSERT",  # the message
    "INSERT",  # how the file is carried
    "INSERT",  # the delivery
    "INSERT",  # the recipients
    "INSERT",  # what happened
]
RESERVE, SEAL = ["INSERT"], ["UPDATE"]


def verbs(api: APIClient, path: str, body: Any, key: str) -> list[str]:
    headers = {"Idempotency-Key": key} if key else {}
    with CaptureQueriesContext(connection) as queries:
        answer = api.post(path, body, headers=headers)
    assert answer.status_code == 202, answer.content
    return verbs_of(queries)


@pytest.mark.parametrize("key", ["", "1"])
def test_a_send_with_a_file_takes_what_a_native_one_takes(
    key: str, alice: Person, inbox: Inbox
) -> None:
    ours = verbs(alice.api, MESSAGES, letter(file(b"%PDF-1.7 one")), key)
    native = verbs(alice.api, NATIVE, letter(file(b"%PDF-1.7 two")), key and "2")
    if not key:
        assert ours == SEND
    else:
        assert sorted(ours) == sorted(RESERVE + SEND + SEAL)
    assert abs(len(ours) - len(native)) <= 2


def test_a_replay_takes_three_statements(alice: Person, inbox: Inbox) -> None:
    body = letter(file())
    verbs(alice.api, MESSAGES, body, "1")
    assert verbs(alice.api, MESSAGES, body, "1") == [
        "SELECT",  # the key
        "INSERT",  # the reservation,
        "ROLLBACK",  # which is there
        "SELECT",  # with its answer
    ]


def test_a_hundred_messages_take_seven_each(alice: Person, inbox: Inbox) -> None:
    body = [letter(to=[f"p{n}@example.com"]) for n in range(100)]
    taken = verbs(alice.api, BATCHES, body, "1")
    assert len(taken) == 7 * 100 + len(["the key", "the inbox", *RESERVE, *SEAL])
