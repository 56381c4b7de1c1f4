"""Undoing transfer encodings, block by block; what is broken is read as far as it makes sense."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

import pybase64

BLOCK = 512 * 1024

BLANKS = b"\r\n \t"
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
FOREIGN = bytes(set(range(256)) - set(ALPHABET) - {ord("=")})
UU_BEGIN = re.compile(rb"^begin[ \t]+[0-7]{3,4}[ \t]?[^\r\n]*\r?\n", re.MULTILINE)
UU_ENCODINGS = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def decode_base64(text: bytes) -> bytes:
    """All that can be read of a base64 text."""
    return b"".join(_base64(iter([text])))


def decoded(raw: bytes, start: int, end: int, *, encoding: str) -> Iterator[bytes]:
    """The decoded bytes of a stretch of a message, in blocks."""
    blocks = (raw[at : min(at + BLOCK, end)] for at in range(start, end, BLOCK))
    if encoding == "base64":
        return _base64(blocks)
    if encoding == "quoted-printable":
        return _quoted_printable(blocks)
    if encoding in UU_ENCODINGS:
        return _uuencoded(raw, start, end)
    return blocks


def _base64(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Strict and fast until something does not fit, then one run of characters at a time.

    Padding in the middle ends one encoded text, and another follows (some senders glue them).
    """
    carry = b""
    for block in blocks:
        text = carry + block.translate(None, BLANKS)
        whole = len(text) // 4 * 4
        try:
            yield pybase64.b64decode(text[:whole], validate=True)
            carry = text[whole:]
        except (binascii.Error, ValueError):
            content, carry = _lenient(text)
            yield content
    if carry:
        yield _tail(carry.translate(None, FOREIGN + b"="))


def _lenient(text: bytes) -> tuple[bytes, bytes]:
    """What can be read of a text with foreign characters, and the rest of its last quad."""
    *runs, last = text.translate(None, FOREIGN).split(b"=")
    whole = len(last) // 4 * 4
    content = [*(_tail(run) for run in runs if len(run) > 1), pybase64.b64decode(last[:whole])]
    return b"".join(content), last[whole:]


def _tail(run: bytes) -> bytes:
    """The bytes of two or three last characters; one alone means nothing."""
    whole = len(run) // 4 * 4
    content, rest = pybase64.b64decode(run[:whole]), run[whole:]
    return content + pybase64.b64decode(rest + b"=" * (4 - len(rest))) if len(rest) > 1 else content


def _quoted_printable(blocks: Iterator[bytes]) -> Iterator[bytes]:
    carry = b""
    for block in blocks:
        text = carry + block
        cut = text.rfind(b"\n") + 1
        if len(text) - cut > BLOCK:  # a line without an end: not inside an escape
            escape = text.find(b"=", len(text) - 2)
            cut = escape if escape >= 0 else len(text)
        yield binascii.a2b_qp(text[:cut])
        carry = text[cut:]
    yield binascii.a2b_qp(carry)


def _uuencoded(raw: bytes, start: int, end: int) -> Iterator[bytes]:
    begin = UU_BEGIN.search(raw, start, end)
    if begin is None:  # said to be encoded, and is not
        yield from (raw[at : min(at + BLOCK, end)] for at in range(start, end, BLOCK))
        return
    position, lines = begin.end(), bytearray()
    left = end - start  # a line may be shorter than it says, as blanks at its end may be lost
    while position < end and left:
        newline = raw.find(b"\n", position, end)
        following = newline + 1 if newline >= 0 else end
        line = raw[position:following].rstrip(b"\r\n")
        if line.strip() == b"end":
            break
        content = _uu_line(line)[:left]
        left -= len(content)
        lines += content
        if len(lines) > BLOCK:
            yield bytes(lines)
            lines.clear()
        position = following
    yield bytes(lines)


def _uu_line(line: bytes) -> bytes:
    if not line:
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:  # trailing junk: what the first character announces is enough
        length = (line[0] - 32) & 63
        try:
            return binascii.a2b_uu(line[: (length * 4 + 5) // 3 + 1])
        except binascii.Error:
            return b""
