"""Mail addresses as people and programs give them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import email_validator
import idna
from email_validator import EmailNotValidError, validate_email

from messaging.errors import InvalidAddress

MAX_NAME_LENGTH = 255  # characters
MAX_EMAIL_LENGTH = 320  # characters; the true limit is in bytes, and email-validator's
MAX_TEXT_LENGTH = 1000  # characters of `Name <a@b.c>` as given

# Self-hosted mail lives at names such as `acme.test` and `office.local`.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

NAMED = re.compile(r"(?P<name>.*)<(?P<email>[^<>]*)>", re.DOTALL)
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
UNQUOTED_SEPARATORS = re.compile(r"[,;<>]")
UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, half surrogates, line separators


@dataclass(frozen=True)
class Address:
    """A mail address with the name of who reads there.

    `email` has its domain in Unicode, which is how people see it. Only `read_address` checks it.
    """

    email: str
    name: str | None = None

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]

    @property
    def ascii_email(self) -> str:
        """The address as it goes over the wire: the domain in A-labels (RFC 5890), the local part
        as it is.

        Raises InvalidAddress if the domain has no such spelling.
        """
        if self.domain.isascii():
            return self.email
        local, _, domain = self.email.rpartition("@")
        try:
            return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"
        except idna.IDNAError as error:
            raise InvalidAddress(f"{self.email!r} has no valid domain: {error}") from error

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only servers with SMTPUTF8 (RFC 6531) take it: its local part is not ASCII."""
        return not self.email.rpartition("@")[0].isascii()

    @property
    def key(self) -> str:
        """What two spellings of the same mailbox have in common.

        Domains are compared without case; what a local part means only its own server knows
        (RFC 5321, section 2.4), so it is left alone.
        """
        local, _, domain = self.email.rpartition("@")
        return f"{local}@{domain.lower()}"


def read_address(
    value: str | Mapping[str, object], *, field: str, max_name: int = MAX_NAME_LENGTH
) -> Address:
    """Read `"a@b.c"`, `"Name <a@b.c>"` or `{"email", "name"}`; an empty name is none.

    A name with a comma or semicolon must be quoted, so that a list is not taken for a name.
    Raises InvalidAddress naming the field, e.g. `to[3]`, or `to[3].email` of an object.
    """
    if isinstance(value, str):
        name, email = _split(value.strip(), field)
        return Address(_checked_email(email, field), _checked_name(name, field, max_name))
    if not isinstance(value, Mapping):
        raise InvalidAddress("An address is a text, or an object with an email.", field=field)
    return _read_object(value, field, max_name)


def read_addresses(
    values: Sequence[str | Mapping[str, object]], *, field: str
) -> tuple[Address, ...]:
    """Read a list of addresses, in order, repeats included; raises as `read_address` does."""
    if not isinstance(values, list | tuple):
        raise InvalidAddress("Addresses come as a list.", field=field)
    return tuple(read_address(value, field=f"{field}[{n}]") for n, value in enumerate(values))


def _read_object(value: Mapping[str, object], field: str, max_name: int) -> Address:
    for key in value:
        if key not in ("email", "name"):
            raise InvalidAddress("An address has an email and a name only.", field=f"{field}.{key}")
    email, name = value.get("email"), value.get("name")
    if not isinstance(email, str):
        raise InvalidAddress("An address needs an email.", field=f"{field}.email")
    if not isinstance(name, str | None):
        raise InvalidAddress("A name is a text.", field=f"{field}.name")
    return Address(
        _checked_email(email.strip(), f"{field}.email"),
        _checked_name(name or "", f"{field}.name", max_name),
    )


def _split(text: str, field: str) -> tuple[str, str]:
    """Part `Name <a@b.c>` into name, without its quotes, and email."""
    if len(text) > MAX_TEXT_LENGTH:
        raise InvalidAddress(
            "The address is too long.", field=field, limit=MAX_TEXT_LENGTH, actual=len(text)
        )
    named = NAMED.fullmatch(text)
    if not named:
        return "", text
    name = named["name"].strip()
    if quoted := QUOTED.fullmatch(name):
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), named["email"]
    if UNQUOTED_SEPARATORS.search(name):
        raise InvalidAddress('Names with , ; < or > are written in "quotes".', field=field)
    return name, named["email"]


def _checked_email(email: str, field: str) -> str:
    if len(email) > MAX_EMAIL_LENGTH:
        raise InvalidAddress(
            "The address is too long.", field=field, limit=MAX_EMAIL_LENGTH, actual=len(email)
        )
    try:
        return validate_email(email, check_deliverability=False, allow_smtputf8=True).normalized
    except (EmailNotValidError, UnicodeError) as error:
        raise InvalidAddress(f"Not a mail address: {error}", field=field) from error


def _checked_name(name: str, field: str, max_name: int) -> str | None:
    name = name.strip()
    if len(name) > max_name:
        raise InvalidAddress("The name is too long.", field=field, limit=max_name, actual=len(name))
    if any(unicodedata.category(char) in UNPRINTABLE for char in name):
        raise InvalidAddress("The name has a control character or line break in it.", field=field)
    return name or None
