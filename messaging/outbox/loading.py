"""Claims, read into parcels."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Prefetch, Q
from django.db.models.functions import Now

from messaging.addresses import Address
from messaging.models import Attempt, Delivery, MessageAttachment, Recipient
from messaging.outbox.claim import Claim
from messaging.outbox.parcel import Addressee, Parcel, Transport
from messaging.outbox.transport import transport_of

LEFT = (Recipient.State.PENDING, Recipient.State.DEFERRED)
BOOLEAN = BooleanField()
_HAS_BEEN_TRIED = Q(Exists(Attempt.objects.filter(delivery=OuterRef("pk"))))


def load(claims: Sequence[Claim]) -> list[tuple[Transport, Parcel]]:
    """Everything that a transport needs to know, in 4 queries, in the order of the claims.

    Whoever has been accepted, refused or is in doubt is not among the addressees.
    """
    tokens = {one.delivery_id: one.token for one in claims}
    rows = (
        Delivery.objects.filter(pk__in=tokens, state=Delivery.State.CLAIMED)
        .annotate(is_over=ExpressionWrapper(_HAS_BEEN_TRIED & Q(deadline__lte=Now()), BOOLEAN))
        .select_related("message__inbox")
        .prefetch_related(
            Prefetch("recipients", Recipient.objects.filter(state__in=LEFT).order_by("pk")),
            Prefetch(
                "message__enclosures",
                MessageAttachment.objects.select_related("attachment__blob"),
            ),
        )
    )
    found: dict[UUID, Delivery] = {row.pk: row for row in rows if row.claim == tokens[row.pk]}
    return [_parcel(found[one.delivery_id]) for one in claims if one.delivery_id in found]


def _parcel(delivery: Delivery) -> tuple[Transport, Parcel]:
    message = delivery.message
    assert delivery.claim and message.inbox  # a claimed delivery has both
    transport = transport_of(message.inbox)
    return transport, Parcel(
        claim=Claim(delivery.pk, delivery.claim),
        number=delivery.attempts,
        is_last=delivery.is_over,  # type: ignore[attr-defined]
        message=message,
        mail_from=Address(message.inbox.address),
        addressees=tuple(
            Addressee(
                recipient_id=one.pk,
                address=Address(one.email, one.name or None),
                was_deferred=one.state == Recipient.State.DEFERRED,
            )
            for one in delivery.recipients.all()
        ),
        relay=transport.name,
    )
