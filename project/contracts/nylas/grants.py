"""Grants: the inboxes that a key reaches."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models import Inbox
from project.contracts.nylas import read_docs as docs
from project.contracts.nylas.base import GrantView, NylasView
from project.contracts.nylas.fields import select
from project.contracts.nylas.filters import Asked
from project.contracts.nylas.paging import read_number
from project.contracts.nylas.serializers import spell_grant_id, spell_seconds
from project.contracts.schema import described
from project.errors import Invalid

DEFAULT_LIMIT = 10
MAX_LIMIT = 200
MAX_OFFSET = 10**9 - 1
FIXED = {"provider": "imap", "grant_status": "valid"}  # of every grant
SORT_BY = ("created_at", "updated_at")
ORDER_BY = {"asc": "", "desc": "-"}


class Grants(NylasView):
    """The grants of a workspace."""

    @described(**docs.LIST_GRANTS)
    def get(self, request: Request) -> Response:
        """Grants, newest first."""
        limit = read_number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        offset = read_number(request, "offset", default=0, least=0, most=MAX_OFFSET)
        rows = narrow_grants(self.inboxes.active(), Asked(request.query_params))
        found = list(rows.order_by(*read_order(request))[offset : offset + limit])
        spelt = [select(request, spell_grant(one)) for one in found]
        return self.answer_list(spelt, limit=limit, offset=offset)


class OneGrant(GrantView):
    """A grant."""

    @described(**docs.FIND_GRANT)
    def get(self, request: Request, grant: str) -> Response:
        """One grant."""
        return self.answer(select(request, spell_grant(self.grant)))


def narrow_grants(rows: QuerySet[Inbox], asked: Asked) -> QuerySet[Inbox]:
    """The grants that fit all filters. Raises Invalid."""
    if email := asked.text("email"):
        rows = rows.filter(address__iexact=email)
    if since := asked.time("since"):
        rows = rows.filter(created_at__gte=since)
    if before := asked.time("before"):
        rows = rows.filter(created_at__lt=before)
    fits = all(asked.text(name) in ("", value) for name, value in FIXED.items())
    return rows if fits and not asked.text("ip") else rows.none()


def read_order(request: Request) -> tuple[str, str]:
    """`sort_by` and `order_by`; the newest first unless they say otherwise. Raises Invalid."""
    name = request.query_params.get("sort_by") or SORT_BY[0]
    direction = request.query_params.get("order_by") or "desc"
    if name not in SORT_BY:
        raise Invalid(f"This is one of {', '.join(SORT_BY)}.", field="sort_by")
    if direction not in ORDER_BY:
        raise Invalid(f"This is one of {', '.join(ORDER_BY)}.", field="order_by")
    return f"{ORDER_BY[direction]}{name}", f"{ORDER_BY[direction]}id"


def spell_grant(grant: Inbox) -> dict[str, Any]:
    """A grant."""
    return {
        "id": spell_grant_id(grant),
        **FIXED,
        "email": grant.address,
        "name": grant.name,
        "scope": [],
        "settings": {},
        "created_at": spell_seconds(grant.created_at),
        "updated_at": spell_seconds(grant.updated_at),
    }
