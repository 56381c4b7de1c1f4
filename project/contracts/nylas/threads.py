"""The threads of a grant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from drafts.models import Draft
from messaging.conversations import Conversation, read_conversations
from messaging.models import Folder, Inbox, Thread
from messaging.models.message import Direction, MessageQuerySet
from messaging.search import moment_of, not_ahead
from messaging.sorting import sort_messages
from project.api.fields import TextField
from project.contracts.nylas import read_docs as docs
from project.contracts.nylas.fields import select
from project.contracts.nylas.filters import Asked, narrow_threads
from project.contracts.nylas.folders import folder_to_move_to
from project.contracts.nylas.messages import MailView
from project.contracts.nylas.paging import read_page
from project.contracts.nylas.serializers import (
    spell_draft,
    spell_grant_id,
    spell_message,
    spell_names,
    spell_seconds,
)
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read_hex, spell_hex
from project.tenancy.models import Scope


@dataclass(frozen=True)
class Told:
    """A conversation, and the drafts that are to go on with it, the oldest first."""

    conversation: Conversation
    drafts: list[Draft] = field(default_factory=list)


class ThreadsView(MailView):
    """One address below a grant that is about its threads."""

    @property
    def listed(self) -> MessageQuerySet:
        """The messages of the grant, without those that a clock keeps for later."""
        return not_ahead(self.mail)

    @property
    def threads(self) -> QuerySet[Thread]:
        """The threads of the grant."""
        return super().threads.filter(inbox=self.grant)

    def told(self, threads: Sequence[Thread]) -> list[Told]:
        """The threads with their messages and drafts; six queries, however many there are."""
        found = read_conversations(threads, self.listed)
        drafts = self._drafts(one.thread.pk for one in found)
        return [Told(one, drafts[one.thread.pk]) for one in found]

    def told_of(self, id: str) -> Told:
        """One thread. Raises NotFound."""
        found = self.told(list(self.threads.filter(pk=read_hex(id))))
        if not found:
            raise NotFound(f"There is no thread {id} in this grant.")
        return found[0]

    def spell(self, told: Told) -> dict[str, Any]:
        return select(self.request, spell_thread(told, grant=self.grant))

    def _drafts(self, threads: Any) -> defaultdict[UUID, list[Draft]]:
        found: defaultdict[UUID, list[Draft]] = defaultdict(list)
        ids = list(threads)
        if ids:
            own = self.drafts.filter(Q(thread__in=ids) | Q(in_reply_to__thread__in=ids))
            for draft in own.in_full().select_related("in_reply_to").order_by("updated_at"):
                answered = draft.in_reply_to
                id = draft.thread_id or (answered.thread_id if answered else None)
                if id is not None:
                    found[id].append(draft)
        return found


class ThreadChanges(serializers.Serializer[Any]):
    """What may change of all messages of a thread."""

    unread = serializers.BooleanField(required=False)
    starred = serializers.BooleanField(required=False)
    folders = serializers.ListField(child=TextField(), required=False)


class Threads(ThreadsView):
    """The threads of a grant."""

    @described(**docs.LIST_THREADS)
    def get(self, request: Request, grant: str) -> Response:
        """Threads, the newest first."""
        asked = Asked(request.query_params)
        rows = narrow_threads(self.threads, self.listed, asked, grant=self.grant)
        page = read_page(request, rows)
        spelt = [self.spell(one) for one in self.told(page.rows)]
        return self.answer_list(spelt, next_cursor=page.next)


class OneThread(ThreadsView):
    """A thread of a grant."""

    scopes = {"PUT": Scope.SEND, "DELETE": Scope.SEND}

    @described(**docs.FIND_THREAD)
    def get(self, request: Request, grant: str, id: str) -> Response:
        """One thread, with its last message or draft."""
        return self.answer(self.spell(self.told_of(id)))

    @described(**docs.UPDATE_THREAD)
    def put(self, request: Request, grant: str, id: str) -> Response:
        """Keep all messages of a thread in order: read or not, starred, folder."""
        told, changes = self.told_of(id), self.parse(ThreadChanges)
        folder = folder_to_move_to(self.grant, changes.pop("folders", None))
        sort_messages(messages=told.conversation.messages, folder=folder, **changes)
        return self.answer(self.spell(self.told_of(id)))

    @described(**docs.DELETE_THREAD)
    def delete(self, request: Request, grant: str, id: str) -> Response:
        """Move all messages of a thread to the trash."""
        trash = self.grant.folders.get(role=Folder.Role.TRASH)
        sort_messages(messages=self.told_of(id).conversation.messages, folder=trash)
        return self.answer_done()


def spell_thread(told: Told, *, grant: Inbox) -> dict[str, Any]:
    """A thread with its last message or draft."""
    thread, messages = told.conversation.thread, told.conversation.messages
    received = [one for one in messages if one.direction == Direction.INBOUND]
    sent = [one for one in messages if one.direction == Direction.OUTBOUND]
    latest = spell_latest(told, grant=grant)
    folders = {one.folder_id: None for one in messages if one.folder_id}
    return {
        "id": spell_hex(thread.pk),
        "grant_id": spell_grant_id(grant),
        "object": "thread",
        "subject": thread.subject,
        "snippet": latest["snippet"],
        "participants": spell_names(told.conversation.people),
        "message_ids": [spell_hex(one.pk) for one in messages],
        "draft_ids": [spell_hex(one.pk) for one in told.drafts],
        "folders": [spell_hex(id) for id in folders],
        "unread": any(one.unread for one in messages),
        "starred": any(one.starred for one in messages),
        "has_attachments": any(one.attachment_count for one in messages),
        "has_drafts": bool(told.drafts),
        "earliest_message_date": spell_seconds(moment_of(messages[0])),
        "latest_message_received_date": _last(received),
        "latest_message_sent_date": _last(sent),
        "latest_draft_or_message": latest,
    }


def spell_latest(told: Told, *, grant: Inbox) -> dict[str, Any]:
    """The last message of a thread, or the draft that was changed after it."""
    latest = told.conversation.latest
    if told.drafts and told.drafts[-1].updated_at > moment_of(latest):
        return spell_draft(told.drafts[-1], grant=grant)
    return spell_message(latest, grant=grant)


def _last(messages: Sequence[Any]) -> int | None:
    return spell_seconds(moment_of(messages[-1])) if messages else None
