"""What the views of AgentSend have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.models import Inbox, Message
from messaging.models.message import MessageQuerySet
from messaging.reading import complete
from project import ids
from project.api.idempotency import Effect, fingerprint_of, read_key, remember
from project.contracts.agentsend.errors import AGENTSEND
from project.contracts.agentsend.limits import AccountThrottle
from project.contracts.agentsend.serializers import spell_message
from project.contracts.base import ContractView
from project.errors import Invalid, NotFound

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_OFFSET = 1_000_000_000

AnyModel = TypeVar("AnyModel", bound=Model)
Spell = Callable[[Any], dict[str, Any]]


class AgentSendView(ContractView):
    """One address of AgentSend."""

    contract = AGENTSEND
    throttle_classes = [*ContractView.throttle_classes, AccountThrottle]

    def once(self, effect: Effect, *, fingerprint: str | None = None) -> Response:
        """Run `effect` in one transaction, once for each Idempotency-Key of the account.

        What it raises frees the key.
        """
        response, _ = remember(
            workspace=self.workspace,
            door=AGENTSEND.name,
            key=read_key(self.request.headers.get("Idempotency-Key")),
            fingerprint=lambda: fingerprint or fingerprint_of(self.request),
            effect=effect,
        )
        return response

    @property
    def shown(self) -> MessageQuerySet:
        """The messages that have not been deleted."""
        return self.messages.filter(trashed_at__isnull=True)

    def active_inbox(self, id: str) -> Inbox:
        """An inbox that sends and receives. Raises NotFound."""
        return find(self.inboxes.active(), "Inbox", "", id)

    def messages_page(self, rows: QuerySet[Message], *order: str) -> Response:
        """One page of messages, whole."""
        window, at = read_window(self.request), timezone.now()
        found = complete(list(rows.select_related("inbox").order_by(*order)[window]))
        return listed([spell_message(one, at=at) for one in found], total=rows.count())


def find(rows: QuerySet[AnyModel], noun: str, prefix: str, text: str) -> AnyModel:
    """The row that an id names, a plain UUID where there is no prefix. Raises NotFound."""
    try:
        id = ids.read(prefix, text) if prefix else ids.read_uuid(text)
    except ids.UnknownId:
        raise not_found(noun, text) from None
    row = rows.filter(pk=id).first()
    if row is None:
        raise not_found(noun, text)
    return row


def not_found(noun: str, id: str) -> NotFound:
    """The refusal for a thing that is not there, as AgentSend words it."""
    return NotFound(f"{noun} '{id[:64]}' not found")


def read_window(request: Request) -> slice:
    """The rows that `limit` and `offset` ask for. Raises Invalid."""
    limit = _number(request, "limit", DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
    offset = _number(request, "offset", 0, least=0, most=MAX_OFFSET)
    return slice(offset, offset + limit)


def _number(request: Request, name: str, default: int, *, least: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
    if not least <= number <= most:
        message = f"This is a whole number from {least} to {most}, not {text[:20]!r}."
        raise Invalid(message, field=name, limit=most, actual=text[:20])
    return number


def listed(rows: Sequence[dict[str, Any]], *, total: int) -> Response:
    """A list as AgentSend shows it."""
    return Response({"data": rows, "total": total})
