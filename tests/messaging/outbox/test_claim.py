"""Who gets a delivery: one at a time, when it is due by the database's clock."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from attachments.models import Attachment
from messaging.models import Delivery, Message, Recipient
from messaging.outbox.claim import LEASE, Claim, claim, give_back, renew, start_data
from tests.messaging.make import delivery_of, make_file, make_message
from tests.messaging.outbox.steps import claim_of, let_hours_pass, many, state_of, together, turn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.every_case]

HOUR = timedelta(hours=1)


def lease_of(message):
    """Seconds until it falls due again, by the database's clock."""
    rows = Delivery.objects.annotate(now=Now())
    return (rows.get(message=message).due_at - rows.get(message=message).now).total_seconds()


def make_deliveries(inbox, count, *, due_at):
    messages = Message.objects.bulk_create(
        Message(workspace=inbox.workspace, inbox=inbox, direction="outbound") for _ in range(count)
    )
    deliveries = Delivery.objects.bulk_create(
        Delivery(message=one, due_at=due_at, deadline=due_at + HOUR) for one in messages
    )
    Recipient.objects.bulk_create(Recipient(delivery=one, email="a@b.test") for one in deliveries)
    return deliveries


def test_it_takes_what_is_due_the_longest_due_first(inbox):
    late, later = make_message(inbox), make_message(inbox)
    make_message(inbox, due_at=timezone.now() + HOUR)
    let_hours_pass(message=later, hours=0.1)
    let_hours_pass(message=late, hours=0.2)
    assert [one.delivery_id for one in claim(limit=1)] == [delivery_of(late).pk]
    assert [one.delivery_id for one in claim(limit=9)] == [delivery_of(later).pk]
    assert claim(limit=9) == []
    assert delivery_of(late).attempts == 1


def test_it_holds_for_a_lease(inbox):
    message = make_message(inbox)
    (mine,) = claim(limit=9)
    assert claim_of(message) == mine
    assert 50 < lease_of(message) <= LEASE.total_seconds()


def test_it_takes_over_when_a_lease_is_over(inbox):
    message = make_message(inbox)
    (first,) = claim(limit=9)
    let_hours_pass()
    (second,) = claim(limit=9)
    assert second.token != first.token
    assert delivery_of(message).attempts == 2
    assert start_data([first]) == set()
    assert start_data([second]) == {second}


def test_of_two_claims_on_one_delivery_only_the_newer_passes(inbox):
    make_message(inbox)
    (old,) = claim(limit=9)
    let_hours_pass()
    (new,) = claim(limit=9)
    assert start_data([old, new]) == {new}


def test_it_never_takes_what_is_past_the_point_of_no_return(inbox):
    make_message(inbox)
    assert start_data(claim(limit=9))
    let_hours_pass()
    assert claim(limit=9) == []


@pytest.mark.parametrize("state", ["reserved", "stored", "refused", "gone"])
def test_it_takes_nothing_that_a_file_holds_back(inbox, state):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[make_file(inbox.workspace), file])
    hold_back(file, state)
    assert claim(limit=9) == []
    assert state_of(message) == "queued"


def hold_back(file, state):
    lost = {"blob": None, "gone_at": timezone.now(), "reason_code": "lost"}
    Attachment.objects.filter(pk=file.pk).update(
        state=state, **(lost if state in ("reserved", "gone") else {})
    )


def test_it_renews_only_its_own(inbox):
    mine, others = make_message(inbox), make_message(inbox)
    claims = claim(limit=9)
    Delivery.objects.filter(message=others).update(claim=uuid4())
    Delivery.objects.update(due_at=Now() + timedelta(seconds=5))
    renew(claims)
    assert lease_of(mine) > 50
    assert lease_of(others) < 6


def test_it_renews_nothing_that_it_lost(inbox):
    message = make_message(inbox)
    claims = claim(limit=9)
    Delivery.objects.update(state="canceled", due_at=None)
    renew(claims)
    give_back(claims)
    assert (delivery_of(message).state, delivery_of(message).due_at) == ("canceled", None)


