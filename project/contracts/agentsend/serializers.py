"""AgentSend's spelling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from attachments.models import Attachment, AttachmentState
from attachments.signing import DOWNLOAD_URL_LIFE, download_url
from messaging.addresses import read_addresses
from messaging.counts import Counts
from messaging.letter import Letter
from messaging.models import Inbox, Message, MessageAttachment, Thread
from messaging.models.message import Direction
from messaging.omissions import omitted_from
from messaging.outbox.transport import RELAY, stays_in_house
from project.api.fields import ChoiceField, LineField, TextField
from project.api.times import spell_time
from project.contracts.agentsend.limits import (
    MAX_BODY,
    MAX_DISPLAY_NAME,
    MAX_RECIPIENTS,
    MAX_SUBJECT,
)
from project.contracts.agentsend.statuses import status_of
from project.events.models import WebhookEndpoint
from project.events.webhooks.endpoints import MAX_URL
from project.ids import spell
from project.tenancy.models import Domain

EVENTS = (
    "domain.verified",
    "message.received",
    "message.sent",
    "message.delivered",
    "message.bounced",
    "message.complained",
)
MAX_DESCRIPTION = 255  # characters
NO_SUBJECT = "(no subject)"
ANSWERS = re.compile(r"\A(?:\s*(?:re|fwd?)\s*:\s*)+", re.IGNORECASE)


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class TextsField(serializers.Field[list[str], Any, list[str], Any]):
    """An array of so many strings."""

    default_error_messages = {
        "array": "This must be an array of strings.",
        "few": "This has {actual} entries; at least {limit} is needed.",
        "many": "This has {actual} entries; at most {limit} are taken.",
    }

    def __init__(self, *, least: int = 0, most: int | None = None, **options: Any) -> None:
        self.least = least
        self.most = most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
            self.fail("array")
        if len(data) < self.least:
            self.fail("few", limit=self.least, actual=len(data))
        if self.most is not None and len(data) > self.most:
            self.fail("many", limit=self.most, actual=len(data))
        return data

    def to_representation(self, value: list[str]) -> list[str]:
        return value


# What requests say -------------------------------------------------------------------------------


class InboxFields(serializers.Serializer[Any]):
    """An inbox to be made; without `address` it gets one."""

    address = LineField(required=False, allow_null=True)
    displayName = LineField(
        required=False, allow_null=True, max_length=MAX_DISPLAY_NAME, source="name"
    )
    domainId = LineField(required=False, allow_null=True, source="domain_id")
    prefix = LineField(required=False, allow_null=True)


class MessageFields(serializers.Serializer[Any]):
    """A message to be sent."""

    to = TextsField(least=1, most=MAX_RECIPIENTS)
    cc = TextsField(most=MAX_RECIPIENTS, required=False, allow_null=True)
    bcc = TextsField(most=MAX_RECIPIENTS, required=False, allow_null=True)
    subject = LineField(max_length=MAX_SUBJECT, allow_blank=False)
    bodyText = TextField(required=False, allow_null=True, max_length=MAX_BODY, source="text")
    bodyHtml = TextField(required=False, allow_null=True, max_length=MAX_BODY, source="html")
    threadId = LineField(required=False, allow_null=True, source="thread_id")
    attachmentIds = TextsField(required=False, allow_null=True, source="attachment_ids")


class WebhookFields(serializers.Serializer[Any]):
    """A webhook to be made; no `events` means all."""

    url = LineField(max_length=MAX_URL)
    events = serializers.ListField(child=ChoiceField(EVENTS), required=False)
    description = LineField(required=False, allow_null=True, max_length=MAX_DESCRIPTION)


class WebhookChanges(WebhookFields):
    """What may change of a webhook; all may be left out."""

    isActive = serializers.BooleanField(required=False, source="is_active")


def letter_of(fields: Mapping[str, Any]) -> Letter:
    """The letter that a message is to be. Raises InvalidAddress."""
    return Letter(
        to=read_addresses(fields["to"], field="to"),
        cc=read_addresses(fields.get("cc") or [], field="cc"),
        bcc=read_addresses(fields.get("bcc") or [], field="bcc"),
        subject=fields["subject"],
        text=fields.get("text"),
        html=fields.get("html"),
    )


# What answers say --------------------------------------------------------------------------------


def spell_attachment(attachment: Attachment) -> dict[str, Any]:
    """A file with a URL that is good for an hour from now."""
    return {
        "id": spell("att", attachment.pk),
        "filename": attachment.filename,
        "contentType": attachment.content_type,
        "size": attachment.size,
        "url": _url_of(attachment),
        "createdAt": spell_time(attachment.created_at),
    }


def _url_of(attachment: Attachment) -> str:
    if attachment.state == AttachmentState.LINKED:
        return attachment.external_url
    expires_at = timezone.now() + DOWNLOAD_URL_LIFE
    return download_url(id=attachment.pk, filename=attachment.filename, expires_at=expires_at)


def spell_inbox(inbox: Inbox, *, counts: Counts, domain: Domain | None) -> dict[str, Any]:
    """An inbox; `domain` is the account's own at which it is, if it is at one."""
    return {
        "id": str(inbox.pk),
        "address": inbox.address,
        "displayName": inbox.name or None,
        "domainId": spell("dom", domain.pk) if domain else None,
        "status": inbox.state,
        "dailySendLimit": settings.AGENTSEND_SENDS_PER_DAY or None,
        "sendsToday": counts.accepted_today,
        "totalSent": counts.sent,
        "bounceCount": counts.bounced,
        "complaintCount": counts.complained,
        "createdAt": spell_time(inbox.created_at),
        "updatedAt": spell_time(inbox.updated_at),
    }


