"""How AgentSend tells webhooks.

Source: AgentSend, "Webhooks"; the vendor's public server for headers, waits and what is told.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from messaging.models import Message, Recipient
from messaging.models.message import Direction
from messaging.outbox.hindsight import is_first_sent, recipients_of
from messaging.reading import complete
from project.api.renderers import encode_json
from project.api.times import spell_time
from project.contracts.agentsend.errors import AGENTSEND
from project.contracts.agentsend.serializers import spell_message
from project.events.models import Event, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.dialects import Dialect, Notice, Vanished
from project.ids import spell

BOUNCED = "message.bounced"
#: what happens -> what is told of it, besides that a message was sent
KINDS = {
    "message.received": "message.received",
    "message.delivered": "message.delivered",
    "message.partial": BOUNCED,
    "message.failed": BOUNCED,
    "message.bounced": BOUNCED,
    "message.complained": "message.complained",
}
UNREACHED = (Recipient.State.BOUNCED, Recipient.State.REFUSED)


class AgentSendDialect(Dialect):
    """`{"event", "data", "timestamp"}`, signed with a digest of the body alone."""

    name = AGENTSEND.name
    waits = tuple(timedelta(seconds=seconds) for seconds in (10, 20, 40, 80))
    timeout_seconds = 30.0

    def notices(self, event: Event) -> Iterator[Notice]:
        if is_first_sent(event):
            yield Notice("message.sent")
        if event.kind == "message.partial" and not _unreached(event):
            return
        if event.kind in KINDS:
            yield Notice(KINDS[event.kind], part=KINDS[event.kind])

    def compose(self, delivery: WebhookDelivery) -> str:
        event = delivery.event
        rows = Message.objects.select_related("inbox").filter(pk=event.subject_id)
        message = next(iter(complete(list(rows))), None)
        if message is None:
            raise Vanished("The message is gone.")
        body = {
            "event": delivery.kind,
            "data": _spell_facts(message, delivery),
            "timestamp": int(event.at.timestamp() * 1000),
        }
        return encode_json(body).decode()

    def headers(
        self, endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, at: datetime
    ) -> dict[str, str]:
        signature = hmac.digest(endpoint.secret.encode(), delivery.body.encode(), "sha256")
        return {
            "X-AgentSend-Event": delivery.kind,
            "X-AgentSend-Signature": signature.hex(),
            "X-AgentSend-Webhook-Id": spell("wh", endpoint.pk),
        }


def _unreached(event: Event) -> list[Recipient]:
    """Those whom a message has not reached, of those whom an event is about."""
    return [one for one in recipients_of(event) if one.state in UNREACHED]


def _spell_facts(message: Message, delivery: WebhookDelivery) -> dict[str, Any]:
    """What is told of a message, with the recipients whom an outcome is about."""
    event, kind = delivery.event, delivery.kind
    spelt = spell_message(message, at=event.at)
    facts = {
        "messageId": spelt["id"],
        "inboxId": spelt["inboxId"],
        "threadId": spelt["threadId"],
        "from": spelt["fromAddress"],
        "to": spelt["toAddresses"],
        "subject": spelt["subject"],
        "direction": spelt["direction"],
    }
    if message.direction == Direction.INBOUND:
        return {**facts, "receivedAt": spell_time(message.created_at)}
    facts |= {"status": spelt["status"], "sentAt": spelt["sentAt"]}
    if kind == "message.sent":
        return facts
    concerned = _unreached(event) if kind == BOUNCED else recipients_of(event)
    return {**facts, "recipients": [one.email for one in concerned]}
