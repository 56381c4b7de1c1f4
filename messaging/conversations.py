"""Threads as people see them: with their messages, and the last of these whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from messaging.models import Message, Thread
from messaging.models.message import MessageQuerySet
from messaging.reading import grouped, with_files
from messaging.search import moment_of

LIGHT = (
    *("id", "workspace_id", "inbox_id", "thread_id", "folder_id"),
    *("direction", "unread", "starred"),
    *("from_email", "from_name", "to", "cc", "bcc"),
    *("attachment_count", "date", "sent_at", "created_at"),
)


@dataclass(frozen=True)
class Conversation:
    """A thread with its messages, the oldest first, of which `latest` alone has its bodies."""

    thread: Thread
    messages: Sequence[Message]
    latest: Message

    @property
    def people(self) -> list[dict[str, Any]]:
        """Everybody in it, each address once, in the order in which they came into it."""
        seen: dict[str, dict[str, Any]] = {}
        for message in self.messages:
            sender = {"email": message.from_email, "name": message.from_name}
            for one in (sender, *message.to, *message.cc, *message.bcc):
                known = seen.setdefault(one["email"].casefold(), dict(one))
                known["name"] = known["name"] or one["name"]
        return [one for one in seen.values() if one["email"]]


def read_conversations(threads: Sequence[Thread], messages: MessageQuerySet) -> list[Conversation]:
    """The threads with those of the messages that are theirs; one without any is left out.

    Three queries, however many there are.
    """
    if not threads:
        return []
    rows = messages.filter(thread__in=[one.pk for one in threads]).only(*LIGHT)
    found = {id: _in_order(own) for id, own in grouped("thread_id", rows).items()}
    wanted = [own[-1].pk for own in found.values()]
    whole = with_files(list(messages.filter(pk__in=wanted)))
    latest = {message.thread_id: message for message in whole}
    return [Conversation(one, found[one.pk], latest[one.pk]) for one in threads if one.pk in latest]


def _in_order(messages: Iterable[Message]) -> list[Message]:
    return sorted(messages, key=lambda one: (moment_of(one), one.pk))
