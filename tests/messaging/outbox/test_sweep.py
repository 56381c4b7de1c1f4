"""What the clock does: doubt, park, un-park, fail."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from attachments.models import Attachment
from attachments.storage import attachment_storage
from messaging.models import Attempt, Delivery
from messaging.models.message import Status
from messaging.outbox import parcel, record, sweep
from messaging.outbox.claim import claim, give_back, start_data
from messaging.outbox.drain import deliver_due
from messaging.outbox.transport import LOCAL
from project.events.models import Event
from project.events.services import emit, happened
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
    kept_of,
    let_deadline_pass,
    let_hours_pass,
    state_of,
    try_again,
    turn,
)
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB = "ann@example.com", "bob@example.com"


def refuse(file, reason="It is a virus."):
    """As a scanner does."""
    Attachment.objects.filter(pk=file.pk).update(state="refused", reason=reason)
    emit(happened("attachment.refused", workspace_id=file.workspace_id, subject_id=file.pk))


@contextmanager
def tampered(file, change):
    """The bytes of a file, changed under us and put back in the end."""
    path = Path(attachment_storage().path(Attachment.objects.get(pk=file.pk).blob.key))
    bytes_ = path.read_bytes()
    change(path)
    yield
    path.write_bytes(bytes_)


# Doubt ------------------------------------------------------------------------------------------


def test_a_worker_that_died_past_the_gate_leaves_a_doubt(inbox, relay):
    message = make_message(inbox)
    start_data(claim(limit=9))
    sweep.sweep()
    assert state_of(message) == "data"
    let_hours_pass()
    sweep.tick()
    assert outcomes(message) == {ANN: "unknown"}
    assert (state_of(message), history_of(message)) == ("done", [(1, "unknown")])
    assert events_of(message) == ["unknown"]
    for _ in range(3):
        try_again()
        sweep.tick()
    assert relay.transactions == []


def test_a_doubt_about_some_is_no_reason_to_give_up_others(inbox, relay):
    """The worker died past the gate of a mail that Bob was not welcome to, for now."""
    message = make_message(inbox, letter_to(ANN, BOB))
    bob = delivery_of(message).recipients.get(email=BOB)
    (mine,) = claim(limit=9)
    later = record.Reply(450, "Later")
    named = frozenset(delivery_of(message).recipients.filter(email=ANN).values_list(flat=True))
    record.commit([record.Begin(mine, named, replies={bob.pk: later})], [])
    let_hours_pass()
    sweep.sweep()
    assert outcomes(message) == {ANN: "unknown", BOB: "deferred"}
    assert state_of(message) == "queued"
    try_again()
    assert [mail.accepted for mail in relay.kept] == [[BOB]]
    assert outcomes(message) == {ANN: "unknown", BOB: "accepted"}
    assert state_of(message) == "done"


def test_it_doubts_many_at_once_in_a_few_statements(inbox, django_assert_max_num_queries):
    for _ in range(20):
        make_message(inbox)
    start_data(claim(limit=20))
    let_hours_pass()
    with django_assert_max_num_queries(10):
        assert sweep.doubt_the_dead() == 20
    assert Attempt.objects.filter(outcome="unknown").count() == 20


def test_after_a_restore_what_was_due_is_in_doubt_and_the_rest_goes_on(inbox, relay):
    """Promise 2: the database that was lost may have known that it had left."""
    late = make_reservation(inbox.workspace, size=4)
    due, waits, house = make_message(inbox), make_message(inbox, files=[late]), make_message(inbox)
    later = make_message(inbox, due_at=timezone.now() + timedelta(hours=1))
    Delivery.objects.filter(message=house).update(route=LOCAL)
    Delivery.objects.filter(message=due).update(attempts=3)
    assert [sweep.doubt_what_was_due(), sweep.doubt_what_was_due()] == [2, 0]
    states = [outcomes(one)[ANN] for one in (due, waits, house, later)]
    assert states == ["unknown", "unknown", "pending", "pending"]
    assert history_of(due) == [(4, "unknown")]
    assert (events_of(due), events_of(waits)) == (["unknown"], ["waiting", "unknown"])
    try_again()
    arrived = {mail.message_id for mail in relay.kept}
    assert arrived == {house.rfc_message_id, later.rfc_message_id}


def test_after_a_restore_it_is_in_doubt_what_a_worker_had(inbox, relay):
    """Its lease may be good for minutes: a quick restore is no reason to send it again."""
    claimed, begun = make_message(inbox), make_message(inbox)
    start_data([one for one in claim(limit=2) if one.delivery_id == delivery_of(begun).pk])
    assert (state_of(claimed), state_of(begun)) == ("claimed", "data")
    assert sweep.doubt_what_was_due() == 2
    assert [outcomes(one)[ANN] for one in (claimed, begun)] == ["unknown", "unknown"]
    try_again()
    assert relay.transactions == []


# Waiting ----------------------------------------------------------------------------------------


def test_a_scheduled_mail_whose_file_is_late_waits_and_says_for_what(inbox, relay):
    file = make_reservation(inbox.workspace, size=4)
    message = make_message(inbox, files=[file], due_at=timezone.now() + timedelta(seconds=2))
    sweep.tick()
    assert state_of(message) == "queued"
    let_hours_pass()
    sweep.tick()
    assert state_of(message) == "waiting"
    assert events_of(message) == ["waiting"]
    assert [one.filename for one in message.waiting_for()] == ["late.pdf"]
    sweep.tick()
    assert events_of(message) == ["waiting"]
    fill(file, b"late")
    assert state_of(message) == "queued"
    deliver_due()
    assert len(kept_of(relay, message)) == 1


def test_the_clock_alone_frees_what_a_lost_word_left_waiting(inbox, relay):
    file = make_file(inbox.workspace)
    turn(file, "stored")
    message = make_message(inbox, files=[file])
    turn(file, "ready")  # and nobody hears of it
    deliver_due()
    assert relay.kept == []
    sweep.tick()
    assert len(kept_of(relay, message)) == 1


def test_the_last_file_frees_it_not_the_first(inbox, relay):
    files = [make_reservation(inbox.workspace, size=1) for _ in range(3)]
    message = make_message(inbox, files=files)
    for file in files:
        assert state_of(message) == "waiting"
        sweep.tick()
        fill(file, b"x")
    deliver_due()
    assert len(kept_of(relay, message)) == 1


def test_a_ready_file_frees_all_that_wait_for_it_and_nobody_else(inbox, relay):
    file, other = (make_reservation(inbox.workspace, size=1) for _ in range(2))
    freed = [make_message(inbox, files=[file]) for _ in range(3)]
    held = make_message(inbox, files=[file, other])
    fill(file, b"x")
    assert {state_of(message) for message in freed} == {"queued"}
    assert state_of(held) == "waiting"


def test_a_dead_workers_mail_is_parked_too(inbox):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    claim(limit=9)
    turn(file, "stored")
    sweep.sweep()
    assert state_of(message) == "claimed"
    let_hours_pass()
    sweep.sweep()
    assert state_of(message) == "waiting"


# Failing ----------------------------------------------------------------------------------------


def test_it_fails_at_the_deadline_and_names_the_file(inbox, relay):
    file = make_reservation(inbox.workspace, filename="invoice.pdf")
    message = make_message(inbox, files=[make_file(inbox.workspace), file])
    sweep.tick()
    assert state_of(message) == "waiting"
    let_deadline_pass(message)
    sweep.tick()
    delivery = delivery_of(message)
    assert (delivery.state, delivery.reason) == (
        "failed",
        "Not sent: invoice.pdf has not been uploaded in time.",
    )
    assert [one.reply for one in delivery.recipients.all()] == [delivery.reason]
    assert outcomes(message) == {ANN: "refused"}
    assert events_of(message) == ["waiting", "failed"]
    event = Event.objects.get(kind="message.failed")
    assert event.payload["reason"] == delivery.reason
    assert message.__class__.objects.in_full().get().status_at(timezone.now()) == Status.FAILED
    assert relay.transactions == []


def test_what_comes_at_the_last_moment_is_sent_not_failed(inbox, relay):
    file = make_file(inbox.workspace)
    turn(file, "stored")
    message = make_message(inbox, files=[file])
    let_deadline_pass(message)
    turn(file, "ready")
    assert sweep.fail_hopeless() == 0
    sweep.tick()
    assert len(kept_of(relay, message)) == 1


@pytest.mark.parametrize("is_scheduled", [False, True])
def test_a_refused_file_fails_it_at_once(inbox, relay, is_scheduled):
    file = make_file(inbox.workspace, filename="virus.exe")
    turn(file, "stored")
    due_at = timezone.now() + timedelta(days=1) if is_scheduled else None
    message = make_message(inbox, files=[file], due_at=due_at)
    refuse(file)
    assert state_of(message) == "failed"
    assert delivery_of(message).reason == "Not sent: virus.exe: It is a virus."
    assert events_of(message) == (["failed"] if is_scheduled else ["waiting", "failed"])


def test_a_file_refused_behind_everybodys_back_fails_it_at_the_tick(inbox):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    turn(file, "refused")
    sweep.sweep()
    assert state_of(message) == "failed"


def test_a_file_refused_while_a_worker_has_it_fails_it_when_he_lets_go(inbox):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    mine = claim(limit=9)
    refuse(file)
    assert state_of(message) == "claimed"
    assert start_data(mine) == set()
    give_back(mine)
    sweep.sweep()
    assert state_of(message) == "failed"


def test_a_mail_that_has_reached_somebody_keeps_that_truth(inbox, relay):
    """Bob was deferred; before his turn came, the file was refused."""
    relay.set_rules(Rule(at="rcpt", match="^bob", reply="450 Later"))
    file = make_file(inbox.workspace)
    message = make_message(inbox, letter_to(ANN, BOB), files=[file])
    deliver_due()
    refuse(file)
    assert outcomes(message) == {ANN: "accepted", BOB: "refused"}
    assert state_of(message) == "failed"
    status = message.__class__.objects.in_full().get().status_at(timezone.now())
    assert status == Status.PARTIAL


# Bytes that are not what they were --------------------------------------------------------------


def test_vanished_bytes_fail_it_and_name_the_file(inbox, relay, one_connection):
    file = make_file(inbox.workspace, filename="contract.pdf")
    before, message, after = (
        make_message(inbox),
        make_message(inbox, files=[make_file(inbox.workspace, b"other"), file]),
        make_message(inbox),
    )
    attachment_storage().delete(file.blob.key)
    for _ in range(2):
        deliver_due()
        sweep.tick()
    assert state_of(message) == "failed"
    assert "contract.pdf" in delivery_of(message).reason
    assert history_of(message) == [(1, "lost")]
    assert events_of(message)[-1] == "failed"
    assert kept_of(relay, message) == []
    assert [len(kept_of(relay, one)) for one in (before, after)] == [1, 1]
    file.refresh_from_db()
    assert (file.state, file.reason_code) == ("gone", "lost")


SHORT = 1_000
LONG = 900_000


@pytest.mark.parametrize("size", [SHORT, LONG])
@pytest.mark.parametrize("by", [-1, 1], ids=["shorter", "longer"])
def test_a_file_that_is_not_as_long_as_it_was_stops_before_the_dot(
    inbox, relay, one_connection, size, by
):
    file = make_file(inbox.workspace, bytes(size))
    before = make_message(inbox)
    message = make_message(inbox, files=[file])
    after = make_message(inbox)
    with tampered(file, lambda path: path.write_bytes(bytes(size + by))):
        deliver_due()
    assert kept_of(relay, message) == []
    assert [(mail.started, mail.dot) for mail in relay.wait_ended(3) if not mail.kept] == [
        (True, False)
    ]
    assert [len(kept_of(relay, one)) for one in (before, after)] == [1, 1]
    assert (state_of(message), history_of(message)) == ("queued", [(1, "lost")])
    assert "has not the size" in delivery_of(message).reason
    try_again()
    assert [mail.size for mail in kept_of(relay, message)] == [message.size]


def test_a_storage_that_breaks_in_the_middle_stops_before_the_dot(inbox, relay, monkeypatch):
    file = make_file(inbox.workspace, bytes(LONG))
    message = make_message(inbox, files=[file])

    class Broken:
        left = 2

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def close(self):
            self.file.close()

        def read(self, size=-1):
            if not self.left:
                raise OSError("Input/output error")
            self.left -= 1
            return self.file.read(size)

    opener = parcel.opener
    with monkeypatch.context() as patch:
        patch.setattr(parcel, "opener", lambda one: lambda: Broken(opener(one)()))
        deliver_due()
    assert relay.kept == []
    assert history_of(message) == [(1, "lost")]
    assert "Input/output error" in delivery_of(message).reason
    try_again()
    assert len(kept_of(relay, message)) == 1


# Giving up --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["450", "lost"])
def test_it_gives_up_48_hours_after_the_first_try(inbox, relay, how):
    deed = {"reply": "450 Later"} if how == "450" else {"drop": "close"}
    relay.set_rules(Rule(at="rcpt", **deed))
    message = make_message(inbox)
    waits = []
    for _ in range(10):
        deliver_due()
        delivery = delivery_of(message)
        assert delivery.state == "queued"
        waits.append(round((delivery.due_at - timezone.now()) / timedelta(minutes=1), 1))
        let_hours_pass(hours=5)
    assert waits == sorted(waits)
    assert waits[0] <= 0.3
    assert waits[-1] == 240
    let_deadline_pass(message)
    deliver_due()
    assert state_of(message) == "done"
    assert outcomes(message) == {ANN: "refused"}
    assert events_of(message) == ["deferred"] * 10 + ["failed"]
    assert delivery_of(message).recipients.get().reply


def test_a_file_that_comes_at_the_deadline_leaves_the_tries_their_time(inbox, relay):
    """The wait for a file and the tries have a deadline each, though a worker dies in the first."""
    relay.set_rules(Rule(at="rcpt", reply="450 Later", times=1))
    message = make_message(inbox)
    claim(limit=9)  # and dies
    let_hours_pass()
    let_deadline_pass(message)
    deliver_due()
    assert outcomes(message) == {ANN: "deferred"}
    assert delivery_of(message).deadline > timezone.now() + timedelta(hours=47)
    try_again()
    assert outcomes(message) == {ANN: "accepted"}


def test_a_doubted_first_try_leaves_the_others_their_time(inbox, relay):
    message = make_message(inbox, letter_to(ANN, BOB))
    relay.set_rules(
        Rule(at="rcpt", match="^bob", reply="450 Later"), Rule(at="dot", drop="close", times=1)
    )
    deliver_due()
    assert delivery_of(message).deadline > timezone.now() + timedelta(hours=47)


def test_only_a_few_rows_are_looked_at_in_one_transaction(inbox, monkeypatch):
    monkeypatch.setattr(sweep, "BATCH", 2)
    file = make_file(inbox.workspace)
    messages = [make_message(inbox, files=[file]) for _ in range(5)]
    turn(file, "stored")
    assert [sweep.park_gated() for _ in range(4)] == [2, 2, 1, 0]
    turn(file, "ready")
    assert [sweep.unpark() for _ in range(4)] == [2, 2, 1, 0]
    assert {state_of(message) for message in messages} == {"queued"}
