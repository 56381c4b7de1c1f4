"""Addresses of new inboxes: as they were asked for, or made up."""

from __future__ import annotations

import re
import secrets

from django.conf import settings

from messaging.errors import AddressTaken, DomainNotYours, InvalidAddress
from messaging.inboxes import create_inbox
from messaging.models import Inbox
from project.contracts.agentsend.errors import (
    InvalidInboxAddress,
    InvalidLocalPart,
    NoInboxDomain,
)
from project.ids import ALPHABET
from project.tenancy.models import Domain, Workspace

LOCAL_PART = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
RANDOM_LETTERS = 10
RANDOM_LETTERS_AFTER_PREFIX = 4
ATTEMPTS = 20


def make_inbox(
    *,
    workspace: Workspace,
    address: str | None = None,
    prefix: str | None = None,
    name: str | None = None,
    domain: Domain | None = None,
) -> Inbox:
    """An inbox at `address`, or at one with `prefix`, or at any; at `domain`, if one is given.

    Raises InvalidInboxAddress, InvalidLocalPart, DomainNotYours, NoInboxDomain, AddressTaken.
    """
    if address:
        return _create(workspace, check_address(address, domain), name or "")
    where = domain.name if domain else home_of(workspace)
    for _ in range(ATTEMPTS):
        local = check_local_part(_made_up(prefix), field="prefix")
        try:
            return _create(workspace, f"{local}@{where}", name or "")
        except AddressTaken:
            continue
    raise AddressTaken(f"No free address that begins with {prefix or ''!r} was found.")


def _create(workspace: Workspace, address: str, name: str) -> Inbox:
    try:
        return create_inbox(workspace=workspace, address=address, name=name)
    except InvalidAddress as refusal:
        raise InvalidInboxAddress(refusal.message, field="address") from None


def check_address(address: str, domain: Domain | None) -> str:
    """The address in lower case.

    Raises InvalidInboxAddress, InvalidLocalPart, and DomainNotYours for one not at `domain`.
    """
    lowered = address.strip().lower()
    local, at, where = lowered.rpartition("@")
    if not at or not local or not where or " " in lowered:
        message = f"An inbox's address looks like agent@example.com, not {address[:100]!r}."
        raise InvalidInboxAddress(message, field="address")
    check_local_part(local, field="address")
    if domain and where != domain.name:
        message = f"{lowered} is not at the domain {domain.name}, which domainId names."
        raise DomainNotYours(message, field="address")
    return lowered


def check_local_part(local: str, *, field: str) -> str:
    """What stands before the @; raises InvalidLocalPart."""
    if not LOCAL_PART.fullmatch(local):
        raise InvalidLocalPart(
            f"{local[:100]!r} cannot stand before an @ here: 1 to 64 of a-z, 0-9 and . _ - are "
            "taken, with a letter or digit at both ends.",
            field=field,
        )
    return local


def home_of(workspace: Workspace) -> str:
    """The domain of an inbox that nobody asked for one: all share it, or it is the account's.

    Raises NoInboxDomain.
    """
    if settings.MAIL_DOMAINS:
        return str(settings.MAIL_DOMAINS[0]).lower()
    own = workspace.domains.order_by("id").first()
    if own is None:
        raise NoInboxDomain("This installation has no mail domain: give an address of your own.")
    return own.name


def _made_up(prefix: str | None) -> str:
    if not prefix:
        return _random(RANDOM_LETTERS)
    return f"{prefix.strip().lower()}-{_random(RANDOM_LETTERS_AFTER_PREFIX)}"


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
