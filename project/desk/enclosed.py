"""Files, as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from attachments.models import Attachment, AttachmentState
from attachments.previews import may_have_preview
from attachments.sniff import may_be_inline
from messaging.models import Message, MessageAttachment
from messaging.retention import check_files_kept
from project.errors import Refusal
from project.ids import spell

#: kind -> its icon, and what says so: the beginning of a type, or the ending of a name
KINDS: dict[str, tuple[str, ...]] = {
    "image": ("image/",),
    "audio": ("audio/",),
    "video": ("video/",),
    "pdf": ("application/pdf",),
    "sheet": ("application/vnd.ms-excel", "text/csv", "spreadsheet"),
    "mail": ("message/", "application/vnd.ms-outlook"),
    "archive": ("application/zip", "application/gzip", "application/x-7z", "application/x-tar"),
    "text": ("text/", "wordprocessing", "application/msword", "application/json"),
}
STATES: dict[str, str] = {
    AttachmentState.RESERVED: "Its bytes have not come yet",
    AttachmentState.STORED: "Is being checked",
    AttachmentState.LINKED: "Lies elsewhere",
}
MAX_TEXT_BYTES = 100_000  # of a text that is shown
END = 12  # characters of a long name that stay at its end


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A file; what it cannot do has a blank address."""

    id: str
    filename: str
    head: str  # the name in two parts, of which the second is always whole
    tail: str
    size: int
    kind: str
    icon: str
    trouble: str  # why it is not to be had; blank when it is
    url: str  # to download it
    view: str  # how it can be looked at: image, pdf, text, audio, video; blank: not at all
    view_url: str
    preview_url: str  # blank when there will be no picture of it
    library_url: str  # where else it is


def enclosed_of(message: Message, *, at: datetime) -> list[Shown]:
    """The files of a message that `in_full` has read, but for pictures that its HTML shows."""
    lost = _lost(message, at)
    shown = bool(message.html)
    return [
        _enclosed(message, one, lost)
        for one in message.enclosures.all()
        if not (shown and one.inline and one.content_id)
    ]


def _enclosed(message: Message, one: MessageAttachment, lost: str) -> Shown:
    ids = [spell("msg", message.pk), spell("att", one.attachment_id)]
    return show_file(
        one.attachment,
        filename=one.filename,
        url=reverse("messaging:message-file", args=ids),
        preview_url=reverse("messaging:message-preview", args=ids),
        trouble=lost,
    )


def show_file(
    file: Attachment, *, filename: str, url: str, preview_url: str, trouble: str = ""
) -> Shown:
    """A file that is read with its blob's preview, under a name and at addresses of its bytes.

    `trouble` says why these are not to be had, if not for what the file itself says.
    """
    trouble = trouble or trouble_of(file)
    kind = kind_of(file.blob.content_type if file.blob else file.content_type, filename)
    view = "" if trouble else view_of(file)
    head, tail = split_name(filename)
    id = spell("att", file.pk)
    is_drawn = file.blob is not None and not trouble and may_have_preview(file.blob)
    return Shown(
        id=id,
        filename=filename,
        head=head,
        tail=tail,
        size=file.size,
        kind=kind,
        icon=f"desk/icons/file-{kind}.svg",
        trouble=trouble,
        url="" if trouble else url,
        view=view,
        view_url=f"{url}?inline=true" if view else "",
        preview_url=preview_url if is_drawn else "",
        library_url="" if file.deleted_at else reverse("desk:file", args=[id]),
    )


def kind_of(content_type: str, filename: str) -> str:
    """What a file is, for its icon: by its type, as its bytes have it."""
    for kind, marks in KINDS.items():
        if any(content_type.startswith(mark) or mark in content_type for mark in marks):
            return kind
    return "other"


def view_of(file: Attachment) -> str:
    """How the browser may show it: only what it shows without running anything."""
    sniffed = file.blob.content_type if file.blob else ""
    if sniffed == "application/pdf":
        return "pdf"
    if not may_be_inline(declared=file.content_type, sniffed=sniffed):
        return ""
    kind = sniffed.partition("/")[0]
    return "" if kind == "text" and file.size > MAX_TEXT_BYTES else kind


def trouble_of(file: Attachment) -> str:
    """Why its bytes are not to be had; blank when they are."""
    if file.state in (AttachmentState.REFUSED, AttachmentState.GONE):
        return file.reason or "Is no longer here"
    if file.state == AttachmentState.STORED and file.reason:
        return f"Could not be checked yet. {file.reason}"
    return STATES.get(file.state, "")


def split_name(filename: str) -> tuple[str, str]:
    """A name in two parts, so that the first can be shortened and its ending stays whole."""
    stem, dot, ending = filename.rpartition(".")
    if not stem or len(ending) > END:
        return filename, ""
    keep = max(0, END - len(ending) - 1)
    cut = max(0, len(stem) - keep) if len(stem) > 2 * keep else len(stem)
    return stem[:cut], f"{stem[cut:]}{dot}{ending}"


def _lost(message: Message, at: datetime) -> str:
    try:
        check_files_kept(message, at=at)
    except Refusal as refusal:
        return refusal.message
    return ""
