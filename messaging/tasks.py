"""What the workers do; see `project.celery` for the clock."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from messaging import retention, trash
from messaging.outbox import drain, sweep
from messaging.receiving import parsing
from project.events.retention import follow


@shared_task(ignore_result=True)
def deliver_due() -> None:
    """Poked when there is mail to send."""
    drain.deliver_due()


@shared_task(ignore_result=True)
def tick() -> None:
    """Every second: tidy the outbox, then send what is due."""
    sweep.tick()


@shared_task(ignore_result=True)
def parse_arrivals() -> None:
    """Poked when mail has come in, and every few seconds: make messages of it."""
    parsing.parse_due()


@shared_task(ignore_result=True)
def empty_trash() -> None:
    """Every hour: what has been in the trash for 30 days."""
    follow(trash.TRASH, at=timezone.now())


@shared_task(ignore_result=True)
def let_go() -> None:
    """Every minute: files and words that messages were to keep for a while only."""
    follow(retention.SENT, at=timezone.now())


@worker_shutting_down.connect
def begin_nothing_new(**_: Any) -> None:
    """A worker that is asked to stop ends what it is at."""
    drain.stop()
    parsing.stopping.set()
