"""Two at a time, many times over: whoever comes second must see what the first did."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import transaction
from django.utils import timezone

from attachments.errors import AttachmentGone, AttachmentInUse, AttachmentNotFound
from attachments.models import Attachment
from attachments.retention import delete_attachment, purge_expired
from messaging.errors import TooLate
from messaging.models import Delivery, Message
from messaging.outbox import sweep
from messaging.outbox.claim import claim, give_back, renew, start_data
from messaging.outbox.drain import Drain, deliver_due
from messaging.outbox.record import End, Reply, Try, commit
from messaging.services import cancel_message, resolve_message
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
    outcomes,
)
from tests.messaging.outbox.steps import fill, kept_of, let_hours_pass, many, state_of, together
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"


def race(rounds, *sides):
    """Run each round's sides at the same moment; gives the answers of each side, by round."""
    barrier = Barrier(len(sides), timeout=60)

    def run(side):
        answers = []
        for number in range(rounds):
            barrier.wait()
            answers.append(side(number))
        return answers

    try:
        return together(*(lambda side=side: run(side) for side in sides))
    except BaseException:
        barrier.abort()
        raise


def test_cancel_against_claim_and_dot(inbox, relay):
    """Canceled but sent: 0. Too late, but not sent: 0."""
    relay.set_rules(Rule(at="data", delay=0.01, chance=0.5), Rule(at="dot", delay=0.01, chance=0.3))
    messages = [make_message(inbox) for _ in range(many(60, 500))]
    shuffled = random.sample(messages, len(messages))

    def cancel():
        relay.wait_kept(1)
        canceled = set()
        for message in shuffled:
            with suppress(TooLate):
                cancel_message(message=message)
                canceled.add(message.pk)
        return canceled

    canceled = together(cancel, lambda: Drain().run(), lambda: Drain().run())[0]
    Drain().run()
    for message in messages:
        held = message.pk in canceled
        assert len(kept_of(relay, message)) == (0 if held else 1)
        assert outcomes(message) == {ANN: "pending" if held else "accepted"}
        assert state_of(message) == ("canceled" if held else "done")
    assert len(canceled) < len(messages)


@pytest.mark.parametrize("road", ["delete", "purge"])
def test_a_files_end_against_sending(inbox, relay, road):
    """Whichever is first: no mail waits for a file that is gone, none leaves without it."""
    rounds = many(20, 400)
    files = [make_file(inbox.workspace, b"%d" % n) for n in range(rounds)]
    if road == "purge":
        Attachment.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    def send(number):
        with suppress(AttachmentNotFound, AttachmentGone):
            return make_message(inbox, files=[files[number]])

    def end(number):
        if road == "purge":
            return purge_expired(at=timezone.now())
        with suppress(AttachmentInUse):
            return delete_attachment(attachment=files[number])

    sent, _ = race(rounds, send, end)
    for message, file in zip(sent, files, strict=True):
        file.refresh_from_db()
        assert (file.state == "ready" and not file.deleted_at) == (message is not None)
    deliver_due()
    kept = {mail.message_id for mail in relay.kept}
    assert kept == {message.rfc_message_id for message in sent if message}


def test_a_file_that_comes_while_its_mail_is_parked(inbox, relay):
    """The two can cross; a tick later it is on its way."""
    rounds = many(20, 200)
    files = [make_reservation(inbox.workspace, size=1) for _ in range(rounds)]
    due_at = timezone.now()
    messages = [make_message(inbox, files=[file], due_at=due_at) for file in files]
    race(
        rounds,
        lambda number: fill(files[number], b"x"),
        lambda number: sweep.park_gated(),
        lambda number: sweep.unpark(),
    )
    sweep.sweep()
    assert {state_of(message) for message in messages} == {"queued"}
    deliver_due()
    assert [len(kept_of(relay, message)) for message in messages] == [1] * rounds


