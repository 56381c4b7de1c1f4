"""What people do to messages and folders is in the log, once and only if it changes something."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.errors import FolderTaken, MessageUnfinished
from messaging.folders import create_folder, delete_folder, rename_folder
from messaging.models import Folder, Inbox, Message
from messaging.sorting import sort_message, sort_messages
from messaging.trash import KEPT, delete_message, discard_message, empty
from project.events.models import Event
from tests.messaging.make import make_inbox, make_message, receive
from tests.people import Person

MAIL = b"From: ann@example.com\r\nSubject: Hello\r\n\r\nHi\r\n"
ANOTHER = MAIL.replace(b"Hello", b"Again")


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace)


@pytest.fixture
def message(inbox: Inbox) -> Message:
    return receive(inbox, MAIL)


def told(noun: str) -> list[tuple[str, Any]]:
    """The kinds and payloads of what was told of messages or folders by people."""
    kinds = [f"{noun}.{verb}" for verb in ("created", "updated", "deleted")]
    rows = Event.objects.filter(kind__in=kinds).in_order()
    return [(one.kind, one.payload) for one in rows]


def folder_of(inbox: Inbox, role: str) -> Folder:
    return inbox.folders.get(role=role)


def test_each_change_is_named(inbox: Inbox, message: Message) -> None:
    sort_message(message=message, unread=False, tags=["one"])
    sort_message(message=message, folder=folder_of(inbox, "archive"), metadata={"a": 1})
    sort_message(message=message, starred=True)
    assert told("message") == [
        ("message.updated", {"changed": ["unread", "tags"]}),
        ("message.updated", {"changed": ["folder", "metadata"]}),
        ("message.updated", {"changed": ["starred"]}),
    ]
    event = Event.objects.filter(kind="message.updated").first()
    assert event and (event.subject_id, event.workspace_id) == (message.pk, message.workspace_id)


def test_what_changes_nothing_is_not_told(inbox: Inbox, message: Message) -> None:
    inbox_folder = folder_of(inbox, "inbox")
    sort_message(message=message, unread=True, starred=False, tags=[], folder=inbox_folder)
    sort_messages(messages=[message], unread=True, folder=inbox_folder)
    sort_message(message=message)
    assert told("message") == []


def test_many_messages_are_told_in_one_statement(inbox: Inbox, message: Message) -> None:
    other = receive(inbox, ANOTHER)
    sort_message(message=other, starred=True)
    archive = folder_of(inbox, "archive")
    with CaptureQueriesContext(connection) as queries:
        sort_messages(messages=[message, other], starred=True, folder=archive)
    inserts = [one for one in queries.captured_queries if "events_event" in one["sql"]]
    assert len(inserts) == 1
    rows = Event.objects.filter(kind="message.updated").in_order()
    assert [(one.subject_id, one.payload["changed"]) for one in rows][1:] == [
        (message.pk, ["folder", "starred"]),
        (other.pk, ["folder"]),
    ]


def test_the_trash_is_a_move_and_told_once(message: Message) -> None:
    discard_message(message=message)
    message.refresh_from_db()
    discard_message(message=message)
    assert told("message") == [("message.updated", {"changed": ["folder"]})]


def test_what_is_deleted_for_good_is_told_with_its_inbox(inbox: Inbox, message: Message) -> None:
    id = message.pk
    delete_message(message=message)
    assert told("message") == [("message.deleted", {"inbox": inbox.pk.hex})]
    assert Event.objects.get(kind="message.deleted").subject_id == id


def test_what_leaves_the_trash_by_itself_is_told_as_well(inbox: Inbox, message: Message) -> None:
    discard_message(message=message)
    discard_message(message=receive(inbox, ANOTHER))
    assert empty(at=timezone.now() + KEPT + timedelta(minutes=1)) == 2
    assert [kind for kind, _ in told("message")][2:] == ["message.deleted"] * 2
    assert set(Event.objects.filter(kind="message.deleted").values_list("actor", flat=True)) == {""}


def test_a_message_that_may_not_be_deleted_is_not_told(inbox: Inbox) -> None:
    message = make_message(inbox)
    with pytest.raises(MessageUnfinished):
        delete_message(message=message)
    assert told("message") == []


def test_folders_are_told(inbox: Inbox) -> None:
    folder = create_folder(inbox=inbox, name="Bills")
    rename_folder(folder=folder, name="Bills")
    rename_folder(folder=folder, name="Invoices")
    with pytest.raises(FolderTaken):
        create_folder(inbox=inbox, name="Invoices")
    delete_folder(folder=folder)
    facts = {"inbox": inbox.pk.hex, "role": ""}
    assert told("folder") == [
        ("folder.created", {**facts, "name": "Bills"}),
        ("folder.updated", {**facts, "name": "Invoices"}),
        ("folder.deleted", {**facts, "name": "Invoices"}),
    ]
