from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.limits import Limits
from messaging.counts import Counts, accepted_today, counts_of
from messaging.models import Inbox, Message, Recipient
from messaging.services import cancel_message, record_message
from project.ids import floor_of, new_id
from tests.messaging.make import LETTER, make_inbox, make_message
from tests.people import Person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace)


def test_an_inbox_that_did_nothing_counts_nothing(inbox: Inbox):
    assert counts_of([inbox], at=timezone.now()) == {inbox.pk: Counts()}
    assert counts_of([], at=timezone.now()) == {}


def test_it_counts_each_inbox_by_itself(alice: Person, inbox: Inbox):
    other = make_inbox(alice.workspace)
    for sender in (inbox, inbox, other):
        make_message(sender)
    now = timezone.now()
    Message.objects.filter(inbox=inbox).update(sent_at=now)
    Recipient.objects.filter(delivery__message__inbox=inbox).update(state="bounced")
    Recipient.objects.filter(delivery__message__inbox=other).update(state="complained")
    with CaptureQueriesContext(connection) as queries:
        found = counts_of([inbox, other], at=now)
    assert found[inbox.pk] == Counts(accepted_today=2, sent=2, bounced=2)
    assert found[other.pk] == Counts(accepted_today=1, complained=1)
    assert len(queries) == 3


def test_what_was_canceled_received_or_only_recorded_was_not_sent(alice: Person, inbox: Inbox):
    cancel_message(message=make_message(inbox))
    record_message(inbox=inbox, letter=LETTER, limits=Limits.for_workspace(alice.workspace))
    Message.objects.create(workspace=alice.workspace, inbox=inbox, direction="inbound")
    assert counts_of([inbox], at=timezone.now()) == {inbox.pk: Counts()}


def test_a_day_begins_at_midnight_utc(inbox: Inbox):
    made = make_message(inbox).created_at
    midnight = made.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    last = midnight + timedelta(days=1) - timedelta(microseconds=1)
    assert accepted_today([inbox.pk], at=last).count() == 1
    assert accepted_today([inbox.pk], at=last + timedelta(microseconds=1)).count() == 0


def test_ids_sort_behind_the_floor_of_their_time():
    before = datetime.now(UTC)
    id = new_id()
    assert floor_of(before) <= id < floor_of(datetime.now(UTC) + timedelta(milliseconds=1))
    assert floor_of(before - timedelta(days=1)) < floor_of(before)
