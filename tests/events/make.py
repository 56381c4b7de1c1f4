"""Events, and those who listen to them."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.utils import timezone

from project.events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.services import emit, happened
from project.events.webhooks import drain
from project.events.webhooks.endpoints import create_webhook
from project.events.webhooks.queue import queue_news
from project.ids import new_id
from project.tenancy.models import Workspace


def make_events(workspace: Workspace, *kinds: str, **payload: Any) -> list[Event]:
    """Events of transactions that were over long ago."""
    events = write(workspace, *kinds, **payload)
    if connection.vendor == "postgresql":
        Event.objects.update(transaction=1)
    return events


def write(workspace: Workspace, *kinds: str, **payload: Any) -> list[Event]:
    events = [
        happened(kind, workspace_id=workspace.pk, subject_id=new_id(), payload=payload)
        for kind in kinds
    ]
    emit(*events)
    return events


def make_endpoint(workspace: Workspace, url: str = "https://a.example.com/hooks", **fields: Any):
    """An endpoint of the native door."""
    return create_webhook(workspace=workspace, **{"dialect": "native", "url": url, **fields})


def tell() -> None:
    """Tell everybody what is due, as the clock would once all transactions are over."""
    settle()
    drain.tell_due()


def queue_all() -> None:
    """Queue what has happened, as `tell` does, and call nobody."""
    settle()
    queue_news()


def settle() -> None:
    """As if every event were of a transaction that is over."""
    if connection.vendor == "postgresql":
        Event.objects.update(transaction=1)


def let_time_pass() -> None:
    """As if every delivery that is to be tried again were due now."""
    WebhookDelivery.objects.filter(due_at__isnull=False).update(due_at=timezone.now())


def attempts_of(endpoint: WebhookEndpoint) -> list[WebhookAttempt]:
    return list(WebhookAttempt.objects.filter(delivery__endpoint=endpoint).order_by("id"))
