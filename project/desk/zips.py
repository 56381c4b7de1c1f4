"""All files of a message as one, written while it is read: no file is ever whole in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import IO, cast
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from attachments.download import open_attachment
from attachments.incoming import BLOCK_BYTES
from messaging.models import Message, MessageAttachment
from messaging.retention import check_files_kept
from project.desk.access import Desk, at_desk
from project.errors import NotFound, Refusal
from project.ids import read, spell

EARLIEST = 1980  # a zip knows no year before it
LATEST = 2107
MISSING = "Files that are not here.txt"
UNSAFE = str.maketrans('/\\:*?"<>|', "_________")


class Spout:
    """Where a zip is written to, and taken from piece by piece; it cannot be gone back in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        """What has been written since the last time."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


@require_safe
@at_desk
def files_zip(request: HttpRequest, desk: Desk, id: str) -> StreamingHttpResponse:
    """The files of a message in one zip."""
    message = desk.messages.filter(pk=read("msg", id)).first()
    files = list(files_of(message)) if message else []
    if message is None or not files:
        raise NotFound(f"There is no message {id} with files here.")
    return StreamingHttpResponse(
        blocks_of_zip(message, files),
        headers={
            "Content-Type": "application/zip",
            "Content-Disposition": content_disposition_header(True, _name_of(message)) or "",
            "X-Content-Type-Options": "nosniff",
        },
    )


def files_of(message: Message) -> Iterable[MessageAttachment]:
    """The files that are not shown in the text, nor found inside of others."""
    rows = message.enclosures.select_related("attachment__blob").order_by("position")
    return rows.filter(inline=False, container__isnull=True)


def blocks_of_zip(message: Message, files: Sequence[MessageAttachment]) -> Iterator[bytes]:
    """The zip in blocks; of files that are not to be had any more, it has a list."""
    spout = Spout()
    missing = []
    with ZipFile(cast("IO[bytes]", spout), "w", ZIP_STORED) as archive:
        for name, one in zip(_numbered(files), files, strict=True):
            try:
                check_files_kept(message, at=timezone.now())
                content = open_attachment(one.attachment)
            except Refusal as refusal:
                missing.append(f"{one.filename}: {refusal.message}")
                continue
            entry = ZipInfo(name, _date_of(message.created_at))
            with content, archive.open(entry, "w", force_zip64=True) as target:
                while block := content.read(BLOCK_BYTES):
                    target.write(block)
                    yield spout.take()
            yield spout.take()
        if missing:
            entry = ZipInfo(MISSING, _date_of(message.created_at))
            archive.writestr(entry, "\n".join(missing) + "\n")
    yield spout.take()


def _numbered(files: Sequence[MessageAttachment]) -> Iterator[str]:
    """Their names, each once, whatever its case: `a.pdf`, `a (1).pdf`."""
    used: set[str] = set()
    for one in files:
        name = free = one.filename.translate(UNSAFE).lstrip(".") or "file"
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        number = 0
        while free.casefold() in used:
            number += 1
            free = f"{stem} ({number}){dot}{ending}"
        used.add(free.casefold())
        yield free


def _date_of(at: datetime) -> tuple[int, int, int, int, int, int]:
    year = min(max(at.year, EARLIEST), LATEST)
    return year, at.month, at.day, at.hour, at.minute, at.second


def _name_of(message: Message) -> str:
    subject = " ".join(message.subject.translate(UNSAFE).split())[:80].strip(". ")
    return f"{subject or spell('msg', message.pk)}.zip"
