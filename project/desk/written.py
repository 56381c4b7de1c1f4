"""What somebody has typed into the composer's form: as it stands, and what that comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from drafts.models import Draft
from drafts.services import DraftFields
from drafts.signatures import resigned_text
from messaging.addresses import Address, read_address
from messaging.errors import InvalidAddress
from messaging.plain import read_html
from project.api.fields import MAX_LINE
from project.desk.access import Desk
from project.desk.recipients import read_list, spell_list
from project.errors import NotFound
from project.ids import spell

ROLES = ("to", "cc", "bcc")
LABELS = {"inbox_id": "From", "to": "To", "cc": "Cc", "bcc": "Bcc", "subject": "Subject",
          "text": "Message"}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A form that was sent: the text of each field, what it changes, and what is wrong with it."""

    typed: dict[str, str]
    values: DraftFields
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Theirs:
    """A field that somebody else has saved otherwise."""

    name: str
    label: str
    text: str


def typed_of(draft: Draft) -> dict[str, str]:
    """The fields of the form as a draft fills them."""
    return {
        "inbox_id": spell("inb", draft.inbox_id) if draft.inbox_id else "",
        **{role: spell_list(getattr(draft, role)) for role in ROLES},
        "subject": draft.subject,
        "text": read_html(draft.html) if draft.text is None and draft.html else draft.text or "",
    }


def read_form(form: QueryDict, *, draft: Draft, desk: Desk) -> Written:
    """What a form says of a draft; a field that it does not have, or has as it was, says nothing.

    A text that was typed anew goes without the HTML that the old one had.
    """
    before = typed_of(draft)
    typed = {**before, **{name: _plain(str(form[name])) for name in before if name in form}}
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name in (name for name in before if typed[name] != before[name]):
        try:
            values |= _value(name, typed[name], desk)
        except (InvalidAddress, NotFound) as refusal:
            errors[name] = refusal.message
    if "inbox" in values:
        old = draft.inbox.signature if draft.inbox else ""
        text = resigned_text(typed["text"], old=old, new=values["inbox"].signature)
        if text != typed["text"]:
            values |= {"text": text, "html": None}
    return Written(typed, DraftFields(**values), errors)  # type: ignore[typeddict-item]


def differing(typed: dict[str, str], draft: Draft) -> Sequence[Theirs]:
    """Where a draft, as it is saved, does not say what was typed."""
    saved = typed_of(draft)
    return [Theirs(name, LABELS[name], saved[name]) for name in saved if saved[name] != typed[name]]


def _value(name: str, text: str, desk: Desk) -> dict[str, Any]:
    if name in ROLES:
        return {name: [_read_person(piece, name) for piece in read_list(text)]}
    if name == "inbox_id":
        return {"inbox": desk.inbox(text)}
    if name == "subject":
        return {"subject": " ".join(text.split())[:MAX_LINE]}
    return {"text": text, "html": None}


def _read_person(text: str, role: str) -> Address:
    try:
        return read_address(text, field=role)
    except InvalidAddress as refusal:
        raise InvalidAddress(f"{text}: {refusal.message}", field=role) from refusal


def _plain(text: str) -> str:
    """As browsers send it, with line ends as we keep them."""
    return text.replace("\r\n", "\n").replace("\0", "")
