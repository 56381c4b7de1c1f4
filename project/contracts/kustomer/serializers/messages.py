"""Messages as the vendor spells them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from attachments.filenames import MAX_FILENAME
from attachments.serializers import SizeField
from messaging.models import Message, MessageAttachment
from messaging.models.message import Channel, Direction, Status
from messaging.plain import read_html
from messaging.serializers.letters import MAX_TAG_LENGTH, MAX_TAGS, MetadataField
from project.api.fields import ChoiceField, LineField, TextField
from project.api.times import spell_time
from project.contracts.kustomer.limits import MAX_BODY, MAX_RECIPIENTS, MAX_SUBJECT
from project.contracts.kustomer.serializers.attachments import TypeField
from project.contracts.kustomer.serializers.customers import DOOR
from project.contracts.kustomer.serializers.drafts import DEFAULT_APP
from project.contracts.kustomer.serializers.fields import (
    AddressesField,
    AddressField,
    HexIdField,
    MomentField,
    spell_link,
)
from project.ids import spell_hex

PREVIEW = 250  # characters of the body
DIRECTIONS = {Direction.OUTBOUND: "out", Direction.INBOUND: "in"}
#: what has become of it -> the vendor's word; everything else is an error
STATUSES = {
    Status.QUEUED: "sent",
    Status.HELD: "sent",
    Status.SENDING: "sent",
    Status.DEFERRED: "sent",
    Status.SENT: "sent",
    Status.RECORDED: "sent",
    Status.RECEIVED: "received",
}
#: notes on the record, which say nothing of the mail
NOTES = ("app", "externalId", "subject", "preview")


def spell_message(message: Message, *, at: datetime) -> dict[str, Any]:
    """A message in full, annotated with `direction_before`, as it stands at `at`; no query."""
    kept: Mapping[str, Any] = message.annotations.get(DOOR, {})
    body = message.text if message.text is not None else read_html(message.html or "")
    here = f"/v1/messages/{spell_hex(message.pk)}"
    is_mail = message.channel == Channel.EMAIL
    relationships = {}
    if message.customer_id:
        relationships["customer"] = spell_link("customer", message.customer_id)
    if message.thread_id:
        relationships["conversation"] = spell_link("conversation", message.thread_id)
    return {
        "type": "message",
        "id": spell_hex(message.pk),
        "attributes": {
            "channel": message.channel,
            "app": kept.get("app") or (DEFAULT_APP if is_mail else None),
            "direction": DIRECTIONS[Direction(message.direction)],
            "directionType": _direction_type(message),
            "status": STATUSES.get(message.status_at(at), "error"),
            "subject": kept.get("subject", message.subject),
            "preview": kept.get("preview", body[:PREVIEW]),
            "size": len(body),
            "externalId": kept.get("externalId"),
            "tags": message.tags,
            "custom": message.metadata,
            "sentAt": spell_time(message.sent_at or message.date),
            "createdAt": spell_time(message.created_at),
            "updatedAt": kept.get("updatedAt") or spell_time(message.sent_at or message.created_at),
            "attachments": [_spell_entry(row) for row in message.enclosures.all()],
        },
        "relationships": relationships,
        "links": {"self": here},
    }


def _direction_type(message: Message) -> str:
    """Whether it begins a conversation, answers the other side or follows the own."""
    before: str | None = getattr(message, "direction_before")  # noqa: B009 (an annotation)
    if before is None:
        kind = "initial"
    else:
        kind = "followup" if before == message.direction else "response"
    return f"{kind}-{DIRECTIONS[Direction(message.direction)]}"


def _spell_entry(row: MessageAttachment) -> dict[str, Any]:
    kept: Mapping[str, Any] = row.annotations.get(DOOR, {})
    entry = {
        "_id": spell_hex(row.attachment_id),
        "name": kept.get("name", row.filename),
        "contentType": kept.get("contentType", row.attachment.content_type),
        "contentLength": row.attachment.size,
    }
    if "sourceId" in kept:
        entry["sourceId"] = kept["sourceId"]
    return entry if row.in_mail else {**entry, "inMail": False}


class EntryFields(serializers.Serializer[Any]):
    """A file of a message's record."""

    _id = HexIdField()
    name = LineField(allow_blank=False, max_length=MAX_FILENAME)
    contentType = TypeField()
    contentLength = SizeField(
        min_value=0,
        error_messages={
            "invalid": "This must be an integer of 0 or more.",
            "min_value": "This must be an integer of 0 or more.",
        },
    )
    sourceId = LineField(required=False, allow_null=True, max_length=255)


class MessageChanges(serializers.Serializer[Any]):
    """What may change of a message's record; only what is sent does."""

    attachments = serializers.ListField(child=EntryFields(), required=False, allow_null=True)
    subject = LineField(required=False, allow_null=True, max_length=MAX_SUBJECT)
    preview = TextField(required=False, allow_null=True, max_length=MAX_BODY)
    externalId = LineField(required=False, allow_null=True, max_length=255)
    custom = MetadataField(required=False, allow_null=True)
    tags = serializers.ListField(
        child=LineField(max_length=MAX_TAG_LENGTH, allow_blank=False),
        required=False,
        allow_null=True,
        max_length=MAX_TAGS,
    )


class MessageFields(MessageChanges):
    """A message that was exchanged elsewhere."""

    channel = ChoiceField(["email", "note"], required=False)
    app = LineField(required=False, allow_null=True, max_length=255)
    direction = ChoiceField(["in", "out"], required=False)
    to = AddressesField(max_length=MAX_RECIPIENTS, required=False, allow_null=True)
    body = TextField(required=False, allow_null=True, max_length=MAX_BODY)
    conversation = HexIdField(required=False, allow_null=True)
    sentAt = MomentField(required=False, allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        sender = AddressField(required=False, allow_null=True)
        return {**super().get_fields(), "from": sender}


def notes_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What this door keeps beside a message."""
    return {name: fields[name] for name in NOTES if name in fields}


def entry_notes(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What this door keeps beside a file of a message."""
    kept = {name: entry[name] for name in ("name", "contentType")}
    if entry.get("sourceId") is not None:
        kept["sourceId"] = entry["sourceId"]
    return {DOOR: kept}
