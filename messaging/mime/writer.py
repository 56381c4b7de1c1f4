"""A message as bytes: a stream of known length, the same at every attempt."""

import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
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
        self._segments = ("".join(head).encode(), *self._body().segments)

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
        return Entity("".join(lines), content)

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
        return Entity(header, (*content, f"--{boundary}--\r\n".encode()))


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
    return Entity(
        f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n",
        (body + b"\r\n",),
    )


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
