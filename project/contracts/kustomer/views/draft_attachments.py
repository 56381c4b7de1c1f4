"""The attachments of drafts."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from drafts.models import Draft, DraftAttachment
from project.contracts.kustomer import docs
from project.contracts.kustomer.paging import answer_page
from project.contracts.kustomer.serializers.attachments import (
    AttachmentFields,
    offer_values,
    spell_draft_attachment,
)
from project.contracts.kustomer.views.drafts import KustomerDraftsView
from project.contracts.kustomer.writing import drop_from_draft, reserve_for_draft
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read_hex
from project.tenancy.models import Scope


class DraftAttachments(KustomerDraftsView):
    """All attachments of a draft."""

    scopes = {"POST": Scope.DRAFT}

    @described(**docs.LIST_DRAFT_FILES)
    def get(self, request: Request, id: str) -> Response:
        """The attachments of a draft, in the order that they will have in the mail."""
        draft = self.draft(id)
        rows = draft.enclosures.select_related("attachment__blob").order_by("position", "pk")
        return answer_page(request, rows, lambda row: _spell(draft, row)["data"])

    @described(**docs.MAKE_DRAFT_FILE)
    def post(self, request: Request, id: str) -> Response:
        """Announce a file; its bytes go to the URL in the answer."""
        fields = self.parse(AttachmentFields)
        draft, expected = self.draft_to_change(id)
        draft = reserve_for_draft(draft=draft, expected=expected, **offer_values(fields))
        return Response(_spell(draft, draft.files[-1]), status=201)


class OneDraftAttachment(KustomerDraftsView):
    """One attachment of a draft."""

    scopes = {"DELETE": Scope.DRAFT}

    @described(**docs.GET_DRAFT_FILE)
    def get(self, request: Request, id: str, attachment_id: str) -> Response:
        """One attachment, with a fresh URL: to upload it, or once it is in to download it."""
        draft = self.draft(id)
        return Response(_spell(draft, _file(draft, attachment_id)))

    @described(**docs.NOTHING)
    def delete(self, request: Request, id: str, attachment_id: str) -> Response:
        """Take an attachment from a draft, with its bytes."""
        draft, expected = self.draft_to_change(id)
        attachment = _file(draft, attachment_id).attachment
        drop_from_draft(draft=draft, attachment=attachment, expected=expected)
        return Response(status=204)


def _file(draft: Draft, id: str) -> DraftAttachment:
    known = read_hex(id)
    found = next((file for file in draft.files if file.attachment_id == known), None)
    if found is None:
        raise NotFound(f"There is no attachment {id} in this draft.")
    return found


def _spell(draft: Draft, file: DraftAttachment) -> dict[str, Any]:
    return spell_draft_attachment(
        file.attachment, draft_id=draft.pk, filename=file.name, at=timezone.now()
    )
