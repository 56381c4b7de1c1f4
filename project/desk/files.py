"""All files of the workspace: found again, looked at, and where they are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from attachments.errors import AttachmentInUse, AttachmentNotFound
from attachments.library import KINDS, OTHER, Wanted, find_files
from attachments.models import Attachment, AttachmentQuerySet, Origin
from attachments.previews import may_have_preview
from attachments.retention import delete_attachment
from attachments.serializers import PREFIX
from attachments.uses import Use, uses_of
from drafts.models import DraftAttachment
from messaging.models import Message, MessageAttachment
from messaging.models.message import Direction
from project.api.paging import InvalidCursor, cut_page
from project.desk.access import Desk, at_desk
from project.desk.enclosed import kind_of, split_name, trouble_of, view_of
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
    """A file, as a page shows it."""

    id: str
    file: Attachment
    head: str  # its name in two parts, of which the second is always whole
    tail: str
    kind: str
    icon: str
    trouble: str  # why its bytes are not to be had; blank when they are
    url: str  # of its bytes
    view: str  # blank when browsers cannot show it; see `enclosed`
    preview_url: str  # blank when there will be no picture of it
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
    return render_page(request, desk, "files.html", context, place="files")


@require_safe
@at_desk
def file(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """One file: its picture, its facts, and who carries it."""
    found = _file(desk, id)
    number = _count_uses([found])[found.pk]
    uses = _used(desk, uses_of(found.pk)[:MOST_USES])
    context = {
        "card": _card(found, number),
        "sniffed": found.blob.content_type if found.blob else "",
        "uses": uses,
        "more_uses": number - len(uses),
        "origin": ORIGIN_LABELS[found.origin],
        "may_delete": desk.may(Scope.FILES),
    }
    return render_page(request, desk, "file.html", context, place="files")


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
    kind = kind_of(file.blob.content_type if file.blob else file.content_type, file.filename)
    trouble = trouble_of(file)
    head, tail = split_name(file.filename)
    id = spell(PREFIX, file.pk)
    drawable = file.blob is not None and not trouble and may_have_preview(file.blob)
    return Card(
        id=id,
        file=file,
        head=head,
        tail=tail,
        kind=kind,
        icon=f"desk/icons/file-{kind}.svg",
        trouble=trouble,
        url="" if trouble else reverse("attachments:content", args=[id]),
        view="" if trouble else view_of(file),
        preview_url=reverse("attachments:preview", args=[id]) if drawable else "",
        uses=uses,
    )


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
