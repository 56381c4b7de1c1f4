"""Header lines of outgoing mail: folded at 78, at most 998, and proof against injection.

A header's value is built of pieces, each of which begins with the white space before it; lines are
broken only between pieces.
"""

import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime

from messaging.addresses import MAX_EMAIL_LENGTH, Address
from messaging.errors import InvalidAddress, InvalidContentType, InvalidMessageId, UnwritableText

FOLD_AT = 78  # characters (RFC 5322, section 2.1.1)
MAX_LINE_LENGTH = 998  # bytes, without CRLF
MAX_QUOTED_LENGTH = 70  # longer names are cut into encoded words
MAX_CONTENT_TYPE_LENGTH = 255  # characters

# RFC 2047 allows 75; 64 leaves room for `Reply-To: ` and ` name="` within its lines of 76.
ENCODED_WORD_LENGTH = 64
SHORTEST_FIRST_WORD = 32

UNWRITABLE = re.compile("[\r\n\0\ud800-\udfff]")
PLAIN = re.compile(r"[\t\x20-\x7e]*")
PLAIN_PIECE = re.compile(r"[ \t]*[^ \t]+")
PRINTABLE_ASCII = re.compile(r"[\x20-\x7e]+")
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+")
Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
ATOMS = re.compile(rf"{ATOM}(?: {ATOM})*")
EMAIL = re.compile(r'[^\s\x00-\x1f\x7f<>()\[\],;:\\"@]+@[^\s\x00-\x1f\x7f<>()\[\],;:\\"@]+')
MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
MEDIA_TYPE = re.compile(rf"\s*({TOKEN}/{TOKEN})\s*")
QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
PARAMETER = re.compile(rf";\s*(?:({TOKEN})=({TOKEN}|{QUOTED}))?\s*")


def check_text(text: str, *, field: str) -> str:
    """Give the text back; raises UnwritableText if it could end its header or is not Unicode."""
    if UNWRITABLE.search(text):
        raise UnwritableText("It has a line break, NUL or half a character in it.", field=field)
    return text


def fold(name: str, pieces: Iterable[str]) -> str:
    """Write a header; the first piece always stands beside the name, as some readers demand."""
    line, lines = f"{name}:", []
    for position, piece in enumerate(pieces):
        if position and len(line) + len(piece) > FOLD_AT:
            lines.append(line)
            line = piece
        else:
            line += piece
    return "".join(f"{line}\r\n" for line in [*lines, line])


def unstructured(name: str, text: str, *, field: str) -> str:
    """Write a header of free text: as it is where readers will leave it alone, else encoded."""
    check_text(text, field=field)
    if PLAIN.fullmatch(text) and "=?" not in text and text == text.strip():
        header = fold(name, PLAIN_PIECE.findall(f" {text}"))
        if all(len(line) <= MAX_LINE_LENGTH for line in header.split("\r\n")):
            return header
    first = max(FOLD_AT - len(f"{name}:  "), SHORTEST_FIRST_WORD)
    return fold(name, _spaced(encoded_words(text, first=first)))


def addresses(name: str, recipients: Sequence[Address], *, field: str) -> str:
    """Write an address header, in raw UTF-8 if one of its addresses needs SMTPUTF8 (RFC 6532).

    Raises InvalidAddress or UnwritableText naming `field[n]`, or `field` where it takes only one.
    """
    raw = any(recipient.needs_smtputf8 for recipient in recipients)
    words: list[str] = []
    for position, recipient in enumerate(recipients):
        if words:
            words[-1] += ","
        words += _mailbox(
            recipient, raw=raw, field=field if field == "from" else f"{field}[{position}]"
        )
    return fold(name, _spaced(words))


def date_header(date: datetime) -> str:
    """Write Date, with a numeric zone."""
    if date.utcoffset() is None:
        raise ValueError("The date of a message needs a time zone.")
    return fold("Date", [f" {format_datetime(date)}"])


def message_ids(name: str, ids: Sequence[str], *, field: str) -> str:
    """Write Message-ID, In-Reply-To or References; raises InvalidMessageId."""
    for id in ids:
        if not MESSAGE_ID.fullmatch(id):
            raise InvalidMessageId(f"{id[:80]!r} is not a Message-ID.", field=field)
    return fold(name, _spaced(ids))


def parameters(name: str, value: str, items: Iterable[Sequence[str]]) -> str:
    """Write `value; item; item`, each item in as many words as it may be folded into."""
    words = [value]
    for item in items:
        words[-1] += ";"
        words += item
    return fold(name, _spaced(words))


def read_content_type(text: str, *, field: str) -> tuple[str, list[str]]:
    """Part a content type into `type/subtype`, lower-case, and its parameters but for the name.

    Raises InvalidContentType for what is not of the form of RFC 2045, section 5.1.
    """
    media = MEDIA_TYPE.match(text)
    if len(text) > MAX_CONTENT_TYPE_LENGTH or not media:
        raise InvalidContentType("It is not of the form type/subtype.", field=field)
    kept, end = [], media.end()
    while end < len(text):
        parameter = PARAMETER.match(text, end)
        if not parameter:
            raise InvalidContentType("Its parameters are not of the form name=value.", field=field)
        if parameter[1] and parameter[1].lower().partition("*")[0] != "name":
            kept.append(f"{parameter[1].lower()}={parameter[2]}")
        end = parameter.end()
    check_text(text, field=field)
    return media[1].lower(), kept


def encoded_words(text: str, *, first: int = ENCODED_WORD_LENGTH) -> Iterator[str]:
    """Cut a text into encoded words (RFC 2047), never within a character.

    `first` is the room for the first one, which stands beside the header's name.
    """
    form = min(_q_word, _b_word, key=lambda form: len(form(text)))
    word, room = "", min(first, ENCODED_WORD_LENGTH)
    for char in text:
        if len(form(word + char)) > room:
            yield form(word)
            word, room = "", ENCODED_WORD_LENGTH
        word += char
    yield form(word)


def quoted(text: str) -> str:
    """Write a quoted string (RFC 5322, section 3.2.4)."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def is_quotable(text: str) -> bool:
    """Whether every reader takes the text out of quotes as it was put in."""
    return bool(PRINTABLE_ASCII.fullmatch(text)) and "=?" not in text and text == text.strip()


def _mailbox(address: Address, *, raw: bool, field: str) -> list[str]:
    check_text(address.email, field=field)
    try:
        email = address.ascii_email
    except InvalidAddress as error:
        raise InvalidAddress(error.message, field=field) from error
    if len(email) > MAX_EMAIL_LENGTH or not EMAIL.fullmatch(email):
        raise InvalidAddress("It cannot be written as a mail address.", field=field)
    if not address.name:
        return [email]
    return [*_phrase(check_text(address.name, field=field), raw=raw), f"<{email}>"]


def _phrase(name: str, *, raw: bool) -> list[str]:
    if len(name) <= MAX_QUOTED_LENGTH and "=?" not in name:
        if ATOMS.fullmatch(name):
            return name.split(" ")
        if is_quotable(name) or (raw and PRINTABLE.fullmatch(name)):
            return [quoted(name)]
    return list(encoded_words(name))


def _spaced(words: Iterable[str]) -> Iterator[str]:
    return (f" {word}" for word in words)


def _q_word(text: str) -> str:
    letters = (chr(byte) if byte in Q_SAFE else f"={byte:02X}" for byte in text.encode())
    return f"=?utf-8?Q?{''.join(letters).replace('=20', '_')}?="


def _b_word(text: str) -> str:
    return f"=?utf-8?B?{binascii.b2a_base64(text.encode(), newline=False).decode('ascii')}?="
