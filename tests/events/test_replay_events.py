from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from project.ids import new_id, spell
from tests.events.make import make_events, write
from tests.make import api_of, api_with, make_key
from tests.messaging.api.reach import error_of, listed
from tests.people import Person

URL = "/api/v1/events"


def kinds(answer: Any) -> list[str]:
    return [row["kind"] for row in listed(answer)]


def test_it_shows_what_happened_oldest_first(alice: Person, bob: Person):
    event, _ = make_events(alice.workspace, "message.sent", "draft.created", size=7)
    first, second = listed(bob.api.get(URL))
    assert first["id"] == spell("evt", event.id) and first["at"].endswith("Z")
    assert first["kind"] == "message.sent" and first["actor"] is None
    assert first["subject"] == {"kind": "message", "id": spell("msg", event.subject_id)}
    assert first["data"] == {"size": 7}
    assert second["subject"]["id"].startswith("drf_")


def test_a_poller_goes_on_from_the_end(alice: Person):
    start = alice.api.get(URL).json()
    assert start["data"] == [] and start["next"]
    make_events(alice.workspace, "message.accepted", "message.sent", "message.failed")
    first = alice.api.get(f"{URL}?limit=2&after={start['next']}").json()
    assert [row["kind"] for row in first["data"]] == ["message.accepted", "message.sent"]
    last = alice.api.get(f"{URL}?limit=2&after={first['next']}").json()
    assert [row["kind"] for row in last["data"]] == ["message.failed"]
    idle = alice.api.get(f"{URL}?after={last['next']}").json()
    assert idle == {"data": [], "next": last["next"]}
    make_events(alice.workspace, "message.unknown")
    assert kinds(alice.api.get(f"{URL}?after={idle['next']}")) == ["message.unknown"]


def test_it_chooses_by_kind_or_noun(alice: Person):
    make_events(alice.workspace, "message.sent", "draft.created", "message.failed")
    assert kinds(alice.api.get(f"{URL}?kind=message.sent")) == ["message.sent"]
    assert kinds(alice.api.get(f"{URL}?kind=message")) == ["message.sent", "message.failed"]
    assert alice.api.get(f"{URL}?kind=message&count=true").json()["total"] == 2
    assert error_of(alice.api.get(f"{URL}?kind=%00"), 400)["field"] == "kind"


def test_it_takes_two_statements(alice: Person, django_assert_num_queries):
    make_events(alice.workspace, *["message.sent"] * 30)
    with django_assert_num_queries(2):  # key, events
        assert len(kinds(alice.api.get(URL))) == 25


@pytest.mark.parametrize("after", ["x", "WyJhIiwgMV0", "WzFd", "W251bGwsMV0"])
def test_it_refuses_a_cursor_that_it_did_not_give(alice: Person, after: str):
    assert error_of(alice.api.get(f"{URL}?after={after}"), 400)["code"] == "invalid_cursor"


def test_a_stranger_hears_nothing(alice: Person, charlie: Person):
    make_events(alice.workspace, "message.sent")
    assert listed(charlie.api.get(URL)) == []
    assert error_of(api_with(alice.workspace, "send").get(URL), 403)
    bound = api_of(make_key(alice.workspace, inbox_ids=[new_id()])[1])
    assert error_of(bound.get(URL), 403)["code"] == "bound_key"


@pytest.mark.django_db(transaction=True)
def test_an_event_is_held_back_until_no_earlier_one_can_come(alice: Person):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer: what is written earlier is committed earlier.")
    written, go_on = threading.Event(), threading.Event()

    def write_slowly() -> None:
        try:
            with transaction.atomic():
                write(alice.workspace, "message.first")
                written.set()
                assert go_on.wait(10)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(write_slowly)
        assert written.wait(10)
        write(alice.workspace, "message.second")
        held = alice.api.get(URL).json()
        go_on.set()
        slow.result(10)
    assert held["data"] == []
    later = kinds(alice.api.get(f"{URL}?after={held['next']}"))
    assert later == ["message.first", "message.second"]
