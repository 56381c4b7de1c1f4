"""Text and HTML of outgoing mail as lines of ASCII."""

import binascii
import re
from collections.abc import Iterator

from messaging.errors import UnwritableText

MAX_QP_LENGTH = 76  # characters of a line (RFC 2045, section 6.7)

LINE_END = re.compile(r"\r\n|\r|\n")

# What would not survive the way, or would have to be changed on it: long lines, a dot or `From ` at
# the start of a line, blanks at its end, control characters; and `=_`, which is for boundaries.
FRAGILE = re.compile(
    rb"^(?:[^\r\n]{79}|\.|From\ ) | [ \t](?:\r|\Z) | =_ | [^\t\r\n\x20-\x7e]",
    re.MULTILINE | re.VERBOSE,
)
UNPRINTABLE = re.compile(rb"[^\t\r\n\x20-\x3c\x3e-\x7e]+")


def encode_body(text: str, *, field: str) -> tuple[str, bytes]:
    """Give the transfer encoding, and the text in it with CRLF line ends.

    The text keeps its last line end, or its lack of one. No line is over 78 characters long, none
    has to be changed by SMTP. Raises UnwritableText if it is not Unicode.
    """
    try:
        body = LINE_END.sub("\r\n", text).encode()
    except UnicodeEncodeError as error:
        raise UnwritableText("It has half a character in it.", field=field) from error
    if not FRAGILE.search(body):
        return "7bit", body
    lines = UNPRINTABLE.sub(_quoted, body).split(b"\r\n")
    return "quoted-printable", b"\r\n".join(piece for line in lines for piece in _cut(line))


def _quoted(run: re.Match[bytes]) -> bytes:
    return b"=" + binascii.hexlify(run[0], b"=").upper()


def _cut(line: bytes) -> Iterator[bytes]:
    """Cut a line into pieces that fit, each but the last with a soft line break."""
    if line.endswith((b" ", b"\t")):
        line = line[:-1] + b"=%02X" % line[-1]
    start = 0
    while True:
        guard = b""
        if line.startswith((b".", b"From "), start):
            guard = b"=%02X" % line[start]
            start += 1
        room = MAX_QP_LENGTH - len(guard)
        if len(line) - start <= room:
            yield guard + line[start:]
            return
        end = start + room - 1
        escape = line.rfind(b"=", end - 2, end)
        end = end if escape == -1 else escape
        yield guard + line[start:end] + b"="
        start = end
