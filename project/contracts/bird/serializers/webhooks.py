"""Webhooks, and the requests that were made to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from project.api.fields import ChoiceField, LineField, TimeField
from project.api.times import spell_time
from project.contracts.bird.event_types import EVENT_TYPES
from project.events.models import WebhookAttempt, WebhookEndpoint
from project.events.webhooks.client import Answer
from project.events.webhooks.endpoints import MAX_URL
from project.ids import spell

MAX_DESCRIPTION = 255  # characters
MAX_EVENTS = 100
MAX_TEST_ANSWER = 1024  # bytes
PLAIN = {"type": "webhook"}  # the only way of building what is told
WHAT_TO_SORT_BY = ("created_at", "url")


class WebhookFields(serializers.Serializer[Any]):
    """A webhook to be made."""

    url = LineField(max_length=MAX_URL)
    events = serializers.ListField(
        child=ChoiceField(EVENT_TYPES), min_length=1, max_length=MAX_EVENTS
    )
    description = LineField(required=False, allow_null=True, max_length=MAX_DESCRIPTION)
    filter = serializers.JSONField(required=False, allow_null=True)
    destination = serializers.JSONField(required=False, allow_null=True)

    def validate_filter(self, value: Any) -> None:
        if value is not None:
            raise ValidationError("must be null: there are no mailboxes here")

    def validate_destination(self, value: Any) -> None:
        if value not in (None, PLAIN):
            raise ValidationError('must be {"type": "webhook"}: there are no connectors here')


class WebhookChanges(WebhookFields):
    """What may change of a webhook; only what is sent does."""

    status = ChoiceField(("active", "paused"), required=False)


class TestFields(serializers.Serializer[Any]):
    """An event to be tried."""

    event_type = ChoiceField(EVENT_TYPES, required=False, allow_null=True)


class ReplayFields(serializers.Serializer[Any]):
    """A time whose failures are told again."""

    since = TimeField(required=False, allow_null=True)
    until = TimeField(required=False, allow_null=True)


class AttemptFilters(serializers.Serializer[Any]):
    """The query parameters of a list of attempts."""

    before = TimeField(required=False)
    after = TimeField(required=False)


class WebhookFilters(serializers.Serializer[Any]):
    """The query parameters of a list of webhooks, besides those of every list."""

    sort = ChoiceField(WHAT_TO_SORT_BY, required=False, default="created_at")
    order = ChoiceField(("asc", "desc"), required=False, default="desc")
    url = LineField(required=False, max_length=MAX_URL)


def spell_webhook(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {
        "id": spell("whk", endpoint.pk),
        "url": endpoint.url,
        "description": endpoint.description or None,
        "filter": None,
        "events": endpoint.events,
        "status": _status_of(endpoint),
        "destination": PLAIN,
        "created_at": spell_time(endpoint.created_at),
        "updated_at": spell_time(endpoint.updated_at),
    }


def spell_new_webhook(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """A webhook in the answer that makes it: the only one with its secret."""
    return {**spell_webhook(endpoint), "secret": endpoint.secret, "next": []}


def _status_of(endpoint: WebhookEndpoint) -> str:
    if not endpoint.is_active:
        return "paused"
    return "degraded" if endpoint.failing_since else "active"


def spell_attempt(attempt: WebhookAttempt) -> dict[str, Any]:
    """A request that was read with its delivery."""
    delivery = attempt.delivery
    spelt = {
        "id": spell("wha", attempt.pk),
        "event_id": spell("whe", delivery.pk),
        "event_type": delivery.kind,
        "status": "failed" if attempt.problem else "delivered",
        "url": attempt.url,
        "response_status_code": attempt.status,
        "response_duration_ms": _milliseconds(attempt.ended_at - attempt.started_at),
        "attempted_at": spell_time(attempt.started_at),
    }
    return {**spelt, "response_body": attempt.answer} if attempt.answer else spelt


def spell_tested(answer: Answer, *, took: timedelta) -> dict[str, Any]:
    """What came of a test."""
    spelt: dict[str, Any] = {
        "status": "failed" if answer.problem else "delivered",
        "response_status_code": answer.status,
        "response_duration_ms": _milliseconds(took),
    }
    if answer.body:
        beginning = answer.body.encode()[:MAX_TEST_ANSWER]
        spelt["response_body"] = beginning.decode("utf-8", "ignore")
    if answer.status is None:
        spelt["error"] = answer.problem
    return spelt


def _milliseconds(span: timedelta) -> int:
    return max(0, round(span / timedelta(milliseconds=1)))
