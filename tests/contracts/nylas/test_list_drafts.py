"""Lists of drafts: their filters, their pages, and what is in them."""

from __future__ import annotations

import pytest

from drafts.models import Draft
from drafts.services import send_draft
from messaging.addresses import Address
from messaging.models import Inbox
from project.ids import spell_hex
from tests.contracts.nylas.make import folder_of, ids_of, receive
from tests.contracts.nylas.wire import data_of, error_of, url_of
from tests.drafts.make import limits_of, make_draft
from tests.messaging.make import make_file, make_inbox
from tests.people import Person


@pytest.fixture
def drafts(alice: Person, grant: Inbox) -> list[Draft]:
    """Three drafts, the oldest first: plain, with a file and a star, an answer from elsewhere."""
    asked = receive(grant)
    return [
        make_draft(grant, subject="Invoice MARch", bcc=[Address("Dee@example.com")]),
        make_draft(
            grant,
            to=[Address("bo@example.com")],
            cc=[Address("cy@example.com")],
            files=[make_file(alice.workspace, b"12345")],
            metadata={"key1": "v 1"},
            annotations={"nylas": {"starred": True}},
        ),
        make_draft(
            grant,
            sender=Address("desk+news@acme.test"),
            subject="Été",
            in_reply_to=asked,
            metadata={"key1": "other"},
            annotations={"nylas": {"starred": False}},
        ),
    ]


def found(person: Person, grant: Inbox, drafts: list[Draft], query: object) -> list[int]:
    """The places, in `drafts`, of what a list has."""
    places = {spell_hex(draft.pk): place for place, draft in enumerate(drafts)}
    return sorted(places[id] for id in ids_of(person, url_of(grant, "drafts"), query))


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({}, [0, 1, 2]),
        ({"subject": "march"}, [0]),
        ({"subject": "ÉTÉ"}, [2]),
        ({"to": "ANN@example.com"}, [0, 2]),
        ({"to": ["bo@example.com", "nobody@example.com"]}, [1]),
        ({"cc": "cy@example.com,dee@example.com"}, [1]),
        ({"bcc": "dee@example.com"}, [0]),
        ({"any_email": "dee@example.com,cy@example.com"}, [0, 1]),
        ({"any_email": ["dee@example.com", "bo@example.com"]}, [0, 1]),
        ({"from": "Desk@acme.test"}, [0, 1]),
        ({"from": "desk+news@acme.test"}, [2]),
        ({"any_email": "desk@acme.test"}, [0, 1]),
        ({"starred": "True"}, [1]),
        ({"starred": "false"}, [0, 2]),
        ({"unread": "false"}, [0, 1, 2]),
        ({"unread": "true"}, []),
        ({"has_attachment": "true"}, [1]),
        ({"has_attachment": "False"}, [0, 2]),
        ({"metadata_pair": "key1:v 1"}, [1]),
        ({"in": "DRAFTS"}, [0, 1, 2]),
        ({"in": "INBOX"}, []),
        ({"in": ["INBOX", "DRAFTS"]}, [0, 1, 2]),
        ({"thread_id": "nonsense"}, []),
        ({"unheard_of": "x"}, [0, 1, 2]),
    ],
)
def test_r8_r9_r37_r66_r67_r68_it_finds(
    alice: Person, grant: Inbox, drafts: list[Draft], query: object, places: list[int]
):
    assert found(alice, grant, drafts, query) == places


def test_r67_it_finds_by_thread(alice: Person, grant: Inbox, drafts: list[Draft]):
    answered = drafts[2].in_reply_to
    assert answered
    assert found(alice, grant, drafts, {"thread_id": spell_hex(answered.thread_id)}) == [2]
    folder = spell_hex(folder_of(grant, "sent").pk)
    assert found(alice, grant, drafts, {"in": folder}) == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"page_token": "x"},
        {"starred": "x"},
        {"has_attachment": "yes"},
        {"in": "in:drafts"},
        {"metadata_pair": "key9:x"},
        {"any_email": ",".join(f"a{n}@b.c" for n in range(26))},
    ],
)
def test_r64_r65_it_refuses(alice: Person, grant: Inbox, query: dict):
    (name,) = query
    error = error_of(alice.api.get(url_of(grant, "drafts"), query), 400)
    assert error["message"].startswith(f"{name}: ")


def test_r13_r65_r70_drafts_come_in_pages_newest_first(
    alice: Person, grant: Inbox, drafts: list[Draft]
):
    url, seen, query = url_of(grant, "drafts"), [], {"limit": 2, "select": "id,attachments"}
    while True:
        body = alice.api.get(url, query).json()
        assert len(body["data"]) <= 2
        assert all(row.keys() == {"id", "attachments", "grant_id"} for row in body["data"])
        seen += [row["id"] for row in body["data"]]
        if "next_cursor" not in body:
            break
        query["page_token"] = body["next_cursor"]
    assert seen == [spell_hex(draft.pk) for draft in reversed(drafts)]


def test_r38_native_drafts_are_here_until_they_are_sent(
    alice: Person, grant: Inbox, drafts: list[Draft]
):
    row = data_of(alice.api.get(url_of(grant, "drafts", spell_hex(drafts[1].pk))))
    assert (row["attachments"][0]["filename"], row["attachments"][0]["size"]) == ("a.pdf", 5)
    send_draft(draft=drafts[1], limits=limits_of(drafts[1]))
    assert found(alice, grant, drafts, {}) == [0, 2]
    (message,) = data_of(alice.api.get(url_of(grant, "messages"), {"in": "SENT"}))
    assert message["attachments"] == row["attachments"]


def test_it_takes_the_same_statements_for_any_page(
    alice: Person, grant: Inbox, drafts: list[Draft], django_assert_num_queries
):
    url = url_of(grant, "drafts")
    with django_assert_num_queries(4):  # key, grant, drafts, files
        assert len(ids_of(alice, url)) == 3
    for _ in range(3):
        make_draft(grant, files=[make_file(alice.workspace)])
    with django_assert_num_queries(4):
        assert len(ids_of(alice, url, {"any_email": "ann@example.com", "starred": "false"})) == 5


def test_tenancy_of_drafts(
    alice: Person, bob: Person, charlie: Person, grant: Inbox, drafts: list[Draft]
):
    own = make_inbox(charlie.workspace)
    assert found(bob, grant, drafts, {}) == [0, 1, 2]
    error_of(charlie.api.get(url_of(grant, "drafts")), 404)
    assert ids_of(charlie, url_of(own, "drafts")) == []
    assert ids_of(alice, url_of(make_inbox(alice.workspace), "drafts")) == []
