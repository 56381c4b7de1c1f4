"""Sending a message, holding it back, and saying what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from attachments.errors import (
    AttachmentElsewhere,
    AttachmentGone,
    AttachmentNotFound,
    AttachmentRefused,
)
from attachments.limits import Limits
from attachments.models import Attachment, AttachmentState
from messaging.acceptance import (
    Filing,
    is_held_back,
    remember,
    write_deliveries,
    write_enclosures,
    write_message,
)
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.errors import NoRecipients, NotSender, NotUnknown, TooLate, TooManyRecipients
from messaging.letter import Letter
from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.outbox.record import GIVE_UP_AFTER
from messaging.poke import poke_outbox
from messaging.routes import recipients_by_route
from project.events.services import emit, happened
from project.ids import spell

MAX_RECIPIENTS = 1000
HANDED_OVER = (  # states of a recipient whose server may have the mail
    Recipient.State.ACCEPTED,
    Recipient.State.UNKNOWN,
    Recipient.State.DELIVERED,
    Recipient.State.BOUNCED,
    Recipient.State.COMPLAINED,
)


@transaction.atomic(savepoint=False)
def send_message(
    *,
    inbox: Inbox,
    letter: Letter,
    enclosures: Sequence[Enclosure] = (),
    limits: Limits,
    filing: Filing | None = None,
    due_at: datetime | None = None,
) -> Message:
    """Accept a message for sending at `due_at`, or now; return it, not yet sent.

    The message, its recipients, its files and its deliveries are written together or not at all.
    A file may still be on its way: the delivery then waits for it, visibly, and cannot be
    claimed before. The files are locked while their states are read; purge and deletion take the
    same locks.

    Raises NoRecipients, TooManyRecipients, AllSuppressed, NotSender, the refusals of `limits` and
    of the writer, and AttachmentRefused, AttachmentGone or AttachmentNotFound for a file that can
    never leave.
    """
    letter = replace(letter, sender=sender_of(inbox, letter))
    filing = filing or Filing()
    by_route = recipients_by_route(
        inbox=inbox,
        addressees=list(addressees_of(letter)),
        category=filing.category,
        rehearsed=filing.rehearsed,
    )
    enclosures = lock_files(enclosures)
    message = write_message(
        inbox=inbox,
        letter=letter,
        enclosures=enclosures,
        limits=limits,
        filing=filing,
        due_at=due_at,
    )
    rows = write_enclosures(message, enclosures)
    is_held = is_held_back(enclosures)
    deliveries = write_deliveries(message, by_route, due_at, is_held=is_held)
    remember(message, rows, deliveries)
    recipients = sum(len(some) for some in by_route.values())
    facts = {"recipients": recipients, "files": len(rows), "size": message.size}
    kinds = ["message.accepted", *(["message.waiting"] if is_held and due_at is None else [])]
    emit(
        *(
            happened(kind, workspace_id=message.workspace_id, subject_id=message.pk, payload=facts)
            for kind in kinds
        )
    )
    poke_outbox.on_commit()
    return message


@transaction.atomic(savepoint=False)
def record_message(
    *,
    inbox: Inbox,
    letter: Letter,
    enclosures: Sequence[Enclosure] = (),
    limits: Limits,
    filing: Filing | None = None,
) -> Message:
    """Write down a message that nobody delivers; raises as `send_message` does, for its files."""
    letter = replace(letter, sender=sender_of(inbox, letter))
    enclosures = lock_files(enclosures)
    message = write_message(
        inbox=inbox,
        letter=letter,
        enclosures=enclosures,
        limits=limits,
        filing=filing or Filing(),
        due_at=None,
        is_record=True,
    )
    remember(message, write_enclosures(message, enclosures), [])
    emit(happened("message.recorded", workspace_id=message.workspace_id, subject_id=message.pk))
    return message


def sender_of(inbox: Inbox, letter: Letter) -> Address:
    """The From address: the letter's, if the inbox may send as that, else the inbox's own.

    An inbox sends as its address and as any sub-address of it (`name+x@`). Raises NotSender.
    """
    if letter.sender is None:
        return Address(inbox.address, inbox.name or None)
    local, _, domain = letter.sender.ascii_email.lower().rpartition("@")
    if (
        f"{local.partition('+')[0]}@{domain}" != inbox.address
        and f"{local}@{domain}" != inbox.address
    ):
        raise NotSender(
            f"{letter.sender.email} is not an address of this inbox, which is {inbox.address}.",
            field="from",
            actual=letter.sender.email,
        )
    return letter.sender


def addressees_of(letter: Letter) -> Iterator[tuple[str, Address]]:
    """Whom it goes to, each once, with the first role that each has.

    Raises NoRecipients, TooManyRecipients.
    """
    seen: dict[str, tuple[str, Address]] = {}
    for role, addresses in (("to", letter.to), ("cc", letter.cc), ("bcc", letter.bcc)):
        for address in addresses:
            seen.setdefault(address.key, (role, address))
    if not seen:
        raise NoRecipients("It has no recipients.", field="to")
    if len(seen) > MAX_RECIPIENTS:
        raise TooManyRecipients(
            "It has too many recipients.", field="to", limit=MAX_RECIPIENTS, actual=len(seen)
        )
    yield from seen.values()


def lock_files(enclosures: Sequence[Enclosure]) -> list[Enclosure]:
    """The same with their files locked and read anew, for the transaction that uses them.

    Those that this transaction has made need neither.

    Raises AttachmentNotFound, AttachmentRefused, AttachmentGone for a file that can never leave.
    """
    ids = [enclosure.attachment.pk for enclosure in enclosures if not enclosure.is_new]
    for enclosure in enclosures:
        if enclosure.is_new:  # of bytes in which something has been found before
            _check_can_leave(enclosure.attachment.pk, enclosure.attachment)
    if not ids:
        return list(enclosures)
    rows = Attachment.objects.visible().locked().select_related("blob").filter(pk__in=ids)
    files = {row.pk: row for row in rows}
    for id in ids:
        _check_can_leave(id, files.get(id))
    return [
        one if one.is_new else replace(one, attachment=files[one.attachment.pk])
        for one in enclosures
    ]


def _check_can_leave(id: UUID, file: Attachment | None) -> None:
    if file is None:
        raise AttachmentNotFound(spell("att", id))
    if file.state == AttachmentState.REFUSED:
        raise AttachmentRefused(f"{file.filename}: {file.reason}")
    if file.state == AttachmentState.LINKED:
        raise AttachmentElsewhere(file.external_url)
    if file.state == AttachmentState.GONE:
        raise AttachmentGone(
            code=file.reason_code, reason=f"{file.filename}: {file.reason}", at=file.gone_at
        )


@transaction.atomic(savepoint=False)
def cancel_message(*, message: Message) -> Message:
    """Hold a message back for good; raises TooLate if it has left, or may have.

    The commit of `data` is the line, and row locks decide: a delivery that a worker has claimed
    can still be canceled.
    """
    ids = _held_back(message)
    Delivery.objects.filter(pk__in=ids).update(
        state=Delivery.State.CANCELED, due_at=None, done_at=Now()
    )
    emit(happened("message.canceled", workspace_id=message.workspace_id, subject_id=message.pk))
    return Message.objects.in_full().get(pk=message.pk)


@transaction.atomic(savepoint=False)
def withdraw_message(*, message: Message) -> None:
    """Take back a message as if it had never been sent; raises TooLate as `cancel_message` does."""
    _held_back(message)
    emit(happened("message.withdrawn", workspace_id=message.workspace_id, subject_id=message.pk))
    Message.objects.filter(pk=message.pk).delete()


def _held_back(message: Message) -> list[UUID]:
    """The message's deliveries, locked, none of which can have reached anybody."""
    rows = Delivery.objects.filter(message=message).order_by("pk").select_for_update(no_key=True)
    states = dict(rows.values_list("pk", "state"))
    handed_over = Recipient.objects.filter(delivery__in=states, state__in=HANDED_OVER)
    may_be_held = {"queued", "waiting", "held", "claimed"}
    if not states or not may_be_held.issuperset(states.values()) or handed_over.exists():
        raise TooLate("It has been sent, or is being sent right now.")
    return list(states)