def test_files_that_flap_under_busy_workers(inbox, relay):
    """Nothing leaves bare, and in the end everything leaves, once."""
    count = many(20, 200)
    files = [make_file(inbox.workspace, b"%d" % n) for n in range(count)]
    messages = [make_message(inbox, files=[file]) for file in files]
    bare = []

    def flap():
        for _ in range(5):
            for file in random.sample(files, len(files)):
                with transaction.atomic():
                    locked = Attachment.objects.locked().filter(pk=file.pk)
                    state = random.choice(["stored", "ready"])
                    list(locked)
                    sending = Delivery.objects.filter(
                        message__enclosures__attachment=file, state="data"
                    )
                    if state == "stored" and not sending.exists():
                        Attachment.objects.filter(pk=file.pk).update(state=state)
        Attachment.objects.update(state="ready")

    def work():
        for _ in range(5):
            sweep.sweep()
            Drain().run()

    together(flap, work, work)
    sweep.tick()
    assert [len(kept_of(relay, message)) for message in messages] == [1] * count
    assert bare == []


def test_the_sweeper_against_a_reply(inbox):
    """Both know the delivery: the reply is true whoever is first."""
    rounds = many(20, 200)
    ends = []
    for _ in range(rounds):
        message = make_message(inbox)
        (mine,) = claim(limit=1)
        start_data([mine])
        (id,) = delivery_of(message).recipients.values_list("pk", flat=True)
        tried = Try(mine, message.pk, inbox.workspace_id, 1, False, "", timezone.now())
        ends.append(End(tried, frozenset([id]), {id: Reply(250, "Ok")}))
    let_hours_pass()
    race(rounds, lambda number: commit([], [ends[number]]), lambda number: sweep.doubt_the_dead())
    for message in Message.objects.all():
        assert outcomes(message) == {ANN: "accepted"}
        assert state_of(message) == "done"


def test_cancel_against_leases_of_two_routes(inbox):
    """Everybody locks a message's deliveries in one order: nobody is a deadlock's victim."""
    make_inbox(inbox.workspace, address="own@acme.test")
    rounds = many(20, 200)
    messages = [make_message(inbox, letter_to(ANN, "own@acme.test")) for _ in range(rounds)]
    claims = claim(limit=2 * rounds)
    assert len(claims) == 2 * rounds
    Delivery.objects.filter(route="local").update(attempts=2)
    race(
        rounds,
        lambda number: cancel_message(message=messages[number]),
        lambda number: renew(claims),
        lambda number: give_back(claims[number :: rounds // 10]),
    )
    assert set(Delivery.objects.values_list("state", flat=True)) == {"canceled"}


def test_resending_against_a_late_sweep(inbox, relay):
    """Sent again by an operator while the clock looks on: again, and once."""
    rounds = many(10, 100)
    relay.set_rules(Rule(at="kept", drop="close", times=rounds))
    messages = [make_message(inbox) for _ in range(rounds)]
    deliver_due()
    assert [outcomes(message) for message in messages] == [{ANN: "unknown"}] * rounds
    race(
        rounds,
        lambda number: resolve_message(message=messages[number], outcome="resend"),
        lambda number: sweep.sweep(),
        lambda number: Drain().run(),
    )
    Drain().run()
    assert [len(kept_of(relay, message)) for message in messages] == [2] * rounds
    assert {state_of(message) for message in messages} == {"done"}


def test_many_pokes_at_once_send_once(inbox, relay):
    messages = [make_message(inbox) for _ in range(20)]
    together(*[deliver_due] * 4)
    deliver_due()
    assert [len(kept_of(relay, message)) for message in messages] == [1] * 20


def test_pokes_that_cross_the_end_of_a_drain_are_not_lost(inbox, relay):
    """Whoever pokes after the last look of a drain that is about to end makes it look again."""
    rounds = many(8, 200)
    messages = []

    def send(number):
        messages.append(make_message(inbox))
        deliver_due()

    race(rounds, send, send)
    wait = [message for message in messages if state_of(message) != "done"]
    assert wait == []
    assert len(relay.kept) == 2 * rounds
