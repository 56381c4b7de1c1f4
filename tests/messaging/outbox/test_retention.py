"""What messages keep for a while only, against everything that may still need it."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from attachments.models import Attachment
from attachments.retention import purge, purge_expired
from attachments.services import UNUSED_LIFE
from messaging.acceptance import Filing
from messaging.errors import NotUnknown
from messaging.models import Delivery, Message, MessageAttachment, Recipient
from messaging.outbox.claim import claim, start_data
from messaging.outbox.drain import deliver_due
from messaging.outbox.sweep import doubt_the_dead, sweep
from messaging.retention import let_go
from messaging.services import resolve_message
from tests.attachments.make import make_attachment, make_draft_with
from tests.messaging.make import letter_to, make_file, make_inbox, make_message, outcomes
from tests.messaging.outbox.steps import (
    kept_of,
    let_hours_pass,
    many,
    together,
    try_again,
    turn,
)
from tests.messaging.test_status import attachments, messages, write  # noqa: F401
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB = "ann@example.com", "bob@example.com"
MONTH = Filing(files_kept_for=timedelta(days=30))


def send(inbox, *, content=b"%PDF-1.4 kept for a while", to=(ANN,), held=True, filing=MONTH):
    """A message with one file, that came with it unless it is not to be `held`."""
    file = make_attachment(inbox.workspace, content, filename="a.pdf", held=held)
    return make_message(inbox, letter_to(*to), files=[file], filing=filing), file


def let_month_pass(*messages):
    Message.objects.filter(pk__in=[one.pk for one in messages]).update(
        files_until=Now() - timedelta(seconds=1)
    )


def purge_all():
    """Everything that a clock does about files, a moment later."""
    let_go()
    purge(at=timezone.now() + timedelta(minutes=1))


def state_of(file):
    return Attachment.objects.get(pk=file.pk).state


def test_its_files_go_when_their_time_is_over(inbox, relay):
    message, file = send(inbox)
    deliver_due()
    purge_all()
    assert state_of(file) == "ready"
    let_month_pass(message)
    purge_all()
    file.refresh_from_db()
    assert (file.state, file.reason_code) == ("gone", "expired")
    assert Message.objects.get().files_released_at
    shown = Message.objects.in_full().get()
    assert [one.filename for one in shown.enclosures.all()] == ["a.pdf"]
    assert shown.text and shown.waiting_for() == []


def test_its_time_runs_from_the_moment_it_leaves(inbox):
    due_at = timezone.now() + timedelta(days=3)
    message = make_message(inbox, due_at=due_at, filing=MONTH)
    assert message.files_until == due_at + timedelta(days=30)
    assert make_message(inbox, filing=MONTH).files_until < due_at + timedelta(days=30)
    assert make_message(inbox).files_until is None


def test_an_upload_falls_back_to_the_usual_30_days(inbox, relay):
    message, file = send(inbox, held=False)
    deliver_due()
    let_month_pass(message)
    before = timezone.now()
    purge_all()
    file.refresh_from_db()
    assert file.state == "ready"
    assert before + UNUSED_LIFE <= file.expires_at <= timezone.now() + UNUSED_LIFE


def test_a_file_that_somebody_else_needs_stays(inbox, relay):
    message, file = send(inbox)
    other = make_message(inbox, files=[file])
    drafted, kept = send(inbox, content=b"drafted")
    make_draft_with(kept)
    deliver_due()
    let_month_pass(message, drafted)
    purge_all()
    assert (state_of(file), state_of(kept)) == ("ready", "ready")
    assert Message.objects.filter(files_released_at=None).get() == other


def test_messages_that_shared_a_file_give_it_up_with_the_last(inbox, relay):
    one, file = send(inbox)
    two = make_message(inbox, files=[file], filing=MONTH)
    deliver_due()
    let_month_pass(one)
    purge_all()
    assert state_of(file) == "ready"
    let_month_pass(two)
    purge_all()
    assert state_of(file) == "gone"


def test_there_is_no_end_to_it_in_batches(inbox, relay, monkeypatch):
    monkeypatch.setattr("messaging.retention.BATCH", 3)
    made = [send(inbox, content=str(number).encode()) for number in range(7)]
    deliver_due()
    let_month_pass(*(message for message, _ in made))
    assert let_go() == 7
    assert let_go() == 0
    purge(at=timezone.now() + timedelta(minutes=1))
    assert {state_of(file) for _, file in made} == {"gone"}


# What may still leave ---------------------------------------------------------------------------


def put(message, state, recipient):
    Delivery.objects.filter(message=message).update(
        state=state,
        due_at=Now() + timedelta(hours=1) if state in ("queued", "claimed", "data") else None,
        claim=message.pk if state in ("claimed", "data") else None,
        done_at=Now() if state in ("done", "failed", "canceled") else None,
    )
    Recipient.objects.filter(delivery__message=message).update(state=recipient)


@pytest.mark.parametrize(
    ("state", "recipient", "is_kept"),
    [
        ("queued", "pending", True),
        ("queued", "deferred", True),
        ("waiting", "pending", True),
        ("claimed", "pending", True),
        ("data", "pending", True),
        ("done", "unknown", True),
        ("done", "accepted", False),
        ("done", "refused", False),
        ("done", "bounced", False),
        ("failed", "refused", False),
        ("canceled", "pending", False),
    ],
)
def test_what_may_still_leave_keeps_its_files_and_words(inbox, state, recipient, is_kept):
    inbox.workspace.stores_content = False
    inbox.workspace.save()
    message, file = send(inbox)
    put(message, state, recipient)
    let_month_pass(message)
    purge_all()
    purge_expired(at=timezone.now() + 2 * UNUSED_LIFE)
    assert state_of(file) == ("ready" if is_kept else "gone")
    assert (Message.objects.get().text is not None) == is_kept
    put(message, "done", "accepted")


def test_a_retry_long_after_its_time_goes_out_whole(inbox, relay):
    message, file = send(inbox)
    relay.set_rules(Rule(at="rcpt", reply="450 Later", times=1))
    deliver_due()
    let_month_pass(message)
    Attachment.objects.update(expires_at=timezone.now())  # a hold that was forgotten
    purge_all()
    try_again()
    (mail,) = kept_of(relay, message)
    assert mail.size == message.size
    purge_all()
    assert state_of(file) == "gone"


def test_a_doubt_keeps_all_until_it_is_resolved(inbox, relay):
    inbox.workspace.stores_content = False
    inbox.workspace.save()
    message, file = send(inbox)
    assert start_data(claim(limit=1))
    let_hours_pass()
    doubt_the_dead()
    let_month_pass(message)
    Attachment.objects.update(expires_at=timezone.now())  # a hold that was forgotten
    purge_all()
    assert outcomes(message) == {ANN: "unknown"}
    resolve_message(message=message, outcome="resend")
    purge_all()
    deliver_due()
    (mail,) = kept_of(relay, message)
    assert mail.size == message.size
    assert b"Please see the file." in mail.data
    purge_all()
    assert state_of(file) == "gone"
    assert Message.objects.get().text is None


def test_what_rests_for_one_waits_for_the_other(inbox, door):
    """Two routes: one has left, the other has not."""
    desk = make_inbox(inbox.workspace, address="desk@acme.test")
    message, file = send(inbox, to=(ANN, desk.address))
    first = message.deliveries.order_by("route").first()
    Delivery.objects.exclude(pk=first.pk).update(due_at=Now() + timedelta(hours=9))
    deliver_due()
    let_month_pass(message)
    purge_all()
    assert state_of(file) == "ready"
    Delivery.objects.filter(state="queued").update(due_at=Now())
    deliver_due()
    purge_all()
    assert state_of(file) == "gone"


# Property ---------------------------------------------------------------------------------------


@settings(
    max_examples=many(30, 200),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(some=messages)
def test_files_are_needed_exactly_as_long_as_their_message_does_not_rest(
    inbox,
    attachments,  # noqa: F811
    some,
):
    """The purge and the release decide by the same rule, whatever has happened."""
    with transaction.atomic():
        ids = {write(inbox, attachments, *each).pk for each in some}
        rows = MessageAttachment.objects.filter(message__in=ids)
        resting = set(Message.objects.at_rest().filter(pk__in=ids).values_list("pk", flat=True))
        assert set(rows.needing_bytes()) == set(rows)  # they are to be kept for ever
        Message.objects.filter(pk__in=ids).update(files_until=Now())
        assert set(rows.needing_bytes()) == set(rows.exclude(message__in=resting))
        assert set(rows.blocking_deletion()) <= set(rows.needing_bytes())
        let_go()
        released = Message.objects.filter(pk__in=ids, files_released_at__isnull=False)
        assert set(released.values_list("pk", flat=True)) == resting
        transaction.set_rollback(True)


# Races ------------------------------------------------------------------------------------------


def test_release_and_purge_against_a_resend(inbox, relay):
    """Sent without its file or its words: 0. Stuck: 0."""
    inbox.workspace.stores_content = False
    inbox.workspace.save()
    rounds = many(6, 40)
    for number in range(rounds):
        message, file = send(inbox, content=f"%PDF {number}".encode() * 99)
        put(message, "done", "unknown")
        let_month_pass(message)
        outcome = random.choice(("resend", "failed"))

        def resolve(message=message, outcome=outcome):
            resolve_message(message=message, outcome=outcome)

        together(purge_all, resolve, purge_all, deliver_due)
        deliver_due()
        sweep()
        mails = kept_of(relay, message)
        assert [mail.size for mail in mails] == [message.size] * (outcome == "resend")
        assert set(outcomes(message).values()) <= {"accepted", "refused"}
        purge_all()
        assert state_of(file) == "gone"


def test_release_against_a_new_use(inbox, relay):
    """Whoever is second sees the first: sent whole, or refused; never bare."""
    for number in range(many(6, 40)):
        message, file = send(inbox, content=f"again {number}".encode() * 99)
        deliver_due()
        let_month_pass(message)
        sent = []

        def use(file=file, sent=sent):
            sent.append(make_message(inbox, files=[file]))

        def go(work):
            try:
                work()
            except Exception as error:
                return error
            return None

        errors = together(lambda use=use: go(use), purge_all)
        deliver_due()
        sweep()
        if sent:
            assert [mail.size for mail in kept_of(relay, sent[0])] == [sent[0].size]
            assert state_of(file) == "ready"
        else:
            assert type(errors[0]).__name__ == "AttachmentGone"
            assert state_of(file) == "gone"


def test_two_clocks_let_go_once(inbox, relay):
    made = [send(inbox, content=str(number).encode())[0] for number in range(30)]
    deliver_due()
    let_month_pass(*made)
    counts = together(let_go, let_go, let_go)
    let_go()
    assert sum(counts) <= 30
    assert not Message.objects.filter(files_released_at=None).exists()


def test_there_is_no_way_back_from_rest(inbox, relay):
    message, _ = send(inbox)
    deliver_due()
    let_month_pass(message)
    purge_all()
    for outcome in ("resend", "failed", "sent"):
        with pytest.raises(NotUnknown), transaction.atomic():
            resolve_message(message=message, outcome=outcome)
    for then in (try_again, sweep, try_again):
        then()
    assert len(kept_of(relay, message)) == 1


def test_a_file_that_never_came_goes_with_its_message(inbox, relay):
    file = make_file(inbox.workspace)
    message = make_message(inbox, files=[file], filing=MONTH)
    turn(file, "refused")
    sweep()
    let_month_pass(message)
    let_go()
    assert Message.objects.get().files_released_at
    assert Attachment.objects.get().expires_at
