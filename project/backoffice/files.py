"""Files in the back office: who has them, and a sealed copy for a reason."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from django.contrib import admin, messages
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from pyzipper import WZ_AES, ZIP_STORED, AESZipFile

from attachments.download import open_blob
from attachments.errors import BytesMissing
from attachments.incoming import BLOCK_BYTES
from attachments.models import Attachment
from attachments.uses import uses_of
from messaging.models import Message
from project.backoffice.opening import record_opening
from project.errors import Refusal
from project.ids import spell
from project.tenancy.models import User
from project.tenancy.office import operated

#: the password by which those who look into malware know that it is some
PASSWORD = b"infected"
PAGES = {"message": "messaging_message", "draft": "drafts_draft"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a file is used: who wrote to whom, or which draft, and its page."""

    kind: str
    words: str
    url: str


def places_of(attachment: Attachment) -> list[Place]:
    """Every message and draft that carries the bytes of a file in its workspace, newest first."""
    same = Attachment.objects.filter(blob=attachment.blob_id) if attachment.blob_id else ()
    ids = {attachment.pk, *(one.pk for one in same)}
    uses = uses_of(*ids)
    messages_ = Message.objects.in_bulk([use.id for use in uses if use.kind == "message"])
    return [
        Place(
            kind=use.kind,
            words=_words(messages_.get(use.id)),
            url=reverse(f"admin:{PAGES[use.kind]}_change", args=[use.id]),
        )
        for use in uses
    ]


def _words(message: Message | None) -> str:
    if message is None:
        return ""
    to = ", ".join(one.email for one in message.recipients)
    return f"{message.subject} ({message.from_email} to {to or 'us'})"


@require_http_methods(["GET", "HEAD", "POST"])
def sealed(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The page that asks for a reason; with one, the file in a zip that nothing opens by itself."""
    attachment: Attachment = operated(request, Attachment.objects.select_related("blob"), id)
    reason = request.POST.get("reason", "").strip()
    back = reverse("admin:attachments_attachment_change", args=[id])
    if reason:
        user = request.user
        assert isinstance(user, User)
        try:
            copy = take_sealed(attachment=attachment, reason=reason, user=user)
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect(back)
        name = f"{spell('att', attachment.pk)}.zip"
        return FileResponse(copy, as_attachment=True, filename=name)
    facts = {
        **admin.site.each_context(request),
        "title": f"A sealed copy of {attachment.filename}",
        "attachment": attachment,
        "password": PASSWORD.decode(),
        "opts": Attachment._meta,
        "lacks_reason": request.method == "POST",
        "back": back,
    }
    return render(request, "admin/office/sealed.html", facts)


def take_sealed(*, attachment: Attachment, reason: str, user: User) -> IO[bytes]:
    """A zip with a file in it, encrypted by PASSWORD, from its start; the owners are told.

    Raises BytesMissing and StorageUnavailable, and then nothing is written.
    """
    copy = _zip(attachment)
    record_opening(
        kind="attachment.opened",
        subject=attachment,
        title="An operator has taken a copy of a file",
        words=f"has taken a copy of the file {spell('att', attachment.pk)}",
        reason=reason,
        user=user,
    )
    return copy


def _zip(attachment: Attachment) -> IO[bytes]:
    if attachment.blob is None:
        raise BytesMissing
    copy: IO[bytes] = TemporaryFile()  # noqa: SIM115 the answer closes it
    with (
        open_blob(attachment.blob) as file,
        AESZipFile(copy, "w", compression=ZIP_STORED, encryption=WZ_AES) as bundle,
    ):
        bundle.setpassword(PASSWORD)
        with bundle.open(attachment.filename, "w", force_zip64=True) as inside:
            while block := file.read(BLOCK_BYTES):
                inside.write(block)
    copy.seek(0)
    return copy
