"""The OpenAPI description of the native API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema_field,
    inline_serializer,
)
from rest_framework import serializers

from project.api.errors import PLAIN
from project.api.paging import DEFAULT_LIMIT, MAX_LIMIT

PAGING = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        description="How many rows a page has.",
    ),
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


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class FactField(serializers.Field[Any, Any, Any, Any]):
    """A number, or a word such as a type or a digest; only for the description."""


class ErrorFacts(serializers.Serializer[Any]):
    """What went wrong."""

    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="For people.")
    field = serializers.CharField(required=False, help_text="Path, such as `to[0].email`.")
    limit = FactField(required=False, help_text="What was allowed, or expected.")
    actual = FactField(required=False, help_text="What was found.")
    details = serializers.JSONField(
        required=False,
        help_text="Every problem of a 400; what is in the way of a 409; when and why of a 410.",
    )
    request_id = serializers.CharField(
        help_text="Also in `X-Request-Id`; it finds the request in the log."
    )


class Error(serializers.Serializer[Any]):
    """The shape of every error."""

    error = ErrorFacts()


@cache
def paged(row: type[serializers.BaseSerializer[Any]]) -> serializers.Serializer[Any]:
    """The shape of a list of `row`."""
    return inline_serializer(
        f"{row.__name__.removesuffix('Out')}Page",
        {
            "data": row(many=True, help_text="One page of them."),
            "next": serializers.CharField(
                allow_null=True, help_text="Give it as `after` for the next page; null: the end."
            ),
            "total": serializers.IntegerField(
                required=False, help_text="How many there are in all; only with `count=true`."
            ),
        },
    )


def page_example(row: Mapping[str, Any]) -> OpenApiExample:
    """A list with this one row."""
    return OpenApiExample("Page", response_only=True, value={"data": [row], "next": None})


class ApiSchema(AutoSchema):
    """Adds to each operation what holds for all: error answers, the scope, Idempotency-Key."""

    def get_override_parameters(self) -> list[Any]:
        return [IDEMPOTENCY] if self.method == "POST" else []

    def get_description(self) -> str:  # type: ignore[override]
        description = super().get_description() or ""
        return f"{description}\n\nScope: `{self._scope()}`.".strip()

    def get_summary(self) -> str:
        first = (super().get_description() or "").partition("\n")[0]
        return re.split(r"(?<=\.) |[:;] ", first)[0].rstrip(".")

    def get_extensions(self) -> dict[str, Any]:
        return {"x-scope": self._scope()}

    def _scope(self) -> str:
        scopes = getattr(self.view, "scopes", {})
        action = getattr(self.view, "action", None)
        return str(scopes.get(action) or scopes.get(self.method) or "read")

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        common = COMMON_ERRORS if self.method == "GET" else {**COMMON_ERRORS, **WRITE_ERRORS}
        for status, meaning in common.items():
            bodies.setdefault(str(status), {"description": meaning})
        for name, answer in bodies.items():
            if name >= "400" and "content" not in answer:
                bodies[name] = self._error_answer(name, answer["description"])
            _page_examples(answer)
        return bodies

    def _is_list_view(self, serializer: Any = None) -> bool:
        # What `paged` describes is a whole answer, not one of its rows.
        return serializer is None and bool(super()._is_list_view(serializer))

    def get_auth(self) -> list[dict[str, Any]]:
        # One way in is enough: without this, two headers of one class would both be needed.
        return [{name: found} for ways in super().get_auth() for name, found in ways.items()]

    def _error_answer(self, status: str, meaning: str) -> dict[str, Any]:
        answer = self._get_response_for_code(Error, status, ["application/json"])  # type: ignore[no-untyped-call]
        code, message = PLAIN.get(int(status), ("refused", meaning))
        error = {"code": code, "message": message, "request_id": "req_01kagyx6vqeq7b0m4v1c2n8t5r"}
        answer["content"]["application/json"]["example"] = {"error": error}
        return {**answer, "description": meaning}


def _page_examples(answer: dict[str, Any]) -> None:
    """Put examples of a row into a page, where the answer is one."""
    content = answer.get("content", {}).get("application/json", {})
    if content.get("schema", {}).get("$ref", "").endswith("Page"):
        for example in content.get("examples", {}).values():
            if "data" not in example["value"]:
                example["value"] = {"data": [example["value"]], "next": None}


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
    return [endpoint for endpoint in endpoints if f"{endpoint[0]}/".startswith("/api/v1/")]
