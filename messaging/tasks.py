"""What the workers do; see `project.settings.CELERY_BEAT_SCHEDULE` for the clock."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from messaging import trash
from messaging.outbox import drain, sweep


@shared_task(ignore_result=True)
def deliver_due() -> None:
    """Poked when there is mail to send."""
    drain.deliver_due()


@shared_task(ignore_result=True)
def tick() -> None:
    """Every second: tidy the outbox, then send what is due."""
    sweep.tick()


@shared_task(ignore_result=True)
def empty_trash() -> None:
    """Every hour: what has been in the trash for 30 days."""
    trash.empty(at=timezone.now())


@worker_shutting_down.connect
def stop_sending(**_: Any) -> None:
    """A worker that is asked to stop begins nothing new."""
    drain.stop()
