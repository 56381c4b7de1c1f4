"""What the clock does for those who ask."""

from celery import shared_task
from django.utils import timezone

from project.tenancy import services


@shared_task(ignore_result=True)
def forget_idempotency_keys() -> None:
    """Every hour: answers that are no longer kept."""
    services.forget_idempotency_keys(at=timezone.now())
