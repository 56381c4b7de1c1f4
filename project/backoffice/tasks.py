"""What the workers do for operators."""

from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down

from project.backoffice import jobs


@shared_task(ignore_result=True)
def work_off() -> None:
    """Poked when a job was started, and every few seconds: do what is left of jobs."""
    jobs.work_off()


@worker_shutting_down.connect
def stop_working(**_: Any) -> None:
    """A worker that is asked to stop begins no further rows."""
    jobs.stopping.set()
