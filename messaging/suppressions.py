"""Whom a workspace does not write to any more."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from messaging.addresses import Address, read_address
from messaging.models import Recipient, Suppression
from messaging.models.suppression import SuppressionQuerySet
from project.events.services import emit, happened
from project.tenancy.models import Workspace

WHY: dict[str, str] = {
    Suppression.Reason.HARD_BOUNCE: "mail to it bounced for good",
    Suppression.Reason.COMPLAINT: "its reader complained",
    Suppression.Reason.UNSUBSCRIBE: "its reader unsubscribed",
    Suppression.Reason.MANUAL: "it was suppressed by hand",
}


@transaction.atomic
def suppress(
    *,
    workspace: Workspace,
    email: str,
    reason: str = Suppression.Reason.MANUAL,
    applies_to: str = Suppression.Scope.ALL,
    recipient: Recipient | None = None,
) -> tuple[Suppression, bool]:
    """Write to an address no more; the suppression, and whether it is new.

    One that is there stays as it is, unless the new one applies to more. `recipient` is whose
    bounce or complaint it was. Raises InvalidAddress.
    """
    address = read_address(email, field="email")
    found, is_new = Suppression.objects.select_for_update(no_key=True).get_or_create(
        workspace=workspace,
        email=spelling_of(address),
        defaults={"reason": reason, "applies_to": applies_to, "recipient": recipient},
    )
    is_wider = applies_to == Suppression.Scope.ALL != found.applies_to
    if is_wider:
        found.reason, found.applies_to, found.recipient = reason, applies_to, recipient
        found.save(update_fields=["reason", "applies_to", "recipient"])
    if is_new or is_wider:
        _say("suppression.added", found)
    return found, is_new


@transaction.atomic
def unsuppress(*, suppression: Suppression) -> None:
    """Write to an address again; one that is not suppressed any more stays so."""
    deleted, _ = Suppression.objects.filter(pk=suppression.pk).delete()
    if deleted:
        _say("suppression.removed", suppression)


def suppressed_among(
    addresses: Iterable[Address], *, workspace_id: UUID, category: str
) -> dict[str, str]:
    """The reasons for which some of the addresses get no mail of a category, by their spelling."""
    return dict(holding_back(addresses, workspace_id, category).values_list("email", "reason"))


def holding_back(
    addresses: Iterable[Address], workspace_id: UUID, category: str
) -> SuppressionQuerySet:
    """The suppressions of these addresses that apply to mail of a category."""
    spelt = {spelling_of(one) for one in addresses}
    rows = SuppressionQuerySet(Suppression).filter(workspace=workspace_id, email__in=spelt)
    return rows.holding_back(category)


def spelling_of(address: Address) -> str:
    """How an address is kept here: in lower case, since a stranger's server may not tell cases
    apart, with the domain in A-labels."""
    return address.ascii_email.lower()


def _say(kind: str, suppression: Suppression) -> None:
    facts = {
        "email": suppression.email,
        "reason": suppression.reason,
        "applies_to": suppression.applies_to,
    }
    emit(
        happened(
            kind,
            workspace_id=suppression.workspace_id,
            subject_id=suppression.pk,
            payload=facts,
        )
    )
