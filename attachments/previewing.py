"""Showing the small picture of a file; above the tasks, one of which makes it."""

from __future__ import annotations

from contextlib import suppress

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from kombu.exceptions import OperationalError

from attachments.download import POLICY, Part, PartResponse, readable_blob
from attachments.errors import NoPreview
from attachments.models import Attachment, Blob, Preview
from attachments.previews import can_be_drawn, preview_key
from attachments.storage import attachment_storage
from attachments.tasks import make_preview

ASKED = 15  # seconds within which a worker is asked once


def answer_with_preview(request: HttpRequest, attachment: Attachment) -> HttpResponseBase:
    """Answer GET or HEAD with a WebP of at most 512×512 pixels, or 202 while a worker makes it.

    Raises NoPreview, and as `open_attachment` does.
    """
    blob = readable_blob(attachment)
    preview = Preview.objects.filter(blob=blob).first()
    if preview is None and can_be_drawn(blob):
        return _ask_for(blob)
    if preview is None or preview.state == Preview.State.NONE:
        raise NoPreview(preview.reason if preview else "")
    etag = f'"{blob.sha256}.preview"'
    headers = {
        "Content-Type": "image/webp",
        "ETag": etag,
        "Cache-Control": "private, max-age=86400",
        "Content-Disposition": "inline",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    conditional: HttpResponse | None = get_conditional_response(request, etag=etag)
    if conditional is not None:
        conditional["ETag"] = etag
        return conditional
    try:
        file = attachment_storage().open(preview_key(blob))
    except FileNotFoundError:  # (a back-up need not have it)
        preview.delete()
        return _ask_for(blob)
    headers["Content-Length"] = str(file.size)
    if request.method == "HEAD":
        file.close()
        return HttpResponse(headers=headers)
    return PartResponse(Part(file, start=0, length=file.size), headers=headers)


def _ask_for(blob: Blob) -> HttpResponse:
    """Have a worker draw it, and say so; should nobody hear, whoever looks next asks again."""
    if cache.add(f"preview:{blob.pk.hex}", True, ASKED):
        with suppress(OperationalError, OSError):
            make_preview.delay(blob.pk.hex)
    return HttpResponse(status=202, headers={"Retry-After": "1", "Cache-Control": "no-store"})
