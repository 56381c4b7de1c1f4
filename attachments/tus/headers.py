"""Reading the headers of tus; raises Invalid with the header as the field."""

from __future__ import annotations

import hashlib
import re
from binascii import Error
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import pybase64

from attachments.filenames import UNNAMED
from attachments.models import MAX_METADATA
from attachments.resuming import Piece
from project.errors import Invalid

NUMBER = re.compile(r"[0-9]{1,18}")
METADATA_KEY = re.compile(r"[!-+\--~]+")  # printable ASCII without blank and comma
CHECKSUMS = ("sha1", "sha256")
BLOCK_BYTES = 256 * 1024


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_number(headers: Mapping[str, str], name: str) -> int:
    """A count of bytes."""
    text = headers.get(name, "")
    if not NUMBER.fullmatch(text):
        raise Invalid(f"{name} is a number of bytes.", field=name)
    return int(text)


def read_metadata(text: str) -> dict[str, str]:
    """Upload-Metadata: pairs of a key and a value in base64, which may be left out.

    Source: section "Upload-Metadata".
    """
    if len(text) > MAX_METADATA:
        raise _odd_metadata(f"at most {MAX_METADATA:,} characters")
    found: dict[str, str] = {}
    for pair in text.split(",") if text else ():
        key, _, value = pair.strip(" ").partition(" ")
        if not METADATA_KEY.fullmatch(key) or key in found:
            raise _odd_metadata("keys of printable characters, each once")
        try:
            found[key] = pybase64.b64decode(value.encode("ascii"), validate=True).decode()
        except (Error, UnicodeError):
            raise _odd_metadata("UTF-8 in base64 behind each key") from None
    return found


def read_file(metadata: Mapping[str, str]) -> dict[str, str]:
    """What the metadata says of the file, as `start_upload` takes it; names may be missing."""
    return {
        "filename": metadata.get("filename") or metadata.get("name") or UNNAMED,
        "content_type": metadata.get("filetype") or metadata.get("type") or "",
        "sha256": metadata.get("sha256", ""),
    }


def read_piece(*, headers: Mapping[str, str], body: Stream, offset: int, length: int) -> Piece:
    """The body of a request, as it comes, with its Upload-Checksum.

    Source: section "Upload-Checksum".
    """
    chunks = chunks_of(body, length)
    text = headers.get("Upload-Checksum")
    if text is None:
        return Piece(offset=offset, length=length, chunks=chunks)
    algorithm, _, value = text.partition(" ")
    hasher: Any = hashlib.new(algorithm) if algorithm in CHECKSUMS else None
    try:
        digest = pybase64.b64decode(value.encode("ascii"), validate=True)
    except (Error, UnicodeError):
        digest = b""
    if hasher is None or len(digest) != hasher.digest_size:
        message = f"A checksum is {' or '.join(CHECKSUMS)}, a blank and the digest in base64."
        raise Invalid(message, field="Upload-Checksum")
    return Piece(offset=offset, length=length, chunks=chunks, digest=digest, hasher=hasher)


def chunks_of(body: Stream, length: int) -> Iterator[bytes]:
    """A body as it comes; where it is cut off, it ends."""
    read = getattr(body, "read1", body.read)  # what is there, not what is wanted
    while length:
        try:
            chunk = read(min(BLOCK_BYTES, length))
        except OSError:
            return
        if not chunk:
            return
        length -= len(chunk)
        yield chunk


def _odd_metadata(rule: str) -> Invalid:
    return Invalid(f"Upload-Metadata has {rule}.", field="Upload-Metadata")
