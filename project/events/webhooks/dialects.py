"""In which words a webhook is told: each door has its own, and registers it in the settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import ClassVar

from django.conf import settings
from django.utils.module_loading import import_string
from standardwebhooks import Webhook

from project.events.models import Event, WebhookDelivery, WebhookEndpoint
from project.ids import spell

NATIVE = "native"

#: how long after a failed try the next one is made; after the last one it is given up
WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=8),
    timedelta(hours=8, minutes=24),
)


class Vanished(Exception):
    """What a delivery tells of is no longer there."""


@dataclass(frozen=True)
class Notice:
    """One thing to be told of an event: its kind in the dialect's spelling, and which part."""

    kind: str
    part: str = ""


class Dialect(ABC):
    """How one door speaks to webhooks; signed as Standard Webhooks has it, unless it says else.

    Source: the specification of Standard Webhooks, `webhook-id`, `webhook-timestamp` and
    `webhook-signature`.
    """

    name: ClassVar[str]
    waits: ClassVar[tuple[timedelta, ...]] = WAITS
    timeout_seconds: ClassVar[float] = 15.0

    @abstractmethod
    def notices(self, event: Event) -> Iterator[Notice]:
        """What is told of an event; nothing for one without a word.

        Called once for each endpoint and event, in the transaction that queues: an event without
        a word costs no query. What is read may be newer than the event, so that an event which is
        looked at late may have less to tell.
        """

    @abstractmethod
    def compose(self, delivery: WebhookDelivery) -> str:
        """The body, JSON, that tells it. Raises Vanished."""

    def headers(
        self, endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, at: datetime
    ) -> dict[str, str]:
        """The headers that go with the body, its signature of the moment `at` among them."""
        id = spell("whd", delivery.pk)
        signatures = [
            Webhook(secret).sign(id, at, delivery.body) for secret in secrets_of(endpoint, at=at)
        ]
        return {
            "webhook-id": id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def secrets_of(endpoint: WebhookEndpoint, *, at: datetime) -> list[str]:
    """The secrets that sign at a moment, the newest first."""
    until = endpoint.previous_until
    is_overlap = until is not None and until > at and endpoint.previous_secret
    return [endpoint.secret, *([endpoint.previous_secret] if is_overlap else [])]


@cache
def dialect_of(name: str) -> Dialect:
    """The dialect of a door."""
    found: Dialect = import_string(settings.WEBHOOK_DIALECTS[name])()
    return found
