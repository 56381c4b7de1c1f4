"""Messages, their recipients and what happened to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from messaging.models import Message, MessageAttachment, Recipient
from project.api.times import spell_time
from project.contracts.bird import limits
from project.contracts.bird.serializers.sends import TAG
from project.contracts.bird.statuses import COUNTED, Status, counts_of, status_at, status_of
from project.ids import spell

NO_SUBJECT = "(no subject)"


def spell_message(message: Message, *, at: datetime) -> dict[str, Any]:
    """A message as Bird shows it, without its bodies; no query if it is `complete`."""
    counts = counts_of(message)
    own = message.annotations.get("bird", {})
    reached = _reached_at(message)
    spelt: dict[str, Any] = {
        "id": spell("em", message.pk),
        "from": spell_address(message.from_email, message.from_name),
        "to": _addresses(message.to or message.cc or message.bcc, limits.MAX_TO),
        "cc": _addresses(message.cc),
        "bcc": _addresses(message.bcc),
        "subject": message.subject or NO_SUBJECT,
        "category": message.category,
        "reply_to": _addresses(message.reply_to, limits.MAX_REPLY_TO) or None,
        "status": str(status_at(message, at)),
        **{f"{status}_count": counts[status] for status in COUNTED},
        "processing_latency_ms": None,
        "delivery_latency_ms": None,
        "total_latency_ms": _milliseconds(reached - message.created_at) if reached else None,
        "open_count": 0,
        "click_count": 0,
        "tags": tags_of(message),
        "metadata": message.metadata,
        "parameters": own.get("parameters"),
        "attachments": [spell_file(one) for one in files_of(message)],
        "track_opens": own.get("track_opens", False),
        "track_clicks": own.get("track_clicks", False),
        "created_at": spell_time(message.created_at),
        "thread_id": spell("thr", message.thread_id) if message.thread_id else None,
        "in_reply_to_message_id": own.get("in_reply_to_message_id"),
        "delivered_at": spell_time(reached),
    }
    if message.send_at:
        spelt["scheduled_at"] = spell_time(message.send_at)
    return spelt


def spell_accepted(message: Message, *, at: datetime) -> dict[str, Any]:
    """A message in the answer to its sending: accepted, also for later."""
    return {**spell_message(message, at=at), "status": str(Status.ACCEPTED)}


def spell_item(message: Message) -> dict[str, Any]:
    """A message in the answer to its batch."""
    spelt = {
        "id": spell("em", message.pk),
        "status": str(Status.ACCEPTED),
        "category": message.category,
    }
    if message.send_at:
        spelt["scheduled_at"] = spell_time(message.send_at)
    return spelt


def spell_address(email: str, name: str | None) -> dict[str, str]:
    """An address as every answer shows it: without a name that it has not."""
    return {"email": email, "name": name[: limits.MAX_NAME]} if name else {"email": email}


def _addresses(
    rows: Sequence[dict[str, str | None]], most: int | None = None
) -> list[dict[str, str]]:
    return [spell_address(str(one["email"]), one["name"]) for one in rows[:most]]


def tags_of(message: Message) -> list[dict[str, str]]:
    """Its tags, as far as they read `name:value`."""
    return [_tag(text) for text in message.tags if TAG.fullmatch(text)]


def _tag(text: str) -> dict[str, str]:
    name, _, value = text.partition(":")
    return {"name": name, "value": value}


def files_of(message: Message) -> list[MessageAttachment]:
    """The files that went with it, not those that were added to its record."""
    return [one for one in message.enclosures.all() if one.in_mail]


def spell_file(one: MessageAttachment) -> dict[str, Any]:
    """What is told of a file, without its bytes."""
    return {
        "id": spell("ea", one.attachment_id),
        "filename": one.filename,
        "content_type": one.attachment.content_type,
        "size": one.attachment.size,
        "inline": one.inline,
        "content_id": one.content_id or None,
    }


def _reached_at(message: Message) -> datetime | None:
    times = [
        one.at
        for delivery in message.deliveries.all()
        for one in delivery.recipients.all()
        if one.at and status_of(one, delivery) in (Status.DELIVERED, Status.COMPLAINED)
    ]
    return min(times, default=None)


def _milliseconds(span: timedelta) -> int:
    return max(0, round(span / timedelta(milliseconds=1)))


def spell_recipient(one: Recipient) -> dict[str, Any]:
    """A recipient that was read with its delivery and message."""
    message, status = one.delivery.message, status_of(one, one.delivery)
    reached = one.at if status in (Status.DELIVERED, Status.COMPLAINED) else None
    return {
        "id": spell("er", one.pk),
        "parent_id": spell("em", message.pk),
        "role": one.role,
        "recipient": one.email,
        "name": one.name or None,
        "status": str(status),
        "rejection_reason": rejection_reason_of(one, status),
        **bounce_of(one, status),
        "processed_at": None,
        "delivered_at": spell_time(reached),
        "processing_latency_ms": None,
        "delivery_latency_ms": None,
        "total_latency_ms": _milliseconds(reached - message.created_at) if reached else None,
        "open_count": 0,
        "click_count": 0,
    }


def rejection_reason_of(one: Recipient, status: Status) -> str | None:
    """Why a recipient with this status was rejected, in Bird's words; None if it was not."""
    if status != Status.REJECTED:
        return None
    if one.state == Recipient.State.SUPPRESSED:
        return "recipient_suppressed"
    return "policy_rejection" if one.rehearsed else "transmission_failed"


