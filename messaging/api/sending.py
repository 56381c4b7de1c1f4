"""Whether mail leaves at the moment, and if not, why."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models import Pause
from messaging.pausing import pause_over
from project.api.fields import ChoiceField, TimeField
from project.api.times import spell_time
from project.api.views import ApiView


class SendingOut(serializers.Serializer[Any]):
    """Whether mail leaves at the moment; while it is paused, mail is taken and stays queued."""

    state = ChoiceField(["running", "paused"], help_text="`paused`: nothing leaves, nothing fails.")
    scope = ChoiceField(
        ["workspace", "installation"],
        allow_null=True,
        help_text="What is paused: this workspace, or everything.",
    )
    reason = serializers.CharField(allow_null=True, help_text="Why, in the operators' words.")
    since = TimeField(allow_null=True, help_text="Since when.")
    ends_at = TimeField(
        allow_null=True, help_text="When it ends by itself; null: when an operator ends it."
    )


EXAMPLE = OpenApiExample(
    "Paused",
    response_only=True,
    value={
        "state": "paused",
        "scope": "workspace",
        "reason": "Your relay has asked for a break.",
        "since": "2026-11-20T09:00:00.000Z",
        "ends_at": None,
    },
)


class SendingView(ApiView):
    """Sending."""

    @extend_schema(responses=SendingOut, operation_id="sending_retrieve", examples=[EXAMPLE])
    def get(self, request: Request) -> Response:
        """Whether mail of this workspace leaves at the moment, and if not, why."""
        return Response(spell_sending(pause_over(self.workspace.pk)))


def spell_sending(pause: Pause | None) -> dict[str, Any]:
    """What a pause, or none, means for a workspace."""
    if pause is None:
        names = ("scope", "reason", "since", "ends_at")
        return {"state": "running", **dict.fromkeys(names)}
    return {
        "state": "paused",
        "scope": "workspace" if pause.workspace_id else "installation",
        "reason": pause.reason,
        "since": spell_time(pause.since),
        "ends_at": spell_time(pause.ends_at),
    }
