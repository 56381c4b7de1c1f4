"""Addresses that get no more mail."""

from __future__ import annotations

from typing import Any

from messaging.models import Suppression
from project.api.times import spell_time
from project.ids import spell

ORIGINS = {
    Suppression.Reason.HARD_BOUNCE: "bounce_event",
    Suppression.Reason.COMPLAINT: "complaint_event",
    Suppression.Reason.UNSUBSCRIBE: "unsubscribe_event",
    Suppression.Reason.MANUAL: "api_key",
}


def spell_suppression(one: Suppression) -> dict[str, Any]:
    """A suppression that was read with its recipient and that one's delivery, if it has any."""
    source = one.recipient
    return {
        "id": spell("sup", one.pk),
        "email": one.email,
        "scope": {"type": "workspace", "id": spell("ws", one.workspace_id)},
        "reason": one.reason,
        "origin": ORIGINS[Suppression.Reason(one.reason)],
        "applies_to": one.applies_to,
        "source_email_id": spell("em", source.delivery.message_id) if source else None,
        "source_recipient_id": spell("er", source.pk) if source else None,
        "created_at": spell_time(one.created_at),
    }
