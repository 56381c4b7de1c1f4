"""Drafts, with their files, and sending them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.confirm import confirm_attachment
from drafts.errors import VersionConflict
from drafts.models import Draft
from drafts.services import create_draft, delete_draft, send_draft, update_draft
from messaging.sorting import sort_message
from project.contracts.nylas import docs
from project.contracts.nylas.fields import select
from project.contracts.nylas.filters import Asked, narrow_drafts
from project.contracts.nylas.letters import LetterFields, draft_values
from project.contracts.nylas.paging import read_page
from project.contracts.nylas.read_docs import DRAFT_FILTERS, PAGING
from project.contracts.nylas.serializers import DOOR, own, spell_draft, spell_message
from project.contracts.nylas.throttles import JsonSends
from project.contracts.nylas.writing import Given, WritingView, show
from project.contracts.schema import described
from project.tenancy.models import Scope

TRIES = 5  # of a change, while others come first


class Drafts(WritingView):
    """The drafts of a grant."""

    scopes = {"POST": Scope.DRAFT}

    @described(**docs.LIST_DRAFTS, parameters=[*DRAFT_FILTERS, *PAGING])
    def get(self, request: Request, grant: str) -> Response:
        """Drafts, newest first."""
        asked = Asked(request.query_params)
        rows = narrow_drafts(self.drafts, asked, grant=self.grant)
        page = read_page(request, rows.in_full())
        spelt = [select(request, spell_draft(one, grant=self.grant)) for one in page.rows]
        return self.answer_list(spelt, next_cursor=page.next)

    @described(**docs.CREATE_DRAFT)
    def post(self, request: Request, grant: str) -> Response:
        """Write a draft, with its files."""
        given, files = self.read()
        values = draft_values(self, self.parse(LetterFields, data=given))
        put = self.put_files(files or ())
        with transaction.atomic():
            enclosures, noted = self.keep(put, html=values.get("html"))
            values["annotations"] = with_files(values["annotations"], noted)
            values["inbox"] = self.grant
            draft = create_draft(
                workspace=self.workspace,
                enclosures=enclosures,
                limits=self.limits,
                **values,
            )
        return self.answer(spell_draft(draft, grant=self.grant))


class OneDraft(WritingView):
    """One draft of a grant."""

    scopes = {"PUT": Scope.DRAFT, "DELETE": Scope.DRAFT, "POST": Scope.SEND}

    def get_throttles(self) -> list[Any]:
        sends = [JsonSends()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *sends]

    @described(**docs.FIND_DRAFT)
    def get(self, request: Request, grant: str, id: str) -> Response:
        """One draft, with what is said of its files."""
        return self.answer(select(request, spell_draft(self.draft(id), grant=self.grant)))

    @described(**docs.UPDATE_DRAFT)
    def put(self, request: Request, grant: str, id: str) -> Response:
        """Replace what is given, and leave the rest; `attachments` is the whole list."""
        draft = self.draft(id)
        given, files = self.read()
        fields = self.parse(LetterFields, data=given)
        stored = None if files is None else self.put_files(files)
        draft = self._change(draft, id, fields, stored)
        return self.answer(spell_draft(draft, grant=self.grant))

    @described(**docs.DELETE_DRAFT)
    def delete(self, request: Request, grant: str, id: str) -> Response:
        """Delete a draft for good."""
        delete_draft(draft=self.draft(id))
        return self.answer_done()

    @described(**docs.SEND_DRAFT)
    def post(self, request: Request, grant: str, id: str) -> Response:
        """Send a draft: it is a message from now on. A body is not needed, and not read."""
        draft = self.draft(id)
        for file in draft.files:
            confirm_attachment(file.attachment)
        with transaction.atomic():
            sent = send_draft(draft=draft, limits=self.limits).message
            assert sent is not None
            if own(draft.annotations).get("starred"):
                sort_message(message=sent, starred=True)
        return self.answer(spell_message(sent, grant=self.grant), grant_id=str(self.grant.pk))

    def _change(
        self, draft: Draft, id: str, fields: dict[str, Any], files: list[Given] | None
    ) -> Draft:
        """Write the change on the draft as it is, and again when another one came first."""
        for _ in range(TRIES):
            try:
                return self._rewrite(draft, fields, files)
            except VersionConflict:
                draft = self.draft(id)
        return self._rewrite(draft, fields, files)

    @transaction.atomic
    def _rewrite(self, draft: Draft, fields: dict[str, Any], files: list[Given] | None) -> Draft:
        values = draft_values(self, fields, draft)
        html = values.get("html", draft.html)
        noted = own(draft.annotations).get("files", {})
        if files is not None:
            enclosures, noted = self.keep(files, html=html)
        else:
            enclosures = show(draft.carried, html=html, noted=noted)
        values["annotations"] = with_files(values["annotations"], noted)
        is_same = files is None and enclosures == draft.carried
        return update_draft(
            draft=draft,
            limits=self.limits,
            expected=draft.version,
            enclosures=None if is_same else enclosures,
            **values,
        )


def with_files(annotations: Any, noted: dict[str, Any]) -> dict[str, Any]:
    """The annotations with what is noted of the files."""
    rest = {name: value for name, value in annotations[DOOR].items() if name != "files"}
    return {**annotations, DOOR: {**rest, **({"files": noted} if noted else {})}}
