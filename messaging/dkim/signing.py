"""The signature of a mail: its body hashed as a stream, its header in memory.

Nothing of a body is held: whoever signs reads the mail once before it is sent. The RSA is that of
`cryptography`, which takes 2 ms; in pure Python, as in dkimpy, it would take 50, with all other
threads standing still, and the time that it takes would tell of the key.

Source: RFC 6376, sections 3.4.2, 3.4.4, 3.5, 3.7, 5.4; RFC 8301, section 3.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from messaging.mime.writer import MimeWriter

END = b"\r\n"
BLANKS = re.compile(rb"[ \t]+")
BLANKS_AT_END = re.compile(rb"[ \t]+\r\n")
FOLD = re.compile(rb"\r\n(?=[ \t])")
LINE_LENGTH = 72
#: signed once more than they are there, so that nobody can add one: what is shown, and what says
#: how to read it
SEALED = (
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
)
#: signed where they are there; a mailing list may add its own
SIGNED = ("list-id", "list-unsubscribe", "list-unsubscribe-post")


class Unsigned(Exception):
    """A mail is to be signed and cannot be: it must not leave."""


@dataclass(frozen=True)
class Signer:
    """A key, ready to sign. `private_key` is PEM, and blank when it cannot be read."""

    domain: str
    selector: str
    private_key: str = field(repr=False)

    def sign(self, text: bytes) -> bytes:
        """The RSA signature of these bytes. Raises Unsigned."""
        try:
            key = _parsed(self.private_key)
        except ValueError as error:
            raise Unsigned(
                f"The mail could not be signed: the private key {self.selector} of {self.domain} "
                "cannot be read. Have a new key take its place, or stop it."
            ) from error
        return key.sign(text, PKCS1v15(), SHA256())


def body_of(mail: MimeWriter) -> Iterator[bytes]:
    """What stands below the header of a mail, in blocks."""
    left = len(mail.head)
    for block in mail.blocks():
        yield block[left:]
        left = max(0, left - len(block))


def signature_of(head: bytes, body: Iterable[bytes], *, signer: Signer, at: datetime) -> bytes:
    """The field that signs a header, which ends with its empty line, and a body.

    It is the same for the same mail, key and time, `at`, which it tells. Raises Unsigned, and
    what reading the body raises.
    """
    fields = _canonical_fields(head)
    names = _names_to_sign(fields)
    unsigned = _signature_field(signer, names, digest_of_body(body), at)
    signed = [fields[name].pop() for name in names if fields[name]]  # from the bottom up
    signature = signer.sign(END.join([*signed, _canonical(unsigned)]))
    return unsigned + _folded(base64.b64encode(signature)) + END


def digest_of_body(blocks: Iterable[bytes]) -> bytes:
    """The SHA-256 of a body, which ends with a line end, in its relaxed form.

    Blanks are made one, those at the ends of lines none, and empty lines at its end are left out.
    """
    digest, rest = sha256(), b""
    ends = 0  # line ends behind the last text
    is_empty = True
    for block in blocks:
        lines, end, rest = (rest + block).rpartition(END)
        lines = _without_blanks(lines + end)
        stop = len(lines)
        while lines.endswith(END, 0, stop):
            stop -= len(END)
        if stop:
            digest.update(END * ends)
            digest.update(memoryview(lines)[:stop])
            ends, is_empty = 0, False
        ends += (len(lines) - stop) // len(END)
    if not is_empty:
        digest.update(END)
    return digest.digest()


def _without_blanks(lines: bytes) -> bytes:
    # Base64 has none; looking for them costs a tenth of replacing them.
    if b"\t" in lines or b"  " in lines or b" \r" in lines:
        return BLANKS.sub(b" ", BLANKS_AT_END.sub(END, lines))
    return lines


def _canonical_fields(head: bytes) -> defaultdict[str, list[bytes]]:
    """The fields of a header in their relaxed form, by name, in their order."""
    fields: defaultdict[str, list[bytes]] = defaultdict(list)
    for line in FOLD.sub(b"", head).split(END):
        if line:
            canonical = _canonical(line)
            fields[canonical.partition(b":")[0].decode()].append(canonical)
    return fields


def _canonical(line: bytes) -> bytes:
    name, _, value = FOLD.sub(b"", line).partition(b":")
    return name.strip().lower() + b":" + BLANKS.sub(b" ", value).strip()


def _names_to_sign(fields: defaultdict[str, list[bytes]]) -> list[str]:
    sealed = [name for name in SEALED for _ in range(len(fields[name]) + 1)]
    return sealed + [name for name in SIGNED for _ in fields[name]]


def _signature_field(signer: Signer, names: list[str], body: bytes, at: datetime) -> bytes:
    """The field as it is signed: without the signature, which is written behind it."""
    digest = base64.b64encode(body).decode()
    tags = [
        "v=1; a=rsa-sha256; c=relaxed/relaxed;",
        f"d={signer.domain};",
        f"s={signer.selector}; t={int(at.timestamp())};",
        *_lines_of_names(names),
        f"bh={digest};",
        "b=",
    ]
    return ("DKIM-Signature: " + "\r\n ".join(tags)).encode()


def _lines_of_names(names: list[str]) -> list[str]:
    lines = ["h="]
    for place, name in enumerate(names, start=1):
        word = f"{name}{';' if place == len(names) else ':'}"
        if len(lines[-1]) + len(word) > LINE_LENGTH:
            lines.append("")
        lines[-1] += word
    return lines


def _folded(text: bytes) -> bytes:
    starts = range(0, len(text), LINE_LENGTH)
    return b"\r\n ".join(text[start : start + LINE_LENGTH] for start in starts)


@lru_cache(maxsize=64)
def _parsed(pem: str) -> RSAPrivateKey:
    """Raises ValueError."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("It is no RSA key.")
    return key
