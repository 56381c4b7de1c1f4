"""Uploads at the native door, as tus has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.http import http_date
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.errors import (
    ChecksumMismatch,
    UploadBusy,
    UploadExpired,
    UploadNotFound,
)
from attachments.limits import Limits
from attachments.models import Upload
from attachments.resuming import append_to_upload, end_upload, start_upload
from attachments.services import check_not_lost
from attachments.tus import docs
from attachments.tus.headers import (
    CHECKSUMS,
    read_file,
    read_metadata,
    read_number,
    read_piece,
)
from attachments.tus.serializers import PREFIX, spell_progress
from project.api.errors import answer_refusal
from project.api.idempotency import fingerprint_of, once
from project.api.renderers import JSONRenderer
from project.api.views import ApiViewSet
from project.errors import Invalid, UnsupportedType
from project.ids import read, spell
from project.tenancy.models import Scope

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "expiration", "checksum", "termination")
PIECE = "application/offset+octet-stream"


class OtherVersion(Invalid):
    """The client speaks no tus, or another."""

    code = "unknown_tus_version"


class NotAPiece(UnsupportedType):
    """The body is not said to be a piece of a file."""

    code = "not_a_piece"


#: where the protocol wants another status than such refusals have
STATUSES: dict[type[Exception], int] = {OtherVersion: 412, UploadBusy: 423, ChecksumMismatch: 460}


def answer_in_tus(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The native answer to a refusal, with the protocol's own status."""
    answer = answer_refusal(exc, context)
    if answer is not None:
        answer.status_code = STATUSES.get(type(exc), answer.status_code)
    return answer


class Uploads(ApiViewSet):
    """Files that come in pieces: an upload fills the attachment whose letters its id has."""

    scopes = dict.fromkeys(["create", "retrieve", "append", "destroy", "OPTIONS"], Scope.FILES)
    renderer_classes = [JSONRenderer]  # no pages: their forms have not the headers that tus wants

    @property
    def limits(self) -> Limits:
        return Limits.for_workspace(self.workspace)

    @extend_schema(**docs.CREATE)
    def create(self, request: Request) -> Response:
        """Begin a file that comes in pieces, with or without the first of them.

        Its attachment is there at once, reserved, and can be put into drafts, which then wait.
        """
        length = self._body_length()
        size = self._size()
        metadata = request.headers.get("Upload-Metadata", "").strip()
        file = read_file(read_metadata(metadata))

        def effect() -> Response:
            upload = start_upload(
                workspace=self.workspace, size=size, metadata=metadata, limits=self.limits, **file
            )
            return Response(spell_progress(upload), status=201)

        fingerprint = fingerprint_of(request, fields=[size, metadata])
        answer = once(request, effect, fingerprint=fingerprint)
        upload = self._upload(answer.data["id"])
        if "Idempotency-Replay" not in answer and (length or not size):
            self._append(upload, offset=0, length=length)
        answer.data = spell_progress(upload)
        answer["Location"] = f"/api/v1/uploads/{spell(PREFIX, upload.pk)}"
        return self._told(answer, upload)

    @extend_schema(**docs.RETRIEVE)
    def retrieve(self, request: Request, id: str) -> Response:
        """How many bytes have come. HEAD gives the same, in headers only."""
        upload = self._upload(id)
        answer = Response(None if request.method == "HEAD" else spell_progress(upload))
        answer["Upload-Length"] = str(upload.attachment.size)
        if upload.metadata:
            answer["Upload-Metadata"] = upload.metadata
        return self._told(answer, upload)

    @extend_schema(**docs.APPEND)
    def append(self, request: Request, id: str) -> Response:
        """Send the next bytes. What comes counts, also of a body that is cut off.

        With the last of them the file is ready; where files are kept in S3, a moment later.
        """
        length = self._body_length(required=True)
        offset = read_number(request.headers, "Upload-Offset")
        upload = self._upload(id)
        self._append(upload, offset=offset, length=length)
        return self._told(Response(status=204), upload)

    @extend_schema(**docs.DESTROY)
    def destroy(self, request: Request, id: str) -> Response:
        """End an upload and remove its bytes. A file that is whole, or in a draft, stays."""
        end_upload(upload=self._upload(id))
        return Response(status=204)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """What this server can do. Source: section "OPTIONS"."""
        return Response(
            status=204,
            headers={
                "Allow": ", ".join(self.allowed_methods),
                "Tus-Version": VERSION,
                "Tus-Extension": ",".join(EXTENSIONS),
                "Tus-Max-Size": str(self.limits.max_file_bytes),
                "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
            },
        )

    def initialize_request(self, request: Any, *args: Any, **kwargs: Any) -> Request:
        # Source: section "X-HTTP-Method-Override"
        if request.method == "POST" and (method := request.headers.get("X-HTTP-Method-Override")):
            request.method = method.upper()
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        given = request.headers.get("Tus-Resumable")
        if request.method not in ("OPTIONS", "GET") and given != VERSION:
            raise OtherVersion(f"Say Tus-Resumable: {VERSION}.", field="Tus-Resumable")

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(*args, **kwargs)
        answer["Tus-Resumable"] = VERSION
        answer["Cache-Control"] = "no-store"
        if answer.status_code == STATUSES[OtherVersion]:
            answer["Tus-Version"] = VERSION
        return answer

    def get_exception_handler(self) -> Callable[[Exception, Mapping[str, Any]], Response | None]:
        return answer_in_tus

    def _upload(self, id: str) -> Upload:
        """Raises UploadNotFound, and UploadExpired or AttachmentGone for what is over."""
        pk = read(PREFIX, id)
        upload = Upload.objects.of(self.workspace).filter(pk=pk).first()
        if upload is None:
            attachment = self.workspace.attachments.visible().filter(pk=pk).first()
            if attachment is not None:
                check_not_lost(attachment)
            raise UploadNotFound
        check_not_lost(upload.attachment)
        if upload.expires_at <= timezone.now():
            raise UploadExpired
        return upload

    def _append(self, upload: Upload, *, offset: int, length: int) -> None:
        # Past Django's own reader, which would take a body that is cut off for nothing.
        body = self.request.META["wsgi.input"]
        piece = read_piece(headers=self.request.headers, body=body, offset=offset, length=length)
        append_to_upload(upload=upload, piece=piece)

    def _size(self) -> int:
        """Upload-Length; raises FileTooLarge. A length that is told later is not for us."""
        size = read_number(self.request.headers, "Upload-Length")
        self.limits.check_size(size, field="Upload-Length")
        return size

    def _body_length(self, *, required: bool = False) -> int:
        """How many bytes are announced; raises NotAPiece for a body of another type."""
        length = int(self.request.META.get("CONTENT_LENGTH") or 0)
        content_type = self.request.content_type.partition(";")[0].strip().lower()
        if (length or required) and content_type != PIECE:
            raise NotAPiece(f"The body must be {PIECE}: say so in Content-Type.")
        return length

    def _told(self, answer: Response, upload: Upload) -> Response:
        answer["Upload-Offset"] = str(upload.offset)
        answer["Upload-Expires"] = http_date(upload.expires_at.timestamp())
        answer["Enclose-Attachment"] = spell("att", upload.pk)
        return answer
