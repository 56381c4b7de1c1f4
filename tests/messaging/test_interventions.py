"""What operators do about mail: hold, release, try now, send anew."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from attachments.errors import AttachmentInUse
from attachments.retention import delete_attachment
from messaging.errors import NotHeld, NothingToRetry, TooLate
from messaging.interventions import (
    hold_message,
    release_message,
    resend_message,
    retry_message,
)
from messaging.mime.assembly import assemble
from messaging.models import Delivery, Message, Recipient
from messaging.outbox.claim import claim, start_data
from messaging.outbox.sweep import sweep
from messaging.services import cancel_message
from project.errors import Invalid
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
    outcomes,
)
from tests.messaging.outbox.steps import claim_of

pytestmark = pytest.mark.django_db

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace)


def status_of(message):
    return Message.objects.in_full().get(pk=message.pk).status_at(timezone.now())


def end(message, *states):
    """Write down how it ended for each of its recipients."""
    Delivery.objects.filter(message=message).update(
        state="done", due_at=None, done_at=Now(), claim=uuid4(), attempts=3
    )
    for row, state in zip(delivery_of(message).recipients.order_by("pk"), states, strict=True):
        Recipient.objects.filter(pk=row.pk).update(state=state, code=554, reply="No.")


def test_what_is_held_is_claimed_by_nobody_until_it_is_released(inbox):
    message = make_message(inbox)
    hold_message(message=message)
    assert (status_of(message), claim(limit=10)) == ("held", [])
    sweep()
    assert delivery_of(message).state == "held"
    release_message(message=message)
    assert [one.delivery_id for one in claim(limit=10)] == [delivery_of(message).pk]


def test_a_worker_that_has_claimed_it_loses_the_gate(inbox):
    message = make_message(inbox)
    held = claim(limit=10)
    hold_message(message=message)
    assert start_data(held) == set()
    assert delivery_of(message).state == "held"


def test_what_is_past_the_gate_cannot_be_held(inbox):
    message = make_message(inbox)
    assert start_data(claim(limit=10)) == {claim_of(message)}
    with pytest.raises(TooLate):
        hold_message(message=message)
    assert delivery_of(message).state == "data"


def test_what_is_held_can_be_canceled(inbox):
    message = make_message(inbox)
    hold_message(message=message)
    cancel_message(message=message)
    assert status_of(message) == "canceled"


def test_a_file_of_what_is_held_stays(alice, inbox):
    file = make_file(alice.workspace)
    hold_message(message=make_message(inbox, files=[file]))
    with pytest.raises(AttachmentInUse):
        delete_attachment(attachment=file)


def test_a_held_message_leaves_at_the_time_that_was_asked_for(inbox):
    due_at = timezone.now() + timedelta(hours=3)
    message = make_message(inbox, due_at=due_at)
    hold_message(message=message)
    release_message(message=message)
    assert abs(delivery_of(message).due_at - due_at) < timedelta(seconds=1)
    assert status_of(message) == "scheduled"


def test_a_held_message_whose_file_is_missing_waits_for_it_once_released(alice, inbox):
    message = make_message(inbox, files=[make_reservation(alice.workspace)])
    hold_message(message=message)
    release_message(message=message)
    assert claim(limit=10) == []
    sweep()
    assert delivery_of(message).state == "waiting"


def test_only_what_is_held_is_released(inbox):
    message = make_message(inbox)
    with pytest.raises(NotHeld):
        release_message(message=message)
    assert delivery_of(message).state == "queued"


def test_what_waits_for_its_next_try_is_tried_now(inbox):
    message = make_message(inbox)
    later = timezone.now() + timedelta(hours=1)
    Delivery.objects.filter(message=message).update(due_at=later, attempts=2)
    retry_message(message=message)
    assert len(claim(limit=10)) == 1


def test_what_is_scheduled_and_was_never_tried_keeps_its_time(inbox):
    message = make_message(inbox, due_at=timezone.now() + timedelta(hours=1))
    with pytest.raises(NothingToRetry):
        retry_message(message=message)
    assert claim(limit=10) == []


def test_only_those_are_tried_again_to_whom_it_was_given_up(inbox):
    message = make_message(inbox, letter_to(ANN, BOB, "eve@example.com", "dan@example.com"))
    end(message, "accepted", "refused", "unknown", "bounced")
    retry_message(message=message)
    assert list(outcomes(message).values()) == ["accepted", "pending", "unknown", "bounced"]
    delivery = delivery_of(message)
    assert (delivery.state, delivery.claim, delivery.done_at) == ("queued", None, None)
    assert delivery.deadline > timezone.now() + timedelta(hours=47)


def test_who_has_it_is_not_tried_again(inbox):
    message = make_message(inbox, letter_to(ANN, BOB))
    end(message, "accepted", "delivered")
    with pytest.raises(NothingToRetry):
        retry_message(message=message)
    assert delivery_of(message).state == "done"


def test_a_message_is_sent_anew_to_those_who_are_chosen(alice, inbox):
    old = make_message(inbox, letter_to(ANN, BOB), files=[make_file(alice.workspace)])
    end(old, "accepted", "refused")
    new = resend_message(message=old, emails=[BOB])
    assert new.rfc_message_id != old.rfc_message_id
    assert outcomes(new) == {BOB: "pending"}
    assert [row.filename for row in new.enclosures.all()] == ["a.pdf"]
    assert (new.subject, new.text, new.thread_id) == (old.subject, old.text, old.thread_id)
    mail = b"".join(assemble(Message.objects.in_full().get(pk=new.pk)).blocks())
    assert BOB.encode() in mail and ANN.encode() not in mail
    assert outcomes(old) == {ANN: "accepted", BOB: "refused"}


@pytest.mark.parametrize("emails", [[], ["eve@example.com"], [ANN, "eve@example.com"]])
def test_nobody_else_gets_it(inbox, emails):
    message = make_message(inbox, letter_to(ANN, BOB))
    with pytest.raises(Invalid):
        resend_message(message=message, emails=emails)
    assert Message.objects.count() == 1
