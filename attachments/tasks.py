"""What the workers and the clock do with files."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from attachments import filling, previews, quota, retention, uploads
from attachments.scanning import queue


@shared_task(ignore_result=True)
def adopt_upload(id: str) -> None:
    """On a reader's hint: take over bytes that a client has put into the storage."""
    uploads.adopt_upload(UUID(id))


@shared_task(ignore_result=True)
def confirm_uploads() -> None:
    """Every few seconds: look for bytes that clients have put into the storage."""
    uploads.adopt_due(at=timezone.now())


@shared_task(ignore_result=True)
def purge_attachments() -> None:
    """Every ten minutes: remove what has expired, and bytes that nobody came to use."""
    retention.purge(at=timezone.now())


@shared_task(ignore_result=True)
def tell_of_use() -> None:
    """Every minute: tell owners whose room for files comes to an end."""
    filling.tell_of_use()


@shared_task(ignore_result=True)
def count_stored_bytes() -> None:
    """Every hour: count what is stored anew."""
    quota.count_anew()


@shared_task(ignore_result=True)
def scan_files() -> None:
    """Poked when files have come in, and every few seconds: look for malware in them."""
    queue.scan_due()


@shared_task(ignore_result=True)
def make_preview(id: str) -> None:
    """When somebody first wants to see one: draw a small picture of a file."""
    previews.make_preview(UUID(id))
