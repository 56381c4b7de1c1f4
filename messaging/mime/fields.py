"""Reading header fields as they come: whatever stands there, something sensible is read.

Nothing in here raises on content. Sources: RFC 5322 (fields), RFC 2045 (parameters), RFC 2047
(encoded words), RFC 2231 (parameters of any length and charset), and what people really send.
"""

from __future__ import annotations

import binascii
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from encodings import __path__ as encodings_path
from encodings import aliases, normalize_encoding
from itertools import islice
from urllib.parse import unquote_to_bytes

from messaging.addresses import Address
from messaging.mime.decoding import decode_base64

MAX_HEADER_BYTES = 1024 * 1024
MAX_FIELDS = 1000  # of a message
MAX_PART_FIELDS = 100
MAX_MAILBOXES = 1000  # of a field
MAX_MAILBOX = 500  # characters, where the standard library has to read it

NAME = re.compile(rb"([!-9;-~]+)[ \t]*:")
TYPE = re.compile(r"[\s;]*([\w!#$&^.+-]{1,127})\s*/\s*([\w!#$&^.+*-]{1,127})")  # RFC 6838, 4.2
WORD = re.compile(r"\s*([^\s;=\"]+)(?=\s*(?:;|$)|\s+[^\s=])")
BETWEEN = re.compile(r"[\s;]*+")
PARAMETER = re.compile(r"([^\s=;:()\"]++)\s*+=\s*+")
EXTENDED = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*?))?$")
QUOTED = re.compile(r'"((?:[^"\\]++|\\.)*+)"?', re.DOTALL)
ENCODED_WORD = re.compile(r"=\?([^?\s]{1,64})\?([BbQq])\?([^?]*)\?=")
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
MAILBOX = re.compile(
    r"""\s*+ (?: "(?P<quoted>[^"\\]*+)" | (?P<bare>[^"(),:;<>@\[\]\\]*+) ) \s*+
    <\s*+(?P<email>[^\s"(),:;<>@\[\]\\]++@[^\s"(),:;<>@\[\]\\]++)\s*+> \s*+ \Z""",
    re.VERBOSE,
)
NO_ADDRESS = re.compile(r"[\s<>,;:\"()]+")
MESSAGE_IDS = re.compile(r"<[^<>\s]+>")


@dataclass(frozen=True, slots=True)
class Field:
    """One header field; `raw` is its value, unfolded, without the blanks around it."""

    name: str
    raw: bytes

    @property
    def text(self) -> str:
        """Its value as people read it, encoded words decoded."""
        return decode_words(decode_raw(self.raw))


