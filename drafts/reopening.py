"""A draft whose message came to nothing is open again, and says why."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from drafts.models import Draft
from messaging.models import Delivery, Message
from messaging.models.message import Status
from project.events.models import Event
from project.events.services import emit, happened, on

TOLD = 5  # recipients whose servers' words are given


@on("message.failed", "message.partial", "message.canceled", "message.resolved")
def reopen_drafts(events: list[Event]) -> None:
    """Give back the drafts of messages that have failed for everybody, or were canceled."""
    now = timezone.now()
    ids = {event.subject_id for event in events}
    drafts = Draft.objects.in_full().filter(message__in=ids).order_by("pk")
    emit(*(event for draft in drafts if (event := _reopen(draft, now)) is not None))


def _reopen(draft: Draft, now: datetime) -> Event | None:
    """Reopen one draft if its message has come to nothing; the event says so if it has failed."""
    message = draft.message
    status = message.status_at(now) if message else None
    if message is None or status not in (Status.FAILED, Status.CANCELED):
        return None
    if message.files_released_at and not message.stores_content:
        return None  # what it said is forgotten: there is nothing to send again
    error = reason_of(message) if status == Status.FAILED else None
    Draft.objects.filter(pk=draft.pk, message=message).update(
        message=None, send_at=None, error=error, version=F("version") + 1, updated_at=now
    )
    if error is None:
        return None
    return happened(
        "draft.failed", workspace_id=draft.workspace_id, subject_id=draft.pk, payload=error
    )


def reason_of(message: Message) -> dict[str, str]:
    """Why a message has failed, in plain words."""
    deliveries = message.deliveries.all()
    reasons = {one.reason for one in deliveries if one.state == Delivery.State.FAILED}
    if reasons:
        return {"code": "file_missing", "message": " ".join(sorted(reasons))}
    replies = {one.email: one.reply for one in message.recipients}
    said = [f"{email}: {reply}" for email, reply in list(replies.items())[:TOLD]]
    if len(replies) > TOLD:
        said.append(f"and {len(replies) - TOLD} others")
    return {"code": "delivery_failed", "message": "; ".join(said) or "It could not be delivered."}
