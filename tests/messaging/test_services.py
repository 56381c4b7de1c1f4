"""Accepting a message: what is written, for whom, on which route, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from attachments.errors import (
    AttachmentGone,
    AttachmentNotFound,
    AttachmentRefused,
    TooManyFiles,
    TotalTooLarge,
)
from attachments.limits import Limits
from attachments.models import Attachment
from attachments.retention import delete_attachment, purge_expired
from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.errors import (
    DuplicateContentId,
    InvalidHeader,
    NoRecipients,
    NotSender,
    TooManyRecipients,
    UnwritableText,
)
from messaging.letter import Letter
from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.models.message import Status
from messaging.services import record_message, send_message
from project.events.models import Event
from tests.messaging.make import (
    LETTER,
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
)
from tests.messaging.outbox.steps import refused

pytestmark = pytest.mark.django_db

ANN, BOB = "ann@example.com", "bob@example.com"
DAY = timedelta(days=1)


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace, address="desk@acme.test", name="The Desk")


def send(inbox, letter=LETTER, *, files=(), limits=None, **words):
    return send_message(
        inbox=inbox,
        letter=letter,
        enclosures=[one if isinstance(one, Enclosure) else Enclosure(one) for one in files],
        limits=limits or Limits.for_workspace(inbox.workspace),
        **words,
    )


def nothing_was_written():
    return not (Message.objects.exists() or Delivery.objects.exists() or Recipient.objects.exists())


# What is written --------------------------------------------------------------------------------


def test_it_writes_everything_at_once(inbox):
    file = make_file(inbox.workspace)
    letter = Letter(
        to=(Address(ANN, "Ann"),), cc=(Address(BOB),), bcc=(Address("eve@example.com"),), text="x"
    )
    message = send(inbox, letter, files=[file])
    stored = Message.objects.in_full().get()
    assert stored == message
    assert [(one.email, one.name, one.role, one.state) for one in stored.recipients] == [
        (ANN, "Ann", "to", "pending"),
        (BOB, "", "cc", "pending"),
        ("eve@example.com", "", "bcc", "pending"),
    ]
    delivery = delivery_of(message)
    assert (delivery.state, delivery.route, delivery.attempts) == ("queued", "", 0)
    assert timedelta(hours=23.9) < delivery.deadline - timezone.now() <= DAY
    assert [one.attachment for one in stored.enclosures.all()] == [file]
    assert stored.size > 0
    assert stored.folder.role == "sent"
    assert stored.status_at(timezone.now() + timedelta(seconds=1)) == Status.QUEUED
    event = Event.objects.get(kind="message.accepted")
    assert (event.subject_id, event.payload) == (
        message.pk,
        {"recipients": 3, "files": 1, "size": message.size},
    )


def test_what_it_returns_needs_no_second_look(inbox, django_assert_num_queries):
    message = send(inbox, letter_to(ANN, BOB), files=[make_file(inbox.workspace)])
    with django_assert_num_queries(0):
        assert [one.email for one in message.recipients] == [ANN, BOB]
        assert message.status_at(timezone.now() + timedelta(seconds=1)) == Status.QUEUED
        assert message.waiting_for() == []


def test_a_file_in_a_message_does_not_expire(inbox):
    file = make_file(inbox.workspace)
    send(inbox, files=[file])
    purge_expired(at=timezone.now() + 400 * DAY)
    file.refresh_from_db()
    assert (file.state, file.expires_at) == ("ready", None)


def test_a_message_for_later_is_due_then(inbox):
    due_at = timezone.now() + DAY
    message = send(inbox, due_at=due_at)
    delivery = delivery_of(message)
    assert (delivery.state, delivery.due_at, message.send_at) == ("queued", due_at, due_at)
    assert delivery.deadline == due_at + DAY
    assert message.status_at(timezone.now()) == Status.SCHEDULED
    assert message.date == due_at


@pytest.mark.parametrize("is_scheduled", [False, True])
def test_a_message_whose_file_is_on_its_way_waits(inbox, is_scheduled):
    due_at = timezone.now() + DAY if is_scheduled else None
    message = send(inbox, files=[make_reservation(inbox.workspace)], due_at=due_at)
    delivery = delivery_of(message)
    assert delivery.state == ("queued" if is_scheduled else "waiting")
    assert (delivery.due_at is None) != is_scheduled
    assert [file.filename for file in message.waiting_for()] == ["late.pdf"]


def test_it_answers_in_a_thread(inbox):
    first = send(inbox)
    second = send(inbox, filing=Filing(in_reply_to=first))
    third = send(inbox, filing=Filing(in_reply_to=second))
    assert third.thread == second.thread == first.thread
    assert third.in_reply_to == second.rfc_message_id
    assert third.references == [first.rfc_message_id, second.rfc_message_id]


def test_a_note_is_delivered_to_nobody(inbox):
    message = record_message(
        inbox=inbox,
        letter=LETTER,
        limits=Limits.for_workspace(inbox.workspace),
        filing=Filing(channel="note"),
    )
    assert not message.deliveries.exists()
    assert message.status_at(timezone.now()) == Status.RECORDED
    assert Event.objects.get(subject_id=message.pk).kind == "message.recorded"


# To whom ----------------------------------------------------------------------------------------


def test_everybody_is_addressed_once_in_his_first_role(inbox):
    letter = Letter(
        to=(Address(ANN, "Ann"), Address("ann@EXAMPLE.com", "Other"), Address(BOB)),
        cc=(Address(ANN), Address("Ann@example.com")),
        bcc=(Address(BOB),),
        text="x",
    )
    message = send(inbox, letter)
    assert [(one.email, one.role) for one in message.recipients] == [
        (ANN, "to"),
        (BOB, "to"),
        ("Ann@example.com", "cc"),  # what case means left of the @ only its own server knows
    ]


def test_a_domain_in_two_scripts_is_one(inbox):
    message = send(inbox, letter_to("ann@bücher.example", "ann@BÜCHER.example"))
    assert len(message.recipients) == 1


def test_a_letter_to_nobody_is_refused(inbox):
    with refused(NoRecipients):
        send(inbox, Letter(text="x"))
    assert nothing_was_written()


def test_a_letter_to_the_world_is_refused(inbox):
    with refused(TooManyRecipients) as refusal:
        send(inbox, letter_to(*(f"r{n}@example.com" for n in range(1001))))
    assert (refusal.value.limit, refusal.value.actual) == (1000, 1001)
    assert nothing_was_written()


def test_a_letter_to_a_thousand_is_not(inbox):
    assert (
        len(send(inbox, letter_to(*(f"r{n}@example.com" for n in range(1000)))).recipients) == 1000
    )


# From whom --------------------------------------------------------------------------------------


def test_it_is_from_the_inbox_by_its_name(inbox):
    message = send(inbox)
    assert (message.from_email, message.from_name) == ("desk@acme.test", "The Desk")


@pytest.mark.parametrize("sender", ["desk@acme.test", "Desk+sales@ACME.test", "DESK@acme.test"])
def test_an_inbox_sends_as_its_sub_addresses(inbox, sender):
    assert send(inbox, replace(LETTER, sender=Address(sender))).from_email == sender


def test_an_inbox_that_is_a_sub_address_sends_as_itself(alice):
    own = make_inbox(alice.workspace, address="desk+x@acme.test")
    assert send(own, replace(LETTER, sender=Address("desk+x@acme.test")))
    with refused(NotSender):
        send(own, replace(LETTER, sender=Address("desk@acme.test")))


@pytest.mark.parametrize(
    "sender",
    [
        "boss@acme.test",
        "desk@other.test",
        "desk@acme.test.evil.example",
        "de+sk@acme.test",
        "desk+@evil.example",
        "xdesk@acme.test",
    ],
)
def test_an_inbox_sends_as_nobody_else(inbox, sender):
    with refused(NotSender):
        send(inbox, replace(LETTER, sender=Address(sender)))
    assert nothing_was_written()


# By which route ---------------------------------------------------------------------------------


def routes(message):
    return {
        delivery.route: sorted(one.email for one in delivery.recipients.all())
        for delivery in message.deliveries.all()
    }


def test_without_a_relay_own_inboxes_have_a_route_of_their_own(inbox, charlie):
    make_inbox(charlie.workspace, address="other@acme.test")
    gone = make_inbox(charlie.workspace, address="gone@acme.test")
    Inbox.objects.filter(pk=gone.pk).update(state="deleted")
    message = send(
        inbox, letter_to(ANN, "Other@ACME.test", "desk@acme.test", "gone@acme.test", "no@acme.test")
    )
    assert routes(message) == {
        "": [ANN, "gone@acme.test", "no@acme.test"],
        "local": ["Other@ACME.test", "desk@acme.test"],
    }


@pytest.mark.parametrize("way", ["SMTP_URL", "PROVIDER_BACKEND", "smtp_url"])
def test_with_a_way_out_all_take_that(inbox, settings, way):
    if way == "smtp_url":
        inbox = make_inbox(inbox.workspace, smtp_url="smtp://127.0.0.1:1")
    else:
        url = "smtp://127.0.0.1:1"
        setattr(settings, way, url if way == "SMTP_URL" else "anymail.backends.test.EmailBackend")
    assert routes(send(inbox, letter_to(ANN, "desk@acme.test"))) == {"": [ANN, "desk@acme.test"]}


# With which files -------------------------------------------------------------------------------


def lose(file, state):
    lost = {"blob": None, "gone_at": timezone.now(), "reason_code": "lost"}
    Attachment.objects.filter(pk=file.pk).update(
        state=state, reason="It is bad.", **(lost if state == "gone" else {})
    )


@pytest.mark.parametrize(
    ("state", "refusal"), [("refused", AttachmentRefused), ("gone", AttachmentGone)]
)
def test_a_file_that_can_never_leave_is_refused_by_name(inbox, state, refusal):
    file = make_file(inbox.workspace, filename="bad.pdf")
    lose(file, state)
    with refused(refusal, match=r"bad\.pdf"):
        send(inbox, files=[make_file(inbox.workspace), file])
    assert nothing_was_written()


def test_it_reads_the_files_state_anew(inbox):
    """What the caller holds may be old."""
    file = make_file(inbox.workspace)
    lose(file, "refused")
    assert file.state == "ready"
    with refused(AttachmentRefused):
        send(inbox, files=[file])


def test_a_deleted_file_is_not_found(inbox):
    file = make_file(inbox.workspace)
    delete_attachment(attachment=file)
    with refused(AttachmentNotFound):
        send(inbox, files=[file])
    assert nothing_was_written()


def test_the_limits_of_the_door_hold(inbox):
    limits = Limits.for_workspace(inbox.workspace)
    files = [make_file(inbox.workspace, b"x" * 100), make_file(inbox.workspace, b"y" * 100)]
    with refused(TooManyFiles):
        send(inbox, files=files, limits=replace(limits, max_files=1))
    size = send(inbox, files=files).size
    Message.objects.all().delete()
    assert send(inbox, files=files, limits=replace(limits, max_total_bytes=size)).size == size
    Message.objects.all().delete()
    with refused(TotalTooLarge) as refusal:
        send(inbox, files=files, limits=replace(limits, max_total_bytes=size - 1))
    assert (refusal.value.limit, refusal.value.actual) == (size - 1, size)
    assert nothing_was_written()


def test_two_files_with_one_content_id_are_refused(inbox):
    files = [
        Enclosure(make_file(inbox.workspace, content), inline=True, content_id="x@y")
        for content in (b"1", b"2")
    ]
    with refused(DuplicateContentId):
        send(inbox, files=files)
    assert nothing_was_written()


@pytest.mark.parametrize("evil", ["a\r\nBcc: x@y.test", "a\nb", "a\0b", "a\rb"])
def test_nobody_writes_headers_of_his_own(inbox, evil):
    letters = [
        replace(LETTER, subject=evil),
        replace(LETTER, headers={"X-Case": evil}),
        replace(LETTER, to=(Address(ANN, evil),)),
    ]
    for letter in letters:
        with refused((UnwritableText, InvalidHeader)):
            send(inbox, letter)
    with refused(InvalidHeader):
        send(inbox, replace(LETTER, headers={"Bcc": "x@y.test"}))
    assert nothing_was_written()


def test_a_message_is_the_same_whoever_reads_it(inbox):
    message = make_message(inbox, files=[make_file(inbox.workspace)])
    assert message.rfc_message_id == f"<{message.pk.hex}@acme.test>"
