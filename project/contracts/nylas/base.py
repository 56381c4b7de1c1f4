"""What every view of the contract begins with: the grant of its path, and the envelope."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from drafts.errors import DraftNotFound
from drafts.models import Draft, DraftQuerySet
from messaging.addresses import Address
from messaging.errors import InvalidAddress
from messaging.models import Inbox, Message
from messaging.models.correspondence import InboxQuerySet
from messaging.models.message import MessageQuerySet
from project.api.errors import request_id_of
from project.contracts.base import ContractView
from project.contracts.nylas.errors import NYLAS, GrantNotFound
from project.errors import NotFound
from project.ids import UnknownId, read_hex, read_uuid


class NylasView(ContractView):
    """One address of the contract: every answer is an object with the request's id in it."""

    contract = NYLAS

    def answer(self, data: Any, *, status: int = 200, **beside: Any) -> Response:
        """One object, with what stands beside it."""
        return Response({"request_id": self.request_id, **beside, "data": data}, status=status)

    def answer_list(
        self, data: list[Any], *, next_cursor: str | None = None, **beside: Any
    ) -> Response:
        """A page of a list; no cursor on the last one."""
        cursor = {"next_cursor": next_cursor} if next_cursor else {}
        return Response({"request_id": self.request_id, **beside, "data": data, **cursor})

    def answer_done(self) -> Response:
        """What deletions answer: never an empty body, which the libraries cannot read."""
        return Response({"request_id": self.request_id})

    @property
    def request_id(self) -> str:
        return request_id_of(self.request._request)


class GrantView(NylasView):
    """One address below /v3/grants/<grant>. Every query is about that grant, which is an inbox."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        _ = self.grant  # an unknown one is refused before the body is looked at

    @cached_property
    def grant(self) -> Inbox:
        """The inbox that the path names. Raises GrantNotFound."""
        return find_grant(self.inboxes, str(self.kwargs["grant"]))

    @property
    def messages(self) -> MessageQuerySet:
        """The messages of the grant."""
        return super().messages.filter(inbox=self.grant)

    @property
    def drafts(self) -> DraftQuerySet:
        """The drafts of the grant that have not become messages."""
        rows = DraftQuerySet(Draft).filter(workspace=self.workspace)
        return rows.filter(inbox=self.grant, message__isnull=True)

    def draft(self, id: str) -> Draft:
        """A draft in full. Raises DraftNotFound."""
        known = read_hex(id)
        found = self.drafts.in_full().filter(pk=known).first()
        if found is None:
            raise DraftNotFound(known)
        return found

    def message(self, id: str) -> Message:
        """A message, its own row only. Raises NotFound."""
        found = self.messages.filter(pk=read_hex(id)).first()
        if found is None:
            raise NotFound(f"There is no message {id} in this grant.")
        return found


def find_grant(inboxes: InboxQuerySet, text: str) -> Inbox:
    """The inbox that `<id>`, `grant:<id>`, `<address>` or `email:<address>` names.

    Raises GrantNotFound.
    """
    kind, _, rest = text.rpartition(":")
    rows = inboxes.active()
    if kind in ("", "grant") and (id := _uuid(rest)):
        found = rows.filter(pk=id).first()
    elif kind in ("", "email"):
        found = rows.filter(address=_address(rest)).first()
    else:
        found = None
    if found is None:
        raise GrantNotFound(f"There is no grant {text[:320]} here.")
    return found


def _uuid(text: str) -> UUID | None:
    try:
        return read_uuid(text)
    except UnknownId:
        return None


def _address(text: str) -> str:
    if not text.isprintable():  # PostgreSQL knows no text with NUL
        return ""
    try:
        return Address(text).ascii_email.lower()
    except InvalidAddress:
        return ""
