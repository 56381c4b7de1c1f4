"""Customers at the native door."""

from __future__ import annotations

from django.db.models import Q
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api.mailbox import MailboxView
from messaging.contacts import (
    Contact,
    create_customer,
    delete_customer,
    preferring,
    update_customer,
)
from messaging.models import Customer, CustomerAddress
from messaging.serializers.correspondence import CustomerFields, CustomerOut, spell_customer
from project.api.fields import LineField
from project.api.idempotency import once
from project.api.schema import PAGING, page_example, paged
from project.api.serializers import StrictSerializer
from project.api.views import ApiViewSet
from project.ids import read
from project.tenancy.models import Scope

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`cus_…`")
FIELDS = {"name": "Ann Lee", "email": "ann@example.com", "metadata": {"plan": "gold"}}
ANN = {
    "id": "cus_01kagyx6ddeq7b0m4v1c2n8t5r",
    **FIELDS,
    "created_at": "2026-01-31T09:00:00.000Z",
    "updated_at": "2026-01-31T09:00:00.000Z",
}
ONE = OpenApiExample("Customer", response_only=True, value=ANN)
CHANGE = OpenApiExample("Change", request_only=True, value={"name": "Ann Lee-Smith"})


class CustomerFilters(StrictSerializer):
    """The query parameters of a list of customers."""

    email = LineField(required=False, help_text="Exactly this address.")
    search = LineField(required=False, help_text="Any part of name or address.")


class CustomerViewSet(MailboxView, ApiViewSet):
    """Customers: the contacts of the workspace."""

    scopes = {"create": Scope.DRAFT, "partial_update": Scope.DRAFT, "destroy": Scope.DRAFT}

    @extend_schema(
        request=CustomerFields,
        responses={201: CustomerOut},
        examples=[OpenApiExample("Make", request_only=True, value=FIELDS), ONE],
    )
    def create(self, request: Request) -> Response:
        """Make a contact. 409 when there is one with this address."""
        fields = self.parse(CustomerFields)
        if email := fields.pop("email", ""):
            fields["emails"] = [Contact(email)]

        def effect() -> Response:
            customer = create_customer(workspace=self.workspace, **fields)
            return Response(spell_customer(customer), status=201)

        return once(request, effect)

    @extend_schema(
        responses=paged(CustomerOut),
        parameters=[CustomerFilters, *PAGING],
        filters=False,
        examples=[page_example(ANN)],
    )
    def list(self, request: Request) -> Response:
        """Contacts, newest first."""
        known = CustomerFilters().fields
        given = {name: text for name, text in request.query_params.items() if name in known}
        wanted = self.parse(CustomerFilters, data=given)
        rows = Customer.objects.filter(workspace=self.workspace).in_full()
        if email := wanted.get("email"):
            rows = rows.with_email(email)
        if search := wanted.get("search"):
            having = CustomerAddress.objects.filter(kind="email", value__icontains=search)
            rows = rows.filter(Q(name__icontains=search) | Q(pk__in=having.values("customer")))
        return self.page(rows, spell_customer)

    @extend_schema(responses=CustomerOut, parameters=[ID], examples=[ONE])
    def retrieve(self, request: Request, id: str) -> Response:
        """One contact."""
        return Response(spell_customer(self.customer(read("cus", id))))

    @extend_schema(
        request=CustomerFields, responses=CustomerOut, parameters=[ID], examples=[CHANGE, ONE]
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change a contact; only what is sent changes."""
        customer = self.customer(read("cus", id))
        fields = self.parse(CustomerFields, partial=True)
        if "email" in fields:
            fields["emails"] = preferring(customer, fields.pop("email"))
        update_customer(customer=customer, **fields)
        return Response(spell_customer(customer))

    @extend_schema(responses={204: None}, parameters=[ID])
    def destroy(self, request: Request, id: str) -> Response:
        """Forget a contact. Messages and drafts stay, without a customer."""
        delete_customer(customer=self.customer(read("cus", id)))
        return Response(status=204)
