"""Which key signs which mail."""

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

    A mail is signed for the domain of its author by the key that signs for it; one that has been
    sent to some of its recipients before, by the same key as then, so that all get the same bytes.
    One query for workspaces that have no key.
    """
    rows = [row for row in deliveries if row.message.from_email]
    keys = list(
        SigningKey.objects.filter(
            state__in=(State.ACTIVE, State.RETIRED),
            domain__workspace__in={row.message.workspace_id for row in rows},
            domain__name__in={_domain_of(row) for row in rows},
        )
    )
    if not keys:
        return {}
    before = _keys_before([row.pk for row in rows if row.attempts > 1])
    chosen = {row.pk: _choose(row, keys, before.get(row.pk)) for row in rows}
    signers = {key.pk: _signer(key) for key in set(chosen.values()) if key}
    return {id: signers[key.pk] for id, key in chosen.items() if key}


def _choose(row: Delivery, keys: list[SigningKey], before: str | None) -> SigningKey | None:
    own = [
        key
        for key in keys
        if key.domain.workspace_id == row.message.workspace_id
        and key.domain.name == _domain_of(row)
    ]
    same = next((key for key in own if key.pk.hex == before), None)
    return same or next((key for key in own if key.state == State.ACTIVE), None)


def _domain_of(row: Delivery) -> str:
    return Address(row.message.from_email).ascii_email.rpartition("@")[2].lower()


def _keys_before(ids: list[UUID]) -> dict[UUID, str]:
    """The hex id of the key that signed the first mail that was sent, by delivery."""
    tries = Attempt.objects.filter(delivery__in=ids, sent__signed_by__isnull=False)
    newest_first = tries.order_by("-ended_at", "-id")
    return dict(newest_first.values_list("delivery_id", "sent__signed_by"))


def _signer(key: SigningKey) -> Signer:
    try:
        private_key = key.private_key
    except InvalidToken:  # FIELD_KEYS has lost the one that it was written with
        private_key = ""
    return Signer(key.pk, key.domain.name, key.selector, private_key)
