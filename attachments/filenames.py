"""Names of files, as people may see them."""

from __future__ import annotations

import unicodedata

from attachments.errors import InvalidFilename

MAX_FILENAME = 255
UNNAMED = "attachment"

# Of the format characters these two are spelling (Persian, Hindi, joined emoji), not disguise.
JOINERS = "\u200c\u200d"
FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}  # controls, lone surrogates, line and paragraph separators


def clean_filename(name: str, *, limit: int = MAX_FILENAME, field: str = "filename") -> str:
    """The base name in NFC, without format characters such as U+202E; never empty.

    Raises InvalidFilename for an empty name, for control characters, and for more than `limit`
    characters.
    """
    if any(unicodedata.category(letter) in FORBIDDEN for letter in name):
        raise InvalidFilename("A file name has no control characters.", field=field)
    base = name.replace("\\", "/").rpartition("/")[2]
    visible = "".join(
        letter for letter in base if letter in JOINERS or unicodedata.category(letter) != "Cf"
    )
    clean = unicodedata.normalize("NFC", visible).strip()
    if not name.strip():
        raise InvalidFilename("A file needs a name.", field=field)
    if len(clean) > limit:
        raise InvalidFilename(
            f"A file name has at most {limit} characters.",
            field=field,
            limit=limit,
            actual=len(clean),
        )
    return clean if clean.strip(".") else UNNAMED


def extension_of(filename: str) -> str:
    """The last ending in lower case without its dot; trailing dots and blanks do not hide it."""
    stem, dot, ending = filename.rstrip(". ").rpartition(".")
    return ending.lower() if dot and stem else ""