def bounce_of(one: Recipient, status: Status) -> dict[str, str | None]:
    """How a recipient with this status bounced, or was deferred; nothing if it did neither."""
    if status not in (Status.BOUNCED, Status.DEFERRED):
        return {"bounce_type": None, "bounce_code": None, "bounce_description": None}
    permanent = one.code is not None and one.code >= 500
    return {
        "bounce_type": "hard" if permanent else "soft",
        "bounce_code": str(one.code) if one.code else None,
        "bounce_description": one.reply or None,
    }


@dataclass(frozen=True, kw_only=True)
class Happening:
    """Something that happened to a recipient, told from what the recipient is now."""

    kind: str
    at: datetime
    recipient: Recipient

    @property
    def id(self) -> str:
        return spell("ev", uuid5(self.recipient.pk, self.kind))

    @property
    def order(self) -> tuple[datetime, UUID, int]:
        return self.at, self.recipient.pk, KINDS.index(self.kind)


KINDS = ("scheduled", "accepted", "canceled", *(str(one) for one in COUNTED[1:]))


def happenings_of(message: Message) -> list[Happening]:
    """All that happened to a message and its recipients, newest first.

    That it was scheduled, or canceled, is told once, of its first recipient.
    """
    told: list[Happening] = []
    for delivery in message.deliveries.all():
        for row in delivery.recipients.all():
            told += _told(message, row, status_of(row, delivery))
    first = min((one.recipient for one in told), key=lambda row: row.pk)
    if message.send_at:
        told.append(Happening(kind="scheduled", at=message.created_at, recipient=first))
    ends = [one.done_at for one in message.deliveries.all() if one.state == "canceled"]
    if ends:
        told.append(Happening(kind="canceled", at=ends[0] or message.created_at, recipient=first))
    return sorted(told, key=lambda one: one.order, reverse=True)


def _told(message: Message, row: Recipient, status: Status) -> list[Happening]:
    told = [Happening(kind="accepted", at=message.created_at, recipient=row)]
    if row.at and status != Status.ACCEPTED:
        told.append(Happening(kind=str(status), at=row.at, recipient=row))
    return told


def spell_happening(one: Happening) -> dict[str, Any]:
    """An event of a message's log."""
    status = Status(one.kind)
    return {
        "id": one.id,
        "type": f"email.{one.kind}",
        "occurred_at": spell_time(one.at),
        "recipient_id": spell("er", one.recipient.pk),
        **bounce_of(one.recipient, status),
        "rejection_reason": rejection_reason_of(one.recipient, status),
    }
