"""File names and content ids of outgoing mail, in the forms that every reader takes."""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

from messaging.errors import InvalidContentId
from messaging.mime.headers import check_text, encoded_words, is_quotable
from messaging.plain import unescape

MAX_SECTION_LENGTH = 60  # characters of one section of a continued parameter

CONTENT_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,255}")

# What stands before `cid:` tells where the URL ends.
CID_URL = re.compile(
    r"""
    "\s*cid:([^"<>\s]+) | '\s*cid:([^'<>\s]+) | \(\s*cid:([^()"'<>\s]+) | \bcid:([^"'<>\s,)]+)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def name_parameters(filename: str, *, field: str) -> list[list[str]]:
    """Give the `name` parameter of Content-Type, in the words that it may be folded into.

    Names other than short and plain ones are encoded words in quotes, which no RFC allows and every
    reader understands, old Outlook included; the true form is `filename_parameters`.
    """
    if not check_text(filename, field=field):
        return []
    if _is_simple(filename):
        return [[f'name="{filename}"']]
    words = list(encoded_words(filename))
    words[0] = f'name="{words[0]}'
    words[-1] += '"'
    return [words]


def filename_parameters(filename: str, *, field: str) -> list[list[str]]:
    """Give the `filename` parameters of Content-Disposition (RFC 2231).

    No ASCII fallback beside `filename*`: most readers would show that one.
    """
    if not check_text(filename, field=field):
        return []
    if _is_simple(filename):
        return [[f'filename="{filename}"']]
    sections = list(_sections(filename))
    if len(sections) == 1:
        return [[f"filename*={sections[0]}"]]
    return [[f"filename*{number}*={section}"] for number, section in enumerate(sections)]


def check_content_id(content_id: str, *, field: str) -> str:
    """Give the id, which has no angle brackets, back; raises InvalidContentId."""
    if not CONTENT_ID.fullmatch(check_text(content_id, field=field)):
        raise InvalidContentId("A Content-ID is visible ASCII without < and >.", field=field)
    return content_id


def referenced_content_ids(document: str) -> frozenset[str]:
    """Find the content ids that the `cid:` URLs of an HTML document refer to (RFC 2392)."""
    found = CID_URL.findall(unescape(document))
    return frozenset(unquote("".join(alternatives)) for alternatives in found)


def _is_simple(filename: str) -> bool:
    # Readers without quoted pairs, or that split at every semicolon, are common.
    return (
        is_quotable(filename)
        and len(filename) <= MAX_SECTION_LENGTH
        and not any(char in filename for char in '"\\;')
    )


def _sections(filename: str) -> Iterator[str]:
    section = "utf-8''"
    for char in filename:
        letters = quote(char, safe="")
        if len(section) + len(letters) > MAX_SECTION_LENGTH:
            yield section
            section = ""
        section += letters
    yield section
