"""How Nylas tells webhooks.

Source: Nylas, "Notification reference", one page for each trigger, and "Using webhooks".
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from messaging.models import Inbox, Message, Recipient
from messaging.outbox.hindsight import is_first_sent, recipients_of
from messaging.reading import with_files
from messaging.search import with_mail
from project.api.renderers import encode_json
from project.api.times import spell_time
from project.contracts.nylas.errors import NYLAS
from project.contracts.nylas.grants import FIXED
from project.contracts.nylas.serializers import spell_grant_id, spell_message, spell_seconds
from project.events.models import Event, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.dialects import Dialect, Notice, Vanished
from project.ids import spell_hex

CREATED = "message.created"
SENT = "message.send_success"
FAILED = "message.send_failed"
BOUNCED = "message.bounce_detected"
#: what happens -> the trigger, where there is no more to it
PLAIN = {
    "message.received": CREATED,
    "message.deleted": "message.deleted",
    "folder.created": "folder.created",
    "folder.updated": "folder.updated",
    "folder.deleted": "folder.deleted",
    "inbox.created": "grant.created",
    "inbox.updated": "grant.updated",
    "inbox.deleted": "grant.deleted",
}
#: what of a message can change and be seen at this door
SEEN = {"unread", "starred", "folder", "metadata"}
GRANT_CODES = {"grant.created": 25012, "grant.updated": 25014, "grant.deleted": 25013}
SOURCES = {"grant": "/nylas/system", SENT: "/nylas/send", FAILED: "/nylas/send"}
SOURCE = "/imap/emails/realtime"
MAX_BYTES = 1_000_000  # of a notification; what is longer comes without its body

Data = dict[str, Any]


class NylasDialect(Dialect):
    """A CloudEvent with the object in it, signed with a digest of the body alone."""

    name = NYLAS.name
    timeout_seconds = 10.0

    def notices(self, event: Event) -> Iterator[Notice]:
        if event.kind in PLAIN:
            yield Notice(PLAIN[event.kind])
        elif event.kind == "message.updated" and SEEN & set(event.payload["changed"]):
            yield Notice("message.updated")
        elif event.kind == "message.bounced":
            for email in event.payload["recipients"]:
                yield Notice(BOUNCED, part=email)
        elif event.kind == "message.failed":
            if _scheduled(event).filter(sent_at__isnull=True).exists():
                yield Notice(FAILED)
        elif is_first_sent(event):
            yield Notice(CREATED)
            if _scheduled(event).exists():
                yield Notice(SENT, part=SENT)

    def compose(self, delivery: WebhookDelivery) -> str:
        event, kind = delivery.event, delivery.kind
        noun = kind.partition(".")[0]
        data = _data_of(delivery)
        body = {
            "specversion": "1.0",
            "type": kind,
            "source": SOURCES.get(kind) or SOURCES.get(noun) or SOURCE,
            "id": str(delivery.pk),
            "time": spell_seconds(event.at),
            "webhook_delivery_attempt": 1,
            "data": {"application_id": str(event.workspace_id), **data},
        }
        text = encode_json(body)
        if len(text) > MAX_BYTES and data["object"].pop("body", None) is not None:
            text = encode_json({**body, "type": f"{kind}.truncated"})
        return text.decode()

    def headers(
        self, endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, at: datetime
    ) -> dict[str, str]:
        signature = hmac.digest(endpoint.secret.encode(), delivery.body.encode(), "sha256")
        return {"X-Nylas-Signature": signature.hex()}


def _scheduled(event: Event) -> Any:
    """The row of an event's message, if a time was asked for."""
    return Message.objects.filter(pk=event.subject_id, send_at__isnull=False)


def _data_of(delivery: WebhookDelivery) -> Data:
    """What is told: the object, and what stands beside it. Raises Vanished."""
    event, kind = delivery.event, delivery.kind
    if kind.startswith("grant."):
        return {"object": _spell_grant(event, kind)}
    if kind.startswith("folder."):
        return {"object": _spell_folder(event)}
    if kind == "message.deleted":
        return {"object": {**_owned(event.payload), "object": "message", "id": _id_of(event)}}
    message, grant = _message_of(event)
    if kind == BOUNCED:
        bounce = _spell_bounce(message, grant, delivery)
        return {"grant_id": spell_grant_id(grant), "object": bounce}
    spelt = {"object": spell_message(message, grant=grant)}
    if kind == SENT:
        return {"grant_id": spell_grant_id(grant), **spelt}
    if kind == FAILED:
        return {"grant_id": spell_grant_id(grant), **_spell_failure(event), **spelt}
    return spelt


def _message_of(event: Event) -> tuple[Message, Inbox]:
    rows = with_mail(Message.objects.filter(pk=event.subject_id)).select_related("inbox")
    message = next(iter(with_files(list(rows))), None)
    if message is None or message.inbox is None:
        raise Vanished("The message is gone, or is no mail.")
    return message, message.inbox


def _id_of(event: Event) -> str:
    return spell_hex(event.subject_id)


def _owned(facts: Mapping[str, Any]) -> Data:
    """Whose a thing was that is known from its event only. Raises Vanished if it was nobody's."""
    if not facts["inbox"]:
        raise Vanished("It was in no inbox.")
    return {"grant_id": spell_grant_id(Inbox(pk=UUID(facts["inbox"])))}


def _spell_grant(event: Event, kind: str) -> Data:
    grant = Inbox.objects.filter(pk=event.subject_id).first()
    if grant is None:
        raise Vanished("The inbox is gone.")
    return {
        "code": GRANT_CODES[kind],
        "grant_id": spell_grant_id(grant),
        "provider": FIXED["provider"],
        "email": grant.address,
        "name": grant.name,
        "scope": [],
    }


def _spell_folder(event: Event) -> Data:
    return {
        **_owned(event.payload),
        "id": _id_of(event),
        "name": event.payload["name"],
        "object": "folder",
        "system_folder": bool(event.payload["role"]),
    }


def _spell_failure(event: Event) -> Data:
    replies = [one.reply for one in recipients_of(event) if one.reply]
    reason = event.payload.get("reason") or next(iter(replies), "It could not be sent.")
    return {"reason": reason, "error": {"type": "provider_error", "message": reason}}


def _spell_bounce(message: Message, grant: Inbox, delivery: WebhookDelivery) -> Data:
    rows = Recipient.objects.filter(delivery__message=message, email=delivery.part)
    bounced = rows.first()
    if bounced is None:
        raise Vanished("The recipient is gone.")
    sent_at = message.sent_at or message.date
    return {
        "bounce_reason": bounced.reply,
        "bounce_date": spell_time(delivery.event.at),
        "bounced_addresses": bounced.email,
        "type": "mailbox_unavailable",
        "code": str(bounced.code or ""),
        "grant_id": spell_grant_id(grant),
        "origin": {
            "to": [one["email"] for one in message.to],
            "from": message.from_email,
            "cc": [one["email"] for one in message.cc],
            "bcc": [one["email"] for one in message.bcc],
            "subject": message.subject,
            "mime_id": message.rfc_message_id,
            "id": spell_hex(message.pk),
            "thread_id": spell_hex(message.thread_id) if message.thread_id else "",
            "original_send_at": spell_time(sent_at),
        },
    }
