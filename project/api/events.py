"""The log of what happened, for replay."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.api.fields import IdField, TimeField
from project.api.paging import cursor_of, read_cursor, read_flag, read_limit
from project.api.permissions import require_unbound
from project.api.schema import PAGING, paged
from project.api.times import spell_time
from project.api.views import ApiView
from project.events.models import Cursor, Event
from project.ids import spell

ORDER = ("transaction", "position")
START = Event(transaction=0, position=0)

#: what a subject's id begins with
PREFIXES = {
    "attachment": "att",
    "arrival": "arr",
    "customer": "cus",
    "delivery": "whd",
    "draft": "drf",
    "folder": "fol",
    "inbox": "inb",
    "key": "key",
    "member": "mbr",
    "message": "msg",
    "person": "per",
    "signingkey": "dkm",
    "record": "rec",
    "rule": "rul",
    "sending": "pau",
    "suppression": "sup",
    "thread": "thr",
    "webhook": "whk",
    "workspace": "wsp",
}


class SubjectOut(serializers.Serializer[Any]):
    """What it happened to."""

    kind = serializers.CharField(help_text="Such as `message`.")
    id = serializers.CharField(help_text="Its id, such as `msg_…`.")


class EventOut(serializers.Serializer[Event]):
    """Something that happened."""

    id = IdField("evt")
    kind = serializers.CharField(help_text="Noun and verb, such as `message.sent`.")
    at = TimeField(help_text="When it happened.")
    actor = serializers.CharField(
        allow_null=True, help_text="`key:key_…` or `user:usr_…`; null: the clock or a worker."
    )
    subject = SubjectOut()
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="A few facts, depending on the kind."
    )

    def to_representation(self, instance: Event) -> dict[str, Any]:
        return spell_event(instance)


def spell_event(event: Event) -> dict[str, Any]:
    """An event as every native answer shows it; no query."""
    prefix = PREFIXES.get(event.subject_kind, "obj")
    return {
        "id": spell("evt", event.id),
        "kind": event.kind,
        "at": spell_time(event.at),
        "actor": event.actor or None,
        "subject": {"kind": event.subject_kind, "id": spell(prefix, event.subject_id)},
        "data": event.payload,
    }


EXAMPLE = {
    "id": "evt_01kagyx6vqeq7b0m4v1c2n8t5r",
    "kind": "message.sent",
    "at": "2026-01-31T09:00:01.250Z",
    "actor": None,
    "subject": {"kind": "message", "id": "msg_01kagyx6tweq7b0m4v1c2n8t5r"},
    "data": {"attempt": 1, "relay": "smtp.example.com:587", "recipients": 1},
}


class Events(ApiView):
    """What happened, for programs that keep up with it."""

    @extend_schema(
        responses=paged(EventOut),
        parameters=[
            OpenApiParameter(
                "kind", OpenApiTypes.STR, description="`message.sent`, or all of a noun: `message`."
            ),
            *PAGING,
        ],
        examples=[
            OpenApiExample(
                "Page", response_only=True, value={"data": [EXAMPLE], "next": "WzgxMiw0MF0"}
            )
        ],
    )
    def get(self, request: Request) -> Response:
        """Events, oldest first. `next` is given even at the end: a poller goes on from it.

        An event appears once no earlier one can appear any more, so that a cursor skips none.
        """
        require_unbound(self.caller)
        rows = self.workspace.events.all().settled()
        if kind := request.query_params.get("kind"):
            rows = rows.filter(kind=kind) if "." in kind else rows.filter(subject_kind=kind)
        wanted = rows
        after = request.query_params.get("after")
        if after:
            wanted = rows.after(Cursor(*read_cursor(rows, after, ORDER)))
        found = list(wanted.in_order()[: read_limit(request)])
        following = cursor_of(found[-1] if found else START, ORDER) if found or not after else after
        body: dict[str, Any] = {"data": [spell_event(event) for event in found], "next": following}
        if read_flag(request, "count"):
            body["total"] = rows.count()
        return Response(body)
