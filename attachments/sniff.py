"""What a file is: as declared, by its ending, and by its first bytes."""

from __future__ import annotations

import re
from functools import cache
from mimetypes import MimeTypes

import pylibmagic  # noqa: F401  (must come first: it brings the library that magic loads)
from magic import Magic

from attachments.errors import InvalidContentType
from attachments.filenames import extension_of

UNKNOWN = "application/octet-stream"
MAX_CONTENT_TYPE = 255
EMPTY = {"application/x-empty", "inode/x-empty"}  # what libmagic calls no bytes at all

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
TYPE = re.compile(rf"{TOKEN}/{TOKEN}")
CHARSET = re.compile(rf'\s*charset\s*=\s*"?({TOKEN})"?\s*', re.IGNORECASE)

# The standard library's own table only: the one of the operating system differs by machine.
BY_EXTENSION = MimeTypes().types_map[True] | {
    ".7z": "application/x-7z-compressed",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gz": "application/gzip",
    ".heic": "image/heic",
    ".ics": "text/calendar",
    ".md": "text/markdown",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rar": "application/vnd.rar",
    ".webp": "image/webp",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

# What a browser would run or render with our origin's rights; XML can be either.
ACTIVE = {
    "application/ecmascript",
    "application/javascript",
    "application/x-javascript",
    "application/x-shockwave-flash",
    "application/xhtml+xml",
    "application/xml",
    "image/svg+xml",
    "text/ecmascript",
    "text/html",
    "text/javascript",
    "text/xml",
    "text/xsl",
}
INLINE = {
    "application/pdf",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/x-wav",
    "image/avif",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "video/mp4",
    "video/webm",
}


def sniff_type(head: bytes) -> str:
    """The type that the first bytes speak of, such as `image/png`; `UNKNOWN` if none."""
    found = _magic().from_buffer(head)
    return UNKNOWN if found in EMPTY or not TYPE.fullmatch(found) else found.lower()


@cache
def _magic() -> Magic:
    return Magic(mime=True)


def clean_content_type(text: str, *, field: str = "content_type") -> str:
    """`type/subtype` in lower case, with its charset if there is one and without the rest.

    Structures that a single part of a mail cannot be (multipart, message/partial) become
    `UNKNOWN`. Raises InvalidContentType for anything that is not `token/token` (RFC 9110, 8.3).
    """
    head, *parameters = text.split(";")
    if not TYPE.fullmatch(head.strip()) or not text.isascii() or not text.isprintable():
        raise InvalidContentType("A content type looks like text/plain.", field=field)
    essence = head.strip().lower()
    if essence.startswith("multipart/") or (
        essence.startswith("message/") and essence != "message/rfc822"
    ):
        return UNKNOWN
    charset = next((found[1] for text in parameters if (found := CHARSET.fullmatch(text))), "")
    clean = f"{essence}; charset={charset}" if charset else essence
    if len(clean) > MAX_CONTENT_TYPE:
        raise InvalidContentType(
            "The content type is too long.",
            field=field,
            limit=MAX_CONTENT_TYPE,
            actual=len(clean),
        )
    return clean


def read_content_type(essence: str, charset: str) -> str:
    """A type as a mail from outside declares it, with its charset; `UNKNOWN` for what is none."""
    if not TYPE.fullmatch(essence):
        return UNKNOWN
    known = re.fullmatch(TOKEN, charset)
    clean = f"{essence.lower()}; charset={charset}" if known else essence.lower()
    return clean if len(clean) <= MAX_CONTENT_TYPE else UNKNOWN


def resolve_type(*, declared: str, filename: str, sniffed: str = "") -> str:
    """The type to show: the declared one if it says anything, else by ending, else as sniffed."""
    if declared and declared != UNKNOWN:
        return declared
    return BY_EXTENSION.get(f".{extension_of(filename)}") or sniffed or UNKNOWN


def served_type(*, declared: str, sniffed: str) -> str:
    """The type for a response's header: as declared, unless the bytes are active in disguise."""
    return UNKNOWN if _is_active(sniffed) and not _is_active(declared) else declared


def may_be_inline(*, declared: str, sniffed: str) -> bool:
    """Whether a browser may show the bytes itself; never for HTML, SVG, XML and unknown types."""
    shown = declared.partition(";")[0]
    return shown in INLINE and sniffed in INLINE and shown.split("/")[0] == sniffed.split("/")[0]


def _is_active(content_type: str) -> bool:
    essence = content_type.partition(";")[0]
    return essence in ACTIVE or essence.endswith("+xml")
