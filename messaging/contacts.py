"""The contacts of a workspace."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from django.db import IntegrityError, transaction

from messaging.addresses import read_address
from messaging.errors import CustomerTaken, ExternalIdTaken
from messaging.models import Customer, CustomerAddress
from project.events.services import emit, happened
from project.tenancy.models import Workspace

Kind = CustomerAddress.Kind


@dataclass(frozen=True)
class Contact:
    """A mail address or telephone number of somebody."""

    value: str
    label: str = ""
    verified: bool = False


class CustomerFields(TypedDict, total=False):
    """What may be said of a customer; what is left out stays as it is."""

    name: str
    external_id: str
    emails: Sequence[Contact]  # the preferred one first
    phones: Sequence[Contact]
    metadata: Mapping[str, Any]
    annotations: Mapping[str, Any]


@transaction.atomic
def create_customer(*, workspace: Workspace, **fields: Unpack[CustomerFields]) -> Customer:
    """A new contact.

    Raises InvalidAddress, and CustomerTaken for a mail address or external id that has one.
    """
    customer = Customer(workspace=workspace)
    _assign(customer, fields)
    emit(happened("customer.created", workspace_id=workspace.pk, subject_id=customer.pk))
    return customer


@transaction.atomic
def update_customer(*, customer: Customer, **fields: Unpack[CustomerFields]) -> None:
    """Change what is given; lists replace lists. Raises as `create_customer` does."""
    _assign(customer, fields)
    emit(happened("customer.updated", workspace_id=customer.workspace_id, subject_id=customer.pk))


@transaction.atomic
def delete_customer(*, customer: Customer) -> None:
    """Forget a contact; messages and drafts stay, without one."""
    emit(happened("customer.deleted", workspace_id=customer.workspace_id, subject_id=customer.pk))
    customer.delete()


def preferring(customer: Customer, email: str) -> list[Contact]:
    """Its mail addresses with another one in the place of the preferred; blank: without it."""
    others = [Contact(one.value, one.label, one.verified) for one in customer.emails[1:]]
    kept = [one for one in others if one.value != _clean(email)]
    return [Contact(email), *kept] if email else kept


def _clean(email: str) -> str:
    return read_address(email, field="email").email.lower() if email else ""


def _assign(customer: Customer, fields: CustomerFields) -> None:
    customer.name = fields.get("name", customer.name)
    customer.external_id = fields.get("external_id", customer.external_id)
    customer.metadata = dict(fields.get("metadata", customer.metadata))
    customer.annotations = dict(fields.get("annotations", customer.annotations))
    _save(customer)
    if "emails" in fields:
        cleaned = [(_clean(one.value), one) for one in fields["emails"]]
        _put(customer, Kind.EMAIL, cleaned)
    if "phones" in fields:
        _put(customer, Kind.PHONE, [(one.value.strip(), one) for one in fields["phones"]])


def _save(customer: Customer) -> None:
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError:
        message = f"There is a customer with the external id {customer.external_id} already."
        raise ExternalIdTaken(message, field="external_id") from None


def _put(customer: Customer, kind: str, contacts: Sequence[tuple[str, Contact]]) -> None:
    """Make these the addresses of a kind, each once."""
    customer.addresses.filter(kind=kind).delete()
    once: dict[str, Contact] = {}
    for value, contact in contacts:
        once.setdefault(value, contact)
    rows = [
        CustomerAddress(
            customer=customer,
            workspace_id=customer.workspace_id,
            kind=kind,
            value=value,
            label=contact.label,
            verified=contact.verified,
            position=position,
        )
        for position, (value, contact) in enumerate(once.items())
    ]
    try:
        with transaction.atomic():
            CustomerAddress.objects.bulk_create(rows)
    except IntegrityError:
        taken = _taken(customer, once)
        raise CustomerTaken(f"There is a customer {taken} already.", field="email") from None
    customer.__dict__.pop("_prefetched_objects_cache", None)


def _taken(customer: Customer, values: Collection[str]) -> str:
    """Those of the mail addresses that another customer has."""
    rows = CustomerAddress.objects.filter(
        workspace=customer.workspace_id, kind=Kind.EMAIL, value__in=values
    )
    return " and ".join(rows.exclude(customer=customer).values_list("value", flat=True))
