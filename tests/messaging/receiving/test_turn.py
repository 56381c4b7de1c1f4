"""One reader at a time in a process, and no silence that ends reading for good."""

from __future__ import annotations

from datetime import timedelta
from threading import Event as Flag
from threading import Thread

import pytest

from messaging.models import Inbox
from messaging.receiving import parsing
from messaging.receiving.turn import Turn
from tests.messaging.make import make_arrival, make_inbox
from tests.people import Person


def test_one_has_it_until_it_is_given_back() -> None:
    turn = Turn(silence=timedelta(hours=1))
    token = turn.take()
    assert token is not None and turn.is_of(token)
    assert turn.take() is None
    turn.give_back(token)
    assert not turn.is_of(token)
    assert turn.take() is not None


def test_who_is_silent_for_too_long_has_lost_it() -> None:
    turn = Turn(silence=timedelta(0))
    silent = turn.take()
    other = turn.take()
    assert silent is not None and other is not None
    assert turn.is_of(other) and not turn.is_of(silent)
    turn.give_back(silent)
    assert turn.is_of(other)


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


def test_a_mail_that_hangs_does_not_end_all_reading(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsing, "_turn", Turn(silence=timedelta(hours=1)))
    hangs, go_on = Flag(), Flag()

    def hang() -> list[object]:
        hangs.set()
        assert go_on.wait(20)
        return []

    with monkeypatch.context() as patch:
        patch.setattr(parsing, "_due_ids", hang)
        stuck = Thread(target=parsing.parse_due)
        stuck.start()
        assert hangs.wait(20)
    arrival = make_arrival(inbox, b"Subject: fine\r\n\r\n")
    assert parsing.parse_due() == 0  # somebody is at it
    monkeypatch.setattr(parsing._turn, "_silence", 0.0)
    assert parsing.parse_due() == 1
    go_on.set()
    stuck.join(20)
    arrival.refresh_from_db()
    assert arrival.state == "parsed"
