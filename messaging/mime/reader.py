"""Reading a mail as it came, part by part, without changing a byte of it.

One pass over the raw bytes finds where each part begins and ends; nothing is copied until a part
is asked for its content. Nothing in here raises on content, and everything has a bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import islice

from attachments.filenames import MAX_FILENAME
from messaging.addresses import Address
from messaging.mime.decoding import decoded
from messaging.mime.fields import Fields, decode_text, read_fields, read_parameters

MAX_DEPTH = 50
MAX_PARTS = 1000  # and as many multiparts
MAX_BOUNDARY = 1000  # bytes; RFC 2046 allows 70
MAX_FLAWS = 50
MAX_TEXT_BYTES = 16 * 1024 * 1024  # of all plain bodies, and of all HTML, decoded

ENCODING_END = re.compile(r"[\s;(]")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
PLAIN, HTML = "text/plain", "text/html"

#: type -> ending of a file without a name
ENDINGS = {
    "application/ics": ".ics",
    "application/pdf": ".pdf",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/delivery-status": ".txt",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
}


@dataclass(frozen=True, eq=False)
class Part:
    """A leaf of a message: its header, and where in `raw` its body stands."""

    raw: bytes
    start: int
    end: int
    fields: Fields
    content_type: str
    parameters: dict[str, str]
    is_related: bool = False  # it stands beside the HTML that may show it
    place: str = "1"  # counted from 1 at each level, as in 1.2 (RFC 3501, section 6.4.5)

    @cached_property
    def _disposition(self) -> tuple[str, dict[str, str]]:
        return read_parameters(self.fields.raw("Content-Disposition"))

    @property
    def disposition(self) -> str:
        """`attachment`, `inline`, another word, or blank."""
        return self._disposition[0]

    @cached_property
    def filename(self) -> str:
        """Its name without folders and control characters; blank when it has none."""
        name = self._disposition[1].get("filename") or self.parameters.get("name") or ""
        return clean_name(name)

    @property
    def content_id(self) -> str:
        """Its Content-ID without angle brackets; blank when it has none."""
        return self.fields.raw("Content-ID").strip().removeprefix("<").removesuffix(">").strip()

    @property
    def encoding(self) -> str:
        """The transfer encoding, in lower case, whatever stands behind it."""
        value = self.fields.raw("Content-Transfer-Encoding").strip().lower()
        return ENCODING_END.split(value, maxsplit=1)[0].strip("\"'")

    @property
    def is_body(self) -> bool:
        """Whether people read it as the message: text without a name that is no attachment."""
        return (
            self.content_type in (PLAIN, HTML)
            and not self.filename
            and self.disposition != "attachment"
        )

    def blocks(self) -> Iterator[bytes]:
        """Its decoded bytes."""
        return decoded(self.raw, self.start, self.end, encoding=self.encoding)

    def content(self) -> bytes:
        """Its decoded bytes, in one piece."""
        return b"".join(self.blocks())

    def head(self, length: int) -> bytes:
        """The first of its decoded bytes."""
        pieces, size = [], 0
        for block in self.blocks():
            pieces.append(block)
            size += len(block)
            if size >= length:
                break
        return b"".join(pieces)[:length]

    @property
    def charset(self) -> str:
        """The charset that its text is said to be in; blank when none is."""
        return self.parameters.get("charset", "")


@dataclass(frozen=True, eq=False)
class Mail:
    """A message: its header, its bodies, and every other leaf as a file."""

    fields: Fields
    parts: list[Part] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)  # what did not make sense, in plain words

    @cached_property
    def files(self) -> list[Part]:
        """The leaves that are not the message's own text, in their order."""
        return [part for part in self.parts if not part.is_body]

    @cached_property
    def text(self) -> str | None:
        """The plain body; None when there is none."""
        return self._body(PLAIN)

    @cached_property
    def html(self) -> str | None:
        """The HTML body; None when there is none."""
        return self._body(HTML)

    def _body(self, content_type: str) -> str | None:
        bodies = [part for part in self.parts if part.is_body and part.content_type == content_type]
        texts, left = [], MAX_TEXT_BYTES
        for part in bodies:
            content = part.head(left)
            left -= len(content)
            texts.append(decode_text(content, part.charset))
        return "\n".join(texts) if bodies else None

    @property
    def subject(self) -> str:
        return self.fields.text("Subject")

    @property
    def sender(self) -> Address | None:
        """Who wrote it: the first mailbox of From, else Sender."""
        return next(iter(self.fields.addresses("From") or self.fields.addresses("Sender")), None)

    @property
    def date(self) -> datetime | None:
        return self.fields.date()

    def filename_of(self, part: Part) -> str:
        """The name of a file, or one made of its place and type."""
        if part.filename:
            return part.filename
        if part.content_type == "message/rfc822":
            return "message.eml"
        place = self.files.index(part) + 1
        return f"attachment-{place}{ENDINGS.get(part.content_type, '')}"


