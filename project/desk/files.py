"""All files of the workspace: found again, looked at, and where they are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from attachments.errors import AttachmentInUse, AttachmentNotFound
from attachments.library import KINDS, OTHER, Wanted, find_files
from attachments.models import Attachment, AttachmentQuerySet, AttachmentState, Origin
from attachments.retention import delete_attachment
from attachments.serializers import PREFIX
from attachments.uses import Use, uses_of
from drafts.models import DraftAttachment
from messaging.models import Message, MessageAttachment
from messaging.models.message import Direction
from project.api.paging import InvalidCursor, cut_page
from project.desk.access import Desk, at_desk
from project.desk.enclosed import Shown, show_file
from project.desk.page import render_page
from project.errors import NotFound
from project.ids import read, spell
from project.tenancy.models import Scope

LIMIT = 40
MOST_USES = 100  # that a page lists

#: value of a choice -> how it is called
KIND_LABELS = {
    "": "Any kind",
    "image": "Images",
    "document": "Documents",
    "archive": "Archives",
    "media": "Sound and film",
    OTHER: "Others",
}
ORIGIN_LABELS = {
    "": "From anywhere",
    Origin.RECEIVED: "Received",
    Origin.ENCLOSED: "Sent with a mail",
    Origin.UPLOAD: "Uploaded",
}
SIZE_LABELS = {
    0: "Any size",
    100_000: "Over 100 kB",
    1_000_000: "Over 1 MB",
    10_000_000: "Over 10 MB",
}
ASKED = ("q", "kind", "from", "over")


@dataclass(frozen=True, kw_only=True)
class Card:
    """A file of the workspace, as a page shows it."""

    file: Attachment
    shown: Shown
    uses: int


@dataclass(frozen=True, kw_only=True)
class Used:
    """A draft or message that carries a file."""

    url: str  # blank for a message of no conversation
    subject: str
    people: str
    use: Use


@require_safe
@at_desk
def files(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Files, newest first."""
    wanted = _wanted(request)
    rows = find_files(_visible(desk), wanted)
    try:
        page = cut_page(rows, after=request.GET.get("after"), limit=LIMIT)
    except InvalidCursor as refusal:
        raise NotFound(refusal.message) from refusal
    uses = _count_uses(page.rows)
    asked = {name: request.GET[name] for name in ASKED if name in request.GET}
    context = {
        "wanted": wanted,
        "kinds": _choices(KIND_LABELS, wanted.kind),
        "origins": _choices(ORIGIN_LABELS, wanted.origin),
        "sizes": _choices(SIZE_LABELS, wanted.larger_than),
        "cards": [_card(file, uses[file.pk]) for file in page.rows],
        "is_first": "after" not in request.GET,
        "first": "?" + urlencode(asked),
        "older": "?" + urlencode({**asked, "after": page.next}) if page.next else "",
        "is_narrowed": wanted != Wanted(),
    }
    return render_page(request, desk, "files.html", context)


