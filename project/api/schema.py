"""The OpenAPI description of the native API."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers

PAGING = [
    OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100; 25 if not given."),
    OpenApiParameter("after", OpenApiTypes.STR, description="The `next` of an earlier page."),
    OpenApiParameter("count", OpenApiTypes.BOOL, description="`true` adds `total`."),
]

IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 characters; the same request again gets the stored answer for 24 hours.",
)

#: status -> when every operation may answer with it
COMMON_ERRORS = {
    400: "The request has the wrong shape; `field` says where.",
    401: "No key, or one that is unknown, expired or revoked.",
    403: "The caller lacks a scope.",
    404: "It does not exist, or belongs to another workspace.",
    429: "Too many requests; see Retry-After.",
    500: "Our fault; the request id finds it in the log.",
}
#: and those that may only follow a body
WRITE_ERRORS = {
    409: "Not in this state, or a conflict with another request.",
    413: "Too large; `limit` and `actual` say by how much.",
    415: "This type of body is not taken.",
    422: "The shape is right, the sense is not.",
}


class ErrorFacts(serializers.Serializer[Any]):
    """What went wrong."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="For people.")
    field = serializers.CharField(required=False, help_text="Path, such as `to[0].email`.")
    limit = serializers.IntegerField(required=False)
    actual = serializers.IntegerField(required=False)
    details = serializers.JSONField(required=False)
    request_id = serializers.CharField()


class Error(serializers.Serializer[Any]):
    """The shape of every error."""

    error = ErrorFacts()


@cache
def paged(row: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """The shape of a list of `row`."""
    return inline_serializer(
        f"{row.__name__.removesuffix('Out')}Page",
        {
            "data": row(many=True),
            "next": serializers.CharField(allow_null=True),
            "total": serializers.IntegerField(required=False),
        },
    )


class ApiSchema(AutoSchema):
    """Adds to each operation what holds for all: error answers, the scope, Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        return [IDEMPOTENCY] if self.method == "POST" else []

    def get_description(self) -> str:  # type: ignore[override]
        description = super().get_description() or ""
        scopes = getattr(self.view, "scopes", {})
        action = getattr(self.view, "action", None)
        scope = scopes.get(action) or scopes.get(self.method) or "read"
        return f"{description}\n\nScope: `{scope}`.".strip()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        common = COMMON_ERRORS if self.method == "GET" else {**COMMON_ERRORS, **WRITE_ERRORS}
        for status, meaning in common.items():
            if str(status) not in bodies:
                bodies[str(status)] = self._error_answer(str(status), meaning)
        return bodies

    def get_auth(self) -> list[dict[str, Any]]:
        # One way in is enough: without this, two headers of one class would both be needed.
        return [{name: found} for ways in super().get_auth() for name, found in ways.items()]

    def _error_answer(self, status: str, meaning: str) -> dict[str, Any]:
        answer = self._get_response_for_code(Error, status, ["application/json"])  # type: ignore[no-untyped-call]
        return {**answer, "description": meaning}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "project.api.authentication.KeyAuthentication"
    name = ["bearer", "x-api-key"]  # noqa: RUF012

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return [
            {"type": "http", "scheme": "bearer"},
            {"type": "apiKey", "in": "header", "name": "x-api-key"},
        ]


class PersonScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "project.api.authentication.PersonAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> Any:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


def native_only(endpoints: list[Any], **unused: Any) -> list[Any]:
    """Drop what is not below /api/v1: every other door has a description of its own."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/v1/")]
