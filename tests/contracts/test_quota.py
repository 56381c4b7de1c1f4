"""At every door: what there is no room for is refused in the door's shape, and not kept."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from django.http import HttpRequest

from attachments.errors import QuotaExceeded, TooManyUploads
from attachments.models import Blob
from messaging.models import Inbox, Message
from project.api.errors import problem_of
from project.tenancy.models import Workspace
from tests.contracts.addresses import contract_of
from tests.contracts.clients import CLIENTS, INBOX, Refused, who_can
from tests.messaging.make import make_inbox
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)
TEN = b"ten bytes!"


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address=INBOX, name="Alice")


@pytest.mark.parametrize("verb", ["upload", "send_bytes"])
@pytest.mark.parametrize("door", sorted(CLIENTS))
def test_a_file_beyond_the_quota_is_refused(alice: Person, inbox: Inbox, door: str, verb: str):
    if door not in who_can(verb):
        return
    Workspace.objects.filter(pk=alice.workspace.pk).update(max_stored_bytes=9)
    do = getattr(CLIENTS[door](alice.api), verb)
    with pytest.raises(Refused) as no:
        do(TEN, "a.txt")
    assert no.value.status == 413
    assert not Blob.objects.exists() and not Message.objects.exists()
    Workspace.objects.filter(pk=alice.workspace.pk).update(max_stored_bytes=10)
    with suppress(TypeError):  # Kustomer names a message once it has left
        do(TEN, "a.txt")
    assert Blob.objects.get().workspace == alice.workspace


@pytest.mark.parametrize("door", sorted(set(CLIENTS) - {"native"}))
def test_its_words_name_the_three_numbers(door: str):
    status, body = _spelt(door, QuotaExceeded(used=5_000, asked=10, limit=5_009))
    assert status == 413
    assert all(number in json.dumps(body) for number in ("5,000", "5,009", " 10 "))


@pytest.mark.parametrize("door", sorted(set(CLIENTS) - {"native"}))
def test_too_many_on_their_way_is_a_429_that_says_when_to_come_again(door: str):
    refusal = TooManyUploads(count=3, limit=3, retry_after=60)
    answer = contract_of(door).answer(HttpRequest(), problem_of(refusal))
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


def _spelt(door: str, refusal: Exception) -> tuple[int, Any]:
    answer = contract_of(door).answer(HttpRequest(), problem_of(refusal))
    return answer.status_code, json.loads(answer.content)
