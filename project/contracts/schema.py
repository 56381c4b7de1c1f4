"""What the OpenAPI descriptions of all contracts have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from django.http import HttpRequest
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema

from project.api.errors import REQUEST_ID, plain_problem

SHOWN_ERRORS = (400, 401, 404, 429)
REQUEST = "req_01kagyx6vqeq7b0m4v1c2n8t5r"

Method = TypeVar("Method", bound=Callable[..., Any])


class ContractSchema(AutoSchema):
    """Adds to each operation the errors that all of a contract's operations may answer."""

    def get_operation_id(self) -> str:
        words = [word for word in self.path.split("/") if word and not word.startswith("{")]
        named = "one" if self.path.endswith("}") else ""
        return "_".join(filter(None, [self.method.lower(), *words, named]))

    def get_summary(self) -> str | None:
        first = (self.get_description() or "").partition("\n")[0]
        return super().get_summary() or first.rstrip(".") or None

    def get_auth(self) -> list[dict[str, Any]]:
        return [{name: found} for ways in super().get_auth() for name, found in ways.items()]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status in SHOWN_ERRORS:
            answered, body = self._refusal(status)
            bodies.setdefault(str(answered), body)
        return bodies

    def _refusal(self, status: int) -> tuple[int, dict[str, Any]]:
        contract, request = cast("Any", self.view).contract, HttpRequest()
        request.META[REQUEST_ID] = REQUEST
        answered, body = contract.spell(request, plain_problem(status))
        content = {"application/json": {"schema": {"type": "object"}, "example": body}}
        return answered, {"description": plain_problem(status).message, "content": content}


def described(**facts: Any) -> Callable[[Method], Method]:
    """What OpenAPI says of a view's method: `extend_schema`, over the contracts' own schema.

    By itself that one takes the schema of the native door for its base.
    """

    def describe(method: Method) -> Method:
        cast("Any", method).kwargs = {"schema": ContractSchema}
        return extend_schema(**facts)(method)

    return describe
