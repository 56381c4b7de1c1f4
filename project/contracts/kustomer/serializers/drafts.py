"""Drafts as the vendor spells them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from drafts.models import Draft, DraftState
from messaging.models.message import Channel
from project.api.fields import ChoiceField, LineField, TextField
from project.api.times import spell_time
from project.contracts.kustomer.limits import (
    MAX_BODY,
    MAX_HTML_BYTES,
    MAX_RECIPIENTS,
    MAX_SUBJECT,
)
from project.contracts.kustomer.serializers.customers import DOOR
from project.contracts.kustomer.serializers.fields import (
    AddressesField,
    AddressField,
    BytesField,
    HeadersField,
    HexIdField,
    KeptField,
    MomentField,
    spell_address,
    spell_addresses,
    spell_link,
)
from project.ids import spell_hex

DEFAULT_APP = "postmark"
STATUSES = {
    DraftState.OPEN: "draft",
    DraftState.SCHEDULED: "scheduled",
    DraftState.WAITING: "waiting",
    DraftState.DISPATCHED: "sent",
}
#: kept and given back, where it was given
KEPT = ("source", "lang", "shortcuts", "kbArticles", "templateType", "template", "payload")
#: what a request says -> what the core calls it
LETTER = {
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
    "subject": "subject",
    "body": "text",
    "htmlBody": "html",
    "headers": "headers",
}


def spell_draft(draft: Draft, *, at: datetime) -> dict[str, Any]:
    """A draft as it stands at `at`; no query if it is in full."""
    state, sender = draft.state_at(at), draft.sender
    here = f"/v1/drafts/{spell_hex(draft.pk)}"
    kept: Mapping[str, Any] = draft.annotations.get(DOOR, {})
    is_sent = state == DraftState.DISPATCHED
    return {
        "type": "draft",
        "id": spell_hex(draft.pk),
        "attributes": {
            "channel": draft.channel,
            "status": "error" if draft.error and not draft.message_id else STATUSES[state],
            "error": draft.error,
            "to": spell_addresses(draft.to),
            "from": spell_address(sender.email, sender.name) if sender else None,
            "cc": spell_addresses(draft.cc),
            "bcc": spell_addresses(draft.bcc),
            "subject": draft.subject,
            "body": draft.text,
            "htmlBody": draft.html,
            "replyTo": draft.reply_to[0]["email"] if draft.reply_to else None,
            "headers": [{"name": name, "value": text} for name, text in draft.headers.items()],
            "app": kept.get("app") or (DEFAULT_APP if draft.channel == Channel.EMAIL else None),
            "auto": kept.get("auto", False),
            **{name: kept[name] for name in KEPT if name in kept},
            "scheduled": state == DraftState.SCHEDULED,
            "sendAt": spell_time(_leaves_at(draft)),
            "attachmentCount": len(draft.files),
            "createdAt": spell_time(draft.created_at),
            "updatedAt": spell_time(draft.updated_at),
        },
        "relationships": {
            "customer": spell_link("customer", draft.customer_id)
            if draft.customer_id
            else {"data": None},
            **_conversation(draft),
            "attachments": {
                "data": [
                    {"type": "attachment", "id": spell_hex(file.attachment_id)}
                    for file in draft.files
                ],
                "links": {"self": f"{here}/attachments"},
            },
            "message": spell_link("message", draft.message_id)
            if is_sent and draft.message_id
            else {"data": None},
        },
        "links": {"self": here},
    }


def _leaves_at(draft: Draft) -> datetime | None:
    """The time that stands, or when it was told to leave at once."""
    return draft.send_at or (draft.message.created_at if draft.message else None)


def _conversation(draft: Draft) -> dict[str, Any]:
    if draft.thread_id is None:
        return {}
    return {"conversation": spell_link("conversation", draft.thread_id)}


class DraftFields(serializers.Serializer[Any]):
    """What may be said of a draft; what is left out stays as it is."""

    channel = ChoiceField(["email", "note"], required=False)
    to = AddressesField(max_length=MAX_RECIPIENTS, required=False, allow_null=True)
    cc = AddressesField(max_length=MAX_RECIPIENTS, required=False, allow_null=True)
    bcc = AddressesField(max_length=MAX_RECIPIENTS, required=False, allow_null=True)
    subject = LineField(required=False, allow_null=True, max_length=MAX_SUBJECT)
    body = TextField(required=False, allow_null=True, max_length=MAX_BODY)
    htmlBody = BytesField(required=False, allow_null=True, max_bytes=MAX_HTML_BYTES)
    replyTo = AddressField(required=False, allow_null=True)
    headers = HeadersField(required=False, allow_null=True)
    app = LineField(required=False, allow_null=True, max_length=255)
    auto = serializers.BooleanField(required=False, allow_null=True)
    conversation = HexIdField(required=False, allow_null=True)
    customer = HexIdField(required=False, allow_null=True)
    sendAt = MomentField(required=False, allow_null=True)
    scheduled = serializers.BooleanField(required=False, allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        kept = {name: KeptField(required=False, allow_null=True) for name in KEPT}
        sender = AddressField(required=False, allow_null=True)
        return {**super().get_fields(), "from": sender, **kept}


class NewDraftFields(DraftFields):
    """A draft to be made."""

    channel = ChoiceField(["email", "note"])


def letter_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the core is told of the letter; null is the same as empty."""
    empty = {"to": (), "cc": (), "bcc": (), "subject": "", "headers": {}}
    values = {
        column: empty.get(name) if fields[name] is None else fields[name]
        for name, column in LETTER.items()
        if name in fields
    }
    if "channel" in fields:
        values["channel"] = fields["channel"]
    if "replyTo" in fields:
        values["reply_to"] = [fields["replyTo"]] if fields["replyTo"] else []
    return values


def kept_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is only kept and given back."""
    return {name: fields[name] for name in ("app", "auto", *KEPT) if name in fields}
