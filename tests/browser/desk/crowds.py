"""Many rows at once, in the states that operators do something about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from uuid import UUID, uuid4

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from attachments.models import Attachment
from attachments.storage import attachment_storage
from messaging.models import Arrival, Delivery, Message, Recipient, Suppression
from messaging.trash import KEPT
from project.events.models import WebhookDelivery
from project.events.services import emit, happened
from project.events.webhooks.endpoints import create_webhook
from project.tenancy.models import ApiKey, Workspace
from tests.messaging.make import make_file


@transaction.atomic
def make_messages(
    workspace: Workspace, number: int, mark: str, *, delivery: str, recipient: str
) -> list[UUID]:
    """Messages that leave in an hour if they are let, each with one recipient."""
    now = timezone.now()
    later, is_over = now + timedelta(hours=1), delivery in ("done", "failed", "canceled")
    inbox = workspace.inboxes.first()
    messages = Message.objects.bulk_create(
        Message(
            workspace=workspace,
            inbox=inbox,
            direction="outbound",
            subject=f"{mark} {place}",
            from_email="hello@acme.test",
            to=[{"email": f"{mark}{place}@example.com", "name": None}],
            rfc_message_id=f"<{mark}.{place}@acme.test>",
            text="A word for its reader alone.",
            send_at=later,
        )
        for place in range(number)
    )
    deliveries = Delivery.objects.bulk_create(
        Delivery(
            message=message,
            state=delivery,
            due_at=later if delivery == "queued" else None,
            deadline=later,
            done_at=now if is_over else None,
            attempts=1 if is_over else 0,
            claim=uuid4() if is_over else None,
        )
        for message in messages
    )
    Recipient.objects.bulk_create(
        Recipient(delivery=one, email=f"{mark}{place}@example.com", state=recipient, at=now)
        for place, one in enumerate(deliveries)
    )
    return [message.pk for message in messages]


def make_unreadable(workspace: Workspace, number: int, mark: str) -> list[UUID]:
    """Mail that came in and could not be read then, and can be now."""
    key = attachment_storage().save(f"arrivals/{uuid4()}", File(BytesIO(b"Subject: x\r\n\r\nx")))
    inbox = workspace.inboxes.first()
    ids = make_messages(workspace, number, mark, delivery="done", recipient="accepted")
    rows = Arrival.objects.bulk_create(
        Arrival(
            workspace=workspace,
            inbox=inbox,
            via="http",
            recipient=f"{mark}@acme.test",
            key=key,
            size=15,
            sha256=f"{place:064x}",
            state="failed",
            attempts=3,
            message_id=id,
        )
        for place, id in enumerate(ids)
    )
    return [row.pk for row in rows]


def make_suppressions(workspace: Workspace, number: int, mark: str) -> list[UUID]:
    rows = Suppression.objects.bulk_create(
        Suppression(workspace=workspace, email=f"{mark}{place}@example.com")
        for place in range(number)
    )
    return [row.pk for row in rows]


def make_keys(workspace: Workspace, number: int, mark: str) -> list[UUID]:
    rows = ApiKey.objects.bulk_create(
        ApiKey(workspace=workspace, name=f"{mark} {place}", sha256=uuid4().hex * 2)
        for place in range(number)
    )
    return [row.pk for row in rows]


@transaction.atomic
def make_told(workspace: Workspace, number: int, mark: str) -> list[UUID]:
    """What an endpoint, at which nobody listens, was told in vain."""
    url = f"https://{mark}.example.invalid/"
    endpoint = create_webhook(
        workspace=workspace, dialect="native", url=url, events=["draft.failed"]
    )
    events = [
        happened("message.sent", workspace_id=workspace.pk, subject_id=uuid4())
        for _ in range(number)
    ]
    emit(*events)
    rows = WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint=endpoint, event=event, kind="message.sent", state="failed", tries=9
        )
        for event in events
    )
    return [row.pk for row in rows]


def in_state(delivery: str, recipient: str) -> Callable[[Workspace, int, str], list[UUID]]:
    def make(workspace: Workspace, number: int, mark: str) -> list[UUID]:
        return make_messages(workspace, number, mark, delivery=delivery, recipient=recipient)

    return make


def make_trashed(workspace: Workspace, number: int, mark: str) -> list[UUID]:
    """Messages that have left, and whose time in the trash is over."""
    ids = in_state("done", "accepted")(workspace, number, mark)
    Message.objects.filter(pk__in=ids).update(trashed_at=timezone.now() - 2 * KEPT)
    return ids


def make_quarantined(workspace: Workspace, number: int, mark: str) -> list[UUID]:
    """Files with the same bytes, as a scan leaves them."""
    first = make_file(workspace, mark.encode(), filename=f"{mark} 0.bin")
    refused = {"state": "refused", "reason_code": "malware", "reason": "The scanner found Eicar."}
    Attachment.objects.filter(pk=first.pk).update(**refused)
    first.refresh_from_db()
    same = {
        field.attname: getattr(first, field.attname)
        for field in Attachment._meta.concrete_fields
        if not field.primary_key
    }
    rows = Attachment.objects.bulk_create(
        Attachment(**same | {"filename": f"{mark} {place}.bin"}) for place in range(1, number)
    )
    return [first.pk, *(row.pk for row in rows)]


CROWDS = {
    "quarantined": make_quarantined,
    "trashed": make_trashed,
    "queued": in_state("queued", "pending"),
    "held": in_state("held", "pending"),
    "refused": in_state("done", "refused"),
    "unknown": in_state("done", "unknown"),
    "unreadable": make_unreadable,
    "suppression": make_suppressions,
    "key": make_keys,
    "told": make_told,
}