class Fields(Sequence[Field]):
    """The header fields of a message or part, duplicates and order kept."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self._fields = list(fields)
        self._first: dict[str, Field] = {}
        for field in self._fields:
            self._first.setdefault(field.name.lower(), field)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._fields[index]

    def __len__(self) -> int:
        return len(self._fields)

    def raw(self, name: str) -> str:
        """The first field of this name, not decoded further than to text; blank without one."""
        field = self._first.get(name.lower())
        return decode_raw(field.raw) if field else ""

    def text(self, name: str) -> str:
        """The first field of this name as people read it; blank without one."""
        return decode_words(self.raw(name))

    def addresses(self, name: str) -> list[Address]:
        """The mailboxes of the first field of this name, groups dissolved."""
        return read_addresses(self.raw(name))

    def message_ids(self, name: str) -> list[str]:
        """The message ids of the first field of this name, with their angle brackets."""
        return MESSAGE_IDS.findall(self.raw(name))

    def date(self, name: str = "Date") -> datetime | None:
        """A point in time in UTC; None when there is none, or none that makes sense."""
        try:
            moment = parsedate_to_datetime(self.raw(name))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except Exception:  # (the parser of the standard library raises a dozen kinds)
            return None


def read_fields(raw: bytes, start: int, end: int, *, is_top: bool = False) -> tuple[Fields, int]:
    """The fields from `start` on, and where the body begins.

    The header ends at an empty line, or before a line that cannot be of a header. Only at the top
    of a message blank lines and an envelope line (`From `) before it are passed over. What is
    beyond the bounds is passed over up to the next empty line.
    """
    max_fields = MAX_FIELDS if is_top else MAX_PART_FIELDS
    lines: list[tuple[bytes, list[bytes]]] = []
    position = start
    while position < end:
        newline = raw.find(b"\n", position, end)
        following = newline + 1 if newline >= 0 else end
        line = raw[position : min(following, position + MAX_HEADER_BYTES)].rstrip(b"\r\n")
        named = NAME.match(line)
        if not line:
            if lines or not is_top:
                return _fields(lines), following
        elif line[:1] in b" \t":
            if lines:
                lines[-1][1].append(line)
            elif not is_top:
                return _fields(lines), position
            elif found := NAME.match(line.lstrip()):
                lines.append((found[1], [line.lstrip()[found.end() :].strip()]))
        elif named:
            lines.append((named[1], [line[named.end() :].strip()]))
        elif not (is_top and not lines and line.startswith((b"From ", b">From "))):
            return _fields(lines), position
        position = following
        if position - start > MAX_HEADER_BYTES or len(lines) > max_fields:
            del lines[max_fields:]
            return _fields(lines), _after_empty_line(raw, position, end)
    return _fields(lines), end


def _fields(lines: Iterable[tuple[bytes, list[bytes]]]) -> Fields:
    return Fields(Field(name.decode("ascii"), b"".join(value).strip()) for name, value in lines)


def _after_empty_line(raw: bytes, position: int, end: int) -> int:
    found = [
        place + len(mark)
        for mark in (b"\n\n", b"\n\r\n")
        if (place := raw.find(mark, max(position - 2, 0), end)) >= 0
    ]
    return min(found, default=end)


# Text -------------------------------------------------------------------------------------------


def decode_raw(raw: bytes) -> str:
    """Bytes of a header as text: UTF-8 where that is valid, else Windows-1252, never U+FFFD."""
    return decode_text(raw, "utf-8")


def decode_text(raw: bytes, charset: str) -> str:
    """Bytes in a charset that is declared, known or not, true or not, as text."""
    name = charset.strip().strip("'\"").lower()
    declared = ALIASES.get(name) or normalize_encoding(name)
    if declared not in CHARSETS:  # Python would look for it on the disk, and never forget it
        declared = "utf-8"
    for candidate in (declared, "utf-8", "windows-1252"):
        try:
            return storable(raw.decode(candidate))
        except (UnicodeError, LookupError):  # (some encodings are none of text)
            if candidate == "utf-8" and is_broken_utf8(raw):
                return storable(raw.decode("utf-8", "ignore"))
    return storable(raw.decode("latin-1"))


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database takes."""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def is_broken_utf8(raw: bytes) -> bool:
    """Whether bytes are UTF-8 but for a few, such as a last character that was cut in two."""
    readable = raw.decode("utf-8", "ignore")
    lost = len(raw) - len(readable.encode("utf-8"))
    return sum(not letter.isascii() for letter in readable) > lost


#: encodings of Python that are no charsets, and can be slow or make what is no text
NO_CHARSETS = frozenset({"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"})
CHARSETS = {*aliases.aliases, *(module.name for module in pkgutil.iter_modules(encodings_path))}
CHARSETS -= NO_CHARSETS

#: names that Python does not know, or knows otherwise than mail does
ALIASES = {
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "windows-1252",
    "latin1": "windows-1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-8-i": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "default": "utf-8",
    "unknown-8bit": "utf-8",
    "x-unknown": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "": "utf-8",
}


def decode_words(text: str) -> str:
    """Text with its encoded words decoded (RFC 2047).

    Blanks between two of them are no text. Neighbours of one charset are decoded as one, since
    many senders cut inside a character.
    """
    if "=?" not in text:
        return text
    pieces: list[tuple[str, bytearray | str]] = []  # (charset, bytes), or ("", text)
    position = 0
    for word in ENCODED_WORD.finditer(text):
        between = text[position : word.start()]
        if between.strip() or not (pieces and pieces[-1][0]):
            pieces.append(("", between))
        charset = word[1].partition("*")[0].lower()
        content = _word_bytes(word[2], word[3])
        if pieces and pieces[-1][0] == charset and isinstance(before := pieces[-1][1], bytearray):
            before += content
        else:
            pieces.append((charset, bytearray(content)))
        position = word.end()
    pieces.append(("", text[position:]))
    return "".join(
        decode_text(bytes(piece), charset) if isinstance(piece, bytearray) else piece
        for charset, piece in pieces
    )


def _word_bytes(encoding: str, content: str) -> bytes:
    letters = content.encode("utf-8")
    if encoding in "Bb":
        return decode_base64(letters)
    return binascii.a2b_qp(letters.replace(b"\n", b""), header=True)


