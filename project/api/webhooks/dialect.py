"""How the native API tells webhooks: every event, as the log has it, as Standard Webhooks wants."""

from __future__ import annotations

from collections.abc import Iterator

from project.api.events import spell_event
from project.api.renderers import encode_json
from project.api.times import spell_time
from project.events.models import Event, WebhookDelivery
from project.events.webhooks.dialects import NATIVE, Dialect, Notice


class NativeDialect(Dialect):
    """`{"type", "timestamp", "data"}`; the data is the event as `GET /events` shows it."""

    name = NATIVE

    def notices(self, event: Event) -> Iterator[Notice]:
        yield Notice(event.kind)

    def compose(self, delivery: WebhookDelivery) -> str:
        event = delivery.event
        body = {"type": event.kind, "timestamp": spell_time(event.at), "data": spell_event(event)}
        return encode_json(body).decode()
