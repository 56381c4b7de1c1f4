"""Workers that were gone for longer than their lease, and come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from messaging.models import Attempt, Delivery, Recipient
from messaging.outbox import drain
from messaging.outbox.claim import claim, start_data
from messaging.outbox.drain import Drain, deliver_due
from messaging.outbox.record import Begin, End, Reply, Try, commit
from messaging.outbox.smtp import Run
from messaging.outbox.sweep import doubt_the_dead, sweep
from messaging.services import resolve_message
from project.events.models import Event
from tests.messaging.make import delivery_of, letter_to, make_message, outcomes
from tests.messaging.outbox.steps import (
    claim_of,
    events_of,
    history_of,
    kept_of,
    let_hours_pass,
    state_of,
    try_again,
    worker,
)
from tests.services.servers import wait_until
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"


def hold(at, **words):
    return Rule(at=at, hold=True, times=1, **words)


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_who_was_paused_before_the_dot_has_lost_it(inbox, relay, at):
    message = make_message(inbox)
    relay.set_rules(hold(at))
    with worker(relay):
        relay.wait_held(at)
        let_hours_pass()
        sweep()
        Drain().run()
        relay.wait_kept(1)
        relay.release(at)
    assert len(kept_of(relay, message)) == 1
    assert outcomes(message) == {ANN: "accepted"}
    assert history_of(message) == [(2, "accepted")]
    assert (state_of(message), delivery_of(message).attempts) == ("done", 2)


def test_who_was_paused_before_the_dot_may_go_on_if_nobody_took_it(inbox, relay, monkeypatch):
    monkeypatch.setattr(drain, "LOOK_SECONDS", 5.0)  # nor does this worker's own next look
    message = make_message(inbox)
    relay.set_rules(hold("data"))
    with worker(relay):
        relay.wait_held("data")
        let_hours_pass()
        sweep()
        relay.release("data")
    assert len(kept_of(relay, message)) == 1
    assert state_of(message) == "done"


@pytest.mark.parametrize("kept", [True, False])
def test_who_was_paused_in_data_is_in_doubt_and_lifts_it(inbox, relay, kept):
    message = make_message(inbox)
    at = "kept" if kept else "dot"
    relay.set_rules(hold(at), *([] if kept else [Rule(at="dot", reply="554 No")]))
    with worker(relay):
        relay.wait_held(at)
        assert state_of(message) == "data"
        let_hours_pass()
        for _ in range(2):  # whoever comes by meanwhile
            sweep()
            Drain().run()
        assert outcomes(message) == {ANN: "unknown"}
        assert state_of(message) == "done"
        assert events_of(message) == ["unknown"]
        relay.release(at)
    assert outcomes(message) == {ANN: "accepted" if kept else "refused"}
    assert events_of(message) == ["unknown", "sent" if kept else "failed"]
    assert history_of(message) == [(1, "unknown")]
    attempt = Attempt.objects.get()  # what was sent is put down all the same
    assert attempt.sent["sha256"] == relay.transactions[0].sha256
    assert [row["state"] for row in attempt.replies] == ["accepted" if kept else "refused"]
    assert len(relay.kept) == kept
    try_again()
    assert len(relay.kept) == kept


def test_a_late_reply_that_is_no_last_word_leaves_the_doubt(inbox, relay):
    message = make_message(inbox)
    relay.set_rules(hold("dot"), Rule(at="dot", reply="451 No"))
    with worker(relay):
        relay.wait_held("dot")
        let_hours_pass()
        sweep()
        relay.release("dot")
    assert outcomes(message) == {ANN: "unknown"}
    try_again()
    assert relay.kept == []


def test_a_late_reply_lifts_the_doubt_of_its_own_data_only(inbox, relay):
    """Ann is in doubt since the first try; the second was for Bob alone."""
    message = make_message(inbox, letter_to(ANN, "bob@example.com"))
    relay.set_rules(
        Rule(at="rcpt", match="^bob", reply="450 Later", times=1),
        Rule(at="dot", drop="close", times=1),
    )
    deliver_due()
    assert outcomes(message) == {ANN: "unknown", "bob@example.com": "deferred"}
    relay.set_rules(hold("kept"))
    let_hours_pass()
    with worker(relay):
        relay.wait_held("kept")
        let_hours_pass()
        sweep()
        assert outcomes(message) == {ANN: "unknown", "bob@example.com": "unknown"}
        relay.release("kept")
    assert outcomes(message) == {ANN: "unknown", "bob@example.com": "accepted"}
    assert [mail.accepted for mail in relay.kept] == [["bob@example.com"]]


def test_a_late_reply_counts_for_nobody_else_while_another_try_is_due(inbox, relay):
    """Bob was deferred in the envelope of the same try: he is tried again, Ann is not."""
    message = make_message(inbox, letter_to(ANN, "bob@example.com"))
    relay.set_rules(
        Rule(at="rcpt", match="^bob", reply="450 Later", times=1), hold("kept", match=ANN)
    )
    with worker(relay):
        relay.wait_held("kept")
        let_hours_pass()
        sweep()
        assert state_of(message) == "queued"
        relay.release("kept")
    assert outcomes(message) == {ANN: "accepted", "bob@example.com": "deferred"}
    try_again()
    assert [mail.accepted for mail in relay.kept] == [[ANN], ["bob@example.com"]]
    assert set(outcomes(message).values()) == {"accepted"}


def test_a_replaced_token_does_nothing(inbox, relay):
    """While the first worker slept an operator had it sent again, and that was refused."""
    message = make_message(inbox)
    relay.set_rules(hold("kept"), Rule(at="mail", skip=1, reply="554 No"))
    with worker(relay):
        relay.wait_held("kept")
        let_hours_pass()
        sweep()
        resolve_message(message=message, outcome="resend")
        Drain().run()  # or the other one, if it looks first
        wait_until(lambda: outcomes(message) == {ANN: "refused"}, what="the refusal")
        relay.release("kept")
    assert outcomes(message) == {ANN: "refused"}
    assert history_of(message) == [(1, "unknown"), (2, "refused")]
    assert state_of(message) == "done"


def test_an_end_under_an_old_token_changes_nothing(inbox):
    message = make_message(inbox)
    (first,) = claim(limit=9)
    let_hours_pass()
    (second,) = claim(limit=9)
    (id,) = delivery_of(message).recipients.values_list("pk", flat=True)
    tried = Try(first, message.pk, inbox.workspace_id, 1, False, "", timezone.now())
    ends = [
        End(tried, frozenset([id]), {id: Reply(250, "Ok")}),
        End(tried, frozenset([id])),
        End(tried, reason="The line was cut."),
        End(tried, replies={id: Reply(550, "No")}),
    ]
    for state in ("claimed", "data"):
        for end in ends:
            commit([Begin(first, frozenset([id]))], [end])
            assert state_of(message) == state
        start_data([second])
    assert claim_of(message) == second
    assert outcomes(message) == {ANN: "pending"}
    assert (history_of(message), events_of(message)) == ([], [])


def test_a_resent_message_is_the_same_to_the_other_side(inbox, relay):
    message = make_message(inbox)
    relay.set_rules(Rule(at="kept", drop="close", times=1))
    deliver_due()
    assert outcomes(message) == {ANN: "unknown"}
    resolve_message(message=message, outcome="resend")
    deliver_due()
    first, second = kept_of(relay, message)
    assert first.sha256 == second.sha256
    assert outcomes(message) == {ANN: "accepted"}


def test_a_sweep_between_two_looks_at_the_same_data_counts_once(inbox, relay):
    message = make_message(inbox)
    relay.set_rules(hold("kept"))
    with worker(relay):
        relay.wait_held("kept")
        let_hours_pass()
        assert [doubt_the_dead(), doubt_the_dead()] == [1, 0]
        relay.release("kept")
    assert Event.objects.filter(kind="message.unknown").count() == 1
    assert state_of(message) == "done"


def test_the_lease_of_what_waits_for_its_turn_is_renewed(inbox, relay, one_connection, monkeypatch):
    """A slow server holds the connection for longer than a lease; what is behind it stays ours."""
    monkeypatch.setattr(drain, "LEASE", drain.LEASE / 600)
    first, second = make_message(inbox), make_message(inbox)
    relay.set_rules(hold("data"))
    with worker(relay):
        relay.wait_held("data")
        Delivery.objects.update(due_at=Now() + timedelta(seconds=9))
        renewed = Delivery.objects.filter(due_at__gt=Now() + timedelta(seconds=30))
        wait_until(lambda: renewed.count() == 2, what="leases renewed")
        assert Drain().run() is None
        relay.release("data")
    assert [history_of(one) for one in (first, second)] == [[(1, "accepted")]] * 2
    assert len(relay.kept) == 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_says_so(inbox, relay, monkeypatch):
    """Not the worker: only what this connection had in hand fails, and is tried again."""
    message, other = make_message(inbox), make_message(inbox)

    def die(self, parcel, mail):
        if parcel.message.pk == message.pk and parcel.number == 1:
            raise KeyError("no such thing")
        return announce(self, parcel, mail)

    announce = Run.announce
    monkeypatch.setattr("messaging.outbox.smtp.Run.announce", die)
    deliver_due()
    assert outcomes(other) == {ANN: "accepted"}
    assert state_of(message) == "queued"
    assert history_of(message) == [(1, "lost")]
    assert "KeyError" in delivery_of(message).reason
    try_again()
    assert outcomes(message) == {ANN: "accepted"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_past_the_gate_leaves_a_doubt(inbox, relay, monkeypatch):
    message = make_message(inbox)

    def die(*_):
        raise KeyError("no such thing")

    with monkeypatch.context() as patch:
        patch.setattr("messaging.outbox.smtp.Run.dot", die)
        deliver_due()
    assert outcomes(message) == {ANN: "unknown"}
    assert events_of(message) == ["unknown"]
    try_again()
    assert relay.kept == []


def test_unknown_recipients_are_in_no_envelope_again(inbox, relay):
    make_message(inbox, letter_to(ANN, "bob@example.com"))
    relay.set_rules(
        Rule(at="rcpt", match="^bob", reply="450 Later", times=2),
        Rule(at="dot", drop="reset", times=1),
    )
    deliver_due()
    try_again()
    try_again()
    assert [mail.accepted for mail in relay.transactions] == [[ANN], [], ["bob@example.com"]]
    assert Recipient.objects.get(email=ANN).state == "unknown"