# Parameters -------------------------------------------------------------------------------------


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """The word before the first semicolon, in lower case, and the parameters behind it.

    What RFC 2231 spreads over several parameters is put together, and wins over a plain one.
    """
    value = without_comments(value)
    matched = TYPE.match(value)
    if matched:
        word, position = f"{matched[1]}/{matched[2]}".lower(), matched.end()
    else:
        found = WORD.match(value)
        word, position = (found[1].lower(), found.end()) if found else ("", 0)
    given: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, content in _parameters(value, position):
        extended = EXTENDED.match(name)
        if extended is None:
            given.setdefault(name, content)
        elif extended[2] is None:
            sections.setdefault(extended[1], {}).setdefault(-1, (content, True))
        else:
            place = int(extended[2])
            sections.setdefault(extended[1], {}).setdefault(place, (content, bool(extended[3])))
    plain = {name: decode_words(content) for name, content in given.items()}
    return word, {**plain, **{name: _join(parts) for name, parts in sections.items()}}


def _parameters(value: str, position: int) -> Iterator[tuple[str, str]]:
    while position < len(value):
        between = BETWEEN.match(value, position)
        position = between.end() if between else position
        matched = PARAMETER.match(value, position)
        if matched is None:
            position = value.find(";", position)
            if position < 0:
                return
            continue
        position = matched.end()
        quoted = QUOTED.match(value, position)
        if quoted:
            yield matched[1].lower(), _unquote(quoted[1])
            position = quoted.end()
        else:
            end = value.find(";", position)
            end = len(value) if end < 0 else end
            yield matched[1].lower(), value[position:end].strip()
            position = end


def _unquote(text: str) -> str:
    r"""Undo quoted pairs, but for those that are none: `C:\TEMP` is a path."""
    return re.sub(r'\\(["\\])', r"\1", text)


def _join(sections: Mapping[int, tuple[str, bool]]) -> str:
    """Put the sections of a parameter together; encoded ones are bytes until the very end."""
    if -1 in sections:
        sections = {0: sections[-1]}
    charset, pieces = "", []
    for number, (text, is_encoded) in sorted(sections.items()):
        if is_encoded and number == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        pieces.append(unquote_to_bytes(text) if is_encoded else text.encode("utf-8"))
    decoded = decode_text(b"".join(pieces), charset)
    return decoded if charset else decode_words(decoded)


def without_comments(value: str) -> str:
    """The value without what stands in parentheses, outside of quotes."""
    if "(" not in value:
        return value
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for letter in value:
        if escaped:
            escaped = False
        elif letter == "\\" and (quoted or depth):
            escaped = True
        elif letter == '"' and not depth:
            quoted = not quoted
        elif letter == "(" and not quoted:
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(letter)
    return "".join(kept)


# Addresses --------------------------------------------------------------------------------------


def read_addresses(value: str) -> list[Address]:
    """The mailboxes that a field names; where it makes no sense, whatever looks like one."""
    pieces = islice((piece for piece in _mailboxes(value) if piece.strip()), MAX_MAILBOXES)
    pairs = (pair for piece in pieces for pair in _read_mailbox(piece))
    return [
        Address(email.strip("<> "), decode_words(name).strip() or None)
        for name, email in islice(pairs, MAX_MAILBOXES)
    ]


def _mailboxes(value: str) -> Iterator[str]:
    """The value cut at its commas and semicolons, but for those in quotes and comments."""
    start, depth, quoted, escaped = 0, 0, False, False
    for place, letter in enumerate(value):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = quoted or depth > 0
        elif quoted:
            quoted = letter != '"'
        elif letter in "()":
            depth = max(depth + (1 if letter == "(" else -1), 0)
        elif depth:
            continue
        elif letter == '"':
            quoted = True
        elif letter in ",;":
            yield value[start:place]
            start = place + 1
    yield value[start:]


def _read_mailbox(piece: str) -> list[tuple[str, str]]:
    """Name and address; the standard library reads what is odd, if short: its time is a square."""
    if usual := MAILBOX.match(piece):
        name = usual["bare"] if usual["quoted"] is None else usual["quoted"]
        return [(" ".join(name.split()), usual["email"])]
    try:
        read = getaddresses([piece]) if len(piece) <= MAX_MAILBOX else []
    except Exception:  # (RecursionError among them)
        read = []
    found = [(name, email) for name, email in read if "@" in email]
    words = [] if found else NO_ADDRESS.split(piece)
    return found or [("", word) for word in words if "@" in word.strip("@")]
