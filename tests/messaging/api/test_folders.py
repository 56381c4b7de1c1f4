from __future__ import annotations

import pytest

from messaging.models import Folder, Inbox, Message
from project.ids import spell
from tests.make import api_with
from tests.messaging.api.reach import error_of, listed, url
from tests.messaging.make import make_inbox, make_message
from tests.people import Person


@pytest.fixture
def folders(inbox: Inbox) -> str:
    """Where the folders are."""
    return url("inb", inbox.pk, "folders")


def test_it_counts_what_is_in_them(bob: Person, inbox: Inbox, folders: str):
    make_message(inbox)
    Message.objects.filter(pk=make_message(inbox).pk).update(unread=True)
    counts = {row["role"]: row["counts"] for row in listed(bob.api.get(folders))}
    assert counts["sent"] == {"total": 2, "unread": 1}
    assert counts["inbox"] == {"total": 0, "unread": 0}


def test_it_takes_the_same_statements_for_any_number(
    alice: Person, inbox: Inbox, folders: str, django_assert_num_queries
):
    make_message(inbox)
    with django_assert_num_queries(3):  # key, inbox, folders
        assert len(listed(alice.api.get(folders))) == 4


def test_it_makes_renames_and_deletes_one(alice: Person, inbox: Inbox, folders: str):
    made = alice.api.post(folders, {"name": "Invoices"})
    assert made.status_code == 201
    folder = made.json()
    assert folder["role"] is None and folder["counts"] == {"total": 0, "unread": 0}
    assert folder["inbox_id"] == spell("inb", inbox.pk)
    one = f"{folders}/{folder['id']}"
    assert alice.api.get(one).json() == folder
    assert alice.api.patch(one, {"name": "Bills"}).json() == {**folder, "name": "Bills"}
    assert alice.api.delete(one).status_code == 204
    assert error_of(alice.api.get(one), 404)


def test_it_keeps_what_is_needed(alice: Person, inbox: Inbox, folders: str):
    sent = inbox.folders.get(role="sent")
    error = error_of(alice.api.delete(f"{folders}/{spell('fol', sent.pk)}"), 409)
    assert error["code"] == "folder_fixed"
    own = Folder.objects.create(inbox=inbox, name="Own")
    Message.objects.filter(pk=make_message(inbox).pk).update(folder=own)
    error = error_of(alice.api.delete(f"{folders}/{spell('fol', own.pk)}"), 409)
    assert error["code"] == "folder_not_empty"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "Sent"}, 409, "folder_taken"),
        ({"name": " "}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
        ({"name": "a\nb"}, 400, "invalid_request"),
        ({"name": "x", "role": "inbox"}, 400, "invalid_request"),
    ],
)
def test_it_refuses(alice: Person, folders: str, body: dict, status: int, code: str):
    assert error_of(alice.api.post(folders, body), status)["code"] == code


def test_two_folders_have_not_one_name(alice: Person, inbox: Inbox, folders: str):
    own = Folder.objects.create(inbox=inbox, name="Own")
    answer = alice.api.patch(f"{folders}/{spell('fol', own.pk)}", {"name": "Trash"})
    assert error_of(answer, 409)["code"] == "folder_taken"


def test_a_stranger_finds_none(alice: Person, charlie: Person, inbox: Inbox, folders: str):
    one = f"{folders}/{spell('fol', inbox.folders.get(role='sent').pk)}"
    assert error_of(charlie.api.get(folders), 404)
    assert error_of(charlie.api.post(folders, {"name": "x"}), 404)
    for call in (charlie.api.get, charlie.api.patch, charlie.api.delete):
        assert error_of(call(one), 404)
    elsewhere = url("inb", make_inbox(charlie.workspace).pk, "folders")
    assert error_of(charlie.api.get(f"{elsewhere}/{one.rpartition('/')[2]}"), 404)
    assert error_of(api_with(alice.workspace, "read").post(folders, {"name": "x"}), 403)
