"""A mail is read by one worker at a time, however long it takes."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Arrival, Message
from messaging.receiving import parsing
from messaging.receiving.arrivals import keep_arrivals, open_incoming
from messaging.receiving.parsing import parse_arrival
from tests.messaging.make import make_inbox
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

PART = b"--a\nContent-Type: image/png\n\n%d\n"
RAW = b"Content-Type: multipart/mixed; boundary=a\n\n" + b"".join(PART % n for n in range(3))
RENEWAL = 'UPDATE "messaging_arrival" SET "due_at" ='


@pytest.fixture
def arrival(alice: Person) -> Arrival:
    inbox = make_inbox(alice.workspace)
    with closing(open_incoming()) as incoming:
        incoming.write(RAW)
        (arrival,) = keep_arrivals(
            envelope=[(inbox, inbox.address)], incoming=incoming, via=Arrival.Via.SMTP
        )
    return arrival


@pytest.mark.parametrize(
    ("left", "renewals"), [(timedelta(minutes=4), 0), (timedelta(minutes=2), 1)]
)
def test_a_lease_is_renewed_when_half_of_it_is_over(
    arrival: Arrival, monkeypatch: pytest.MonkeyPatch, left: timedelta, renewals: int
) -> None:
    mine = claimed(arrival, left)
    monkeypatch.setattr(parsing, "_claimed", lambda id: mine)
    with CaptureQueriesContext(connection) as statements:
        assert parse_arrival(arrival.pk)
    found = [one["sql"] for one in statements if one["sql"].startswith(RENEWAL)]
    assert len(found) == renewals
    assert Message.objects.get().attachment_count == 3


def test_who_lost_the_lease_writes_nothing(
    arrival: Arrival, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = claimed(arrival, timedelta(minutes=2))
    Arrival.objects.update(due_at=timezone.now())  # another worker has it
    monkeypatch.setattr(parsing, "_claimed", lambda id: mine)
    assert not parse_arrival(arrival.pk)
    assert not Message.objects.exists()
    assert Arrival.objects.get().state == Arrival.State.RECEIVED


def claimed(arrival: Arrival, left: timedelta) -> Arrival:
    """As it is after its claim, with so much of the lease left."""
    Arrival.objects.filter(pk=arrival.pk).update(due_at=timezone.now() + left, attempts=1)
    return Arrival.objects.get(pk=arrival.pk)