@require_safe
@at_desk
def file(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """One file: its picture, its facts, and who carries its bytes."""
    same = _same_bytes(desk, id)
    found = same[0]
    number = _count_uses(same).total()
    uses = _used(desk, uses_of(*(one.pk for one in same))[:MOST_USES])
    context = {
        "card": _card(found, number),
        "sniffed": found.blob.content_type if found.blob else "",
        "uses": uses,
        "more_uses": number - len(uses),
        "origin": ORIGIN_LABELS[found.origin],
        "may_delete": desk.may(Scope.FILES),
    }
    return render_page(request, desk, "file.html", context)


@require_POST
@at_desk
def delete(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Delete a file that no draft and no unsent message needs."""
    desk.require(Scope.FILES)
    found = _file(desk, id)
    try:
        delete_attachment(attachment=found)
    except AttachmentInUse as refusal:
        messages.error(request, refusal.message)
        return redirect("desk:file", id)
    messages.success(request, f"{found.filename} is deleted. Sent mail keeps its files.")
    return redirect("desk:files")


def _visible(desk: Desk) -> AttachmentQuerySet:
    return desk.workspace.attachments.visible().select_related("blob__preview")


def _file(desk: Desk, id: str) -> Attachment:
    found = _visible(desk).filter(pk=read(PREFIX, id)).first()
    if found is None:
        raise AttachmentNotFound(id)
    return found


def _same_bytes(desk: Desk, id: str) -> list[Attachment]:
    """A file, and behind it those with the same bytes: mail of the house was received here, too."""
    known, rows = read(PREFIX, id), _visible(desk)
    digest = rows.filter(pk=known).exclude(sha256="").values("sha256")
    others = Q(sha256__in=digest) & ~Q(state=AttachmentState.RESERVED)
    found = sorted(rows.filter(Q(pk=known) | others), key=lambda one: one.pk != known)
    if not found or found[0].pk != known:
        raise AttachmentNotFound(id)
    return found


def _wanted(request: HttpRequest) -> Wanted:
    """What the form asks for; a value that it does not offer asks for nothing."""
    kind, origin, size = (request.GET.get(name, "") for name in ("kind", "from", "over"))
    return Wanted(
        name=request.GET.get("q", "").replace("\0", "").strip(),
        kind=kind if kind in KINDS or kind == OTHER else "",
        origin=origin if origin in Origin.values else "",
        larger_than=next((known for known in SIZE_LABELS if str(known) == size), 0),
    )


def _choices(
    labels: dict[str, str] | dict[int, str], chosen: object
) -> list[tuple[object, str, bool]]:
    return [(value, label, value == chosen) for value, label in labels.items()]


def _card(file: Attachment, uses: int) -> Card:
    id = spell(PREFIX, file.pk)
    shown = show_file(
        file,
        filename=file.filename,
        url=reverse("attachments:content", args=[id]),
        preview_url=reverse("attachments:preview", args=[id]),
    )
    return Card(file=file, shown=shown, uses=uses)


def _count_uses(files: Sequence[Attachment]) -> Counter[UUID]:
    """How many messages carry each file, and drafts that are none yet; two queries."""
    counts: Counter[UUID] = Counter()
    for rows in (
        MessageAttachment.objects.all(),
        DraftAttachment.objects.filter(draft__message__isnull=True),
    ):
        found = rows.filter(attachment__in=files).order_by()
        counts.update(dict(found.values_list("attachment").annotate(Count("pk"))))
    return counts


def _used(desk: Desk, uses: Sequence[Use]) -> list[Used]:
    """The messages behind the uses, and the drafts that are none yet; two queries."""
    ids = [use.id for use in uses]
    drafts = {one.pk: one for one in desk.drafts.filter(pk__in=ids, message__isnull=True)}
    mails = {one.pk: one for one in desk.messages.filter(pk__in=ids).defer("text", "html")}
    found = []
    for use in uses:
        if draft := drafts.get(use.id):
            url = reverse("desk:draft", args=[spell("drf", draft.pk)])
            found.append(Used(url=url, subject=draft.subject, people=_names(draft.to), use=use))
        elif mail := mails.get(use.id):
            is_ours = mail.direction == Direction.OUTBOUND
            people = _names(mail.to) if is_ours else mail.from_name or mail.from_email
            found.append(Used(url=_page_of(mail), subject=mail.subject, people=people, use=use))
    return found


def _page_of(mail: Message) -> str:
    """Its conversation, at its place."""
    if mail.thread_id is None:
        return ""
    url = reverse("desk:conversation", args=[spell("thr", mail.thread_id)])
    return f"{url}{'?trash=true' if mail.trashed_at else ''}#{spell('msg', mail.pk)}"


def _names(addresses: Sequence[dict[str, str | None]]) -> str:
    return ", ".join(str(one.get("name") or one["email"]) for one in addresses[:3])
