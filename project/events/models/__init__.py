"""What happened, and who is told."""

from project.events.models.event import CurrentTransaction, Cursor, Event, OldestOpenTransaction
from project.events.models.retention import RetentionRun
from project.events.models.webhook import WebhookAttempt, WebhookDelivery, WebhookEndpoint

__all__ = [
    "CurrentTransaction",
    "Cursor",
    "Event",
    "OldestOpenTransaction",
    "RetentionRun",
    "WebhookAttempt",
    "WebhookDelivery",
    "WebhookEndpoint",
]
