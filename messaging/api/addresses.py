"""Completing addresses at the native door."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api.mailbox import MailboxView
from messaging.correspondents import Correspondent, find_correspondents
from project.api.fields import LineField, TimeField
from project.api.paging import read_limit
from project.api.schema import PAGING
from project.api.serializers import StrictSerializer
from project.api.times import spell_time

FOUND = {
    "data": [
        {"email": "ann@example.com", "name": "Ann Lee", "last_at": "2026-01-31T09:00:00.000Z"},
        {"email": "anton@example.com", "name": None, "last_at": None},
    ]
}
LIMIT = next(one for one in PAGING if one.name == "limit")


class AddressFilters(StrictSerializer):
    """Which addresses are wanted."""

    search = LineField(
        required=False,
        default="",
        help_text="Words that are all in the name or the address, at the beginning or within.",
    )


class FoundAddress(serializers.Serializer[Any]):
    """Somebody to write to."""

    email = serializers.CharField(help_text="Where.")
    name = serializers.CharField(allow_null=True, help_text="As it was last written.")
    last_at = TimeField(allow_null=True, help_text="Of the newest mail to or from them.")


FOUND_ADDRESSES = inline_serializer(
    "FoundAddresses", {"data": FoundAddress(many=True, help_text="The best first.")}
)


class AddressesView(MailboxView):
    """Addresses to choose from while somebody writes one."""

    @extend_schema(
        operation_id="addresses_list",
        responses=FOUND_ADDRESSES,
        parameters=[AddressFilters, OpenApiParameter("limit", LIMIT.type, description="At most.")],
        examples=[OpenApiExample("Found", response_only=True, value=FOUND)],
    )
    def get(self, request: Request) -> Response:
        """Contacts, and people lately written to or heard from; the likeliest first."""
        search = {"search": request.query_params.get("search", "")}
        found = find_correspondents(
            workspace=self.workspace,
            messages=self.messages,
            search=self.parse(AddressFilters, data=search)["search"],
            limit=read_limit(request),
            at=timezone.now(),
        )
        return Response({"data": [_spell(one) for one in found]})


def _spell(one: Correspondent) -> dict[str, Any]:
    return {"email": one.email, "name": one.name or None, "last_at": spell_time(one.last_at)}
