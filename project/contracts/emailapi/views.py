"""Uploads, and emails that carry them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.api import TakesFiles
from attachments.download import answer_with_bytes
from attachments.errors import AttachmentNotFound
from attachments.models import Attachment
from attachments.offers import keep_offer, put_offer
from attachments.retention import delete_attachment
from messaging.entries import Entry, put_entries
from messaging.models import Message
from messaging.models.message import Direction
from messaging.services import send_message
from project.api.idempotency import fingerprint_of, read_key, remember
from project.api.parsers import JSONParser, MultiPartParser
from project.contracts.base import ContractView
from project.contracts.emailapi import docs
from project.contracts.emailapi.disposition import disposition_of
from project.contracts.emailapi.errors import CONTRACT
from project.contracts.emailapi.files import enclose, read_entries, read_form
from project.contracts.emailapi.limits import LIMITS
from project.contracts.emailapi.paging import read_window
from project.contracts.emailapi.serializers import (
    SendFields,
    answer,
    letter_of,
    read_file_id,
    spell_email,
    spell_file,
    spell_row,
    spell_second,
    spell_uses,
)
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read
from project.tenancy.models import Scope


class EmailApiView(TakesFiles, ContractView):
    """One address of this contract."""

    contract = CONTRACT
    limits = LIMITS

    @property
    def uploads(self) -> QuerySet[Attachment]:
        """The files of this door, newest first."""
        return self.workspace.attachments.uploads().usable(timezone.now()).newest_first()

    def upload(self, id: str) -> Attachment:
        found = self.uploads.select_related("blob").filter(pk=read_file_id(id)).first()
        if found is None:
            raise AttachmentNotFound(id)
        return found


class Attachments(EmailApiView):
    """The uploads of the account."""

    parser_classes = [MultiPartParser]
    scopes = {"POST": Scope.FILES}

    @described(**docs.UPLOAD)
    def post(self, request: Request) -> Response:
        offer = read_form(self)
        blob = put_offer(workspace=self.workspace, offer=offer, limits=LIMITS)
        file = keep_offer(workspace=self.workspace, offer=offer, blob=blob, limits=LIMITS)
        data = spell_file(file, at=timezone.now())
        return Response(answer(data, "Attachment uploaded successfully"), status=201)

    @described(**docs.LIST)
    def get(self, request: Request) -> Response:
        window = read_window(request)
        wanted = self.uploads
        if search := request.query_params.get("search"):
            wanted = wanted.filter(filename__icontains=search)
        total = wanted.count()
        rows = wanted[window.offset : window.offset + window.limit]
        spelt = [spell_row(file) for file in rows]
        pagination = window.spell(total=total, returned=len(spelt))
        data = {"attachments": spelt, "pagination": pagination}
        return Response(answer(data, "Attachments retrieved successfully"))


class OneAttachment(EmailApiView):
    """An upload."""

    scopes = {"DELETE": Scope.FILES}

    @described(**docs.RETRIEVE)
    def get(self, request: Request, id: str) -> Response:
        file = self.upload(id)
        data = {**spell_file(file, at=timezone.now()), "usedIn": spell_uses(self.uses(file))}
        return Response(answer(data, "Attachment retrieved successfully"))

    @described(**docs.DELETE)
    def delete(self, request: Request, id: str) -> Response:
        deleted = delete_attachment(attachment=self.upload(id), unsent_keep_theirs=True)
        assert deleted.deleted_at
        data = {"id": id, "deletedAt": spell_second(deleted.deleted_at)}
        return Response(answer(data, "Attachment deleted successfully"))

    def uses(self, file: Attachment) -> Any:
        """The emails that carry a file and that the caller may see, oldest first."""
        rows = self.messages.filter(
            direction=Direction.OUTBOUND,
            enclosures__attachment=file,
            enclosures__in_mail=True,
        )
        return rows.order_by("id").values_list("id", "created_at")


class Download(EmailApiView):
    """The bytes of an upload."""

    @described(**docs.DOWNLOAD)
    def get(self, request: Request, id: str) -> HttpResponseBase:
        file = self.upload(id)
        response = answer_with_bytes(request._request, file)
        if "Content-Disposition" in response:
            response["Content-Disposition"] = disposition_of(file.filename)
        return response


class Send(EmailApiView):
    """Emails, to be sent at once."""

    parser_classes = [JSONParser]
    scopes = {"POST": Scope.SEND}

    @described(**docs.SEND)
    def post(self, request: Request) -> Response:
        given = dict(request.data)
        values = given.pop("attachments", None)
        fields = self.parse(SendFields, data=given)
        entries = read_entries(self, values)
        letter = letter_of(fields, has_files=bool(entries))
        files: list[Entry] = []

        def prepare() -> None:
            files.extend(put_entries(workspace=self.workspace, entries=entries, limits=LIMITS))

        def effect() -> Response:
            message = send_message(
                inbox=self.sending_inbox(None, letter.sender),
                letter=letter,
                enclosures=enclose(self.workspace, files, at=timezone.now()),
                limits=LIMITS,
            )
            data = spell_email(message, at=timezone.now())
            return Response(answer(data, "Email sent successfully"))

        known = {name: given[name] for name in fields}
        facts = {**known, "attachments": [entry.facts for entry in entries]}
        response, replayed = remember(
            workspace=self.workspace,
            door=CONTRACT.name,
            key=read_key(request.headers.get("Idempotency-Key")),
            fingerprint=lambda: fingerprint_of(request, fields=facts),
            effect=effect,
            prepare=prepare,
        )
        if replayed:
            response["Idempotency-Replay"] = "true"
        return response


class OneMessage(EmailApiView):
    """An email and what has become of it."""

    @described(**docs.MESSAGE)
    def get(self, request: Request, id: str) -> Response:
        data = spell_email(self.email(id), at=timezone.now())
        return Response(answer(data, "Message retrieved successfully"))

    def email(self, id: str) -> Message:
        rows = self.messages.filter(direction=Direction.OUTBOUND).in_full()
        found = rows.filter(pk=read("msg", id)).first()
        if found is None:
            raise NotFound(f"There is no message {id} here.")
        return found
