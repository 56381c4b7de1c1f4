"""Sending several messages at once."""

from __future__ import annotations

import re
import resource
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.models import Attachment
from messaging.models import Inbox, Message
from messaging.suppressions import suppress
from project.api.times import spell_time
from tests.attachments.statements import verbs_of
from tests.contracts.bird.wire import (
    BATCHES,
    PDF,
    PNG,
    delivered,
    error_of,
    file,
    get,
    letter,
    params_of,
    parts_of,
)
from tests.make import api_with
from tests.people import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("wrapped", [True, False])
def test_r20_each_message_has_its_own_files(wrapped: bool, alice: Person, inbox: Inbox) -> None:
    at = spell_time(timezone.now() + timedelta(hours=1))
    items = [
        letter(file(PDF, "one.pdf"), to=["one@example.com"]),
        letter(file(PNG, "two.png", content_id="b"), to=["two@example.com"], scheduled_at=at),
        letter(to=["three@example.com"], category="transactional"),
    ]
    answer = alice.api.post(BATCHES, {"messages": items} if wrapped else items)
    assert answer.status_code == 202, answer.content
    body = answer.json()
    assert set(body) == {"data"}
    first, second, third = body["data"]
    assert set(first) == {"id", "status", "category"}
    assert first == {"id": first["id"], "status": "accepted", "category": "marketing"}
    assert (second["status"], second["scheduled_at"]) == ("accepted", at)
    assert third["category"] == "transactional"
    assert all(re.fullmatch("em_[0-9a-hjkmnp-tv-z]{26}", one["id"]) for one in body["data"])
    read = [get(alice.api, one["id"]) for one in body["data"]]
    assert [one["to"][0]["email"].split("@")[0] for one in read] == ["one", "two", "three"]
    assert [[kept["filename"] for kept in one["attachments"]] for one in read] == [
        ["one.pdf"],
        ["two.png"],
        [],
    ]
    assert parts_of(delivered(first["id"])) == [("one.pdf", "application/pdf", None, PDF)]


WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"filename": "a\nb"}, ["messages[1].attachments[0].filename"]),
    ({"content": "?"}, ["messages[1].attachments[0].content"]),
    ({"filename": "a.exe"}, ["messages[1].attachments[0].filename"]),
    ({"content_id": "a b"}, ["messages[1].attachments[0].content_id"]),
    ({"path": "https://a"}, ["messages[1].attachments[0].path"]),
]


@pytest.mark.parametrize(("wrong", "params"), WRONG)
def test_r20_one_bad_file_refuses_them_all(
    wrong: dict[str, Any], params: list[str], alice: Person, inbox: Inbox
) -> None:
    body = {"messages": [letter(file()), letter({**file(), **wrong}), letter(file())]}
    assert params_of(alice.api.post(BATCHES, body)) == params
    assert not Message.objects.exists()
    assert not Attachment.objects.exists()


def test_all_that_is_wrong_in_all_of_them_is_told(alice: Person, inbox: Inbox) -> None:
    items = [letter(subject=...), letter(), letter(to=["bad"]), 7, letter({"content": "QUJD"})]
    assert params_of(alice.api.post(BATCHES, items)) == [
        "messages[0].subject",
        "messages[2].to[0]",
        "messages[3]",
        "messages[4].attachments[0].filename",
    ]


@pytest.mark.parametrize(
    ("wrong", "param", "name"),
    [
        ({"from": "other@acme.test"}, "messages[1].from", "DomainNotVerified"),
        ({"to": ["gone@example.com"]}, "messages[1].to", "AllRecipientsSuppressed"),
        ({"subject": "{{ nothing }}", "parameters": {}}, "messages[1].subject", "ValidationError"),
    ],
)
def test_what_only_sending_finds_refuses_them_all(
    wrong: dict[str, Any], param: str, name: str, alice: Person, inbox: Inbox
) -> None:
    suppress(workspace=alice.workspace, email="gone@example.com")
    error = error_of(alice.api.post(BATCHES, [letter(file()), letter(**wrong)]), 422)
    assert (error["param"], error["name"]) == (param, name)
    assert not Message.objects.exists()
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    "body", [[], {"messages": []}, {}, {"messages": {}}, {"messages": None}, {"messages": "x"}]
)
def test_a_batch_of_nothing_is_refused(body: Any, alice: Person, inbox: Inbox) -> None:
    assert params_of(alice.api.post(BATCHES, body)) == ["messages"]


def test_a_hundred_and_no_more(alice: Person, inbox: Inbox) -> None:
    items = [letter(to=[f"p{n}@example.com"]) for n in range(101)]
    error = error_of(alice.api.post(BATCHES, items), 422)
    assert error["details"] == [
        {"param": "messages", "message": "must have 1 to 100 messages; there are 101"}
    ]
    assert not Message.objects.exists()
    body = alice.api.post(BATCHES, items[:100]).json()
    kept = {str(one.pk): one for one in Message.objects.all()}
    assert len(kept) == len(body["data"]) == 100
    shown = [get(alice.api, one["id"])["to"][0]["email"] for one in body["data"]]
    assert shown == [f"p{n}@example.com" for n in range(100)]


def test_many_files_need_few_open_ones(alice: Person, inbox: Inbox) -> None:
    files = [[file(bytes([n, m]), f"{m}.bin") for m in range(20)] for n in range(10)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = max(int(one.name) for one in Path("/proc/self/fd").iterdir()) + 40
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        answer = alice.api.post(BATCHES, [letter(*some) for some in files])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert answer.status_code == 202, answer.content
    assert Attachment.objects.count() == 200


def test_each_message_of_a_batch_costs_the_same(alice: Person, inbox: Inbox) -> None:
    def statements(count: int) -> int:
        items = [letter(to=[f"p{n}@example.com"]) for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            assert alice.api.post(BATCHES, items).status_code == 202
        return len(verbs_of(queries))

    assert statements(1) == 9
    assert (statements(11) - statements(1)) / 10 == 7


def test_only_a_sending_key_sends(alice: Person, inbox: Inbox) -> None:
    answer = api_with(alice.workspace, "read").post(BATCHES, [letter()])
    assert error_of(answer, 403)["type"] == "permission_error"


def test_strangers_do_not_see_it(alice: Person, inbox: Inbox, charlie: Person) -> None:
    body = alice.api.post(BATCHES, [letter()]).json()
    answer = charlie.api.get(f"/v1/email/messages/{body['data'][0]['id']}")
    assert error_of(answer, 404)["type"] == "not_found_error"
