"""Which messages a list is to have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, TextField, Value
from django.db.models.functions import Cast, StrIndex
from django.db.models.lookups import GreaterThan
from rest_framework import serializers
from rest_framework.request import Request

from messaging.models import Delivery, Recipient
from messaging.models.message import Category, Channel, Direction, MessageQuerySet
from project.api.fields import ChoiceField, LineField, TimeField
from project.contracts.bird.serializers.sends import TAG, TAG_NAME
from project.contracts.bird.statuses import Status, with_status

LONG = ("text", "html", "headers", "references")


class Filters(serializers.Serializer[Any]):
    """The query parameters of a list of messages."""

    status = ChoiceField([(one, one) for one in Status], required=False)
    category = ChoiceField(Category.choices, required=False)
    tag = serializers.ListField(child=LineField(), required=False, max_length=20)
    to = LineField(required=False)
    created_after = TimeField(required=False)
    created_before = TimeField(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": LineField(required=False), **super().get_fields()}


def read_filters(request: Request) -> dict[str, Any]:
    """What the query asks for; `tag` may be repeated. Raises ValidationError."""
    given: dict[str, Any] = dict(request.query_params.items())
    if tags := request.query_params.getlist("tag"):
        given["tag"] = tags
    reader = Filters(data=given)
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)


def sent_here(rows: MessageQuerySet) -> MessageQuerySet:
    """Those of the messages that were sent, by whatever door, as mail."""
    deliveries = Delivery.objects.filter(message=OuterRef("pk"))
    return rows.filter(
        Exists(deliveries), direction=Direction.OUTBOUND, channel=Channel.EMAIL
    ).defer(*LONG)


def narrow(rows: MessageQuerySet, wanted: dict[str, Any], *, at: datetime) -> MessageQuerySet:
    """Those of the messages that fit all of `Filters`."""
    rows = rows.filter(trashed_at__isnull=True)
    if "status" in wanted:
        rows = with_status(rows, Status(wanted["status"]), at=at)
    if "category" in wanted:
        rows = rows.filter(category=wanted["category"])
    if "from" in wanted:
        rows = rows.filter(from_email__iexact=wanted["from"].strip())
    if "to" in wanted:
        whose = Recipient.objects.filter(delivery__message=OuterRef("pk"))
        rows = rows.filter(Exists(whose.filter(email__iexact=wanted["to"].strip())))
    if "created_after" in wanted:
        rows = rows.filter(created_at__gte=wanted["created_after"])
    if "created_before" in wanted:
        rows = rows.filter(created_at__lt=wanted["created_before"])
    for tag in wanted.get("tag", ()):
        rows = _tagged(rows, tag)
    return rows


def _tagged(rows: MessageQuerySet, tag: str) -> MessageQuerySet:
    """Those with a tag `name:value`, or of a `name`; other texts are no tags, and on none."""
    if TAG.fullmatch(tag):
        part = f'"{tag}"'
    elif TAG_NAME.fullmatch(tag):
        part = f'"{tag}:'
    else:
        return rows.none()
    place = StrIndex(Cast(F("tags"), TextField()), Value(part))
    return rows.filter(GreaterThan(place, 0))
