"""What the clock does for those who listen."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from project.events import rules
from project.events.retention import follow
from project.events.webhooks import drain


@shared_task(ignore_result=True)
def tell_webhooks() -> None:
    """Every second: tell those who listen what has happened."""
    drain.tell_due()


@shared_task(ignore_result=True)
def forget_webhook_deliveries() -> None:
    """Every hour: what was told long ago."""
    follow(rules.TOLD, at=timezone.now())


@shared_task(ignore_result=True)
def forget_idempotency_keys() -> None:
    """Every hour: answers that are no longer kept."""
    follow(rules.ANSWERS, at=timezone.now())


@worker_shutting_down.connect
def stop_telling(**_: Any) -> None:
    """A worker that is asked to stop calls nobody any more."""
    drain.stopping.set()
