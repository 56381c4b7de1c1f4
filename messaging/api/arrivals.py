"""Mail that comes in by HTTP, and what became of it."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api.mailbox import MailboxView
from messaging.models import Arrival, Message
from messaging.reading import complete
from messaging.receiving.arrivals import has_room, keep_arrivals, open_incoming
from messaging.receiving.errors import MailboxFull
from messaging.serializers.messages import MessageOut, spell_message
from project.api.fields import IdField
from project.api.parsers import RawParser
from project.api.views import ApiView
from project.errors import NotFound, UnsupportedType
from project.ids import read, spell
from project.tenancy.models import Scope

RFC822 = "message/rfc822"
INBOX_ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`inb_…`")
ARRIVAL_ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`arr_…`")
ARRIVED = {"id": "arr_01kagyx6aaeq7b0m4v1c2n8t5r", "state": "received", "message_id": None}
EXAMPLE = OpenApiExample("Arrived", response_only=True, status_codes=["200", "202"], value=ARRIVED)


class NotAMail(UnsupportedType):
    """The body is not said to be a mail."""

    code = "not_a_mail"


class ArrivalOut(serializers.Serializer[Any]):
    """A mail that came in."""

    id = IdField("arr")
    state = serializers.ChoiceField(
        Arrival.State.choices,
        help_text="`parsed`: it is a message now; `failed`: its message is its raw bytes only.",
    )
    message_id = IdField("msg", allow_null=True)
    message = MessageOut(required=False, help_text="Once it is there.")


def spell_arrival(arrival: Arrival, message: Message | None = None) -> dict[str, Any]:
    spelt: dict[str, Any] = {
        "id": spell("arr", arrival.pk),
        "state": arrival.state,
        "message_id": spell("msg", arrival.message_id) if arrival.message_id else None,
    }
    if message is not None:
        spelt["message"] = spell_message(message, at=timezone.now())
    return spelt


class InboxRaw(MailboxView):
    """Mail for an inbox, handed over as it is."""

    scopes = {"POST": Scope.SEND}
    parser_classes = [RawParser]

    @extend_schema(
        operation_id="receive",
        request={RFC822: OpenApiTypes.BINARY},
        responses={202: ArrivalOut},
        parameters=[INBOX_ID],
        examples=[EXAMPLE],
    )
    def post(self, request: Request, id: str) -> Response:
        """Give an inbox a mail, as `message/rfc822`. It is kept as it is, and read at once."""
        if request.content_type.partition(";")[0].strip().lower() != RFC822:
            raise NotAMail(f"The body must be {RFC822}: say so in Content-Type.")
        inbox = self.inbox(read("inb", id))
        if not has_room(inbox):
            raise MailboxFull
        with closing(open_incoming()) as incoming:
            incoming.write_from(request)
            (arrival,) = keep_arrivals(
                envelope=[(inbox, inbox.address)], incoming=incoming, via=Arrival.Via.HTTP
            )
        return Response(spell_arrival(arrival), status=202)


class ArrivalView(MailboxView, ApiView):
    """A mail that came in."""

    @extend_schema(
        operation_id="arrival", responses=ArrivalOut, parameters=[ARRIVAL_ID], examples=[EXAMPLE]
    )
    def get(self, request: Request, id: str) -> Response:
        """What became of a mail that came in; once it has been read, with its message."""
        rows = self.workspace.arrivals.filter(pk=read("arr", id))
        if self.bound_to is not None:
            rows = rows.filter(inbox__in=self.bound_to)
        arrival = rows.select_related("message").first()
        if arrival is None:
            raise NotFound(f"There is no arrival {id} here.")
        if arrival.message:
            complete([arrival.message])
        return Response(spell_arrival(arrival, arrival.message))
