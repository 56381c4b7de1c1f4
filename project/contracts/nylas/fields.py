"""Which parts of a message an answer has: `fields` and `select`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request

from messaging.heads import read_head
from messaging.models import Inbox, Message
from messaging.reading import with_files, with_sources
from project.contracts.nylas.serializers import spell_grant_id, spell_message, spell_tracking
from project.errors import Invalid
from project.ids import spell_hex

STANDARD = "standard"
RAW = "raw_mime"
ALL_HEADERS = "include_headers"
BASIC_HEADERS = "include_basic_headers"
TRACKING = "include_tracking_options"
FIELDS = (STANDARD, ALL_HEADERS, BASIC_HEADERS, TRACKING, RAW)
BASIC = ("message-id", "in-reply-to", "references")
ALWAYS = "grant_id"  # the libraries cannot read an object without it
FROM_SOURCE = (RAW, ALL_HEADERS, BASIC_HEADERS)


def read_fields(request: Request) -> str:
    """What `fields` asks for. Raises Invalid."""
    fields = request.query_params.get("fields") or STANDARD
    if fields not in FIELDS:
        raise Invalid(f"This is one of {', '.join(FIELDS)}.", field="fields")
    return fields


def select(request: Request, spelt: dict[str, Any]) -> dict[str, Any]:
    """The fields that `select` names, repeated or with commas between; all if it names none.

    Names that there are not are ignored.
    """
    given = ",".join(request.query_params.getlist("select")).split(",")
    names = {name.strip() for name in given} - {""}
    if not names:
        return spelt
    return {name: value for name, value in spelt.items() if name in names or name == ALWAYS}


def with_needed(messages: Sequence[Message], fields: str) -> Sequence[Message]:
    """The messages with what their answer is read from; one query, or two for their mails."""
    return with_sources(messages) if fields in FROM_SOURCE else with_files(messages)


def spell_with_fields(message: Message, fields: str, *, grant: Inbox) -> dict[str, Any]:
    """A message with what `fields` adds, but for `raw_mime` (see `source`).

    What it is read from must be there (see `with_needed`).
    """
    spelt = spell_message(message, grant=grant)
    if fields == TRACKING:
        spelt["tracking_options"] = spell_tracking(message.annotations)
    if fields in (ALL_HEADERS, BASIC_HEADERS):
        spelt["headers"] = [
            {"name": field.name, "value": field.text}
            for field in read_head(message)
            if fields == ALL_HEADERS or field.name.lower() in BASIC
        ]
    return spelt


def spell_bare(message: Message, *, grant: Inbox) -> dict[str, Any]:
    """What stands beside `raw_mime`."""
    return {
        "grant_id": spell_grant_id(grant),
        "object": "message",
        "id": spell_hex(message.pk),
    }
