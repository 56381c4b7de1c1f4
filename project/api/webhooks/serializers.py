"""How webhooks are spelt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from project.api.events import EXAMPLE as EVENT
from project.api.fields import ChoiceField, IdField, LineField, TimeField
from project.api.serializers import StrictSerializer
from project.api.times import spell_time
from project.events.kinds import KINDS, NOUNS
from project.events.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.endpoints import MAX_URL, OVERLAP
from project.ids import spell

MAX_DESCRIPTION = 255
STATES = ("active", "failing", "off", "disabled")
EVENTS_HELP = "Kinds such as `message.received`, or nouns such as `message`; none: everything."


class WebhookFields(StrictSerializer):
    """A webhook to be made."""

    url = LineField(max_length=MAX_URL, help_text="A public https:// address.")
    events = serializers.ListField(
        child=ChoiceField([*NOUNS, *KINDS]), required=False, max_length=100, help_text=EVENTS_HELP
    )
    description = LineField(required=False, max_length=MAX_DESCRIPTION, help_text="For people.")


class WebhookChanges(WebhookFields):
    """What may change of a webhook."""

    is_active = serializers.BooleanField(
        required=False, help_text="false: it is told nothing; true: of what happens from then on."
    )


class RotationFields(StrictSerializer):
    """For how long two secrets sign."""

    overlap_hours = serializers.IntegerField(
        required=False,
        default=int(OVERLAP.total_seconds() // 3600),
        help_text="How long the old secret signs beside the new one; 0 to 168.",
    )

    def validate_overlap_hours(self, hours: int) -> int:
        return max(-1, min(hours, 100_000))  # what a timedelta can hold; the service refuses


class RangeFields(StrictSerializer):
    """A time whose events are told again."""

    since = TimeField(help_text="From this moment on.")
    until = TimeField(required=False, help_text="Before this moment; left out: now.")


class WebhookOut(serializers.Serializer[WebhookEndpoint]):
    """A webhook: an address that is told what happens."""

    id = IdField("whk")
    url = serializers.CharField(help_text="Where it is.")
    events = serializers.ListField(child=serializers.CharField(), help_text=EVENTS_HELP)
    description = serializers.CharField(help_text="For people.")
    state = serializers.ChoiceField(
        STATES,
        help_text="`failing`: it did not take the last delivery; `disabled`: turned off for that.",
    )
    reason = serializers.CharField(allow_null=True, help_text="Why it was disabled.")
    failing_since = TimeField(allow_null=True, help_text="Since when it takes nothing.")
    previous_secret_until = TimeField(
        allow_null=True, help_text="Until when the secret before this one signs as well."
    )
    created_at = TimeField(help_text="When it was made.")
    updated_at = TimeField(help_text="When it was last changed.")


class NewWebhookOut(WebhookOut):
    """A webhook with its secret, which is in this answer only."""

    secret = serializers.CharField(help_text="`whsec_…`, for the libraries of Standard Webhooks.")


class AttemptOut(serializers.Serializer[WebhookAttempt]):
    """One request, and its answer."""

    at = TimeField(help_text="When it was made.")
    milliseconds = serializers.IntegerField(help_text="How long it took.")
    url = serializers.CharField(help_text="Where it went.")
    headers = serializers.DictField(
        child=serializers.CharField(), help_text="Of the request, the signature among them."
    )
    status = serializers.IntegerField(allow_null=True, help_text="Of the answer; null: none came.")
    answer = serializers.CharField(help_text="The first 4096 bytes of it.")
    problem = serializers.CharField(allow_null=True, help_text="null: it was taken.")


class DeliveryOut(serializers.Serializer[WebhookDelivery]):
    """One thing that a webhook is told."""

    id = IdField("whd", help_text="Also in the header `webhook-id`, the same at every try.")
    kind = serializers.CharField(help_text="As the webhook hears it.")
    event_id = IdField("evt")
    state = ChoiceField(
        WebhookDelivery.State.choices,
        help_text="`failed`: given up after a day of tries, or because the webhook was turned off.",
    )
    problem = serializers.CharField(allow_null=True, help_text="What went wrong, the last time.")
    tries = serializers.IntegerField(help_text="Since it was queued, the last time.")
    next_try_at = TimeField(allow_null=True, help_text="null: nothing more happens by itself.")
    created_at = TimeField(help_text="When it was queued, the first time.")
    done_at = TimeField(allow_null=True, help_text="When it was taken, or given up.")


class DeliveryInFullOut(DeliveryOut):
    """The same with the words, and every try."""

    body = serializers.CharField(help_text="Of the request, to the letter.")
    attempts = AttemptOut(many=True, help_text="The oldest first.")


class ReplayedOut(serializers.Serializer[Any]):
    """How much is told again."""

    queued = serializers.IntegerField(help_text="How many deliveries.")


def spell_webhook(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """A webhook as every native answer shows it."""
    until = endpoint.previous_until
    return {
        "id": spell("whk", endpoint.pk),
        "url": endpoint.url,
        "events": endpoint.events,
        "description": endpoint.description,
        "state": state_of(endpoint),
        "reason": endpoint.disabled_reason or None,
        "failing_since": spell_time(endpoint.failing_since),
        "previous_secret_until": spell_time(until) if until and until > timezone.now() else None,
        "created_at": spell_time(endpoint.created_at),
        "updated_at": spell_time(endpoint.updated_at),
    }


def state_of(endpoint: WebhookEndpoint) -> str:
    """How an endpoint does, in one word."""
    if not endpoint.is_active:
        return "disabled" if endpoint.disabled_reason else "off"
    return "failing" if endpoint.failing_since else "active"


def spell_delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    """A delivery as lists show it; its event has been read along."""
    return {
        "id": spell("whd", delivery.pk),
        "kind": delivery.kind,
        "event_id": spell("evt", delivery.event.id),
        "state": delivery.state,
        "problem": delivery.problem or None,
        "tries": delivery.tries,
        "next_try_at": spell_time(delivery.due_at),
        "created_at": spell_time(delivery.created_at),
        "done_at": spell_time(delivery.done_at),
    }


def spell_delivery_in_full(delivery: WebhookDelivery) -> dict[str, Any]:
    """A delivery with what was said and answered; one query."""
    attempts = [spell_attempt(one) for one in delivery.attempts.order_by("id")]
    return {**spell_delivery(delivery), "body": delivery.body, "attempts": attempts}


def spell_attempt(attempt: WebhookAttempt) -> dict[str, Any]:
    return {
        "at": spell_time(attempt.started_at),
        "milliseconds": (attempt.ended_at - attempt.started_at) // timedelta(milliseconds=1),
        "url": attempt.url,
        "headers": attempt.headers,
        "status": attempt.status,
        "answer": attempt.answer,
        "problem": attempt.problem or None,
    }


ENDPOINT = {
    "id": "whk_01kagyx6vqeq7b0m4v1c2n8t5r",
    "url": "https://app.example.com/hooks",
    "events": ["message.received", "message.bounced"],
    "description": "web shop",
    "state": "active",
    "reason": None,
    "failing_since": None,
    "previous_secret_until": None,
    "created_at": "2026-01-31T09:00:00.000Z",
    "updated_at": "2026-01-31T09:00:00.000Z",
}
SECRET = {"secret": "whsec_…"}
DELIVERY = {
    "id": "whd_01kagyx6wweq7b0m4v1c2n8t5r",
    "kind": "message.sent",
    "event_id": EVENT["id"],
    "state": "delivered",
    "problem": None,
    "tries": 1,
    "next_try_at": None,
    "created_at": "2026-01-31T09:00:01.900Z",
    "done_at": "2026-01-31T09:00:02.100Z",
}
IN_FULL = {
    **DELIVERY,
    "body": '{"type":"message.sent","timestamp":"2026-01-31T09:00:01.250Z","data":{…}}',
    "attempts": [
        {
            "at": "2026-01-31T09:00:02.000Z",
            "milliseconds": 100,
            "url": ENDPOINT["url"],
            "headers": {
                "webhook-id": DELIVERY["id"],
                "webhook-timestamp": "1769850002",
                "webhook-signature": "v1,…",
            },
            "status": 200,
            "answer": "ok",
            "problem": None,
        }
    ],
}
ONE = OpenApiExample("Webhook", response_only=True, status_codes=["200", "202"], value=ENDPOINT)
AGAIN = OpenApiExample(
    "Again",
    response_only=True,
    status_codes=["202"],
    value={
        **DELIVERY,
        "state": "pending",
        "tries": 0,
        "done_at": None,
        "next_try_at": "2026-01-31T10:00:00.000Z",
    },
)
REPLAYED = OpenApiExample(
    "Replayed", response_only=True, status_codes=["202"], value={"queued": 12}
)
MADE = OpenApiExample(
    "Made", response_only=True, status_codes=["201"], value={**ENDPOINT, **SECRET}
)
ROTATED = OpenApiExample("Rotated", response_only=True, value={**ENDPOINT, **SECRET})
