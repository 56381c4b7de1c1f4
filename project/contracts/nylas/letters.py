"""What a request says of a letter, in the vendor's spelling, as the core takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from rest_framework import serializers

from drafts.models import Draft
from drafts.services import DraftFields
from messaging.addresses import Address, read_address, read_addresses
from messaging.letter import check_headers
from messaging.models import Message
from project.api.fields import LineField, TextField
from project.contracts.nylas.base import GrantView
from project.contracts.nylas.limits import (
    MAX_DOMAIN_NAME,
    MAX_LABEL,
    MAX_METADATA,
    MAX_METADATA_KEY,
    MAX_METADATA_VALUE,
)
from project.contracts.nylas.serializers import DOOR, own
from project.errors import Invalid, NotFound
from project.ids import spell_hex

ADDRESS_LISTS = ("to", "cc", "bcc", "reply_to")
NOTED = ("tracking_options", "starred", "use_draft")


class NameFields(serializers.Serializer[Any]):
    """Somebody's address."""

    email = TextField(allow_blank=False)
    name = TextField(required=False, allow_null=True)


class HeaderFields(serializers.Serializer[Any]):
    """A header of the sender's own."""

    name = TextField()
    value = TextField()


class TrackingFields(serializers.Serializer[Any]):
    """What is to be followed. It is kept and told, nothing else."""

    opens = serializers.BooleanField(required=False)
    links = serializers.BooleanField(required=False)
    thread_replies = serializers.BooleanField(required=False)
    domain_name = TextField(required=False, max_length=MAX_DOMAIN_NAME)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # not in the class: a field is a serializer's base, and has a label of its own
        label = TextField(required=False, max_length=MAX_LABEL)
        return {**super().get_fields(), "label": label}


class MetadataField(serializers.DictField):
    """Pairs of texts."""

    child = TextField(max_length=MAX_METADATA_VALUE)
    default_error_messages = {
        "pairs": f"There are {{actual}} pairs; at most {MAX_METADATA} are taken.",
        "key": f"A key has at most {MAX_METADATA_KEY} characters; one has {{actual}}.",
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        pairs: dict[str, str] = super().to_internal_value(data)
        if len(pairs) > MAX_METADATA:
            self.fail("pairs", actual=len(pairs))
        longest = max(map(len, pairs), default=0)
        if longest > MAX_METADATA_KEY:
            self.fail("key", actual=longest)
        return pairs


def _names() -> serializers.Field[Any, Any, Any, Any]:
    field: Any = serializers.ListField(child=NameFields(), required=False, allow_null=True)
    return cast("serializers.Field[Any, Any, Any, Any]", field)


class LetterFields(serializers.Serializer[Any]):
    """A draft or a message; what is not known is ignored."""

    subject = LineField(required=False, allow_null=True)
    body = TextField(required=False, allow_null=True)
    is_plaintext = serializers.BooleanField(required=False)
    starred = serializers.BooleanField(required=False)
    reply_to_message_id = TextField(required=False, allow_null=True)
    tracking_options = TrackingFields(required=False, allow_null=True)
    custom_headers = serializers.ListField(child=HeaderFields(), required=False, allow_null=True)
    metadata = MetadataField(required=False, allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        lists = {name: _names() for name in (*ADDRESS_LISTS, "from", "from_")}
        return {**super().get_fields(), **lists}


class SendFields(LetterFields):
    """A message, and when it is to leave."""

    send_at = serializers.IntegerField(required=False, allow_null=True)
    use_draft = serializers.BooleanField(required=False)


def letter_values(fields: Mapping[str, Any], current: Draft | None = None) -> dict[str, Any]:
    """The parts of a Letter that the fields give; what is left out is as `current` has it.

    Raises Invalid, InvalidAddress, InvalidHeader, UnwritableText.
    """
    values: dict[str, Any] = {
        name: read_addresses(_bare(fields[name]), field=name)
        for name in ADDRESS_LISTS
        if name in fields
    }
    if "subject" in fields:
        values["subject"] = fields["subject"] or ""
    if "from" in fields or "from_" in fields:
        values["sender"] = _sender(fields.get("from") or fields.get("from_") or [])
    if "custom_headers" in fields:
        values["headers"] = _headers(fields["custom_headers"] or [])
    return values | _bodies(fields, current)


def _bare(names: Sequence[Mapping[str, Any]] | None) -> list[Mapping[str, Any]]:
    return [{"email": one["email"], "name": one.get("name")} for one in names or ()]


def _sender(names: Sequence[Mapping[str, Any]]) -> Address | None:
    if len(names) > 1:
        raise Invalid("A message is from one address.", field="from", limit=1, actual=len(names))
    return read_address(_bare(names)[0], field="from[0]") if names else None


def _headers(items: Sequence[Mapping[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    known: set[str] = set()
    for position, item in enumerate(items):
        if item["name"].lower() in known:
            raise Invalid("This header is given twice.", field=f"headers[{position}].name")
        known.add(item["name"].lower())
        headers[item["name"]] = item["value"]
    check_headers(headers)
    return headers


def _bodies(fields: Mapping[str, Any], current: Draft | None) -> dict[str, str | None]:
    """The body is HTML, or plain text if `is_plaintext` says so, now or before."""
    if "body" not in fields and "is_plaintext" not in fields:
        return {}
    was_plain = current is not None and current.html is None and current.text is not None
    is_plain = fields.get("is_plaintext", was_plain)
    bodies = (current.html, current.text) if current else ()
    before = [one for one in (reversed(bodies) if is_plain else bodies) if one is not None]
    body = fields.get("body", next(iter(before), "")) or ""
    return {"text": body, "html": None} if is_plain else {"text": None, "html": body}


def draft_values(
    view: GrantView, fields: Mapping[str, Any], current: Draft | None = None
) -> DraftFields:
    """What the fields say of a draft; raises as `letter_values` and `answered_by` do."""
    values = letter_values(fields, current)
    if "metadata" in fields:
        values["metadata"] = fields["metadata"] or {}
    noted = dict(own(current.annotations)) if current else {}
    noted |= notes_of(fields)
    if "reply_to_message_id" in fields:
        answered = answered_by(view, fields)
        values["in_reply_to"] = answered
        values["thread"] = answered.thread if answered else None
        noted["reply_to_message_id"] = spell_hex(answered.pk) if answered else ""
    values["annotations"] = {**(current.annotations if current else {}), DOOR: noted}
    return cast("DraftFields", values)


def notes_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What only this door understands, to be kept beside a draft or a message."""
    given = {name: fields[name] for name in NOTED if name in fields}
    return {name: {} if value is None else value for name, value in given.items()}


def answered_by(view: GrantView, fields: Mapping[str, Any]) -> Message | None:
    """The message that `reply_to_message_id` names. Raises Invalid for one that is not there."""
    id = fields.get("reply_to_message_id")
    if not id:
        return None
    try:
        return view.message(id)
    except NotFound as unknown:
        raise Invalid(unknown.message, field="reply_to_message_id") from None
