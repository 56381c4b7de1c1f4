"""What the workers do for operators."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from project.backoffice import jobs, retention


@shared_task(ignore_result=True)
def work_off() -> None:
    """Poked when something was asked for, and every few seconds: do what is left of it."""
    jobs.work_off()
    retention.work_off()


@worker_shutting_down.connect
def stop_working(**_: Any) -> None:
    """A worker that is asked to stop begins no further rows."""
    jobs.stopping.set()