OUTCOMES: dict[str, tuple[str, str]] = {
    "sent": (Recipient.State.ACCEPTED, "It is said to have arrived."),
    "failed": (Recipient.State.REFUSED, "It is said not to have arrived."),
    "resend": (Recipient.State.PENDING, "It is to be sent again."),
}


@transaction.atomic(savepoint=False)
def resolve_message(*, message: Message, outcome: str) -> Message:
    """Say of the recipients who are in doubt whether they got it; raises NotUnknown.

    `sent` and `failed` change them only; `resend` tries them again, with the same Message-ID and
    the same bytes, so that the other side can drop a second copy. A reply that still comes to the
    old attempt changes nothing then: its token is gone, as is that of a worker that has just
    claimed the delivery for others. Raises TooLate for a `resend` while such a one is in `data`.
    """
    rows = Delivery.objects.filter(message=message).order_by("pk").select_for_update(no_key=True)
    states = dict(rows.values_list("pk", "state"))
    unknown = Recipient.objects.filter(delivery__in=states, state=Recipient.State.UNKNOWN)
    in_doubt = set(unknown.values_list("delivery_id", flat=True))
    if not in_doubt:
        raise NotUnknown("Nobody of its recipients is in doubt.")
    if outcome == "resend" and any(states[id] == Delivery.State.DATA for id in in_doubt):
        raise TooLate("It is being sent to others right now: try again in a moment.")
    state, words = OUTCOMES[outcome]
    unknown.update(state=state, code=None, reply=words, at=Now())
    if outcome == "sent":
        Message.objects.filter(pk=message.pk, sent_at__isnull=True).update(sent_at=Now())
    if outcome == "resend":
        Delivery.objects.filter(pk__in=in_doubt).update(
            state=Delivery.State.QUEUED,
            due_at=Now(),
            done_at=None,
            reason="",
            claim=None,
            deadline=Now() + GIVE_UP_AFTER,
        )
        poke_outbox.on_commit()
    emit(
        happened(
            "message.resolved",
            workspace_id=message.workspace_id,
            subject_id=message.pk,
            payload={"outcome": outcome},
        )
    )
    return Message.objects.in_full().get(pk=message.pk)
