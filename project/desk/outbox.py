"""The outbox tray as people see it: mail that would have left, had there been a relay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from attachments import signing
from attachments.models import AttachmentState
from attachments.storage import attachment_storage
from messaging.models import Captured, Message, MessageAttachment
from project.desk.access import Desk, at_desk
from project.desk.page import render_page
from project.errors import NotFound
from project.ids import read, spell

PAGE = 25
LINK_LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class TrayFile:
    """A file of a captured mail; a blank `url` when its bytes are not to be had."""

    filename: str
    size: int
    sha256: str
    url: str


@dataclass(frozen=True)
class TrayMail:
    """A captured mail, as the page shows it."""

    id: str
    captured: Captured
    message: Message
    files: list[TrayFile]


@require_safe
@at_desk
def outbox(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Captured mail of the workspace, newest first."""
    rows = _visible(desk)
    if before := request.GET.get("before"):
        rows = rows.filter(pk__lt=read("cap", before))
    files = MessageAttachment.objects.select_related("attachment")
    rows = rows.select_related("delivery__message__workspace", "delivery__message__inbox")
    rows = rows.prefetch_related(Prefetch("delivery__message__enclosures", files))
    found = list(rows.order_by("-pk")[: PAGE + 1])
    mails = [_shown(row) for row in found[:PAGE]]
    older = mails[-1].id if len(found) > PAGE else ""
    facts = {"mails": mails, "older": older, "before": before}
    return render_page(request, desk, "outbox.html", facts)


@require_safe
@at_desk
def outbox_mail(request: HttpRequest, desk: Desk, id: str) -> HttpResponseBase:
    """One captured mail, byte for byte."""
    captured = _visible(desk).filter(pk=read("cap", id)).first()
    if captured is None:
        raise NotFound(f"There is no captured mail {id} here.")
    try:
        file = attachment_storage().open(captured.key)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        file,
        as_attachment=True,
        filename=f"{id}.eml",
        content_type="message/rfc822",
        headers={"Content-Length": str(captured.size), "ETag": f'"{captured.sha256}"'},
    )


def _visible(desk: Desk) -> QuerySet[Captured]:
    return Captured.objects.filter(delivery__message__workspace=desk.workspace)


def _shown(captured: Captured) -> TrayMail:
    message = captured.delivery.message
    return TrayMail(
        id=spell("cap", captured.pk),
        captured=captured,
        message=message,
        files=[_file(one) for one in message.enclosures.all() if one.in_mail],
    )


def _file(row: MessageAttachment) -> TrayFile:
    file = row.attachment
    reachable = file.state == AttachmentState.READY and file.deleted_at is None
    expires_at = timezone.now() + LINK_LIFE
    url = signing.download_url(id=file.pk, filename=row.filename, expires_at=expires_at)
    return TrayFile(
        filename=row.filename, size=file.size, sha256=file.sha256, url=url if reachable else ""
    )
