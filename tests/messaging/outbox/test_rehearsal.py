"""Rehearsals: every step of a real sending, with an end that was known beforehand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from attachments.storage import attachment_storage
from drafts.models import Draft
from messaging.acceptance import Filing
from messaging.errors import TooLate
from messaging.models import Captured, Delivery, Message, Recipient
from messaging.outbox import drain
from messaging.outbox.claim import claim, start_data
from messaging.outbox.drain import Drain, deliver_due
from messaging.outbox.rehearsal import STATES, RehearsalTransport
from messaging.outbox.sweep import doubt_the_dead, sweep
from messaging.services import cancel_message, resolve_message
from messaging.suppressions import suppress
from tests.drafts.make import make_draft
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_message,
    make_reservation,
    outcomes,
)
from tests.messaging.outbox.steps import (
    events_of,
    fill,
    history_of,
    let_hours_pass,
    refused,
    state_of,
    try_again,
    turn,
    worker,
)

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB = "ann@example.com", "bob@example.com"
CODES = {"accepted": 250, "delivered": 250, "complained": 250, "deferred": 451}


def word(state, code=None):
    return {"state": state, "code": code or CODES.get(state, 550), "reply": f"It is {state}."}


def rehearse(inbox, *states, others=(), **fields):
    """A message to rehearsed addresses, one for each state, and to others."""
    people = {f"{state}@sandbox.test": word(state) for state in states}
    return make_message(
        inbox, letter_to(*people, *others), filing=Filing(rehearsed=people), **fields
    )


def status_of(message):
    return Message.objects.in_full().get(pk=message.pk).status_at(timezone.now())


@pytest.mark.parametrize(
    ("state", "status", "events"),
    [
        ("accepted", "sent", ["sent"]),
        ("delivered", "sent", ["sent"]),
        ("complained", "sent", ["sent"]),
        ("bounced", "failed", ["failed"]),
        ("refused", "failed", ["failed"]),
        ("suppressed", "failed", ["failed"]),
        ("deferred", "deferred", ["deferred"]),
    ],
)
def test_each_recipient_comes_to_what_was_said(inbox, relay, state, status, events):
    message = rehearse(inbox, state, files=[make_file(inbox.workspace)])
    assert status_of(message) == "queued"
    deliver_due()
    row = Recipient.objects.get()
    assert (row.state, row.code) == (state, CODES.get(state, 550))
    assert row.reply == f"{row.code} It is {state}."
    assert row.at
    assert (state_of(message), status_of(message)) == ("done", status)
    assert Message.objects.with_status(status, at=timezone.now()).get() == message
    assert events_of(message) == events
    assert [number for number, _ in history_of(message)] == [1]
    assert bool(Message.objects.get().sent_at) == (status == "sent")
    assert relay.connections == 0
    assert not Captured.objects.exists()


def test_every_state_is_tried():
    (mark,) = [
        mark
        for mark in test_each_recipient_comes_to_what_was_said.pytestmark
        if mark.name == "parametrize"
    ]
    assert {state for state, *_ in mark.args[1]} == set(STATES)


def test_many_come_to_many_things_at_once(inbox, relay):
    message = rehearse(inbox, *STATES)
    deliver_due()
    assert outcomes(message) == {f"{state}@sandbox.test": state for state in STATES}
    assert history_of(message) == [(1, "partial")]
    assert events_of(message) == ["partial"]


def test_a_word_without_a_code_is_kept_without_one(inbox):
    people = {"x@sandbox.test": {"state": "bounced", "code": None, "reply": "No such mailbox."}}
    make_message(inbox, letter_to(*people), filing=Filing(rehearsed=people))
    deliver_due()
    row = Recipient.objects.get()
    assert (row.state, row.code, row.reply) == ("bounced", None, "No such mailbox.")


@pytest.mark.parametrize("state", STATES)
def test_it_is_never_tried_again(inbox, relay, state):
    message = rehearse(inbox, state)
    deliver_due()
    for then in (try_again, sweep, try_again):
        then()
    assert delivery_of(message).due_at is None
    assert delivery_of(message).attempts == 1
    assert outcomes(message) == {f"{state}@sandbox.test": state}


def test_a_deferred_one_stays_so_past_every_deadline(inbox):
    message = rehearse(inbox, "deferred")
    Delivery.objects.update(deadline=timezone.now() - timedelta(days=9))
    deliver_due()
    sweep()
    assert outcomes(message) == {"deferred@sandbox.test": "deferred"}
    assert status_of(message) == "deferred"


def test_the_others_are_really_sent(inbox, relay):
    message = rehearse(inbox, "delivered", "bounced", others=[ANN])
    assert {one.route for one in message.deliveries.all()} == {"", "rehearsal"}
    deliver_due()
    (mail,) = relay.kept
    assert mail.accepted == [ANN]
    assert outcomes(message) == {
        "delivered@sandbox.test": "delivered",
        "bounced@sandbox.test": "bounced",
        ANN: "accepted",
    }
    assert status_of(message) == "partial"


def test_only_the_very_address_is_rehearsed(inbox, relay):
    people = {"X@sandbox.test": word("bounced")}
    message = make_message(
        inbox, letter_to("X@sandbox.test", "x@sandbox.test"), filing=Filing(rehearsed=people)
    )
    deliver_due()
    assert outcomes(message) == {"X@sandbox.test": "bounced", "x@sandbox.test": "accepted"}


def test_who_is_really_suppressed_is_not_rehearsed(inbox, relay):
    suppress(workspace=inbox.workspace, email="delivered@sandbox.test")
    message = rehearse(inbox, "delivered", others=[ANN])
    assert [one.route for one in message.deliveries.all()] == [""]
    deliver_due()
    assert outcomes(message) == {"delivered@sandbox.test": "suppressed", ANN: "accepted"}


# The same steps as a real one -------------------------------------------------------------------


def test_it_waits_for_its_time_and_can_be_canceled(inbox):
    message = rehearse(inbox, "delivered", due_at=timezone.now() + timedelta(hours=1))
    deliver_due()
    assert (status_of(message), outcomes(message)) == (
        "scheduled",
        {"delivered@sandbox.test": "pending"},
    )
    cancel_message(message=message)
    try_again()
    assert (status_of(message), state_of(message)) == ("canceled", "canceled")


def test_after_its_time_it_cannot(inbox):
    message = rehearse(inbox, "bounced")
    deliver_due()
    with refused(TooLate):
        cancel_message(message=message)


def test_it_waits_for_its_files(inbox):
    file = make_reservation(inbox.workspace, size=5)
    message = rehearse(inbox, "delivered", files=[file])
    for then in (deliver_due, try_again, sweep):
        then()
    assert status_of(message) == "waiting"
    fill(file, b"late!")
    deliver_due()
    assert status_of(message) == "sent"


def test_a_file_that_turns_at_the_last_moment_stops_it(inbox, monkeypatch):
    file = make_file(inbox.workspace)
    message = rehearse(inbox, "delivered", files=[file])
    commit = drain.commit

    def turn_first(begins, ends):
        if begins:
            turn(file, "stored")
        return commit(begins, ends)

    monkeypatch.setattr(drain, "commit", turn_first)
    deliver_due()
    assert outcomes(message) == {"delivered@sandbox.test": "pending"}
    assert state_of(message) == "queued"


def test_a_file_whose_bytes_are_lost_fails_it(inbox):
    file = make_file(inbox.workspace)
    message = rehearse(inbox, "delivered", files=[file])
    attachment_storage().delete(file.blob.key)
    deliver_due()
    sweep()
    assert (status_of(message), state_of(message)) == ("failed", "failed")
    assert "a.pdf" in delivery_of(message).reason


def test_canceled_in_the_hands_of_a_worker_it_comes_to_nothing(inbox, monkeypatch):
    message = rehearse(inbox, "delivered")
    commit = drain.commit

    def cancel_first(begins, ends):
        if begins:
            cancel_message(message=message)
        return commit(begins, ends)

    monkeypatch.setattr(drain, "commit", cancel_first)
    deliver_due()
    assert status_of(message) == "canceled"
    assert outcomes(message) == {"delivered@sandbox.test": "pending"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_dies_before_its_gate_is_followed_by_another(inbox, monkeypatch):
    message = rehearse(inbox, "delivered")

    def die(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(RehearsalTransport, "rehearse", die)
        deliver_due()
    assert (outcomes(message), history_of(message)) == (
        {"delivered@sandbox.test": "pending"},
        [(1, "lost")],
    )
    try_again()
    assert outcomes(message) == {"delivered@sandbox.test": "delivered"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_that_dies_behind_its_gate_leaves_a_doubt(inbox, monkeypatch):
    message = rehearse(inbox, "delivered")
    begin = drain.Worker.begin

    def begin_and_die(*words, **more):
        begin(*words, **more)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(drain.Worker, "begin", begin_and_die)
        deliver_due()
    for then in (try_again, sweep):
        then()
    assert outcomes(message) == {"delivered@sandbox.test": "unknown"}
    assert delivery_of(message).attempts == 1


def test_one_that_died_in_data_can_be_sent_again(inbox):
    message = rehearse(inbox, "bounced", "deferred")
    assert start_data(claim(limit=1))
    let_hours_pass()
    doubt_the_dead()
    assert set(outcomes(message).values()) == {"unknown"}
    assert status_of(message) == "unknown"
    resolve_message(message=message, outcome="resend")
    deliver_due()
    assert outcomes(message) == {
        "bounced@sandbox.test": "bounced",
        "deferred@sandbox.test": "deferred",
    }


def test_a_crowd_goes_through_at_once(inbox):
    for number in range(60):
        people = {f"r{number}@sandbox.test": word("delivered")}
        make_message(inbox, letter_to(*people), filing=Filing(rehearsed=people))
    Drain().run()
    assert set(Recipient.objects.values_list("state", flat=True)) == {"delivered"}


def test_two_workers_do_it_once(inbox, relay):
    messages = [rehearse(inbox, "delivered") for _ in range(40)]
    with worker(relay):
        Drain().run()
    assert {delivery_of(message).attempts for message in messages} == {1}
    assert {tuple(history_of(message)) for message in messages} == {((1, "accepted"),)}


# Drafts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "is_open"),
    [
        ("accepted", False),
        ("delivered", False),
        ("complained", False),
        ("deferred", False),
        ("bounced", True),
        ("refused", True),
        ("suppressed", True),
    ],
)
def test_a_draft_is_given_back_if_nobody_got_it(inbox, state, is_open):
    draft = make_draft(inbox)
    message = rehearse(inbox, state)
    Draft.objects.filter(pk=draft.pk).update(message=message)
    deliver_due()
    draft.refresh_from_db()
    assert (draft.message is None) == is_open
    if is_open:
        assert f"It is {state}." in draft.error["message"]


def test_it_has_a_name_of_its_own():
    assert RehearsalTransport() == RehearsalTransport()
    assert RehearsalTransport().name == "rehearsal"
