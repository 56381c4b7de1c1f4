"""Canceling, withdrawing, and resolving a doubt."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from messaging.errors import NotUnknown, TooLate
from messaging.models import Delivery, Message, Recipient
from messaging.models.message import Status
from messaging.outbox.claim import claim, start_data
from messaging.outbox.sweep import sweep
from messaging.services import cancel_message, resolve_message, withdraw_message
from project.events.models import Event
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
    outcomes,
)
from tests.messaging.outbox.steps import claim_of, events_of, let_hours_pass, refused, turn

pytestmark = pytest.mark.django_db

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace)


def status_of(message):
    return Message.objects.in_full().get(pk=message.pk).status_at(timezone.now())


def put(message, state, *outcomes):
    """Write down what a worker would have."""
    Delivery.objects.filter(message=message).update(
        state=state,
        due_at=Now() if state in ("queued", "claimed", "data") else None,
        claim=uuid4(),
        attempts=1,
        done_at=None if state in ("queued", "waiting", "claimed", "data") else Now(),
    )
    for row, outcome in zip(delivery_of(message).recipients.order_by("pk"), outcomes, strict=False):
        Recipient.objects.filter(pk=row.pk).update(state=outcome)


# Holding back -----------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["queued", "waiting", "claimed"])
def test_what_has_not_left_is_canceled(inbox, state):
    message = make_message(inbox)
    put(message, state)
    canceled = cancel_message(message=message)
    assert canceled.status_at(timezone.now()) == Status.CANCELED
    delivery = delivery_of(message)
    assert (delivery.state, delivery.due_at) == ("canceled", None)
    assert delivery.done_at
    assert events_of(message) == ["canceled"]
    assert claim(limit=9) == []


@pytest.mark.parametrize("state", ["queued", "waiting", "claimed"])
def test_what_has_not_left_is_withdrawn_without_a_trace(inbox, state):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    put(message, state)
    withdraw_message(message=message)
    assert not Message.objects.exists()
    assert not Recipient.objects.exists()
    assert events_of(message) == ["withdrawn"]


NO_WAY_BACK = [
    ("data", "pending"),
    ("done", "accepted"),
    ("done", "refused"),
    ("failed", "refused"),
    ("canceled", "pending"),
    ("queued", "accepted"),
    ("queued", "unknown"),
    ("claimed", "delivered"),
    ("waiting", "bounced"),
    ("queued", "complained"),
]


@pytest.mark.parametrize("hold_back", [cancel_message, withdraw_message])
@pytest.mark.parametrize(("state", "outcome"), NO_WAY_BACK)
def test_what_has_left_or_may_have_is_past_holding_back(inbox, hold_back, state, outcome):
    message = make_message(inbox, letter_to(ANN, BOB))
    put(message, state, outcome)
    before = Delivery.objects.values().get(message=message)
    with refused(TooLate) as refusal:
        hold_back(message=message)
    assert refusal.value.code == "too_late"
    assert Delivery.objects.values().get(message=message) == before
    assert events_of(message) == []


def test_one_route_that_has_left_keeps_the_other_going(inbox):
    message = make_message(inbox, letter_to(ANN, inbox.address))
    Delivery.objects.filter(route="local").update(
        state="data", claim=uuid4(), due_at=Now(), attempts=1
    )
    with refused(TooLate):
        cancel_message(message=message)
    assert message.deliveries.model.objects.get(route="").state == "queued"


def test_both_routes_are_canceled_together(inbox):
    message = make_message(inbox, letter_to(ANN, inbox.address))
    cancel_message(message=message)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"canceled"}


def test_a_recorded_message_has_nothing_to_cancel(inbox):
    message = make_message(inbox)
    Delivery.objects.all().delete()
    with refused(TooLate):
        cancel_message(message=message)


def test_a_canceled_message_stays_so_though_a_worker_had_it(inbox):
    message = make_message(inbox)
    mine = claim(limit=9)
    cancel_message(message=message)
    assert start_data(mine) == set()
    assert status_of(message) == Status.CANCELED


def test_a_message_that_waits_for_a_file_can_be_canceled(inbox):
    message = make_message(inbox, files=[make_reservation(inbox.workspace)])
    cancel_message(message=message)
    sweep()
    assert status_of(message) == Status.CANCELED


# Doubt ------------------------------------------------------------------------------------------


@pytest.fixture
def doubtful(inbox):
    """Ann may have got it; Bob has."""
    message = make_message(inbox, letter_to(ANN, BOB))
    put(message, "done", "unknown", "accepted")
    Message.objects.update(sent_at=timezone.now())
    return message


def test_it_arrived_an_operator_says(doubtful):
    resolved = resolve_message(message=doubtful, outcome="sent")
    assert resolved.status_at(timezone.now()) == Status.SENT
    assert outcomes(doubtful) == {ANN: "accepted", BOB: "accepted"}
    assert resolved.sent_at
    assert delivery_of(doubtful).state == "done"
    assert claim(limit=9) == []


def test_it_did_not_arrive_an_operator_says(doubtful):
    resolved = resolve_message(message=doubtful, outcome="failed")
    assert resolved.status_at(timezone.now()) == Status.PARTIAL
    assert outcomes(doubtful) == {ANN: "refused", BOB: "accepted"}
    assert delivery_of(doubtful).recipients.get(email=ANN).reply
    assert claim(limit=9) == []


def test_it_is_to_be_sent_again_an_operator_says(doubtful):
    resolve_message(message=doubtful, outcome="resend")
    assert outcomes(doubtful) == {ANN: "pending", BOB: "accepted"}
    delivery = delivery_of(doubtful)
    assert (delivery.state, delivery.claim, delivery.done_at) == ("queued", None, None)
    assert delivery.deadline > timezone.now()
    assert len(claim(limit=9)) == 1


@pytest.mark.parametrize("outcome", ["sent", "failed", "resend"])
def test_the_log_says_who_decided_what(doubtful, outcome):
    resolve_message(message=doubtful, outcome=outcome)
    event = Event.objects.get(kind="message.resolved")
    assert (event.subject_id, event.payload) == (doubtful.pk, {"outcome": outcome})


@pytest.mark.parametrize("outcome", ["sent", "failed", "resend"])
def test_without_a_doubt_there_is_nothing_to_resolve(inbox, outcome):
    message = make_message(inbox)
    with refused(NotUnknown) as refusal:
        resolve_message(message=message, outcome=outcome)
    assert refusal.value.code == "not_unknown"
    assert outcomes(message) == {ANN: "pending"}


@pytest.mark.parametrize("state", ["queued", "claimed", "waiting", "failed", "done"])
def test_who_is_sent_it_again_is_not_forgotten(inbox, state):
    """Bob is being retried, or given up, while Ann's doubt is resolved."""
    file = make_file(inbox.workspace)
    message = make_message(inbox, letter_to(ANN, BOB), files=[file])
    put(message, state, "unknown", "deferred" if state != "failed" else "refused")
    if state in ("waiting", "failed"):
        turn(file, "stored")
    old = delivery_of(message).claim
    resolve_message(message=message, outcome="resend")
    delivery = delivery_of(message)
    assert (delivery.state, delivery.claim) == ("queued", None)
    assert old
    sweep()
    assert delivery_of(message).state == ("waiting" if state in ("waiting", "failed") else "queued")


def test_a_worker_who_has_it_for_others_has_to_let_go(inbox):
    """He knows nothing of Ann: were he to go on, she would be left behind, pending for ever."""
    message = make_message(inbox, letter_to(ANN, BOB))
    put(message, "queued", "unknown", "deferred")
    his = claim(limit=9)
    resolve_message(message=message, outcome="resend")
    assert start_data(his) == set()
    (mine,) = claim(limit=9)
    assert claim_of(message) == mine


def test_while_others_are_in_data_a_doubt_has_to_wait(inbox):
    message = make_message(inbox, letter_to(ANN, BOB))
    put(message, "data", "unknown", "pending")
    with refused(TooLate):
        resolve_message(message=message, outcome="resend")
    assert outcomes(message) == {ANN: "unknown", BOB: "pending"}
    resolve_message(message=message, outcome="sent")
    let_hours_pass()
    sweep()
    assert outcomes(message) == {ANN: "accepted", BOB: "unknown"}
