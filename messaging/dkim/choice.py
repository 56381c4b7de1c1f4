"""Which key signs which mail, and what has been signed already."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from cryptography.fernet import InvalidToken

from messaging.addresses import Address
from messaging.dkim.signing import Signer
from messaging.models import Attempt, Delivery, SigningKey

State = SigningKey.State


def signers_of(deliveries: Iterable[Delivery]) -> dict[UUID, Signer]:
    """The signers of deliveries, with their messages, by id; whose mail is not signed is missing.

    A mail is signed for the domain of its author by the key that signs for it. One query.
    """
    rows = [row for row in deliveries if row.message.from_email]
    keys = SigningKey.objects.filter(
        state=State.ACTIVE,
        domain__workspace__in={row.message.workspace_id for row in rows},
        domain__name__in={_domain_of(row) for row in rows},
    )
    signers = {(key.domain.workspace_id, key.domain.name): _signer(key) for key in keys}
    wanted = {row.pk: (row.message.workspace_id, _domain_of(row)) for row in rows}
    return {id: signers[place] for id, place in wanted.items() if place in signers}


def signatures_of(deliveries: Iterable[Delivery]) -> dict[UUID, str]:
    """The fields that signed the mail of deliveries when it was first sent, by their ids.

    What some of its recipients have, the others get as well, whatever has become of the key.
    One query, and none where nothing has been tried before.
    """
    ids = [row.pk for row in deliveries if row.attempts > 1]
    tries = Attempt.objects.filter(delivery__in=ids, sent__signature__isnull=False)
    newest_first = tries.order_by("-ended_at", "-id")
    return dict(newest_first.values_list("delivery_id", "sent__signature"))


def _domain_of(row: Delivery) -> str:
    return Address(row.message.from_email).ascii_email.rpartition("@")[2].lower()


def _signer(key: SigningKey) -> Signer:
    try:
        private_key = key.private_key
    except InvalidToken:  # FIELD_KEYS has lost the one that it was written with
        private_key = ""
    return Signer(key.domain.name, key.selector, private_key)
