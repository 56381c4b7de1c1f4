"""Reading TNEF, the `winmail.dat` of Outlook, without changing a byte of the files in it.

One pass notes where everything stands; nothing is copied until it is asked for. Nothing in here
raises on content, and a length that lies ends the reading of what it is in.

Source: MS-OXTNEF, section 2.1 (attributes and encoded properties); MS-OXPROPS (their numbers).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from struct import Struct

from messaging.mime.decoding import BLOCK
from messaging.mime.fields import decode_text, storable
from messaging.mime.reader import MAX_TEXT_BYTES, clean_name

SIGNATURE = b"\x78\x9f\x3e\x22"
HEADER_BYTES, CHECKSUM_BYTES = 6, 2
MAX_STEPS = 100_000  # attributes, properties and values of one stream; files have some ten each
MAX_FILES = 1000
MAX_SAID_BYTES = 2048  # of a name, a type or an id

#: attributes; before the number stands its level, behind it its type, which it tells as well
ATTRIBUTE = Struct("<xHxxI")
BODY, ATTACHED_BYTES, TITLE = 0x800C, 0x800F, 0x8010
ATTACHED, MESSAGE_PROPERTIES, ATTACHED_PROPERTIES, CODEPAGE = 0x9002, 0x9003, 0x9005, 0x9007

#: properties
TEXT, HTML, DISPLAY_NAME, CHARSET = 0x1000, 0x1013, 0x3001, 0x3FDE
OBJECT_BYTES, SHORT_NAME, LONG_NAME, MIME_TYPE, CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
NAMED = 0x8000  # from here on a property tells its name first

#: types of values; those without a size say how long they are
MULTIPLE = 0x1000
OBJECT, STRING, UNICODE, BINARY = 0x000D, 0x001E, 0x001F, 0x0102
SIZED = (OBJECT, STRING, UNICODE, BINARY)
SHORT, BOOLEAN = 0x0002, 0x000B
SIZES = {
    **{SHORT: 2, BOOLEAN: 2, 0x0003: 4, 0x0004: 4, 0x000A: 4},
    **{0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16},
}
INTERFACE_BYTES = 16  # before an object: what kind it is

#: Windows' code pages that are not called `cp…`
CHARSETS = {
    20127: "us-ascii",
    20866: "koi8-r",
    20932: "euc-jp",
    21866: "koi8-u",
    50220: "iso-2022-jp",
    51932: "euc-jp",
    51949: "euc-kr",
    54936: "gb18030",
    65000: "utf-7",
    65001: "utf-8",
    **{28590 + part: f"iso-8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
}


class _Cut(Exception):
    """There is less than a length announces, or more than is read of one stream."""


@dataclass(frozen=True)
class Value:
    """Where a value stands, and of which type it is."""

    kind: int
    start: int
    end: int


Values = dict[int, Value]  # by the number of their property


@dataclass(frozen=True, eq=False)
class Enclosed:
    """A file of a TNEF stream; what it does not say is blank."""

    raw: bytes
    start: int
    end: int
    filename: str
    content_type: str
    content_id: str  # without angle brackets

    def blocks(self) -> Iterator[bytes]:
        """Its bytes."""
        return (
            self.raw[at : min(at + BLOCK, self.end)] for at in range(self.start, self.end, BLOCK)
        )


@dataclass(frozen=True, eq=False)
class Tnef:
    """A message as Outlook packs it: its files, and its bodies, None where there is none."""

    files: list[Enclosed]
    text: str | None
    html: str | None


def is_tnef(raw: bytes) -> bool:
    """Whether this begins as every TNEF stream does."""
    return raw[: len(SIGNATURE)] == SIGNATURE


def read_tnef(raw: bytes) -> Tnef:
    """What a TNEF stream holds. `raw` may be anything with the slices of bytes."""
    return _Reader(raw).read()


@dataclass
class _Attached:
    """What a stream has said of one file so far."""

    title: Value | None = None
    content: Value | None = None
    properties: Values = field(default_factory=dict)


class _Stretch:
    """A part of the stream, read from its start to its end and never beyond."""

    def __init__(self, raw: bytes, start: int, end: int) -> None:
        self.raw, self.position, self.end = raw, start, end

    def skip(self, size: int) -> int:
        """Where the next `size` bytes begin. Raises _Cut."""
        start = self.position
        if size > self.end - start:
            raise _Cut
        self.position += size
        return start

    def number(self, size: int) -> int:
        """The next number of so many bytes. Raises _Cut."""
        start = self.skip(size)
        return int.from_bytes(self.raw[start : start + size], "little")

    def align(self, size: int) -> None:
        """Pass over what fills `size` bytes up to a multiple of four."""
        self.position = min(self.position + -size % 4, self.end)


class _Reader:
    """Walks through the attributes of a stream."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.steps = 0
        self.charset = "windows-1252"
        self.body: Value | None = None
        self.properties: Values = {}
        self.attached: list[_Attached] = []

    def read(self) -> Tnef:
        if is_tnef(self.raw):
            with suppress(_Cut):
                stream = _Stretch(self.raw, HEADER_BYTES, len(self.raw))
                while stream.position < stream.end:
                    self.take_attribute(stream)
        charset = self.charset_of(self.properties.get(CHARSET)) or self.charset
        text = self.properties.get(TEXT, self.body)
        return Tnef(
            files=list(islice(self.files(), MAX_FILES)),
            text=None if text is None else self.text(text, charset),
            html=self.text(self.properties[HTML], charset) if HTML in self.properties else None,
        )

    def step(self) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise _Cut

    # The stream

    def take_attribute(self, stream: _Stretch) -> None:
        self.step()
        head = stream.skip(ATTRIBUTE.size)
        name, size = ATTRIBUTE.unpack(self.raw[head : head + ATTRIBUTE.size])
        start = stream.skip(size)
        stream.position = min(stream.position + CHECKSUM_BYTES, stream.end)  # often wrong
        value = Value(STRING, start, start + size)
        if name == CODEPAGE:
            self.charset = self.charset_of(value) or self.charset
        elif name == BODY:
            self.body = value
        elif name == MESSAGE_PROPERTIES:
            self.properties |= self.read_properties(value)
        elif name == ATTACHED:
            self.attached.append(_Attached())
        elif self.attached and name == TITLE:
            self.attached[-1].title = value
        elif self.attached and name == ATTACHED_BYTES:
            self.attached[-1].content = value
        elif self.attached and name == ATTACHED_PROPERTIES:
            self.attached[-1].properties |= self.read_properties(value)

    def read_properties(self, block: Value) -> Values:
        """The first value of each property; what stands behind one that makes no sense is lost."""
        found: Values = {}
        stretch = _Stretch(self.raw, block.start, block.end)
        with suppress(_Cut):
            for _ in range(stretch.number(4)):
                self.step()
                kind, name = stretch.number(2), stretch.number(2)
                if name >= NAMED:
                    self.skip_name(stretch)
                value = self.take_value(stretch, kind)
                if value and name < NAMED:
                    found.setdefault(name, value)
        return found

    def skip_name(self, stretch: _Stretch) -> None:
        stretch.skip(INTERFACE_BYTES)
        if stretch.number(4) == 0:
            stretch.skip(4)
            return
        size = stretch.number(4)
        stretch.skip(size)
        stretch.align(size)

    def take_value(self, stretch: _Stretch, kind: int) -> Value | None:
        is_multiple, kind = kind & MULTIPLE, kind & ~MULTIPLE
        if kind in SIZED:
            values = [self.take_sized(stretch, kind) for _ in range(stretch.number(4))]
            return values[0] if values else None
        if kind not in SIZES:
            raise _Cut
        size = SIZES[kind] * (stretch.number(4) if is_multiple else 1)
        start = stretch.skip(size)
        stretch.align(size)
        return Value(kind, start, start + size)

    def take_sized(self, stretch: _Stretch, kind: int) -> Value:
        self.step()
        size = stretch.number(4)
        start = stretch.skip(size)
        stretch.align(size)
        return Value(kind, start, start + size)

    # What it says

    def text(self, value: Value, charset: str) -> str:
        content = self.raw[value.start : min(value.end, value.start + MAX_TEXT_BYTES)]
        if value.kind == UNICODE:
            return storable(content.decode("utf-16-le", "replace").rstrip("\0"))
        return decode_text(content.rstrip(b"\0"), charset)

    def charset_of(self, value: Value | None) -> str:
        """The charset of a code page; blank when none is named."""
        if value is None:
            return ""
        number = int.from_bytes(self.raw[value.start : min(value.end, value.start + 4)], "little")
        return CHARSETS.get(number, f"cp{number}")

    def files(self) -> Iterator[Enclosed]:
        """The files that have bytes; one that is a mere link, or was cut off, has none."""
        for one in self.attached:
            content = one.content or self.object_of(one.properties.get(OBJECT_BYTES))
            if content:
                yield self.enclosed(one, content)

    def object_of(self, value: Value | None) -> Value | None:
        if value is None or value.kind != OBJECT:
            return value
        return Value(BINARY, min(value.start + INTERFACE_BYTES, value.end), value.end)

    def enclosed(self, one: _Attached, content: Value) -> Enclosed:
        known = one.properties
        names = (known.get(LONG_NAME), one.title, known.get(SHORT_NAME), known.get(DISPLAY_NAME))
        said = (clean_name(self.said(name)) for name in names)
        return Enclosed(
            raw=self.raw,
            start=content.start,
            end=content.end,
            filename=next(filter(None, said), ""),
            content_type=self.said(known.get(MIME_TYPE)).strip().lower(),
            content_id=self.said(known.get(CONTENT_ID)).strip("<> "),
        )

    def said(self, value: Value | None) -> str:
        """A short text; blank when there is none."""
        if value is None:
            return ""
        end = min(value.end, value.start + MAX_SAID_BYTES)
        return self.text(Value(value.kind, value.start, end), self.charset)
