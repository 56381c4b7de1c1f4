"""Mail in a grant, made in a word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from messaging.models import Delivery, Folder, Inbox, Message, Recipient, Thread
from messaging.models.message import Direction
from tests.people import Person


def spelt(emails: Iterable[str]) -> list[dict[str, str | None]]:
    return [{"email": email, "name": None} for email in emails]


def receive(grant: Inbox, *, role: str = "inbox", **fields: Any) -> Message:
    """A message that has come in; addresses are given bare."""
    for name in ("to", "cc", "bcc"):
        if name in fields:
            fields[name] = spelt(fields[name])
    thread = fields.pop("thread", None) or Thread.objects.create(
        workspace=grant.workspace, inbox=grant, subject=fields.get("subject", "")
    )
    written = {"from_email": "ann@example.com", "text": "Hi.", "unread": True, **fields}
    return Message.objects.create(
        workspace=grant.workspace,
        inbox=grant,
        thread=thread,
        folder=folder_of(grant, role),
        direction=Direction.INBOUND,
        **written,
    )


def folder_of(grant: Inbox, role: str) -> Folder:
    return Folder.objects.get(inbox=grant, role=role)


def let_it_leave(*messages: Message, at: datetime | None = None) -> None:
    """As if the relay had taken the messages."""
    now = at or timezone.now()
    own = Delivery.objects.filter(message__in=messages)
    Recipient.objects.filter(delivery__in=own).update(state="accepted", at=now)
    own.update(state="done", due_at=None, done_at=now, attempts=1)
    Message.objects.filter(pk__in=[one.pk for one in messages]).update(sent_at=now)


def ids_of(person: Person, url: str, query: Any = None) -> list[str]:
    """The ids that a list has, in its order."""
    answer = person.api.get(url, query or {})
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["data"]]