def test_it_gives_back_as_if_it_had_never_been(inbox):
    message = make_message(inbox)
    give_back(claim(limit=9))
    delivery = delivery_of(message)
    assert (delivery.state, delivery.attempts) == ("queued", 0)
    assert len(claim(limit=9)) == 1


def test_it_gives_back_nothing_of_others(inbox):
    message = make_message(inbox)
    (first,) = claim(limit=9)
    let_hours_pass()
    (second,) = claim(limit=9)
    give_back([first])
    assert claim_of(message) == second
    assert state_of(message) == "claimed"
    start_data([second])
    give_back([second])
    assert state_of(message) == "data"


def test_it_passes_only_with_the_token(inbox):
    message = make_message(inbox)
    (mine,) = claim(limit=9)
    assert start_data([Claim(mine.delivery_id, uuid4())]) == set()
    assert state_of(message) == "claimed"
    assert start_data([mine]) == {mine}
    assert start_data([mine]) == set() or state_of(message) == "data"


def test_it_passes_those_that_may_and_no_others(inbox):
    file = make_file(inbox.workspace)
    messages = [make_message(inbox), make_message(inbox, files=[file]), make_message(inbox)]
    claims = claim(limit=9)
    turn(file, "stored")
    free = {claim_of(messages[n]) for n in (0, 2)}
    assert start_data(claims) == free
    assert [state_of(message) for message in messages] == ["data", "claimed", "data"]


def test_it_never_takes_more_than_it_was_asked_for(inbox):
    """With statistics from before the rows fell due, as they are when many wait for one moment."""
    make_deliveries(inbox, 1500, due_at=timezone.now() + HOUR)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    Delivery.objects.update(due_at=F("due_at") - 2 * HOUR)
    for taken in (200, 400):
        assert len(claim(limit=200)) == 200
        assert Delivery.objects.filter(state="claimed").count() == taken


def test_four_claimers_of_one_row_have_one_winner(inbox):
    message = make_message(inbox)
    rounds, barrier, winners = many(25, 200), Barrier(4, timeout=30), []

    def compete(number):
        mine = []
        for _ in range(rounds):
            if number == 0:
                Delivery.objects.filter(message=message).update(state="queued", due_at=Now())
            barrier.wait()
            mine.append(len(claim(limit=5)))
            barrier.wait()
        winners.append(mine)

    together(*(lambda number=number: compete(number) for number in range(4)))
    assert [sum(each) for each in zip(*winners, strict=True)] == [1] * rounds


def test_four_claimers_of_many_rows_share_them(inbox):
    make_deliveries(inbox, 400, due_at=timezone.now() - HOUR)

    def take():
        mine = []
        while some := claim(limit=20):
            mine += [one.delivery_id for one in some]
        return mine

    shares = together(*[take] * 4)
    taken = [id for share in shares for id in share]
    assert len(taken) == len(set(taken))
    left = Delivery.objects.filter(state="queued").count()  # whoever was locked was passed over
    assert len(taken) + left == 400
    assert len(take()) == left


@pytest.mark.parametrize("error", [-3600, -60, 60, 3600])
def test_it_does_not_ask_the_workers_clock(inbox, error):
    soon = make_message(inbox, due_at=timezone.now() + timedelta(seconds=30))
    now = make_message(inbox)
    with time_machine.travel(timezone.now() + timedelta(seconds=error), tick=True):
        (mine,) = claim(limit=9)
        assert mine.delivery_id == delivery_of(now).pk
        assert 50 < lease_of(now) <= 60
        renew([mine])
        assert 50 < lease_of(now) <= 60
        assert claim(limit=9) == []
        assert start_data([mine])
        assert 600 < lease_of(now) <= 660
    assert state_of(soon) == "queued"
