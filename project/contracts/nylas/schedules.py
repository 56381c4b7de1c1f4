"""What is to be sent later, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import DateTimeField, Exists, Max, OuterRef, Subquery
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.errors import TooLate
from messaging.models import Delivery, Message
from messaging.models.message import MessageQuerySet
from messaging.services import cancel_message
from project.contracts.nylas import read_docs as docs
from project.contracts.nylas.fields import select
from project.contracts.nylas.messages import MailView
from project.contracts.nylas.serializers import spell_seconds
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read_hex, spell_hex
from project.tenancy.models import Scope

KEPT = timedelta(hours=72)
LAST_STOP = timedelta(seconds=10)

PENDING = {"code": "pending", "description": "schedule send awaiting send at time"}
SUCCESS = {"code": "success", "description": "schedule send succeeded"}
FAILURE = {"code": "failure", "description": "schedule send failed"}


class SchedulesView(MailView):
    """One address below a grant that is about what it sends later."""

    @property
    def schedules(self) -> MessageQuerySet:
        """The scheduled messages of the grant until 72 hours after their time."""
        own = Delivery.objects.filter(message=OuterRef("pk")).order_by()
        closed = own.values("message").annotate(at=Max("done_at")).values("at")
        rows = self.mail.filter(send_at__gt=timezone.now() - KEPT).order_by("send_at", "id")
        return rows.annotate(
            is_open=Exists(own.open()), closed_at=Subquery(closed, output_field=DateTimeField())
        )

    def schedule(self, id: str) -> Message:
        """A scheduled message. Raises NotFound."""
        found = self.schedules.filter(pk=read_hex(id)).first()
        if found is None:
            raise NotFound(f"There is no schedule {id} in this grant.")
        return found


class Schedules(SchedulesView):
    """What a grant sends later."""

    @described(**docs.LIST_SCHEDULES)
    def get(self, request: Request, grant: str) -> Response:
        """All schedules, the next one first."""
        rows = self.schedules.only("id", "send_at", "sent_at")
        return self.answer_list([select(request, spell_schedule(one)) for one in rows])


class OneSchedule(SchedulesView):
    """A schedule of a grant."""

    scopes = {"DELETE": Scope.SEND}

    @described(**docs.FIND_SCHEDULE)
    def get(self, request: Request, grant: str, id: str) -> Response:
        """One schedule."""
        return self.answer(select(request, spell_schedule(self.schedule(id))))

    @described(**docs.STOP_SCHEDULE)
    def delete(self, request: Request, grant: str, id: str) -> Response:
        """Stop a message from leaving, until 10 seconds before its time."""
        message = self.schedule(id)
        assert message.send_at is not None
        if message.send_at - timezone.now() < LAST_STOP:
            raise TooLate("A message can be stopped until 10 seconds before its time.")
        cancel_message(message=message)
        return self.answer({"message": "requested cancelation for workflow"}, status=202)


def spell_schedule(message: Message) -> dict[str, Any]:
    """A schedule of `SchedulesView.schedules`."""
    annotated: Any = message
    spelt: dict[str, Any] = {"schedule_id": spell_hex(message.pk), "status": PENDING}
    if message.sent_at is not None:
        return {**spelt, "status": SUCCESS, "close_time": spell_seconds(message.sent_at)}
    if annotated.is_open:
        return spelt
    return {**spelt, "status": FAILURE, "close_time": spell_seconds(annotated.closed_at)}
