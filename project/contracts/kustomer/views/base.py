"""What every view of this door begins with."""

from __future__ import annotations

from messaging.models import Customer
from messaging.models.correspondence import CustomerQuerySet
from project.contracts.base import ContractView
from project.contracts.kustomer.errors import KUSTOMER
from project.errors import NotFound
from project.ids import read_hex


class KustomerView(ContractView):
    """One address of this door."""

    contract = KUSTOMER

    @property
    def customers(self) -> CustomerQuerySet:
        """The customers of the organisation, with their addresses."""
        return CustomerQuerySet(Customer).filter(workspace=self.workspace).in_full()

    def customer_of(self, id: str) -> Customer:
        """A customer by its id. Raises NotFound."""
        return self.found(self.customers.filter(pk=read_hex(id)), id)

    def found(self, rows: CustomerQuerySet, spelt: str) -> Customer:
        """The first of these customers. Raises NotFound."""
        customer = rows.order_by("pk").first()
        if customer is None:
            raise NotFound(f"There is no customer {spelt[:100]!r} here.")
        return customer
