"""Messages: send, list, read, cancel; their recipients and events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.errors import TooLate
from messaging.models import Message, Recipient
from messaging.reading import complete
from messaging.services import cancel_message
from project.api.paging import InvalidCursor
from project.contracts.bird import docs
from project.contracts.bird.filters import narrow, read_filters, sent_here
from project.contracts.bird.paging import RowShelf, Shelf, read_page
from project.contracts.bird.serializers.messages import (
    Happening,
    happenings_of,
    spell_accepted,
    spell_happening,
    spell_message,
    spell_recipient,
)
from project.contracts.bird.statuses import is_scheduled
from project.contracts.bird.submissions import Submission, send_submissions
from project.contracts.bird.views.base import BirdView, SendingView
from project.contracts.schema import described
from project.tenancy.models import Scope


class Messages(SendingView):
    """What was sent; and sending."""

    scopes = {"POST": Scope.SEND}

    @described(**docs.SEND)
    def post(self, request: Request) -> Response:
        """Send a message with its files, now or later."""

        def effect(ready: list[Submission]) -> Response:
            (message,) = send_submissions(ready, self.workspace)
            return Response(spell_accepted(message, at=timezone.now()), status=202)

        return self.prepared(lambda: self.submissions({"": request.data}), effect)

    @described(**docs.LIST)
    def get(self, request: Request) -> Response:
        """Messages, newest first."""
        at = timezone.now()
        rows = narrow(sent_here(self.messages), read_filters(request), at=at)
        page = read_page(request, RowShelf(rows))
        complete(cast("list[Message]", page.things))
        return Response(page.answer([spell_message(one, at=at) for one in page.things]))


class OneMessage(BirdView):
    """A message."""

    @described(**docs.RETRIEVE)
    def get(self, request: Request, message_id: str) -> Response:
        """One message, without its bodies."""
        return Response(spell_message(self.message(message_id), at=timezone.now()))


class Cancel(BirdView):
    """Holding a scheduled message back."""

    scopes = {"POST": Scope.SEND}

    @described(**docs.CANCEL)
    def post(self, request: Request, message_id: str) -> Response:
        """Cancel a message while it is scheduled."""

        def effect() -> Response:
            message = self.message(message_id)
            if not is_scheduled(message, timezone.now()):
                raise TooLate("Only a message that is still scheduled can be canceled.")
            cancel_message(message=message)
            return Response(status=204)

        return self.once(effect)


class Recipients(BirdView):
    """Who is to get a message."""

    @described(**docs.RECIPIENTS)
    def get(self, request: Request, message_id: str) -> Response:
        """Its recipients, and what has become of each."""
        message = self.message(message_id, whole=False)
        rows = Recipient.objects.filter(delivery__message=message)
        shelf = RowShelf(rows.select_related("delivery"), newest_first=False)
        page = read_page(request, shelf)
        for one in page.things:
            one.delivery.message = message
        return Response(page.answer([spell_recipient(one) for one in page.things]))


@dataclass(frozen=True)
class EventShelf(Shelf):
    """What happened to a message, newest first; few enough to be told at once."""

    told: list[Happening]

    def cursor(self, thing: Any) -> str:
        return str(thing.id)

    def beyond(self, cursor: str, *, backwards: bool, count: int) -> list[Any]:
        told = self.told[::-1] if backwards else self.told
        place = next((n for n, one in enumerate(told) if one.id == cursor), None)
        if cursor and place is None:
            raise InvalidCursor("There is no such event.")
        start = 0 if place is None else place + 1
        return told[start : start + count]


class Events(BirdView):
    """What happened to a message."""

    @described(**docs.EVENTS)
    def get(self, request: Request, message_id: str) -> Response:
        """What happened to its recipients, newest first."""
        page = read_page(request, EventShelf(happenings_of(self.message(message_id))))
        return Response(page.answer([spell_happening(one) for one in page.things]))
