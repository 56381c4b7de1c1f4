"""Folders: those that every grant has, and those that somebody makes."""

from __future__ import annotations

import pytest

from messaging.models import Folder, Inbox
from project.ids import spell_hex
from tests.contracts.nylas.make import folder_of, receive
from tests.contracts.nylas.wire import data_of, error_of, url_of
from tests.drafts.make import make_draft
from tests.make import api_with
from tests.messaging.make import make_inbox, make_message
from tests.people import Person


def url_to(folder: Folder) -> str:
    return url_of(folder.inbox, "folders", spell_hex(folder.pk))


@pytest.fixture
def invoices(grant: Inbox) -> Folder:
    return Folder.objects.create(inbox=grant, name="Invoices")


def test_r35_every_grant_has_five(alice: Person, grant: Inbox, django_assert_num_queries):
    receive(grant)
    receive(grant, unread=False)
    make_message(grant)
    make_draft(grant)
    with django_assert_num_queries(5):  # key, grant, drafts, folders, messages
        rows = data_of(alice.api.get(url_of(grant, "folders")))
    assert [(row["attributes"], row["total_count"], row["unread_count"]) for row in rows] == [
        (["\\Drafts"], 1, 0),
        (["\\Inbox"], 2, 1),
        (["\\Sent"], 1, 0),
        (["\\Archive"], 0, 0),
        (["\\Trash"], 0, 0),
    ]
    assert rows[1] == {
        "id": spell_hex(folder_of(grant, "inbox").pk),
        "grant_id": str(grant.pk),
        "object": "folder",
        "name": "Inbox",
        "attributes": ["\\Inbox"],
        "system_folder": True,
        "total_count": 2,
        "unread_count": 1,
        "child_count": 0,
    }


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 50])
def test_r13_r70_they_come_in_pages_and_parts(alice: Person, grant: Inbox, limit: int):
    url, names, query = url_of(grant, "folders"), [], {"limit": limit, "select": "name"}
    while True:
        body = alice.api.get(url, query).json()
        assert 1 <= len(body["data"]) <= limit
        assert all(row.keys() == {"name", "grant_id"} for row in body["data"])
        names += [row["name"] for row in body["data"]]
        if "next_cursor" not in body:
            break
        query["page_token"] = body["next_cursor"]
    assert names == ["Drafts", "Inbox", "Sent", "Archive", "Trash"]
    error_of(alice.api.get(url, {"page_token": "x"}), 400)


def test_the_folder_of_drafts_is_where_they_say(alice: Person, grant: Inbox):
    draft = make_draft(grant)
    (id,) = data_of(alice.api.get(url_of(grant, "drafts", spell_hex(draft.pk))))["folders"]
    url = url_of(grant, "folders", id)
    assert data_of(alice.api.get(url))["attributes"] == ["\\Drafts"]
    error_of(alice.api.put(url, {"name": "Mine"}, format="json"), 409)
    error_of(alice.api.delete(url), 409)


def test_r35_one_is_made_found_renamed_and_deleted(alice: Person, grant: Inbox):
    url = url_of(grant, "folders")
    made = data_of(alice.api.post(url, {"name": "Bills", "text_color": "#fff"}, format="json"))
    assert (made["name"], made["attributes"], made["total_count"]) == ("Bills", [], 0)
    one = url_of(grant, "folders", made["id"])
    assert data_of(alice.api.get(one)) == made
    renamed = data_of(alice.api.put(one, {"name": "Paid"}, format="json"))
    assert renamed == {**made, "name": "Paid"}
    answer = alice.api.delete(one)
    assert answer.status_code == 200 and answer.json().keys() == {"request_id"}
    error_of(alice.api.get(one), 404)


def test_folders_answer_to_the_names_of_roles(alice: Person, grant: Inbox):
    assert data_of(alice.api.get(url_of(grant, "folders", "INBOX")))["name"] == "Inbox"
    error_of(alice.api.get(url_of(grant, "folders", "Inbox")), 404)


def test_it_refuses(alice: Person, grant: Inbox, invoices: Folder):
    url = url_of(grant, "folders")
    assert error_of(alice.api.post(url, {}, format="json"), 400)["message"].startswith("name: ")
    error_of(alice.api.post(url, {"name": " "}, format="json"), 400)
    error_of(alice.api.post(url, {"name": "a\nb"}, format="json"), 400)
    error_of(alice.api.post(url, {"name": "x" * 256}, format="json"), 400)
    assert data_of(alice.api.post(url, {"name": "x" * 255}, format="json"))
    taken = error_of(alice.api.post(url, {"name": "Invoices"}, format="json"), 409)
    assert taken["message"] == "name: There is a folder 'Invoices' already."
    receive(grant)
    assert (
        "Every inbox has"
        in error_of(alice.api.delete(url_of(grant, "folders", "INBOX")), 409)["message"]
    )
    message = receive(grant)
    type(message).objects.filter(pk=message.pk).update(folder=invoices)
    assert "move them first" in error_of(alice.api.delete(url_to(invoices)), 409)["message"]


def test_tenancy_of_folders(
    alice: Person, bob: Person, charlie: Person, grant: Inbox, invoices: Folder
):
    own = make_inbox(charlie.workspace)
    assert data_of(bob.api.get(url_to(invoices)))["name"] == "Invoices"
    error_of(charlie.api.get(url_of(grant, "folders")), 404)
    error_of(charlie.api.post(url_of(grant, "folders"), {"name": "x"}, format="json"), 404)
    for url in (url_to(invoices), url_of(own, "folders", spell_hex(invoices.pk))):
        error_of(charlie.api.get(url), 404)
        error_of(charlie.api.put(url, {"name": "Mine"}, format="json"), 404)
        error_of(charlie.api.delete(url), 404)
    error_of(
        alice.api.get(url_of(make_inbox(alice.workspace), "folders", spell_hex(invoices.pk))), 404
    )
    invoices.refresh_from_db()
    assert invoices.name == "Invoices"


def test_r28_changing_needs_the_scope_send(alice: Person, grant: Inbox, invoices: Folder):
    api = api_with(alice.workspace, "read")
    error_of(api.post(url_of(grant, "folders"), {"name": "x"}, format="json"), 403)
    error_of(api.put(url_to(invoices), {"name": "x"}, format="json"), 403)
    error_of(api.delete(url_to(invoices)), 403)
