"""Claims, read into parcels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import (
    BooleanField,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Prefetch,
    Q,
    prefetch_related_objects,
)
from django.db.models.functions import Now

from messaging.addresses import Address
from messaging.dkim.choice import signatures_of, signers_of
from messaging.models import Attempt, Delivery, Inbox, MessageAttachment, Recipient
from messaging.outbox.claim import Claim
from messaging.outbox.parcel import Addressee, Parcel, Transport
from messaging.outbox.transport import signs, transport_of

LEFT = (Recipient.State.PENDING, Recipient.State.DEFERRED)
BOOLEAN = BooleanField()
_HAS_BEEN_TRIED = Q(Exists(Attempt.objects.filter(delivery=OuterRef("pk"))))


def load(claims: Sequence[Claim]) -> list[tuple[Transport, Parcel]]:
    """Everything that a transport needs to know, in the order of the claims.

    4 queries, one for the keys that sign what leaves by SMTP, and one for what had been signed.
    Whoever has been accepted, refused or is in doubt is not among the addressees.
    """
    tokens = {one.delivery_id: one.token for one in claims}
    rows = (
        Delivery.objects.filter(pk__in=tokens, state=Delivery.State.CLAIMED)
        .annotate(is_over=ExpressionWrapper(_HAS_BEEN_TRIED & Q(deadline__lte=Now()), BOOLEAN))
        .select_related("message")
    )
    found = {row.pk: row for row in rows if row.claim == tokens[row.pk]}
    left = Recipient.objects.filter(delivery__in=found, state__in=LEFT).order_by("pk")
    addressees: defaultdict[UUID, list[Recipient]] = defaultdict(list)
    for one in left:
        addressees[one.delivery_id].append(one)
    messages = [row.message for row in found.values()]
    files = MessageAttachment.objects.select_related("attachment__blob")
    prefetch_related_objects(messages, Prefetch("enclosures", files))
    inboxes = Inbox.objects.in_bulk({message.inbox_id for message in messages})
    loaded = [
        _parcel(row, inboxes, addressees[row.pk])
        for claim in claims
        if (row := found.get(claim.delivery_id))
    ]
    _see_to_signatures([(found[one.claim.delivery_id], one) for way, one in loaded if signs(way)])
    return loaded


def _see_to_signatures(leaving: Sequence[tuple[Delivery, Parcel]]) -> None:
    rows = [row for row, _ in leaving]
    signed = signatures_of(rows)
    signers = signers_of(rows)
    for row, parcel in leaving:
        parcel.signature = signed.get(row.pk, "").encode()
        parcel.signer = signers.get(row.pk)


def _parcel(
    delivery: Delivery, inboxes: Mapping[UUID, Inbox], left: Sequence[Recipient]
) -> tuple[Transport, Parcel]:
    assert delivery.claim and delivery.message.inbox_id  # a claimed delivery has both
    inbox = inboxes[delivery.message.inbox_id]
    transport = transport_of(inbox, delivery.route)
    return transport, Parcel(
        claim=Claim(delivery.pk, delivery.claim),
        number=delivery.attempts,
        is_last=delivery.is_over,  # type: ignore[attr-defined]
        message=delivery.message,
        mail_from=Address(inbox.address),
        addressees=tuple(
            Addressee(
                recipient_id=one.pk,
                address=Address(one.email, one.name or None),
                was_deferred=one.state == Recipient.State.DEFERRED,
                rehearsed=one.rehearsed,
            )
            for one in left
        ),
        relay=transport.name,
    )
