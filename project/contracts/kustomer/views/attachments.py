"""Attachments by themselves, for messages."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.confirm import confirm_attachment
from attachments.linking import link_attachment
from attachments.models import Attachment
from attachments.services import reserve_attachment
from project.contracts.kustomer import docs
from project.contracts.kustomer.limits import LIMITS, NEVER_UPLOADED_LIFE
from project.contracts.kustomer.serializers.attachments import (
    StandaloneFields,
    offer_values,
    spell_standalone,
)
from project.contracts.kustomer.views.base import KustomerView
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read_hex
from project.tenancy.models import Scope


class Attachments(KustomerView):
    """All standalone attachments."""

    scopes = {"POST": Scope.FILES}

    @described(**docs.MAKE_FILE)
    def post(self, request: Request) -> Response:
        """Announce a file, or register one that is elsewhere."""
        fields = self.parse(StandaloneFields)
        make: dict[str, Any] = {
            "workspace": self.workspace,
            "limits": LIMITS,
            **offer_values(fields),
        }
        url = fields.get("externalUrl")
        attachment = (
            link_attachment(url=url, **make)
            if url
            else reserve_attachment(life=NEVER_UPLOADED_LIFE, **make)
        )
        return _answer(attachment, status=201)


class OneAttachment(KustomerView):
    """One attachment."""

    @described(**docs.GET_FILE)
    def get(self, request: Request, id: str) -> Response:
        """One attachment, with a form for its bytes, or a URL to download them."""
        rows = self.workspace.attachments.visible().select_related("blob")
        attachment = rows.filter(pk=read_hex(id)).first()
        if attachment is None:
            raise NotFound(f"There is no attachment {id} here.")
        confirm_attachment(attachment)
        return _answer(attachment)


def _answer(attachment: Attachment, *, status: int = 200) -> Response:
    return Response(spell_standalone(attachment, at=timezone.now()), status=status)
