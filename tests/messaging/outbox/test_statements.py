"""What the outbox asks of the database: counted, and looked up in its indexes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Delivery, Message, MessageAttachment, Recipient
from messaging.outbox import drain, sweep
from messaging.outbox.claim import claim
from messaging.outbox.drain import deliver_due
from tests.attachments.statements import verbs_of
from tests.messaging.make import letter_to, make_file, make_message, outcomes
from tests.messaging.outbox.steps import many, turn
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def verbs_of_a_drain(monkeypatch):
    """Deliver in peace: no look for more while there is work."""
    monkeypatch.setattr(drain, "LOOK_SECONDS", 5.0)
    with CaptureQueriesContext(connection) as queries:
        deliver_due()
    return verbs_of(queries)


@pytest.fixture
def even_pace(relay):
    """A server that takes its time, as servers do, so that connections come due together."""
    relay.set_rules(Rule(at="kept", delay=0.01))
    return relay


def test_it_asks_little_per_message(inbox, even_pace, monkeypatch):
    count = 128
    file = make_file(inbox.workspace)
    for number in range(count):
        make_message(inbox, letter_to(f"r{number}@example.com"), files=[file])
    verbs = verbs_of_a_drain(monkeypatch)
    assert len(even_pace.kept) == count
    assert len(verbs) / count <= 1.5


def test_it_asks_no_more_for_answers_of_all_kinds(inbox, even_pace, monkeypatch):
    count = 64
    even_pace.set_rules(
        Rule(at="kept", delay=0.01),
        Rule(at="rcpt", match="^b", reply="450 Later"),
        Rule(at="rcpt", match="^c", reply="550 No"),
    )
    for _ in range(count):
        make_message(inbox, letter_to("a@example.com", "b@example.com", "c@example.com"))
    verbs = verbs_of_a_drain(monkeypatch)
    assert Recipient.objects.filter(state="deferred").count() == count
    assert len(verbs) / count <= 3.5


def test_one_mail_costs_a_handful(inbox, relay, monkeypatch):
    message = make_message(inbox, files=[make_file(inbox.workspace)])
    verbs = verbs_of_a_drain(monkeypatch)
    assert outcomes(message) == {"ann@example.com": "accepted"}
    assert len(verbs) <= 19


def test_an_idle_tick_costs_next_to_nothing(inbox, relay):
    with CaptureQueriesContext(connection) as queries:
        sweep.tick()
    assert len(verbs_of(queries)) <= 7


# Ten thousand that wait -------------------------------------------------------------------------


@pytest.fixture
def crowd(inbox):
    """Many deliveries that a file holds back, all past their time, and one that may go."""
    count = many(2_000, 10_000)
    file = make_file(inbox.workspace)
    due_at = timezone.now() - HOUR
    messages = Message.objects.bulk_create(
        (
            Message(workspace=inbox.workspace, inbox=inbox, direction="outbound")
            for _ in range(count)
        ),
        batch_size=1000,
    )
    MessageAttachment.objects.bulk_create(
        (
            MessageAttachment(message=one, attachment=file, position=0, filename="a")
            for one in messages
        ),
        batch_size=1000,
    )
    deliveries = Delivery.objects.bulk_create(
        (Delivery(message=one, due_at=due_at, deadline=due_at + 9 * HOUR) for one in messages),
        batch_size=1000,
    )
    Recipient.objects.bulk_create(
        (Recipient(delivery=one, email="a@b.test") for one in deliveries), batch_size=1000
    )
    turn(file, "stored")
    ready = make_message(inbox)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return ready, count


def plan(rows):
    return rows.explain()


def due():
    states = ("queued", "claimed")
    return Delivery.objects.filter(state__in=states, due_at__lte=Now()).ungated().order_by("due_at")


def test_a_crowd_that_waits_does_not_stand_in_the_way(inbox, relay, crowd):
    message, count = crowd
    assert [one.delivery_id for one in claim(limit=200)] == [message.deliveries.get().pk]
    Delivery.objects.filter(state="claimed").update(state="queued", due_at=Now())
    while sweep.park_gated():
        pass
    assert Delivery.objects.filter(state="waiting").count() == count
    assert not Delivery.objects.exclude(state="waiting").exclude(message=message).exists()
    assert Delivery.objects.filter(due_at__isnull=False).count() == 1  # all that a claim reads
    with CaptureQueriesContext(connection) as queries:
        assert len(claim(limit=200)) == 1
    assert verbs_of(queries) == ["SELECT", "UPDATE"]


def test_the_claim_reads_the_index_of_what_is_due(inbox, crowd):
    while sweep.park_gated():
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    text = plan(due()[:200])
    assert "delivery_due" in text
    assert "Seq Scan on messaging_delivery" not in text
    assert "SCAN messaging_delivery\n" not in text


def test_the_clock_reads_the_index_of_deadlines(inbox, crowd):
    while sweep.park_gated():
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    waiting = Delivery.objects.filter(state="waiting", deadline__lte=Now())
    assert "delivery_deadline" in plan(waiting)
