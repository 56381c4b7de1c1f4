"""Threads at the native door."""

from __future__ import annotations

from django.db.models import Count, DateTimeField, IntegerField, OuterRef, QuerySet, Subquery
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api.mailbox import MailboxView
from messaging.models import Message, Thread
from messaging.serializers.correspondence import ThreadOut, spell_thread
from project.api.schema import PAGING, page_example, paged
from project.api.views import ApiViewSet
from project.errors import NotFound
from project.ids import read

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`thr_…`")
INBOX = OpenApiParameter("inbox_id", OpenApiTypes.STR, description="Of this inbox only: `inb_…`")
CUSTOMER = OpenApiParameter(
    "customer_id", OpenApiTypes.STR, description="With messages of this customer: `cus_…`"
)
A_THREAD = {
    "id": "thr_01kagyx6bbeq7b0m4v1c2n8t5r",
    "inbox_id": "inb_01kagyx6aaeq7b0m4v1c2n8t5r",
    "subject": "Your invoice",
    "message_count": 2,
    "unread_count": 0,
    "last_message_at": "2026-01-31T09:00:00.000Z",
    "created_at": "2026-01-31T09:00:00.000Z",
}
ONE = OpenApiExample("Thread", response_only=True, value=A_THREAD)


class ThreadViewSet(MailboxView, ApiViewSet):
    """Threads: the conversations in the inboxes. `GET /messages?thread_id=` has their messages."""

    @extend_schema(
        responses=paged(ThreadOut),
        parameters=[INBOX, CUSTOMER, *PAGING],
        examples=[page_example(A_THREAD)],
    )
    def list(self, request: Request) -> Response:
        """Conversations, the newest first."""
        rows, given = self.threads, request.query_params
        if inbox_id := given.get("inbox_id"):
            rows = rows.filter(inbox=read("inb", inbox_id))
        if customer_id := given.get("customer_id"):
            wanted = Message.objects.filter(customer=read("cus", customer_id))
            rows = rows.filter(pk__in=wanted.values("thread"))
        return self.page(counted(rows), spell_thread)

    @extend_schema(responses=ThreadOut, parameters=[ID], examples=[ONE])
    def retrieve(self, request: Request, id: str) -> Response:
        """One conversation."""
        found = counted(self.threads.filter(pk=read("thr", id))).first()
        if found is None:
            raise NotFound(f"There is no thread {id} here.")
        return Response(spell_thread(found))


def counted(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """With how many messages they have, how many are unread, and when the last one was made."""
    own = Message.objects.filter(thread=OuterRef("pk"))
    numbers = own.order_by().values("thread").annotate(number=Count("pk")).values("number")
    unread = numbers.filter(unread=True)
    latest = own.order_by("-id").values("created_at")[:1]
    return rows.annotate(
        message_count=Subquery(numbers, output_field=IntegerField()),
        unread_count=Subquery(unread, output_field=IntegerField()),
        last_message_at=Subquery(latest, output_field=DateTimeField()),
    )
