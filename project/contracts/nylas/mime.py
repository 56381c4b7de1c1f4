"""What a client's MIME source says, as a message to be sent.

Reading it never fails, but what is to be sent is judged: an address that cannot be one is refused
instead of being left out.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import getaddresses
from pathlib import Path

from attachments.errors import TotalTooLarge
from attachments.incoming import Incoming
from messaging.addresses import Address, read_address
from messaging.letter import (
    HEADER_NAME,
    MAX_HEADER_VALUE_LENGTH,
    RESERVED,
    RESERVED_PREFIXES,
    Letter,
)
from messaging.mime.fields import MAX_FIELDS, decode_raw, decode_words
from messaging.mime.headers import MESSAGE_ID
from messaging.mime.reader import (
    HTML,
    MAX_PARTS,
    MAX_TEXT_BYTES,
    PLAIN,
    Mail,
    Part,
    read_mail,
)
from project.errors import Invalid

FIELD = "mime"
MAX_COMMENTS = 50  # the standard library takes quadratic time for them
GROUP = re.compile(r":[^;]*;")  # such as `undisclosed-recipients:;`


@contextmanager
def opened(source: Incoming | bytes) -> Iterator[Mail]:
    """The mail in a source; its parts can be read inside the block. Raises as `checked`."""
    if isinstance(source, bytes) or not source.size:
        yield checked(read_mail(source if isinstance(source, bytes) else b""))
        return
    with (
        Path(source.temporary_file_path()).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw,
    ):
        yield checked(read_mail(raw))  # type: ignore[arg-type]  # it reads both alike


def checked(mail: Mail) -> Mail:
    """The mail, if it is one, and nothing of it is left out. Raises Invalid, TotalTooLarge."""
    if not mail.fields:
        raise Invalid("This has no headers, so it is no mail.", field=FIELD)
    if len(mail.parts) >= MAX_PARTS:
        raise Invalid(f"It has {MAX_PARTS} parts or more.", field=FIELD, limit=MAX_PARTS)
    if len(mail.fields) >= MAX_FIELDS:
        raise Invalid(f"It has {MAX_FIELDS} headers or more.", field=FIELD, limit=MAX_FIELDS)
    for kind in (PLAIN, HTML):
        bodies = [one for one in mail.parts if one.is_body and one.content_type == kind]
        size = sum(one.end - one.start for one in bodies)
        if size > MAX_TEXT_BYTES:
            raise TotalTooLarge(size=size, limit=MAX_TEXT_BYTES)
    return mail


def letter_in(mail: Mail) -> Letter:
    """Its letter; Bcc is of those who get it, and in no header. Raises Invalid, InvalidAddress."""
    return Letter(
        sender=next(iter(addresses_in(mail, "from")), None),
        to=addresses_in(mail, "to"),
        cc=addresses_in(mail, "cc"),
        bcc=addresses_in(mail, "bcc"),
        reply_to=addresses_in(mail, "reply-to"),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        headers=_free(mail),
    )


def type_of(part: Part) -> str:
    """The type of a file, with its charset; blank for one that no type can be."""
    charset = part.parameters.get("charset", "")
    text = f"{part.content_type}; charset={charset}" if charset else part.content_type
    return text if text.isascii() and text.isprintable() else ""


def answered_in(mail: Mail) -> str:
    """The Message-ID that it answers, with brackets; blank when there is none."""
    replied = next(iter(mail.fields.message_ids("In-Reply-To")), "")
    return replied if MESSAGE_ID.fullmatch(replied) else ""


def addresses_in(mail: Mail, name: str) -> tuple[Address, ...]:
    """All addresses of the fields of one name. Raises Invalid, InvalidAddress."""
    field = f"{FIELD}.{name}"
    values = [decode_raw(one.raw) for one in mail.fields if one.name.lower() == name]
    if any(value.count("(") > MAX_COMMENTS for value in values):
        raise Invalid("There are too many comments.", field=field, limit=MAX_COMMENTS)
    found = [(who, email) for who, email in getaddresses(values) if email]
    if not found and any(value.strip() and not GROUP.search(value) for value in values):
        raise Invalid(f"These are no addresses: {values[0][:80]!r}.", field=field)
    return tuple(
        read_address({"email": email, "name": decode_words(who)}, field=field)
        for who, email in found
    )


def _free(mail: Mail) -> dict[str, str]:
    """The headers that are the sender's own; of equal ones the first, and none that is too long."""
    free: dict[str, str] = {}
    known = set(RESERVED)
    for field in mail.fields:
        name, text = field.name, field.text
        if name.lower() in known or name.lower().startswith(RESERVED_PREFIXES):
            continue
        if HEADER_NAME.fullmatch(name) and len(text) <= MAX_HEADER_VALUE_LENGTH:
            known.add(name.lower())
            free[name] = " ".join(text.split())
    return free
