"""Whom people may mean when they begin to write an address."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp

import msgspec
from django.db.models import Q, TextField
from django.db.models.functions import Cast

from messaging.models import CustomerAddress, Folder
from messaging.models.message import Direction, MessageQuerySet
from messaging.search import ROLES
from project.ids import time_of
from project.tenancy.models import Workspace

LOOKED_AT = 2000  # messages, the newest: what is older is forgotten, and no search depends on it
CONTACTS = 200
WRITTEN_TO = 3.0  # what counts more than having been written by
FADING_DAYS = 60.0  # until a message counts for about a third

#: what stands between the words of a name or an address
MARKS = str.maketrans(dict.fromkeys("@._-+'\"(),;:<>/", " "))


@dataclass(kw_only=True)
class Correspondent:
    """Somebody to write to; `last_at` is of the newest message, None for who is only a contact."""

    email: str
    name: str = ""
    last_at: datetime | None = None
    weight: float = 0.0


def find_correspondents(
    *,
    workspace: Workspace,
    messages: MessageQuerySet,
    search: str,
    limit: int,
    at: datetime,
) -> list[Correspondent]:
    """Contacts, and who was written to or heard from in the newest of `messages`.

    Every word of `search` is in the name or the address. Whoever has a word that begins so comes
    first, then whoever was written to or heard from often and lately. Two queries.
    """
    words = fold(search).split()
    known: dict[str, Correspondent] = {}
    for email, name, is_written_to, when in _from_messages(messages):
        one = known.setdefault(email.lower(), Correspondent(email=email))
        one.name = one.name or name
        one.last_at = one.last_at or when
        one.weight += _weight(is_written_to, at, when)
    for email, name in _from_contacts(workspace, search.split()):
        one = known.setdefault(email.lower(), Correspondent(email=email))
        one.name = one.name or name
    ranked = [(rank, one) for one in known.values() if (rank := _rank(one, words)) is not None]
    ranked.sort(key=lambda pair: (-pair[0], -pair[1].weight, pair[1].email))
    return [one for _, one in ranked[:limit]]


def fold(text: str) -> str:
    """A text without case and accents, for comparing."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _rank(one: Correspondent, words: Sequence[str]) -> int | None:
    """How many of the words begin one of theirs; None unless all of them are somewhere."""
    text = fold(f"{one.name} {one.email}")
    if not all(word in text for word in words):
        return None
    begun = f" {text.translate(MARKS)} {text}"
    return sum(f" {word}" in begun for word in words)


def _weight(is_written_to: bool, at: datetime, when: datetime) -> float:
    days = max(0.0, (at - when).total_seconds() / 86_400)
    return (WRITTEN_TO if is_written_to else 1.0) * exp(-days / FADING_DAYS)


def _from_messages(messages: MessageQuerySet) -> Iterator[tuple[str, str, bool, datetime]]:
    """Address, name, whether they were written to, and when; the newest first.

    What lies in the trash is left out; the time is read from the id, since the columns behind the
    bodies cost much more than those before them.
    """
    headers = [Cast(name, TextField()) for name in ROLES]  # most are never read
    columns = ("id", "direction", "folder__role", "from_email", "from_name")
    newest = messages.order_by("-id").values_list(*columns, *headers)[:LOOKED_AT]
    for id, direction, role, from_email, from_name, *named in newest:
        if role == Folder.Role.TRASH:
            continue
        when = time_of(id)
        if direction == Direction.INBOUND:
            if from_email:
                yield from_email, from_name, False, when
            continue
        for header in named:
            for one in msgspec.json.decode(header):
                yield one["email"], one.get("name") or "", True, when


def _from_contacts(workspace: Workspace, words: Sequence[str]) -> list[tuple[str, str]]:
    rows = CustomerAddress.objects.filter(workspace=workspace, kind=CustomerAddress.Kind.EMAIL)
    for word in words:
        rows = rows.filter(Q(value__icontains=word) | Q(customer__name__icontains=word))
    return list(rows.order_by("-customer").values_list("value", "customer__name")[:CONTACTS])
