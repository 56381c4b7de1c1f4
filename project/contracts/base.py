"""What every contract shares: how it says no, and what its views begin with.

A contract is a room of its own: `urls`, views, `serializers` with the vendor's spelling, `errors`
with one table from refusals to the vendor's answers, `limits`. It knows the core and this module,
and no other contract; the core knows none.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from messaging.api.mailbox import MailboxView
from project.api.authentication import KeyAuthentication
from project.api.errors import Problem, problem_of, register
from project.api.permissions import require_unbound
from project.api.renderers import JSONRenderer, encode_json
from project.api.throttling import WindowThrottle
from project.contracts.schema import ContractSchema
from project.errors import Refusal
from project.events.models import WebhookEndpoint

STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


@dataclass(frozen=True, kw_only=True)
class Row:
    """How a contract answers one kind of refusal; a blank `message` is the refusal's own."""

    status: int
    code: str
    message: str = ""


AnyRow = TypeVar("AnyRow", bound=Row)


class Contract(ABC, Generic[AnyRow]):
    """One documented API: where it is served, and how it spells what goes wrong.

    `rows` go from a class of exception, or from the bare status of a problem that has no class,
    to the answer. The most special class wins. A refusal without a row is a bug, and answered as
    500; a status that has none (412) as a 400 if it is the caller's fault.
    `names` are the vendor's spellings of the core's fields, for refusals that name one.
    """

    name: ClassVar[str]
    prefixes: ClassVar[tuple[str, ...]]
    rows: ClassVar[Mapping[type[BaseException] | int, Any]]
    names: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def error_body(self, problem: Problem, row: AnyRow, request: HttpRequest) -> dict[str, Any]:
        """The vendor's error object."""

    def row_of(self, problem: Problem) -> AnyRow:
        """The row that answers a problem."""
        for kind in type(problem.cause).__mro__ if problem.cause else ():
            if kind in self.rows:
                found: AnyRow = self.rows[kind]
                return found
        is_theirs = problem.status < 500 and not isinstance(problem.cause, Refusal)
        other: AnyRow = self.rows.get(problem.status) or self.rows[400 if is_theirs else 500]
        return other

    def spell(self, request: HttpRequest, problem: Problem) -> tuple[int, dict[str, Any]]:
        """The status and the body that say a problem."""
        row = self.row_of(problem)
        return row.status, self.error_body(problem, row, request)

    def headers_of(self, problem: Problem) -> dict[str, str]:
        """The headers that go with it."""
        return dict(problem.headers)

    def answer(self, request: HttpRequest, problem: Problem) -> HttpResponse:
        """The answer to a problem outside of every view."""
        status, body = self.spell(request, problem)
        headers = self.headers_of(problem)
        return HttpResponse(encode_json(body), "application/json", status=status, headers=headers)

    def refuse(self, exc: Exception, context: Mapping[str, Any]) -> Response | None:
        """DRF's exception handler; None hands a bug on to the middleware, which logs it."""
        problem = problem_of(exc)
        if problem.status == 500:
            return None
        set_rollback()
        status, body = self.spell(context["request"]._request, problem)
        return Response(body, status=status, headers=self.headers_of(problem))

    def register(self) -> None:
        """Have every problem at and below the prefixes answered in this shape."""
        for prefix in self.prefixes:
            register(prefix, self.answer)

    def steps(self, field: str) -> Iterator[str | int]:
        """A field's path in the vendor's names, such as `attachments`, 2, `contentType`."""
        for place, name in STEP.findall(field):
            yield int(place) if place else self.names.get(name, name)

    def field(self, field: str) -> str:
        """A field's path in the vendor's names, such as `attachments[2].contentType`."""
        path = ""
        for step in self.steps(field):
            path += f"[{step}]" if isinstance(step, int) else f"{'.' if path else ''}{step}"
        return path


class ContractView(MailboxView):
    """One address of a contract: a key in, JSON out, whatever Accept says."""

    contract: ClassVar[Contract[Any]]
    schema = ContractSchema()
    authentication_classes = [KeyAuthentication]
    renderer_classes = [JSONRenderer]

    def get_exception_handler(self) -> Any:
        return self.contract.refuse

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)

    @property
    def webhooks(self) -> QuerySet[WebhookEndpoint]:
        """Those that were made at this door; they concern the whole workspace. Raises BoundKey."""
        require_unbound(self.caller)
        return self.workspace.webhooks.filter(dialect=self.contract.name)


class VendorThrottle(WindowThrottle):
    """A vendor's rate limit, which binds at its door only; `setting` names how many there may be.

    0 turns it off.
    """

    setting: ClassVar[str]

    def most(self) -> int:
        return int(getattr(settings, self.setting))
