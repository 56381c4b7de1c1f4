"""A message as bytes: a stream of known length, the same at every attempt."""

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import IO

import pybase64

from messaging.errors import DuplicateContentId, NoSender
from messaging.letter import Letter, check_headers
from messaging.mime import headers
from messaging.mime.bodies import encode_body
from messaging.mime.names import (
    check_content_id,
    filename_parameters,
    name_parameters,
    referenced_content_ids,
)

BLOCK_SIZE = 256 * 1024
CHUNK_SIZE = 57 * 4096  # bytes of a file that make whole lines of base64
LINE_SIZE = 57
LINE_END = re.compile(rb"\r\n|\r|\n")
MARK_LENGTH = 32

#: Written as octets when they come as base64: RFC 2046 allows no encoding on them.
UNENCODABLE = ("message/", "multipart/")
OCTETS = "application/octet-stream"


class FileChanged(Exception):
    """A file is not what it was when the message was made, so the message must not be finished."""

    def __init__(self, filename: str, why: str = "has not the size that it had") -> None:
        super().__init__(f"{filename!r} {why}.")
        self.filename = filename


@dataclass(frozen=True)
class Part:
    """One file of a message.

    `size` is in bytes, exactly. `content_id` has no brackets, and is empty when there is none.
    `encoding` is `base64`, or for a message/rfc822 of CRLF lines of at most 998 bytes without NUL
    `7bit` or `8bit`: that one goes as it is.
    """

    filename: str
    content_type: str
    size: int
    open: Callable[[], IO[bytes]]
    inline: bool = False
    content_id: str = ""
    encoding: str = "base64"
    sha256: str = ""  # of its bytes, in hex, where it is known


@dataclass(frozen=True)
class Leaf:
    """A part of a message that has no parts, as its header has it.

    `place` counts from 1 at each level, as in `1.2` (RFC 3501, section 6.4.5). `size` and `sha256`
    are of the decoded bytes; of a text that the letter shows, without the line ends at its end.
    """

    place: str
    filename: str  # blank: a text of the letter
    content_type: str  # without parameters
    size: int
    sha256: str
    encoding: str
    disposition: str  # blank: a text of the letter
    content_id: str = ""  # without angle brackets

    def inside(self, place: int) -> "Leaf":
        """The same, one level deeper."""
        return replace(self, place=f"{place}.{self.place}" if self.place else str(place))


