"""Nothing leaves without its files: every way past the gate is tried."""

from __future__ import annotations

from contextlib import suppress
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from attachments.models import Attachment
from messaging import services
from messaging.errors import NotUnknown
from messaging.models import Captured, Delivery, Recipient
from messaging.outbox import claim as claims
from messaging.outbox import drain, record, sweep
from messaging.outbox.claim import Claim, claim, give_back, renew, start_data
from messaging.outbox.drain import deliver_due
from messaging.outbox.record import Begin
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
    claim_of,
    fill,
    history_of,
    kept_of,
    let_hours_pass,
    state_of,
    try_again,
    turn,
    worker,
)
from tests.services.smtp_rules import Rule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.every_case]


def spoof_ready(message):
    """Say of its files that they are ready, though they are not."""
    emit(
        *(
            happened("attachment.ready", workspace_id=message.workspace_id, subject_id=file.pk)
            for file in Attachment.objects.filter(message_enclosures__message=message)
        )
    )


def seize(message):
    """Write oneself down as the worker that holds it, past the claim."""
    Delivery.objects.filter(message=message).update(
        state="claimed", claim=uuid4(), due_at=Now(), attempts=1
    )
    return claim_of(message)


def resend(message):
    Recipient.objects.filter(delivery__message=message).update(state="unknown")
    services.resolve_message(message=message, outcome="resend")


WAYS = {
    "claim": lambda message: claim(limit=100),
    "renew": lambda message: renew([seize(message)]),
    "give_back": lambda message: give_back([seize(message)]),
    "start_data": lambda message: start_data([seize(message)]),
    "commit": lambda message: record.commit([Begin(seize(message), frozenset())], []),
    "deliver_due": lambda message: deliver_due(),
    "tick": lambda message: sweep.tick(),
    "sweep": lambda message: sweep.sweep(),
    "doubt_the_dead": lambda message: sweep.doubt_the_dead(),
    "park_gated": lambda message: sweep.park_gated(),
    "unpark": lambda message: sweep.unpark(),
    "unpark_at_once": spoof_ready,
    "fail_hopeless": lambda message: sweep.fail_hopeless(),
    "resolve_message": resend,
    "cancel_message": lambda message: services.cancel_message(message=message),
}


@pytest.mark.parametrize("state", ["reserved", "stored"])
@pytest.mark.parametrize("way", WAYS)
def test_no_service_function_sends_a_delivery_that_a_file_holds_back(inbox, relay, way, state):
    file = make_reservation(inbox.workspace)
    if state == "stored":
        file = make_file(inbox.workspace)
        turn(file, "stored")
    message = make_message(inbox, files=[make_file(inbox.workspace), file])
    WAYS[way](message)
    assert state_of(message) != "data"
    for then in (deliver_due, try_again, sweep.tick, try_again):
        then()
    assert relay.transactions == []
    assert state_of(message) in ("waiting", "queued", "claimed", "canceled")
    assert set(outcomes(message).values()) == {"pending"}


def test_every_way_is_tried():
    """Whoever writes a new function here has to put it to the gate's test."""
    public = {
        name
        for module in (claims, sweep)
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == module.__name__
        and not name.startswith("_")
        and not isinstance(value, type)
    }
    ends_it = {"fail_at_once", "doubt_what_was_due"}  # which is what their own tests are about
    assert public - {"by_token"} - ends_it <= set(WAYS)


def test_a_file_that_comes_in_time_sends_it_whole_at_once(inbox, relay):
    file = make_reservation(inbox.workspace, size=5)
    message = make_message(inbox, files=[file])
    deliver_due()
    assert relay.transactions == []
    fill(file, b"late!")
    deliver_due()  # without a tick
    (mail,) = relay.kept
    assert b"bGF0ZSE=" in mail.data
    assert outcomes(message) == {"ann@example.com": "accepted"}


@pytest.fixture
def caught(inbox, relay):
    """A message in the hands of a worker who has named it to the server, and must ask to go on."""
    file = make_file(inbox.workspace, b"%PDF-1.4" * 100)
    return make_message(inbox, files=[file]), file


def between_envelope_and_dot(relay, change):
    """Deliver, with `change` between the claim and the last gate."""
    relay.set_rules(hold_at_data())
    with worker(relay):
        relay.wait_held("data")
        change()
        relay.set_rules()
        relay.release("data")


