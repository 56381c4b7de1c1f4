"""Pausing and draining, against workers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from messaging.models import Delivery, Message, Recipient
from messaging.outbox import drain
from messaging.outbox.claim import claim
from messaging.outbox.drain import deliver_due
from messaging.pausing import pause_sending, resume_sending
from tests.attachments.statements import verbs_of
from tests.messaging.make import make_inbox, make_message
from tests.messaging.outbox.steps import kept_of, many, state_of, together, worker
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)


def pause(workspace=None, **fields):
    return pause_sending(workspace=workspace, reason="A check.", **fields)


def resume(paused):
    resume_sending(pause=paused, reason="It is over.")


@pytest.mark.parametrize("is_drain", [False, True])
def test_pause_and_resume_against_workers(inbox, relay, is_drain, monkeypatch):
    """Sent while paused: 0. Sent twice, or never: 0."""
    monkeypatch.setattr(drain, "CLAIM_LIMIT", 10)
    monkeypatch.setattr(drain, "ALL_LOADED", 10)  # a drain lets go what was claimed
    monkeypatch.setattr(drain, "CONNECTIONS", 3)  # so that it takes a second, and there is a race
    relay.set_rules(Rule(at="dot", delay=0.03))
    messages = [make_message(inbox) for _ in range(many(120, 500))]

    def stop():
        relay.wait_kept(1)
        return pause(is_drain=is_drain)

    paused, *_ = together(stop, deliver_due, deliver_due)
    kept = len(relay.kept)
    assert 0 < kept < len(messages), "the pause came too late: the race was none"
    assert not Delivery.objects.filter(state__in=("claimed", "data")).exists()
    deliver_due()
    assert len(relay.kept) == kept
    assert Delivery.objects.filter(state="queued", attempts=0).count() == len(messages) - kept
    resume(paused)
    deliver_due()
    assert [len(kept_of(relay, message)) for message in messages] == [1] * len(messages)
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}


def test_a_pause_stops_what_has_not_reached_its_dot(inbox, relay):
    relay.set_rules(Rule(at="data", hold=True))
    message = make_message(inbox)
    with worker(relay):
        relay.wait_held("data")
        paused = pause()
        relay.release("data")
    assert (relay.kept, state_of(message)) == ([], "queued")
    relay.set_rules()
    resume(paused)
    deliver_due()
    assert len(kept_of(relay, message)) == 1


def test_a_drain_waits_for_what_is_under_way(inbox, relay):
    relay.set_rules(Rule(at="data", hold=True))
    first = make_message(inbox)
    with worker(relay):
        relay.wait_held("data")
        pause(is_drain=True)
        second = make_message(inbox)
        relay.release("data")
    assert len(kept_of(relay, first)) == 1
    assert state_of(second) == "queued"


def test_two_cannot_pause_the_same(inbox):
    def pause_all():
        try:
            return pause()
        except Exception as error:
            return type(error).__name__

    found = together(*[pause_all] * 4)
    assert sorted(str(one) for one in found)[:3] == ["AlreadyPaused"] * 3


# What it costs ----------------------------------------------------------------------------------


@pytest.fixture
def crowd(alice, charlie):
    """Many deliveries of a paused workspace, all due, and one of another that may go."""
    theirs, count = make_inbox(charlie.workspace), many(2_000, 10_000)
    messages = Message.objects.bulk_create(
        Message(workspace=charlie.workspace, inbox=theirs, direction="outbound")
        for _ in range(count)
    )
    deliveries = Delivery.objects.bulk_create(
        Delivery(message=one, due_at=one.created_at, deadline=one.created_at + timedelta(days=1))
        for one in messages
    )
    Recipient.objects.bulk_create(Recipient(delivery=one, email="a@b.test") for one in deliveries)
    Delivery.objects.update(due_at=F("due_at") - timedelta(hours=1))
    pause(charlie.workspace)
    mine = make_message(make_inbox(alice.workspace))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return mine


def test_a_crowd_that_is_paused_does_not_stand_in_the_way(crowd):
    with CaptureQueriesContext(connection) as queries:
        (found,) = claim(limit=200)
    assert found.delivery_id == crowd.deliveries.get().pk
    assert verbs_of(queries) == ["SELECT", "UPDATE"]


def test_a_paused_claim_reads_the_index_of_what_is_due(crowd):
    states = ("queued", "claimed")
    due = Delivery.objects.filter(state__in=states, due_at__lte=Now()).flowing().ungated()
    text = due.order_by("due_at")[:200].explain()
    assert "delivery_due" in text
    assert "Seq Scan on messaging_message " not in text
    assert "messaging_message_workspace" not in text  # all that was ever sent there
    assert "SCAN messaging_delivery\n" not in text
