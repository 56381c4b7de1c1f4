"""Conversations, and where an answer belongs."""

from __future__ import annotations

from django.db.models import Count, DateTimeField, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from messaging.acceptance import Filing
from messaging.models import Message, Thread
from messaging.models.message import Channel


def latest_first(rows: QuerySet[Thread]) -> QuerySet[Thread]:
    """With `message_count` and `last_message_at` of what is not in the trash; busiest first."""
    own = Message.objects.filter(thread=OuterRef("pk"), trashed_at__isnull=True)
    number = own.order_by().values("thread").annotate(number=Count("pk")).values("number")
    latest = own.order_by("-id").values("created_at")[:1]
    return rows.annotate(
        message_count=Coalesce(Subquery(number, output_field=IntegerField()), 0),
        last_message_at=Coalesce(Subquery(latest, output_field=DateTimeField()), "created_at"),
    ).order_by("-last_message_at", "-id")


def answer_in(thread: Thread) -> Filing:
    """Where a message that continues a conversation belongs: behind its last mail."""
    mails = thread.messages.filter(channel=Channel.EMAIL).exclude(rfc_message_id="")
    return Filing(thread=thread, in_reply_to=mails.order_by("-id").first())
