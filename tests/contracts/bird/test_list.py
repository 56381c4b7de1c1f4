"""Lists of messages: what is in them, and how they are paged through."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.limits import Limits
from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.outbox.drain import deliver_due
from messaging.services import record_message
from messaging.trash import trash_message
from project.api.times import spell_time
from project.contracts.bird.statuses import Status
from project.ids import read
from tests.attachments.statements import verbs_of
from tests.contracts.bird.wire import (
    MESSAGES,
    error_of,
    file,
    get,
    listed,
    params_of,
    row,
    send,
)
from tests.messaging.make import LETTER, make_inbox, make_message
from tests.people import Person

pytestmark = pytest.mark.django_db

CURSORS = {"next_cursor", "prev_cursor", "refresh_cursor"}


def page(alice: Person, **query: Any) -> dict[str, Any]:
    answer = alice.api.get(MESSAGES, query)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    assert set(body) == {"data", *CURSORS}
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [one["id"] for one in body["data"]]


def test_it_is_paged_forwards_and_backwards(alice: Person, inbox: Inbox) -> None:
    newest_first = [send(alice.api)["id"] for _ in range(5)][::-1]
    first = page(alice, limit=2)
    second = page(alice, limit=2, starting_after=first["next_cursor"])
    third = page(alice, limit=2, starting_after=second["next_cursor"])
    assert ids(first) + ids(second) + ids(third) == newest_first
    assert (first["prev_cursor"], third["next_cursor"]) == (None, None)
    back = page(alice, limit=2, ending_before=third["prev_cursor"])
    assert ids(back) == ids(second)
    start = page(alice, limit=2, ending_before=back["prev_cursor"])
    assert ids(start) == ids(first)
    assert start["prev_cursor"] is None
    assert start["next_cursor"] == first["next_cursor"]


def test_what_has_appeared_since_is_found(alice: Person, inbox: Inbox) -> None:
    empty = page(alice)
    assert (empty["data"], {empty[name] for name in CURSORS}) == ([], {None})
    send(alice.api)
    anchor = page(alice)["refresh_cursor"]
    nothing = page(alice, ending_before=anchor)
    assert (nothing["data"], nothing["refresh_cursor"]) == ([], anchor)
    newer = [send(alice.api)["id"] for _ in range(3)][::-1]
    assert ids(page(alice, ending_before=anchor)) == newer
    nearest = page(alice, ending_before=anchor, limit=2)
    assert ids(nearest) == newer[1:]
    assert ids(page(alice, ending_before=nearest["prev_cursor"])) == newer[:1]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1.5", ""])
def test_a_limit_beyond_its_bounds_is_refused(limit: str, alice: Person) -> None:
    assert params_of(alice.api.get(MESSAGES, {"limit": limit})) == ["limit"]


@pytest.mark.parametrize("limit", [1, 100])
def test_a_limit_at_its_bounds_is_taken(limit: int, alice: Person, inbox: Inbox) -> None:
    send(alice.api)
    assert len(page(alice, limit=limit)["data"]) == 1


@pytest.mark.parametrize("name", ["starting_after", "ending_before"])
@pytest.mark.parametrize("cursor", ["nonsense", "WzFd", "WyJhIl0", "\N{SNOWMAN}", "em_1"])
def test_a_cursor_that_is_none_is_refused(name: str, cursor: str, alice: Person) -> None:
    error = error_of(alice.api.get(MESSAGES, {name: cursor}), 422)
    assert (error["name"], error["code"]) == ("InvalidCursor", "E01012")
    assert error["param"] == name


def test_two_directions_at_once_are_refused(alice: Person, inbox: Inbox) -> None:
    send(alice.api)
    cursor = page(alice)["refresh_cursor"]
    query = {"starting_after": cursor, "ending_before": cursor}
    assert params_of(alice.api.get(MESSAGES, query)) == ["ending_before"]


def test_it_has_25_unless_it_is_told(alice: Person, inbox: Inbox) -> None:
    for _ in range(26):
        make_message(inbox)
    assert len(page(alice)["data"]) == 25


def test_it_is_filtered(alice: Person, inbox: Inbox) -> None:
    make_inbox(alice.workspace, address="desk@acme.test")
    one = send(
        alice.api,
        to=["Ann@Example.com"],
        tags=[{"name": "kind", "value": "invoice"}, {"name": "n", "value": "1"}],
        category="transactional",
    )["id"]
    two = send(
        alice.api,
        bcc=["bob@example.com"],
        tags=[{"name": "kind", "value": "invoices"}],
        **{"from": "desk@acme.test"},
    )["id"]
    wanted = {
        one: [
            {"to": "ANN@example.COM"},
            {"category": "transactional"},
            {"from": "Hello@acme.test"},
            {"tag": "kind:invoice"},
            {"tag": "n"},
            {"tag": ["kind", "n:1"]},
            {"to": "ann@example.com", "status": "accepted", "tag": "n:1"},
        ],
        two: [
            {"to": "bob@example.com"},
            {"category": "marketing"},
            {"from": "desk@acme.test"},
            {"tag": "kind:invoices"},
        ],
    }
    Message.objects.filter(pk=read("em", two)).update(to=[{"email": "c@d.example", "name": None}])
    Recipient.objects.filter(delivery__message=read("em", two), role="to").delete()
    for id, queries in wanted.items():
        for query in queries:
            assert ids(page(alice, **query)) == [id], query
    for query in (
        {"tag": "KIND"},
        {"tag": "kind:Invoice"},
        {"tag": "voice"},
        {"tag": 'n:1"'},
        {"tag": ["kind:invoice", "kind:invoices"]},
        {"to": "nobody@example.com"},
        {"to": "%"},
        {"status": "delivered"},
    ):
        assert ids(page(alice, **query)) == [], query
    assert ids(page(alice, tag="kind", surprise="yes")) == [two, one]


def test_it_is_filtered_by_time(alice: Person, inbox: Inbox) -> None:
    older, newer = (send(alice.api)["id"] for _ in range(2))
    moment = timezone.now().replace(microsecond=0)
    Message.objects.filter(pk=read("em", newer)).update(created_at=moment)
    Message.objects.filter(pk=read("em", older)).update(created_at=moment - timedelta(hours=1))
    assert ids(page(alice, created_after=spell_time(moment))) == [newer]
    assert ids(page(alice, created_before=spell_time(moment))) == [older]
    hour_ago = spell_time(moment - timedelta(hours=1))
    assert ids(page(alice, created_after=hour_ago)) == [newer, older]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "sent"),
        ("category", "news"),
        ("created_after", "yesterday"),
        ("created_before", "2026-01-01T00:00:00"),
        ("to", "a\r\nb"),
    ],
)
def test_a_filter_that_is_wrong_is_named(name: str, value: str, alice: Person) -> None:
    assert params_of(alice.api.get(MESSAGES, {name: value})) == [name]


STATES = [
    ("pending", None),
    ("accepted", 250),
    ("deferred", 451),
    ("refused", 550),
    ("refused", None),
    ("unknown", None),
    ("suppressed", None),
    ("delivered", 250),
    ("bounced", 550),
    ("complained", 250),
]


def test_each_status_finds_what_shows_it(alice: Person, inbox: Inbox) -> None:
    """Every pair of states, queued and under way: the filter and the message say the same."""
    now = timezone.now()
    for first in STATES:
        for second in STATES:
            message = make_message(inbox)
            delivery = Delivery.objects.get(message=message)
            Recipient.objects.filter(delivery=delivery).update(state=first[0], code=first[1])
            Recipient.objects.create(
                delivery=delivery, email="b@example.com", state=second[0], code=second[1], at=now
            )
    claimed = {"state": "claimed", "claim": read("em", send(alice.api)["id"])}
    for changes in (
        claimed,
        {"state": "canceled", "due_at": None},
        {"due_at": now + timedelta(hours=1)},
        {"due_at": now + timedelta(hours=1), "attempts": 1},
        {"state": "waiting", "due_at": None},
    ):
        Delivery.objects.filter(message=make_message(inbox)).update(**changes)
    found: dict[str, set[str]] = {}
    cursor: dict[str, str] = {}
    while True:
        body = page(alice, limit=100, **cursor)
        for one in body["data"]:
            found.setdefault(one["status"], set()).add(one["id"])
        if not body["next_cursor"]:
            break
        cursor = {"starting_after": body["next_cursor"]}
    assert set(found) == {str(one) for one in Status}
    for status in Status:
        assert set(ids(page(alice, status=status, limit=100))) == found[status], status


def test_mail_of_other_doors_is_listed_as_well(alice: Person, inbox: Inbox) -> None:
    here = send(alice.api, tags=[{"name": "a", "value": "b"}])
    there = alice.api.post(
        "/api/v1/messages",
        {
            "bcc": ["Ann <ann@example.com>"],
            "text": "No subject.",
            "tags": ["a:c", "loose", "two words:x"],
            "metadata": {"n": 1},
        },
    ).json()
    mine, theirs = listed(alice.api)[1], listed(alice.api)[0]
    assert mine["id"] == here["id"]
    assert theirs["id"][3:] == there["id"][4:]
    assert theirs["to"] == [{"email": "ann@example.com", "name": "Ann"}]
    assert theirs["subject"] == "(no subject)"
    assert theirs["tags"] == [{"name": "a", "value": "c"}]
    assert (theirs["metadata"], theirs["category"]) == ({"n": 1}, "transactional")
    assert (theirs["track_opens"], theirs["parameters"]) == (False, None)
    native = alice.api.get("/api/v1/messages").json()["data"]
    assert [one["id"][4:] for one in native] == [theirs["id"][3:], mine["id"][3:]]
    assert native[1]["tags"] == ["a:b"]


def test_only_mail_that_was_sent_is_listed(alice: Person, inbox: Inbox) -> None:
    sent = send(alice.api)["id"]
    binned = send(alice.api)["id"]
    deliver_due()
    trash_message(message=row(binned))
    limits = Limits.for_workspace(alice.workspace)
    record_message(inbox=inbox, letter=LETTER, limits=limits)
    received = make_message(inbox)
    Message.objects.filter(pk=received.pk).update(direction="inbound")
    assert [one["id"] for one in listed(alice.api)] == [sent]
    assert get(alice.api, binned)["id"] == binned


def test_pages_take_five_statements(alice: Person, inbox: Inbox) -> None:
    for _ in range(3):
        send(alice.api, file())
    deliver_due()
    with CaptureQueriesContext(connection) as queries:
        assert len(listed(alice.api)) == 3
    assert verbs_of(queries) == ["SELECT"] * 5  # key, messages, files, deliveries, recipients
    with CaptureQueriesContext(connection) as queries:
        get(alice.api, listed(alice.api)[0]["id"])
    assert len(verbs_of(queries)) == 10


def test_ids_grow_with_time(alice: Person, inbox: Inbox) -> None:
    times = [one["created_at"] for one in (send(alice.api) for _ in range(3))]
    assert all(earlier <= later for earlier, later in pairwise(times))
