"""What is written: recipients, subject, bodies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from messaging.addresses import Address
from messaging.errors import InvalidHeader
from messaging.mime.headers import check_text

MAX_HEADERS = 50
MAX_HEADER_NAME_LENGTH = 76
MAX_HEADER_VALUE_LENGTH = 998  # characters, before folding

# A letter or digit first: `.x` at the start of a line would have to be doubled in SMTP.
HEADER_NAME = re.compile(r"[A-Za-z0-9][!#$%&'*+.^_`|~0-9A-Za-z-]*")

RESERVED = frozenset(
    {
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "return-path",
        "received",
        "received-spf",
        "delivered-to",
        "dkim-signature",
        "authentication-results",
    }
)
RESERVED_PREFIXES = ("content-", "resent-", "arc-")


@dataclass(frozen=True)
class Letter:
    """What a person or program writes; which files go with it, and when, is not part of it.

    `sender` is None only while it is being written. `headers` are the sender's own.
    """

    sender: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str | None = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body_bytes(self) -> int:
        """The bytes of its bodies in UTF-8."""
        return sum(len(body.encode(errors="replace")) for body in (self.text, self.html) if body)


def check_headers(headers: Mapping[str, str], *, field: str = "headers") -> None:
    """Refuse headers of the sender's own that may not stand in a message.

    Names are tokens (RFC 5322, section 3.6.8) that we do not write ourselves and no relay adds.
    Raises InvalidHeader, or UnwritableText for a value with CR, LF or NUL.
    """
    if len(headers) > MAX_HEADERS:
        raise InvalidHeader(
            "There are too many headers.", field=field, limit=MAX_HEADERS, actual=len(headers)
        )
    for name, value in headers.items():
        _check_name(name, field)
        check_text(value, field=f"{field}.{name}")
        if len(value) > MAX_HEADER_VALUE_LENGTH:
            raise InvalidHeader(
                f"The header {name} is too long.",
                field=f"{field}.{name}",
                limit=MAX_HEADER_VALUE_LENGTH,
                actual=len(value),
            )


def _check_name(name: str, field: str) -> None:
    if len(name) > MAX_HEADER_NAME_LENGTH or not HEADER_NAME.fullmatch(name):
        raise InvalidHeader(f"{name[:80]!r} cannot be the name of a header.", field=field)
    if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIXES):
        raise InvalidHeader(f"The header {name} is not yours to set.", field=f"{field}.{name}")