def read_mail(raw: bytes) -> Mail:
    """What a raw message holds. `raw` may be a mapped file as well."""
    return _Reader(raw).read()


def clean_name(name: str) -> str:
    """A file's name as it may be kept: the last step of a path, no longer than a name may be."""
    base = CONTROL.sub("", name).replace("\\", "/").rstrip("/").rpartition("/")[2].strip(" ")
    if base.strip(".") == "":
        return ""
    if len(base) <= MAX_FILENAME:
        return base
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) > 20:
        return base[:MAX_FILENAME]
    return stem[: MAX_FILENAME - len(ending) - 1] + dot + ending


def boundary_lines(boundary: bytes) -> re.Pattern[bytes]:
    """Matches boundary lines; the first group is there when it is the last one.

    A pattern, since the `find` of a mapped file takes a square of the time in `-----…`.
    """
    mark = re.escape(b"--" + boundary)
    pattern = rb"%b(?<=[\r\n]%b)[ \t]*+(--)?+[ \t\r]*+(?:\n|\Z)"
    return re.compile(pattern % (mark, mark))


class _Reader:
    """Walks through a message, each multipart inside its own range."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.parts: list[Part] = []
        self.multiparts = 0
        self.flaws: dict[str, None] = {}  # each once, in their order
        self.text_bytes = {PLAIN: 0, HTML: 0}

    def read(self) -> Mail:
        fields, body = read_fields(self.raw, 0, len(self.raw), is_top=True)
        self.walk(fields, body, len(self.raw), place=(), default=PLAIN, is_related=False)
        return Mail(fields, self.parts, list(self.flaws)[:MAX_FLAWS])

    def walk(
        self,
        fields: Fields,
        start: int,
        end: int,
        *,
        place: tuple[int, ...],
        default: str,
        is_related: bool,
    ) -> None:
        """Add the leaves of an entity whose body is `raw[start:end]`."""
        word, parameters = read_parameters(fields.raw("Content-Type"))
        content_type = word if "/" in word else default
        is_multipart = content_type.startswith("multipart/")
        if is_multipart and len(place) < MAX_DEPTH and self.multiparts < MAX_PARTS:
            self.multiparts += 1
            ranges = list(islice(self.split(parameters.get("boundary", ""), start, end), MAX_PARTS))
            if ranges:
                self.walk_all(content_type, ranges, place=place)
                return
            self.flaws[f"A {content_type} has no parts."] = None
        if is_multipart:
            content_type = PLAIN
        spelt = ".".join(map(str, place)) or "1"
        self.add(Part(self.raw, start, end, fields, content_type, parameters, is_related, spelt))

    def walk_all(
        self, content_type: str, ranges: list[tuple[int, int]], *, place: tuple[int, ...]
    ) -> None:
        default = "message/rfc822" if content_type == "multipart/digest" else PLAIN
        for number, (start, end) in enumerate(ranges, start=1):
            if len(self.parts) >= MAX_PARTS:
                return
            fields, body = read_fields(self.raw, start, end)
            self.walk(
                fields,
                body,
                end,
                place=(*place, number),
                default=default,
                is_related=content_type == "multipart/related",
            )

    def add(self, part: Part) -> None:
        if part.is_body:
            self.text_bytes[part.content_type] += part.end - part.start
            if self.text_bytes[part.content_type] > MAX_TEXT_BYTES:
                flaw = "Its text is longer than what is kept of it; the raw has it all."
                self.flaws[flaw] = None
        self.parts.append(part)
        if len(self.parts) == MAX_PARTS:
            flaw = f"It has more than {MAX_PARTS} parts; the others stay in the raw."
            self.flaws[flaw] = None

    def split(self, boundary: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The stretches between boundary lines; the line end before such a line belongs to it."""
        mark = boundary.rstrip().encode("utf-8")
        if not mark or len(mark) > MAX_BOUNDARY:
            return
        opened: int | None = None
        for line in boundary_lines(mark).finditer(self.raw, start, end):
            if opened is not None:
                yield opened, max(opened, self.before(line.start(), opened))
            opened = line.end()
            if line[1]:
                return
        if opened is not None:
            self.flaws["A multipart is not closed."] = None
            yield opened, end

    def before(self, place: int, opened: int) -> int:
        """The end of what stands before a boundary line."""
        for line_end in (b"\r\n", b"\n", b"\r"):
            if (
                place - len(line_end) >= opened
                and self.raw[place - len(line_end) : place] == line_end
            ):
                return place - len(line_end)
        return place
