"""The contacts of a workspace."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from messaging.addresses import read_address
from messaging.errors import CustomerTaken
from messaging.models import Customer
from project.events.services import emit, happened
from project.tenancy.models import Workspace


@transaction.atomic
def create_customer(
    *,
    workspace: Workspace,
    name: str = "",
    email: str = "",
    metadata: Mapping[str, object] | None = None,
) -> Customer:
    """A new contact. Raises InvalidAddress, and CustomerTaken for an address that has one."""
    customer = Customer(
        workspace=workspace, name=name, email=_clean(email), metadata=dict(metadata or {})
    )
    _save(customer)
    emit(happened("customer.created", workspace_id=workspace.pk, subject_id=customer.pk))
    return customer


@transaction.atomic
def update_customer(
    *,
    customer: Customer,
    name: str | None = None,
    email: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> None:
    """Change what is given. Raises InvalidAddress and CustomerTaken."""
    if name is not None:
        customer.name = name
    if email is not None:
        customer.email = _clean(email)
    if metadata is not None:
        customer.metadata = dict(metadata)
    _save(customer)
    emit(happened("customer.updated", workspace_id=customer.workspace_id, subject_id=customer.pk))


@transaction.atomic
def delete_customer(*, customer: Customer) -> None:
    """Forget a contact; messages and drafts stay, without one."""
    emit(happened("customer.deleted", workspace_id=customer.workspace_id, subject_id=customer.pk))
    customer.delete()


def _clean(email: str) -> str:
    return read_address(email, field="email").email.lower() if email else ""


def _save(customer: Customer) -> None:
    try:
        with transaction.atomic():
            customer.save()
    except IntegrityError:
        raise CustomerTaken(
            f"There is a customer {customer.email} already.", field="email"
        ) from None
