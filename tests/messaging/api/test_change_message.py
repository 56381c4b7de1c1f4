from __future__ import annotations

import pytest

from messaging.models import Delivery, Folder, Inbox, Message
from project.ids import spell
from tests.make import api_with
from tests.messaging.api.reach import error_of, url_of
from tests.messaging.make import make_inbox, make_message
from tests.people import Person


@pytest.fixture
def message(inbox: Inbox) -> Message:
    message = make_message(inbox)
    Delivery.objects.update(state="done", due_at=None)
    return message


def folder_of(inbox: Inbox, role: str) -> str:
    return spell("fol", Folder.objects.get(inbox=inbox, role=role).pk)


def test_it_changes_what_is_sent_and_nothing_else(alice: Person, bob: Person, message: Message):
    first = {"unread": True, "tags": ["a", "b"], "metadata": {"x": [1]}}
    assert alice.api.patch(url_of(message), first).json().items() >= first.items()
    answer = bob.api.patch(url_of(message), {"starred": True, "tags": []})
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["starred"] and changed["unread"] and changed["tags"] == []
    assert changed["metadata"] == {"x": [1]} and changed["subject"] == message.subject
    assert alice.api.get(url_of(message)).json() == changed


def test_it_moves_to_the_trash_and_back(alice: Person, message: Message, inbox: Inbox):
    trash, archive = folder_of(inbox, "trash"), folder_of(inbox, "archive")
    assert alice.api.patch(url_of(message), {"folder_id": trash}).json()["folder_id"] == trash
    message.refresh_from_db()
    since = message.trashed_at
    assert since is not None
    alice.api.patch(url_of(message), {"folder_id": trash})
    message.refresh_from_db()
    assert message.trashed_at == since
    assert alice.api.patch(url_of(message), {"folder_id": archive}).json()["folder_id"] == archive
    message.refresh_from_db()
    assert message.trashed_at is None


def test_it_keeps_out_of_the_trash_what_may_still_leave(alice: Person, inbox: Inbox):
    message = make_message(inbox)
    answer = alice.api.patch(url_of(message), {"folder_id": folder_of(inbox, "trash")})
    assert error_of(answer, 409)["code"] == "message_unfinished"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subject": "Another"}, "subject"),
        ({"unread": "perhaps"}, "unread"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["x"] * 51}, "tags"),
        ({"metadata": []}, "metadata"),
    ],
)
def test_it_refuses(alice: Person, message: Message, change: dict, field: str):
    assert error_of(alice.api.patch(url_of(message), change), 400)["field"] == field


def test_it_stays_within_its_inbox(alice: Person, message: Message):
    other = make_inbox(alice.workspace)
    answer = alice.api.patch(url_of(message), {"folder_id": folder_of(other, "archive")})
    assert error_of(answer, 404)["field"] == "folder_id"


def test_a_stranger_changes_nothing(alice: Person, charlie: Person, message: Message):
    assert error_of(charlie.api.patch(url_of(message), {"starred": True}), 404)
    assert error_of(api_with(alice.workspace, "read").patch(url_of(message), {}), 403)
    message.refresh_from_db()
    assert not message.starred
