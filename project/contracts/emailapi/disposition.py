"""The name of a download, for old and new clients."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from django.utils.http import content_disposition_header


def disposition_of(filename: str) -> str:
    """`attachment` with the name; beside one that is not ASCII stands a plain one.

    curl 7.88 reads only the plain one, and would name the file by the address without it
    (RFC 6266, section 4.3).
    """
    if filename.isascii():
        return content_disposition_header(True, filename) or "attachment"
    bare = unicodedata.normalize("NFKD", filename)
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    plain = "".join(letter if letter.isascii() else "_" for letter in plain)
    header = content_disposition_header(True, plain) or "attachment"
    return f"{header}; filename*=UTF-8''{quote(filename, safe='')}"
