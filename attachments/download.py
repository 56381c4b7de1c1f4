"""Giving the bytes back, exactly: whole or in part, and harmless to the browser that gets them."""

from __future__ import annotations

import os
import re
from typing import Any

from django.conf import settings
from django.core.files import File
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from attachments.errors import AttachmentNotReady, BytesMissing
from attachments.incoming import BLOCK_BYTES
from attachments.models import Attachment, AttachmentState, Blob
from attachments.services import check_not_lost
from attachments.sniff import may_be_inline, served_type
from attachments.storage import attachment_storage
from project.api.errors import answer_problem, plain_problem

RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*")
POLICY = "default-src 'none'; sandbox"


class RangeOutside(Exception):
    """None of the bytes that a Range asks for are there."""


class Part:
    """A stretch of an open file, as a file: what the server sends, with sendfile if it can."""

    def __init__(self, file: File[bytes], *, start: int, length: int) -> None:
        self._file = file
        self._left = length
        if start:
            file.seek(start)

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(block)
        return block

    def fileno(self) -> int:
        descriptor: int = self._file.fileno()
        return descriptor

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        place: int = self._file.seek(offset, whence)
        return place

    def close(self) -> None:
        self._file.close()


class PartResponse(FileResponse):
    """A FileResponse whose headers are all ours."""

    block_size = BLOCK_BYTES

    def set_headers(self, filelike: Any) -> None:
        pass


def open_attachment(attachment: Attachment) -> File[bytes]:
    """The bytes of an attachment, open for reading; the caller closes them.

    Raises AttachmentNotReady, AttachmentGone, AttachmentRefused, BytesMissing, StorageUnavailable.
    """
    return open_blob(readable_blob(attachment))


def readable_blob(attachment: Attachment) -> Blob:
    """The blob of an attachment that may be read."""
    check_not_lost(attachment)
    if attachment.state != AttachmentState.READY or attachment.blob is None:
        raise AttachmentNotReady(attachment.state)
    return attachment.blob


def open_blob(blob: Blob) -> File[bytes]:
    """Raises BytesMissing, and changes nothing: that is for who must send the bytes."""
    try:
        return attachment_storage().open(blob.key)
    except FileNotFoundError:
        raise BytesMissing from None


def answer_with_bytes(
    request: HttpRequest, attachment: Attachment, *, filename: str = "", inline: bool = False
) -> HttpResponseBase:
    """Answer GET or HEAD with the bytes, with Range, If-Range, If-None-Match and If-Match.

    `filename` is the name under which they go out, the attachment's own if blank; `inline` lets
    the browser show them where that is safe. One range only: several are answered with the whole
    file, as RFC 9110, section 14.2, allows. Raises what `open_attachment` raises.
    """
    blob = readable_blob(attachment)
    headers = _headers(attachment, blob, filename=filename, inline=inline)
    conditional: HttpResponse | None = get_conditional_response(request, etag=headers["ETag"])
    if conditional is not None:
        return _with(conditional, {"ETag": headers["ETag"]})
    try:
        start, length = _range(request, blob)
    except RangeOutside:
        return _unsatisfiable(request, blob)
    if settings.ACCEL_LOCATION and request.method == "GET" and "If-Match" not in request.headers:
        return _handed_over(blob, headers)
    partial = length is not None
    length = blob.size if length is None else length
    headers["Content-Length"] = str(length)
    if partial:
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{blob.size}"
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    part = Part(open_blob(blob), start=start, length=length)
    return PartResponse(part, status=206 if partial else 200, headers=headers)


def disposition_of(attachment: Attachment, blob: Blob, *, inline: bool = False) -> str:
    """`inline` where that was asked for and is safe, else `attachment`."""
    safe = may_be_inline(declared=attachment.content_type, sniffed=blob.content_type)
    return "inline" if inline and safe else "attachment"


def _headers(attachment: Attachment, blob: Blob, *, filename: str, inline: bool) -> dict[str, str]:
    disposition = disposition_of(attachment, blob, inline=inline)
    name = filename or attachment.filename
    return {
        "Content-Type": served_type(declared=attachment.content_type, sniffed=blob.content_type),
        "Content-Disposition": content_disposition_header(disposition == "attachment", name)
        or disposition,
        "ETag": f'"{blob.sha256}"',
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": POLICY,
        "Cache-Control": "private, no-transform",
    }


def _handed_over(blob: Blob, headers: dict[str, str]) -> HttpResponse:
    """Let nginx, in front of us, send the bytes and see to Range and If-Range.

    Not to If-Match: it looks at that before it has our ETag. It adds Accept-Ranges.
    """
    open_blob(blob).close()  # says so when they are missing
    del headers["Accept-Ranges"]
    return HttpResponse(headers={**headers, "X-Accel-Redirect": settings.ACCEL_LOCATION + blob.key})


def _range(request: HttpRequest, blob: Blob) -> tuple[int, int | None]:
    """Where to begin and how much to send; no length means the whole.

    Raises RangeOutside. A Range that is not understood counts as none (RFC 9110, section 14.2),
    and so does one whose If-Range names other bytes.
    """
    match = RANGE.fullmatch(request.headers.get("Range", ""))
    if request.method != "GET" or not match or not (match[1] or match[2]):
        return 0, None
    if request.headers.get("If-Range", f'"{blob.sha256}"').strip() != f'"{blob.sha256}"':
        return 0, None
    if not match[1]:  # the last bytes
        length = min(int(match[2]), blob.size)
        if not length:
            raise RangeOutside
        return blob.size - length, length
    start, end = int(match[1]), int(match[2]) if match[2] else blob.size - 1
    if match[2] and end < start:
        return 0, None
    if start >= blob.size:
        raise RangeOutside
    return start, min(end, blob.size - 1) - start + 1


def _unsatisfiable(request: HttpRequest, blob: Blob) -> HttpResponseBase:
    problem = plain_problem(416, headers={"Content-Range": f"bytes */{blob.size}"})
    plain = getattr(request, "_request", request)  # DRF's own is a wrapper
    return answer_problem(plain, problem) or HttpResponse(status=416, headers=dict(problem.headers))


def _with(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    for name, value in headers.items():
        response[name] = value
    return response