@dataclass(frozen=True)
class Base64:
    """A file in base64, in lines of 76; an empty file is one empty line."""

    part: Part

    def __len__(self) -> int:
        lines = -(-self.part.size // LINE_SIZE)
        return -(-self.part.size // 3) * 4 + max(lines, 1) * 2

    def __iter__(self) -> Iterator[bytes]:
        for chunk in _chunks(self.part):
            yield pybase64.encodebytes(chunk).replace(b"\n", b"\r\n")
        if not self.part.size:
            yield b"\r\n"


@dataclass(frozen=True)
class Verbatim:
    """A file as it is, in which `mark`, a part of all our boundaries, must not occur."""

    part: Part
    mark: bytes

    def __len__(self) -> int:
        return self.part.size

    def __iter__(self) -> Iterator[bytes]:
        tail = b""
        for chunk in _chunks(self.part):
            if self.mark in tail + chunk:
                raise FileChanged(self.part.filename, "has the boundary around it inside")
            tail = chunk[-MARK_LENGTH:]
            yield chunk


Segment = bytes | Base64 | Verbatim


@dataclass(frozen=True)
class Entity:
    """One MIME entity: its own headers, and its content, which ends with a line end."""

    header: str
    content: tuple[Segment, ...]
    leaves: tuple[Leaf, ...]  # the place of the only one is blank

    @property
    def segments(self) -> tuple[Segment, ...]:
        return (f"{self.header}\r\n".encode(), *self.content)


class MimeWriter:
    """A letter and its files as one message, checked whole before a byte is written.

    The boundaries derive from `seed` and `message_id`: both stay the same for a message, and the
    seed is secret. `date` is aware. Raises NoSender, or the Refusal of the first text, address,
    name, type or id that cannot be written, naming its field.
    """

    def __init__(
        self,
        letter: Letter,
        parts: Sequence[Part],
        *,
        message_id: str,
        date: datetime,
        seed: bytes,
        in_reply_to: str | None = None,
        references: tuple[str, ...] = (),
    ) -> None:
        self._letter = letter
        self._parts = parts
        head = [
            headers.message_ids("Message-ID", [message_id], field="message_id"),
            headers.date_header(date),
            "MIME-Version: 1.0\r\n",
            *_letter_headers(letter),
            *_thread_headers(in_reply_to, references),
        ]
        mark = hmac.digest(seed, message_id.encode(), "sha256")
        self._mark = mark.hex()[:MARK_LENGTH]
        body = self._body()
        self._segments: tuple[Segment, ...] = ("".join(head).encode(), *body.segments)
        #: what it consists of, in the order in which it is written
        self.leaves = tuple(replace(leaf, place=leaf.place or "1") for leaf in body.leaves)

    @property
    def size(self) -> int:
        """The exact number of bytes of the message, before SMTP doubles a dot."""
        return sum(len(segment) for segment in self._segments)

    @property
    def head(self) -> bytes:
        """Its header lines, with the empty line that ends them."""
        first, rest = self._segments[:2]
        assert isinstance(first, bytes) and isinstance(rest, bytes)
        return first + rest

    def under(self, field: bytes) -> "MimeWriter":
        """The same mail with a field of the header, as it is written, on top; blank: with none."""
        other = copy(self)
        first, *rest = self._segments
        assert isinstance(first, bytes)
        other._segments = (field + first, *rest)
        return other

    @property
    def needs_smtputf8(self) -> bool:
        """Whether the message itself, apart from its envelope, needs SMTPUTF8 (RFC 6531)."""
        letter = self._letter
        shown = chain([letter.sender], letter.to, letter.cc, letter.reply_to)
        return any(address.needs_smtputf8 for address in shown if address)

    @property
    def is_8bit(self) -> bool:
        """Whether the message needs 8BITMIME (RFC 6152)."""
        return self.needs_smtputf8 or any(
            _verbatim_encoding(part) == "8bit" for part in self._parts
        )

    def blocks(self) -> Iterator[bytes]:
        """Give the message in blocks of about 256 KiB, the same ones each time.

        Raises FileChanged, at the latest after the last block, and what opening and reading a file
        raises: what was given until then is no message.
        """
        held: list[bytes] = []
        length = 0
        for piece in self._pieces():
            held.append(piece)
            length += len(piece)
            if length >= BLOCK_SIZE:
                yield b"".join(held)
                held, length = [], 0
        if held:
            yield b"".join(held)

    def _pieces(self) -> Iterator[bytes]:
        for segment in self._segments:
            if isinstance(segment, bytes):
                for start in range(0, len(segment), BLOCK_SIZE):
                    yield segment[start : start + BLOCK_SIZE]
            else:
                yield from segment

    def _body(self) -> Entity:
        """Mixed around alternative around related, less the levels that would have one child."""
        letter = self._letter
        related, mixed = self._files()
        bodies = []
        if _shows_text(letter, self._parts):
            bodies.append(_body("text/plain", letter.text or "", field="text"))
        if letter.html:
            html = _body("text/html", letter.html, field="html")
            bodies.append(self._multipart("related", [html, *related], ['type="text/html"']))
        shown = [self._multipart("alternative", bodies)] if bodies else []
        return self._multipart("mixed", [*shown, *mixed])

    def _files(self) -> tuple[list[Entity], list[Entity]]:
        """Part the files into those that the HTML shows and those beside it."""
        related: list[Entity] = []
        mixed: list[Entity] = []
        seen: set[str] = set()
        has_inline = any(part.inline for part in self._parts)
        referenced = referenced_content_ids(self._letter.html or "") if has_inline else frozenset()
        for position, part in enumerate(self._parts):
            field = f"attachments[{position}]"
            if part.content_id in seen:
                raise DuplicateContentId(
                    "Two files have the same Content-ID.", field=f"{field}.content_id"
                )
            seen |= {part.content_id} - {""}
            shown = part.inline and part.content_id in referenced
            (related if shown else mixed).append(self._file(part, field))
        return related, mixed

    def _file(self, part: Part, field: str) -> Entity:
        encoding = _verbatim_encoding(part)
        type_, kept = headers.read_content_type(part.content_type, field=f"{field}.content_type")
        if not encoding and type_.startswith(UNENCODABLE):
            type_, kept = OCTETS, []
        names = name_parameters(part.filename, field=f"{field}.filename")
        filenames = filename_parameters(part.filename, field=f"{field}.filename")
        lines = [
            headers.parameters("Content-Type", type_, [*([word] for word in kept), *names]),
            f"Content-Transfer-Encoding: {encoding or 'base64'}\r\n",
        ]
        if part.content_id:
            check_content_id(part.content_id, field=f"{field}.content_id")
            lines.append(f"Content-ID: <{part.content_id}>\r\n")
        disposition = "inline" if part.inline else "attachment"
        lines.append(headers.parameters("Content-Disposition", disposition, filenames))
        if encoding:
            content: tuple[Segment, ...] = (Verbatim(part, self._mark.encode()), b"\r\n")
        else:
            content = (Base64(part),)
        leaf = Leaf(
            place="",
            filename=part.filename,
            content_type=type_,
            size=part.size,
            sha256=part.sha256,
            encoding=encoding or "base64",
            disposition=disposition,
            content_id=part.content_id,
        )
        return Entity("".join(lines), content, (leaf,))

    def _multipart(
        self, subtype: str, children: Sequence[Entity], words: Sequence[str] = ()
    ) -> Entity:
        # A message that goes as it is may end without a line end, which only a boundary can show.
        if len(children) == 1 and not (
            subtype == "mixed" and isinstance(children[0].content[0], Verbatim)
        ):
            return children[0]
        boundary = f"=_{subtype}_{self._mark}"
        items = [*([word] for word in words), [f'boundary="{boundary}"']]
        header = headers.parameters("Content-Type", f"multipart/{subtype}", items)
        if any(_is_8bit(child) for child in children):
            header += "Content-Transfer-Encoding: 8bit\r\n"
        content: list[Segment] = []
        for child in children:
            content += [f"--{boundary}\r\n".encode(), *child.segments]
        leaves = (
            leaf.inside(place)
            for place, child in enumerate(children, start=1)
            for leaf in child.leaves
        )
        return Entity(header, (*content, f"--{boundary}--\r\n".encode()), tuple(leaves))


def _letter_headers(letter: Letter) -> Iterator[str]:
    if letter.sender is None:
        raise NoSender("The message has no sender.", field="from")
    yield headers.addresses("From", [letter.sender], field="from")
    for name, field, recipients in (
        ("To", "to", letter.to),
        ("Cc", "cc", letter.cc),
        ("Reply-To", "reply_to", letter.reply_to),
    ):
        if recipients:
            yield headers.addresses(name, recipients, field=field)
    yield headers.unstructured("Subject", letter.subject, field="subject")
    check_headers(letter.headers)
    for name, value in letter.headers.items():
        yield headers.unstructured(name, value.strip(), field=f"headers.{name}")


def _thread_headers(in_reply_to: str | None, references: tuple[str, ...]) -> Iterator[str]:
    if in_reply_to:
        yield headers.message_ids("In-Reply-To", [in_reply_to], field="in_reply_to")
    if references:
        yield headers.message_ids("References", references, field="references")


def _shows_text(letter: Letter, parts: Sequence[Part]) -> bool:
    """Whether there is a text part; an empty one only where nothing else would be the body."""
    only_files = letter.text is None and bool(parts)
    return bool(letter.text) or not (letter.html or only_files)


def _body(content_type: str, text: str, *, field: str) -> Entity:
    encoding, body = encode_body(text, field=field)
    shown = shown_text(text.encode())
    leaf = Leaf(
        place="",
        filename="",
        content_type=content_type,
        size=len(shown),
        sha256=sha256(shown).hexdigest(),
        encoding=encoding,
        disposition="",
    )
    return Entity(
        f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n",
        (body + b"\r\n",),
        (leaf,),
    )


def shown_text(text: bytes) -> bytes:
    """A text of a letter in the one form that survives its way: CRLF, and none at its end."""
    return LINE_END.sub(b"\r\n", text).rstrip(b"\r\n")


def _verbatim_encoding(part: Part) -> str:
    """The encoding of a message that goes as it is, or nothing for all other files."""
    type_ = part.content_type.partition(";")[0].strip().lower()
    return part.encoding if type_ == "message/rfc822" and part.encoding in ("7bit", "8bit") else ""


def _is_8bit(entity: Entity) -> bool:
    return any(
        isinstance(segment, Verbatim) and segment.part.encoding == "8bit"
        for segment in entity.content
    )


def _chunks(part: Part) -> Iterator[bytes]:
    """Read a file in chunks of CHUNK_SIZE, all but the last full; raises FileChanged."""
    left = part.size
    with part.open() as file:
        while left:
            chunk = _read(file, min(left, CHUNK_SIZE))
            if len(chunk) < min(left, CHUNK_SIZE):
                raise FileChanged(part.filename)
            left -= len(chunk)
            yield chunk
        if file.read(1):
            raise FileChanged(part.filename)


def _read(file: IO[bytes], size: int) -> bytes:
    """Read `size` bytes, or fewer only at the end; storages may give less at a time."""
    chunk = file.read(size)
    while len(chunk) < size and (more := file.read(size - len(chunk))):
        chunk += more
    return chunk
