"""How Bird tells webhooks.

Source: messagebird-sdk 0.106.0, the models of its events, and what it verifies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from messaging.models import Message, Recipient
from messaging.outbox.hindsight import recipients_of
from project.api.renderers import encode_json
from project.api.times import spell_time
from project.contracts.bird.errors import BIRD
from project.contracts.bird.serializers.messages import bounce_of, rejection_reason_of, tags_of
from project.contracts.bird.statuses import Status, status_of
from project.events.models import Event, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.client import Answer, post
from project.events.webhooks.dialects import Dialect, Notice, Vanished
from project.ids import spell

TEST_SECONDS = 10.0
NOBODY = "<>"  # the sender of a mail that names none

#: what happens of which each recipient is told by the status that it has then
BY_STATUS = {
    "message.sent",
    "message.partial",
    "message.deferred",
    "message.failed",
    "message.unknown",
    "message.resolved",
}
#: what happens after a server has taken a mail -> what is told of each recipient
LATER = {
    "message.delivered": "email.delivered",
    "message.bounced": "email.out_of_band_bounce",
    "message.complained": "email.complained",
}
#: what happens to a whole -> what is told
WHOLE = {
    "message.canceled": "email.canceled",
    "message.received": "email.received",
    "suppression.added": "email_suppression.created",
}

Facts = dict[str, Any]


class BirdDialect(Dialect):
    """`{"type", "timestamp", "data"}`, one for each recipient; signed as Standard Webhooks."""

    name = BIRD.name

    def notices(self, event: Event) -> Iterator[Notice]:
        if event.kind in WHOLE:
            yield Notice(WHOLE[event.kind])
        elif event.kind == "message.accepted":
            yield from _accepted(event)
        elif event.kind in BY_STATUS:
            for one in recipients_of(event):
                if one.state != Recipient.State.PENDING:
                    yield Notice(f"email.{status_of(one, one.delivery)}", part=one.email)
        elif event.kind in LATER and not _is_known(event):
            for email in event.payload["recipients"]:
                yield Notice(LATER[event.kind], part=email)

    def compose(self, delivery: WebhookDelivery) -> str:
        return _body(delivery.kind, delivery.event.at, _facts_of(delivery))


def try_out(endpoint: WebhookEndpoint, kind: str, *, at: datetime) -> Answer:
    """Tell an endpoint, at once and off the record, of an event without facts."""
    delivery = WebhookDelivery(endpoint=endpoint, kind=kind, body=_body(kind, at, {}))
    headers = BirdDialect().headers(endpoint, delivery, at=at)
    return post(url=endpoint.url, body=delivery.body, headers=headers, timeout=TEST_SECONDS)


def _body(kind: str, at: datetime, facts: Facts) -> str:
    return encode_json({"type": kind, "timestamp": spell_time(at), "data": facts}).decode()


def _accepted(event: Event) -> Iterator[Notice]:
    if Message.objects.filter(pk=event.subject_id, send_at__isnull=False).exists():
        yield Notice("email.scheduled")
    for email in _everybody(event).values_list("email", flat=True):
        yield Notice("email.accepted", part=email)


def _everybody(event: Event) -> Any:
    return Recipient.objects.filter(delivery__message=event.subject_id).order_by("pk")


def _is_known(event: Event) -> bool:
    """Whether it was told that a server took the mail, which is `email.delivered` already."""
    if event.kind != "message.delivered":
        return False
    doubts = Event.objects.filter(subject_id=event.subject_id, kind="message.unknown")
    return not doubts.filter(position__lt=event.position).exists()


def _facts_of(delivery: WebhookDelivery) -> Facts:
    """The data of what is told. Raises Vanished."""
    event, kind = delivery.event, delivery.kind
    if kind == "email_suppression.created":
        return {
            "suppression_id": spell("sup", event.subject_id),
            "email": event.payload["email"],
            "reason": event.payload["reason"],
            "workspace_id": spell("ws", event.workspace_id),
        }
    message = Message.objects.filter(pk=event.subject_id).first()
    if message is None:
        raise Vanished("The message is gone.")
    if kind == "email.received":
        return _spell_received(message)
    facts = {
        "email_id": spell("em", message.pk),
        "workspace_id": spell("ws", message.workspace_id),
        "tags": tags_of(message) or None,
        "metadata": message.metadata or None,
    }
    if not delivery.part:
        return {**facts, **_spell_schedule(message, kind)}
    one = _everybody(event).filter(email=delivery.part).first()
    if one is None:
        raise Vanished("The recipient is gone.")
    return {
        **facts,
        "recipient_id": spell("er", one.pk),
        "recipient": one.email,
        "recipient_role": one.role,
        "broadcast_id": None,
        **(OF_A_RECIPIENT[kind](one) if kind in OF_A_RECIPIENT else {}),
    }


def _spell_schedule(message: Message, kind: str) -> Facts:
    return {"scheduled_at": spell_time(message.send_at)} if kind == "email.scheduled" else {}


def _spell_received(message: Message) -> Facts:
    """A mail that came in; who sent it is not verified here."""
    return {
        "inbound_message_id": spell("rem", message.pk),
        "workspace_id": spell("ws", message.workspace_id),
        "message_id": message.rfc_message_id or None,
        "from": message.from_email or NOBODY,
        "to": [one["email"] for one in message.to],
        "subject": message.subject or None,
        "in_reply_to": message.in_reply_to or None,
        "authentication": "unknown",
        "spf_pass": None,
        "dkim_pass": None,
        "dmarc_pass": None,
        "spam_score": None,
    }


def _spell_bounce(one: Recipient) -> Facts:
    return {**bounce_of(one, Status.BOUNCED), "bounce_class": None, "sending_ip": None}


def _spell_deferral(one: Recipient) -> Facts:
    bounce = bounce_of(one, Status.DEFERRED)
    return {
        "bounce_type": bounce["bounce_type"],
        "bounce_class": None,
        "defer_reason": bounce["bounce_description"],
        "sending_ip": None,
    }


def _spell_complaint(one: Recipient) -> Facts:
    return {"feedback_type": None}


def _spell_rejection(one: Recipient) -> Facts:
    return {"rejection_reason": rejection_reason_of(one, Status.REJECTED)}


#: what is told of a recipient besides who it is
OF_A_RECIPIENT: dict[str, Callable[[Recipient], Facts]] = {
    "email.bounced": _spell_bounce,
    "email.out_of_band_bounce": _spell_bounce,
    "email.deferred": _spell_deferral,
    "email.complained": _spell_complaint,
    "email.rejected": _spell_rejection,
}
