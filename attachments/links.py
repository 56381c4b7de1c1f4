"""Bytes behind a signed URL: `/up/<id>` takes them, `/dl/<id>.<ext>` gives them.

`/up/<id>/form` takes them as the file of a form.

The signature is the whole permission: no key and no session is looked at.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.http import HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from attachments import signing
from attachments.confirm import confirm_attachment
from attachments.download import answer_with_bytes, disposition_of, readable_blob
from attachments.errors import AttachmentNotFound, FileTooLarge, WrongLength
from attachments.incoming import Incoming
from attachments.models import Attachment
from attachments.multipart import FormFile, FormHandler
from attachments.services import fill_attachment
from attachments.sniff import served_type
from attachments.storage import attachment_storage
from project.api.parsers import MultiPartParser, opener
from project.api.views import ApiView
from project.errors import Invalid
from project.ids import read

REDIRECT_LIFE = timedelta(minutes=1)


class SignedView(ApiView):
    """Something that whoever holds the URL may do."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def signed_length(self, id: str) -> int:
        """How many bytes may come by this URL. Raises SignatureInvalid and LinkExpired."""
        given = self.request.query_params
        return signing.check_upload(
            id=read("att", id),
            method=str(self.request.method),
            expires=given.get("expires", ""),
            length=given.get("length", ""),
            signature=given.get("signature", ""),
            at=timezone.now(),
        )

    def attachment(self, id: str) -> Attachment:
        found = (
            Attachment.objects.visible()
            .select_related("workspace", "blob")
            .filter(pk=read("att", id))
            .first()
        )
        if found is None:
            raise AttachmentNotFound(id)
        return found


class UploadLink(SignedView):
    """PUT the bytes of a reservation; the same bytes again answer 200, others 409."""

    def put(self, request: Request, id: str) -> Response:
        expected = self.signed_length(id)
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
        if announced > expected:
            raise FileTooLarge(size=announced, limit=expected)
        if announced < expected:
            raise WrongLength(expected=expected, received=announced)
        attachment = self.attachment(id)
        with Incoming(limit=expected) as incoming:
            incoming.write_from(request)
            attachment = fill_attachment(attachment=attachment, incoming=incoming)
        return Response(headers={"ETag": f'"{attachment.sha256}"'})


class FormLink(SignedView):
    """POST the bytes of a reservation as the form's field `file`; its other fields say nothing."""

    parser_classes = [MultiPartParser]

    def upload_handlers(self, request: Request) -> list[FormHandler]:
        open = opener(request, lambda: Incoming(limit=self.expected))
        return [FormHandler(request._request, open=cast("Any", open))]

    def post(self, request: Request, id: str) -> Response:
        self.expected = self.signed_length(id)  # before anything of the body is kept
        attachment = self.attachment(id)
        files = request.FILES.getlist("file")
        if len(files) != 1:
            raise Invalid("Give one file in the form field 'file', as the last.", field="file")
        incoming = cast("FormFile", files[0]).incoming
        if incoming.size > self.expected:
            raise FileTooLarge(size=incoming.size, limit=self.expected, field="file")
        if incoming.size < self.expected:
            raise WrongLength(expected=self.expected, received=incoming.size)
        attachment = fill_attachment(attachment=attachment, incoming=incoming)
        return Response(status=204, headers={"ETag": f'"{attachment.sha256}"'})


class DownloadLink(SignedView):
    """GET or HEAD the bytes; from the storage itself where that serves them."""

    def get(self, request: Request, id: str, extension: str) -> HttpResponseBase:
        signing.check_download(
            id=read("att", id),
            expires=request.query_params.get("expires", ""),
            signature=request.query_params.get("signature", ""),
            at=timezone.now(),
        )
        attachment = self.attachment(id)
        confirm_attachment(attachment)
        elsewhere = _elsewhere(attachment) if request.method == "GET" else None
        if elsewhere is None:
            return answer_with_bytes(request._request, attachment)
        return HttpResponseRedirect(elsewhere, headers={"Cache-Control": "no-store"})

    head = get

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        # Accept speaks of the file here, whose type is what it is.
        return super().perform_content_negotiation(request, force=True)


def _elsewhere(attachment: Attachment) -> str | None:
    blob = readable_blob(attachment)
    return attachment_storage().download_url(
        blob.key,
        name=attachment.filename,
        type=served_type(declared=attachment.content_type, sniffed=blob.content_type),
        disposition=disposition_of(attachment, blob),
        ttl=REDIRECT_LIFE,
    )
