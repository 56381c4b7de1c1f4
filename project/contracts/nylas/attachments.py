"""The files of messages and drafts, to be read: what is said of them, and their bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.download import answer_with_bytes
from attachments.errors import AttachmentNotFound
from drafts.models import DraftAttachment
from messaging.models import MessageAttachment
from messaging.retention import check_files_kept
from project.contracts.nylas import docs
from project.contracts.nylas.base import GrantView
from project.contracts.nylas.serializers import spell_attachment
from project.contracts.schema import described
from project.errors import Invalid
from project.ids import read_hex

OCTETS = "application/octet-stream"


class FileView(GrantView):
    """One file, as a message or a draft carries it."""

    def file(self, id: str) -> tuple[MessageAttachment | DraftAttachment, Mapping[str, Any]]:
        """How the message or draft that `message_id` names carries the file, and its annotations.

        Raises Invalid and NotFound.
        """
        named = self.request.query_params.get("message_id")
        if not named:
            raise Invalid("The message_id parameter is required.")
        carrier, wanted = read_hex(named), read_hex(id)
        sent = (
            MessageAttachment.objects.filter(message__in=self.messages.filter(pk=carrier))
            .select_related("attachment__blob", "message")
            .filter(attachment=wanted)
            .first()
        )
        if sent is not None:
            return sent, sent.message.annotations
        written = (
            DraftAttachment.objects.filter(draft__in=self.drafts.filter(pk=carrier))
            .select_related("attachment__blob", "draft")
            .filter(attachment=wanted)
            .first()
        )
        if written is None:
            raise AttachmentNotFound(id)
        return written, written.draft.annotations


class AttachmentMetadata(FileView):
    """What is said of a file."""

    @described(**docs.FIND_ATTACHMENT)
    def get(self, request: Request, grant: str, id: str) -> Response:
        """The same as the message's own list of files has."""
        file, annotations = self.file(id)
        return self.answer(spell_attachment(file, grant=self.grant, annotations=annotations))


class AttachmentDownload(FileView):
    """The bytes of a file."""

    @described(**docs.DOWNLOAD)
    def get(self, request: Request, grant: str, id: str) -> HttpResponseBase:
        """The exact bytes, whatever Accept says; Range and If-None-Match count."""
        file, _ = self.file(id)
        if isinstance(file, MessageAttachment):
            check_files_kept(file.message, at=timezone.now())
        name = file.filename or file.attachment.filename
        response = answer_with_bytes(request._request, file.attachment, filename=name)
        if response.status_code < 300:
            response["Content-Type"] = OCTETS
        return response
