"""Customers."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from messaging.contacts import create_customer, delete_customer, update_customer
from messaging.models import Customer
from project.contracts.kustomer import docs
from project.contracts.kustomer.paging import answer_page
from project.contracts.kustomer.serializers.customers import (
    CustomerFields,
    customer_values,
    spell_customer,
)
from project.contracts.kustomer.views.base import KustomerView
from project.contracts.schema import described
from project.ids import read_hex
from project.tenancy.models import Scope


class Customers(KustomerView):
    """All customers."""

    scopes = {"POST": Scope.DRAFT}

    @described(**docs.LIST_CUSTOMERS)
    def get(self, request: Request) -> Response:
        """Customers, newest first."""
        return answer_page(request, self.customers.order_by("-pk"), spell_customer)

    @described(**docs.MAKE_CUSTOMER)
    def post(self, request: Request) -> Response:
        """Make a customer. 409 for an address or an external id that another has."""
        fields = self.parse(CustomerFields)
        customer = create_customer(workspace=self.workspace, **customer_values(fields))
        return _answer(customer, status=201)


class OneCustomer(KustomerView):
    """One customer."""

    scopes = {"PUT": Scope.DRAFT, "PATCH": Scope.DRAFT, "DELETE": Scope.DRAFT}

    @described(**docs.GET_CUSTOMER)
    def get(self, request: Request, id: str) -> Response:
        """One customer."""
        return _answer(self.customer_of(id))

    @described(**docs.CHANGE_CUSTOMER)
    def patch(self, request: Request, id: str) -> Response:
        """Change a customer; only what is sent changes."""
        customer = self.customer_of(id)
        fields = self.parse(CustomerFields)
        update_customer(customer=customer, **customer_values(fields, customer))
        return _answer(customer)

    put = patch

    @described(**docs.NOTHING)
    def delete(self, request: Request, id: str) -> Response:
        """Forget a customer; messages and drafts stay, without one."""
        delete_customer(customer=self.customer_of(id))
        return Response(status=204)


class CustomerBy(KustomerView):
    """A customer by what is known of it."""

    @described(**docs.FIND_CUSTOMER)
    def get(self, request: Request, key: str, value: str) -> Response:
        """The customer with this id, e-mail address, external id or telephone number."""
        rows = self.customers.none() if "\0" in value else self.customers
        if key == "id":
            rows = rows.filter(pk=read_hex(value))
        elif key == "email":
            rows = rows.with_email(value)
        elif key == "phone":
            rows = rows.with_phone(value)
        else:
            rows = rows.filter(external_id=value)
        return _answer(self.found(rows, value))


def _answer(customer: Customer, *, status: int = 200) -> Response:
    return Response({"data": spell_customer(customer)}, status=status)
