"""Who writes to whom, in the words of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from messaging.mailbox import Sender

MANY = 3


def name_of(email: str, name: str | None) -> str:
    """What a person is called: by their name, else by what stands before the @."""
    return name or email.partition("@")[0] or "somebody"


def senders_in_short(senders: Sequence[Sender]) -> str:
    """Who wrote, the first and the last of many: `Ann, Bob, me`."""
    names = ["me" if one.is_own else name_of(one.email, one.name) for one in senders]
    names = list(dict.fromkeys(names))
    return _in_short(names if len(names) == 1 else [_first(name) for name in names])


def recipients_in_short(people: Sequence[dict[str, Any]], own: frozenset[str]) -> str:
    """To whom, some of many: `me, Ann`."""
    return _in_short([_recipient(one, own) for one in people])


def _recipient(one: dict[str, Any], own: frozenset[str]) -> str:
    return "me" if one["email"].lower() in own else name_of(one["email"], one.get("name"))


def _first(name: str) -> str:
    return name.partition(" ")[0].rstrip(",") or name


def _in_short(names: Sequence[str]) -> str:
    if len(names) <= MANY:
        return ", ".join(names)
    return f"{names[0]}, {names[1]} … {names[-1]}"
