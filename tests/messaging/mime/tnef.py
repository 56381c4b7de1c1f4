"""Outlook's `winmail.dat`, written as MS-OXTNEF has it."""

from __future__ import annotations

import struct

SIGNATURE = 0x223E9F78
MESSAGE, ATTACHMENT = 1, 2  # levels
EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")  # the interface of a message

Property = tuple[int, "str | bytes | int"]


def winmail(
    *attachments: bytes, properties: tuple[Property, ...] = (), codepage: int = 1252
) -> bytes:
    """A stream of attachments (see `attached`) and properties of the message."""
    return b"".join(
        [
            struct.pack("<IH", SIGNATURE, 7),
            attribute(MESSAGE, 0x89006, struct.pack("<I", 0x10000)),
            attribute(MESSAGE, 0x69007, struct.pack("<II", codepage, 0)),
            attribute(MESSAGE, 0x78008, b"IPM.Microsoft Mail.Note\0"),
            attribute(MESSAGE, 0x69003, block(*properties)) if properties else b"",
            *attachments,
        ]
    )


def attribute(level: int, id: int, content: bytes, *, size: int | None = None) -> bytes:
    """One attribute; `size` is what it says of its length."""
    length = len(content) if size is None else size
    checksum = struct.pack("<H", sum(content) & 0xFFFF)
    return struct.pack("<BII", level, id, length) + content + checksum


def attached(title: bytes, content: bytes | None, *properties: Property) -> bytes:
    """An attachment: its short title, its bytes, and its properties."""
    return b"".join(
        [
            attribute(ATTACHMENT, 0x69002, bytes(14)),
            attribute(ATTACHMENT, 0x18010, title + b"\0") if title else b"",
            b"" if content is None else attribute(ATTACHMENT, 0x6800F, content),
            attribute(ATTACHMENT, 0x69005, block(*properties)) if properties else b"",
        ]
    )


def block(*properties: Property) -> bytes:
    """Encoded properties: text as Unicode, bytes as binary, 0x3701 as an embedded object."""
    return struct.pack("<I", len(properties)) + b"".join(map(encoded, properties))


def encoded(given: Property) -> bytes:
    id, value = given
    if isinstance(value, int):
        return struct.pack("<HHI", 0x0003, id, value)
    kind = 0x000D if id == 0x3701 else 0x0102
    if isinstance(value, str):
        kind, value = 0x001F, value.encode("utf-16-le") + b"\0\0"
    return struct.pack("<HHII", kind, id, 1, len(value)) + value + bytes(-len(value) % 4)
