"""Files inside of files: a mail that is attached to another, and Outlook's `winmail.dat`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from attachments.measure import HEAD_BYTES
from attachments.sniff import UNKNOWN, read_content_type, resolve_type, sniff_type
from messaging.mime.fields import read_fields
from messaging.mime.reader import ENDINGS, Mail, Part, read_mail
from messaging.mime.tnef import Enclosed, is_tnef, read_tnef

MAX_DEPTH = 5  # files in files in …
MAX_CONTAINED = 200  # files inside of others, in one mail

MAIL_TYPES = ("message/rfc822", "message/global")
TNEF_TYPE = "application/ms-tnef"
TNEF_TYPES = (TNEF_TYPE, "application/vnd.ms-tnef")
TNEF_NAME = "winmail.dat"
#: what a file that is called .eml has some of when it is a mail
MAIL_FIELDS = frozenset({"date", "from", "message-id", "mime-version", "received", "subject", "to"})


@dataclass(frozen=True)
class File:
    """A file as a mail or a container has it; `blocks` gives its decoded bytes."""

    filename: str
    content_type: str
    charset: str
    content_id: str  # without angle brackets
    blocks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Contents:
    """What is inside of a container: its files, and Outlook's bodies, None where there is none."""

    files: Iterable[File]
    text: str | None = None
    html: str | None = None


def may_be_container(*, filename: str, content_type: str) -> bool:
    """Whether it is worth a look inside of a file of this name and type."""
    return (
        content_type in MAIL_TYPES
        or is_outlooks(filename=filename, content_type=content_type)
        or _is_called_mail(filename, content_type)
    )


def is_outlooks(*, filename: str, content_type: str) -> bool:
    """Whether name and type are those of a container that only Outlook reads."""
    if content_type in MAIL_TYPES:
        return False
    return content_type in TNEF_TYPES or filename.lower() == TNEF_NAME


def _is_called_mail(filename: str, content_type: str) -> bool:
    return content_type == UNKNOWN and filename.lower().endswith(".eml")


def open_container(raw: bytes, *, filename: str, content_type: str) -> Contents | None:
    """What is inside of a file; None when it is no container. Never raises on content.

    `raw` are its decoded bytes, or anything with the slices and `find` of bytes.
    """
    if is_outlooks(filename=filename, content_type=content_type):
        return _open_tnef(raw) if is_tnef(raw) else None
    if content_type in MAIL_TYPES or (_is_called_mail(filename, content_type) and _is_mail(raw)):
        return Contents(files_of(read_mail(raw)))
    return None


def files_of(mail: Mail) -> Iterator[File]:
    """The files of a mail, in their order."""
    return (_file_of(mail, part) for part in mail.files)


def _file_of(mail: Mail, part: Part) -> File:
    return File(
        filename=mail.filename_of(part),
        content_type=part.content_type,
        charset=part.charset,
        content_id=part.content_id,
        blocks=part.blocks,
    )


def _is_mail(raw: bytes) -> bool:
    fields, _ = read_fields(raw, 0, len(raw), is_top=True)
    return len(MAIL_FIELDS & {field.name.lower() for field in fields}) > 1


def _open_tnef(raw: bytes) -> Contents:
    tnef = read_tnef(raw)
    files = (_outlooks_file(one, place) for place, one in enumerate(tnef.files, start=1))
    return Contents(files, tnef.text, tnef.html)


def _outlooks_file(one: Enclosed, place: int) -> File:
    head = one.raw[one.start : min(one.end, one.start + HEAD_BYTES)]
    declared = TNEF_TYPE if is_tnef(head) else read_content_type(one.content_type, "")
    content_type = resolve_type(declared=declared, filename=one.filename)
    if content_type == UNKNOWN:
        content_type = sniff_type(head)
    return File(
        filename=one.filename or f"attachment-{place}{ENDINGS.get(content_type, '')}",
        content_type=content_type,
        charset="",
        content_id=one.content_id,
        blocks=one.blocks,
    )