def spell_message(message: Message, *, at: datetime) -> dict[str, Any]:
    """A message as it is at `at`; no query if it is complete and its inbox is known."""
    is_inbound = message.direction == Direction.INBOUND
    spelt = {
        "id": spell("msg", message.pk),
        "inboxId": str(message.inbox_id) if message.inbox_id else None,
        "threadId": spell("thr", message.thread_id) if message.thread_id else None,
        "direction": message.direction,
        "fromAddress": message.from_email,
        "toAddresses": [one["email"] for one in message.to],
        "ccAddresses": [one["email"] for one in message.cc],
        "bccAddresses": [one["email"] for one in message.bcc],
        "subject": message.subject or (NO_SUBJECT if is_inbound else ""),
        "bodyText": message.text,
        "bodyHtml": message.html,
        "delivery": _delivery_of(message),
        "status": status_of(message, at=at),
        "attachments": [_spell_enclosed(one) for one in message.enclosures.all()],
        "messageIdHeader": message.rfc_message_id or None,
        "inReplyTo": message.in_reply_to or None,
        "referencesHeaders": message.references,
        "sentAt": spell_time(message.sent_at),
        "createdAt": spell_time(message.created_at),
    }
    return {**spelt, "truncated": True} if omitted_from(message) else spelt


def _delivery_of(message: Message) -> str:
    """`dry-run` for what only goes to the tray: some of it would leave, and nothing can."""
    if message.direction == Direction.INBOUND or message.inbox is None:
        return "email"
    leaves = any(one.route == RELAY for one in message.deliveries.all())
    return "dry-run" if leaves and stays_in_house(message.inbox) else "email"


def _spell_enclosed(row: MessageAttachment) -> dict[str, Any]:
    return {
        "id": spell("att", row.attachment_id),
        "filename": row.filename,
        "contentType": row.attachment.content_type,
        "size": row.attachment.size,
    }


def spell_thread(thread: Thread) -> dict[str, Any]:
    """A thread of `latest_first`."""
    facts: Any = thread
    return {
        "id": spell("thr", thread.pk),
        "inboxId": str(thread.inbox_id) if thread.inbox_id else None,
        "subject": ANSWERS.sub("", thread.subject),
        "messageCount": facts.message_count,
        "lastMessageAt": spell_time(facts.last_message_at),
        "createdAt": spell_time(thread.created_at),
    }


def spell_webhook(endpoint: WebhookEndpoint, *, with_secret: bool = False) -> dict[str, Any]:
    """A webhook; its secret is in the answer that makes it, and nowhere else."""
    spelt = {
        "id": spell("wh", endpoint.pk),
        "url": endpoint.url,
        "description": endpoint.description or None,
        "events": endpoint.events,
        "isActive": endpoint.is_active,
        "createdAt": spell_time(endpoint.created_at),
        "updatedAt": spell_time(endpoint.updated_at),
    }
    return {**spelt, "secret": endpoint.secret} if with_secret else spelt


def spell_domain(domain: Domain) -> dict[str, Any]:
    """A domain of the account: the operator's word has verified it."""
    made = spell_time(domain.created_at)
    return {
        "id": spell("dom", domain.pk),
        "domain": domain.name,
        "verificationStatus": "verified",
        "dkimTokens": [],
        "verificationToken": None,
        "dnsRecords": [],
        "verifiedAt": made,
        "createdAt": made,
        "updatedAt": made,
    }