def hold_at_data():
    return Rule(at="data", hold=True)


@pytest.mark.parametrize("state", ["stored", "refused"])
def test_a_file_that_turns_between_claim_and_dot_stops_it(relay, caught, state):
    message, file = caught
    between_envelope_and_dot(relay, lambda: turn(file, state))
    assert relay.kept == []
    assert [(mail.started, mail.dot) for mail in relay.wait_ended(1)] == [(True, False)]
    assert state_of(message) == "queued"
    assert history_of(message) == []
    sweep.sweep()
    assert state_of(message) == ("waiting" if state == "stored" else "failed")


def test_a_file_that_flaps_is_sent_once(relay, caught):
    message, file = caught
    for _ in range(3):
        between_envelope_and_dot(relay, lambda: turn(file, "stored"))
        assert relay.kept == []
        sweep.sweep()
        assert state_of(message) == "waiting"
        turn(file, "ready")
        sweep.sweep()
    deliver_due()
    assert len(kept_of(relay, message)) == 1
    assert delivery_of(message).attempts == 1


def test_a_message_canceled_between_claim_and_dot_is_not_sent(relay, caught):
    message, _ = caught
    between_envelope_and_dot(relay, lambda: services.cancel_message(message=message))
    assert relay.kept == []
    assert state_of(message) == "canceled"
    assert history_of(message) == []
    try_again()
    assert relay.kept == []


def test_a_message_withdrawn_between_claim_and_dot_is_not_sent(relay, caught):
    message, _ = caught
    between_envelope_and_dot(relay, lambda: services.withdraw_message(message=message))
    assert relay.kept == []
    assert not Delivery.objects.exists()


def test_a_message_with_another_worker_between_claim_and_dot_is_his(relay, caught):
    message, _ = caught
    theirs = uuid4()

    def take_over():
        Delivery.objects.update(claim=theirs)

    between_envelope_and_dot(relay, take_over)
    assert relay.kept == []
    assert claim_of(message) == Claim(delivery_of(message).pk, theirs)
    assert state_of(message) == "claimed"


def test_the_envelopes_refusals_do_not_count_when_it_stops(inbox, start_sink, settings):
    relay = start_sink()
    settings.SMTP_URL = relay.url
    file = make_file(inbox.workspace)
    message = make_message(inbox, letter_to("ann@example.com", "bob@example.com"), files=[file])
    relay.set_rules(hold_at_data(), Rule(at="rcpt", match="^bob", reply="550 No"))
    with worker(relay):
        relay.wait_held("data")
        turn(file, "stored")
        relay.release("data")
    assert set(outcomes(message).values()) == {"pending"}


def test_the_mail_behind_it_is_sent_all_the_same(inbox, relay, caught, one_connection):
    message, file = caught
    after = make_message(inbox)
    between_envelope_and_dot(relay, lambda: turn(file, "stored"))
    assert [mail.message_id for mail in relay.kept] == [after.rfc_message_id]
    assert outcomes(after) == {"ann@example.com": "accepted"}
    assert relay.connections == 2


def test_the_tray_has_the_same_gate(inbox, monkeypatch):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    commit = drain.commit

    def turn_first(begins, ends):
        if begins:
            turn(file, "stored")
        return commit(begins, ends)

    monkeypatch.setattr(drain, "commit", turn_first)
    deliver_due()
    assert not Captured.objects.exists()
    assert state_of(message) == "queued"


def test_a_file_added_to_the_record_later_holds_nothing_back(inbox, relay):
    message = make_message(inbox)
    message.enclosures.create(
        attachment=make_reservation(inbox.workspace), position=0, filename="a", in_mail=False
    )
    deliver_due()
    assert len(relay.kept) == 1


def test_nobody_in_doubt_is_no_way_either(inbox, relay):
    message = make_message(inbox, files=[make_reservation(inbox.workspace)])
    with suppress(NotUnknown):
        services.resolve_message(message=message, outcome="resend")
    deliver_due()
    assert relay.transactions == []


def test_a_dead_worker_and_a_lost_file_do_not_hide_each_other(inbox, relay):
    """Claimed by a worker that died, and no more to be claimed: it fails, and does not rest."""
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file])
    assert claim(limit=9)
    turn(file, "refused")
    let_hours_pass()
    sweep.sweep()
    assert state_of(message) == "failed"
    assert timezone.now() >= delivery_of(message).done_at
