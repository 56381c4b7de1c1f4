"""What operators do about mail that is on its way, or has not arrived.

The outbox' workers race with every one of these: state changes are conditional UPDATEs of
deliveries that are locked in the order of their ids, and a worker whose delivery has gone from
`claimed` to anything else loses its next gate.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, ExpressionWrapper, Q, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from attachments.limits import Limits
from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.errors import NotHeld, NothingToRetry, TooLate
from messaging.mime.assembly import letter_of
from messaging.models import Delivery, Message, Recipient
from messaging.outbox.record import GIVE_UP_AFTER
from messaging.poke import poke_outbox
from messaging.retention import check_mail_kept
from messaging.services import send_message
from project.errors import Invalid
from project.ids import spell

State = Delivery.State


@transaction.atomic
def hold_message(*, message: Message) -> None:
    """Keep back what has not left of a message; raises TooLate if nothing can be kept back.

    A delivery that a worker has claimed can be held until the commit of `data`, as it can be
    canceled.
    """
    held = _locked(message, State.QUEUED, State.WAITING, State.CLAIMED)
    rows = Delivery.objects.filter(pk__in=held)
    if not rows.update(state=State.HELD, due_at=None, held_until=None):
        raise TooLate("Nothing of it can be held: it has left, or is leaving right now.")


@transaction.atomic
def release_message(*, message: Message) -> None:
    """Let a held message go, at the time that was asked for or now; raises NotHeld."""
    held = _locked(message, State.HELD)
    if not held:
        raise NotHeld("It is not held.")
    queue_anew(held, due_at=_time_asked_for(message))


@transaction.atomic
def retry_message(*, message: Message) -> None:
    """Try a message now: what waits for its next try, and those to whom it was given up.

    Nobody is tried whose server may have it. The Message-ID and the bytes stay the same.
    Raises NothingToRetry, and ContentGone for what is not kept any more.
    """
    late = _locked(message, State.QUEUED, also=Q(attempts__gt=0))
    refused = Recipient.objects.filter(state=Recipient.State.REFUSED)
    over = _locked(
        message,
        State.DONE,
        State.FAILED,
        also=Q(pk__in=refused.filter(delivery__message=message).values("delivery")),
    )
    if not late and not over:
        raise NothingToRetry("Nobody of its recipients can be tried again.")
    if over:
        check_mail_kept(message, at=timezone.now())
    refused.filter(delivery__in=over).update(
        state=Recipient.State.PENDING, code=None, reply="It is to be sent again.", at=Now()
    )
    queue_anew([*late, *over], due_at=Now())


def resend_message(*, message: Message, emails: Collection[str]) -> Message:
    """Send a message anew, under another Message-ID, to some of its recipients; the new one.

    Raises Invalid for an address that is none of its recipients, ContentGone for what is not kept
    any more, and as `send_message` does.
    """
    message = Message.objects.in_full().select_related("workspace").get(pk=message.pk)
    unknown = set(emails) - {one.email for one in message.recipients}
    if unknown or not emails or message.inbox is None:
        raise Invalid("Choose among its recipients.", field="emails")
    check_mail_kept(message, at=timezone.now())
    letter = letter_of(message)
    chosen = {Address(email).key for email in emails}

    def some(addresses: tuple[Address, ...]) -> tuple[Address, ...]:
        return tuple(one for one in addresses if one.key in chosen)

    return send_message(
        inbox=message.inbox,
        letter=replace(letter, to=some(letter.to), cc=some(letter.cc), bcc=some(letter.bcc)),
        enclosures=[
            Enclosure(row.attachment, row.inline, row.content_id, row.filename)
            for row in message.enclosures.all()
            if row.in_mail
        ],
        limits=Limits.for_workspace(message.workspace),
        filing=Filing(
            thread=message.thread,
            customer=message.customer,
            category=message.category,
            tags=message.tags,
            metadata=message.metadata,
            annotations={"office": {"resent_from": spell("msg", message.pk)}},
        ),
    )


def _locked(message: Message, *states: str, also: Q | None = None) -> list[UUID]:
    """The message's deliveries in one of these states, locked; none that changed meanwhile."""
    rows = Delivery.objects.filter(also or Q(), message=message, state__in=states).order_by("pk")
    return list(rows.select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))


def queue_anew(ids: Collection[UUID], *, due_at: Combinable) -> None:
    """Have deliveries, which are locked, be claimed from `due_at` on, as if for the first time."""
    Delivery.objects.filter(pk__in=ids).update(
        state=State.QUEUED,
        due_at=due_at,
        done_at=None,
        reason="",
        claim=None,
        held_until=None,
        deadline=_deadline(),
    )
    poke_outbox.on_commit()


def _deadline() -> Combinable:
    """That of tries, anew, for a delivery that has been tried, that of files for any other."""
    tries, files = GIVE_UP_AFTER, timedelta(hours=settings.WAIT_HOURS)
    return Case(
        When(attempts__gt=0, then=ExpressionWrapper(Now() + tries, DateTimeField())),
        default=ExpressionWrapper(Now() + files, DateTimeField()),
    )


def _time_asked_for(message: Message) -> Combinable:
    if message.send_at is None:
        return Now()
    return Greatest(Value(message.send_at, DateTimeField()), Now())
