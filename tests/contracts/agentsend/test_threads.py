from __future__ import annotations

import pytest

from messaging.models import Inbox, Message, Thread
from project.api.times import spell_time
from project.ids import new_id, read, spell
from tests.contracts.agentsend.reach import error_of, listed, receive, sent
from tests.make import api_of, make_key
from tests.messaging.make import make_inbox
from tests.people import Person


def threads_of(inbox: Inbox) -> str:
    return f"/inboxes/{inbox.pk}/threads"


def test_it_shows_a_thread(alice: Person, inbox: Inbox):
    message = sent(alice.api, inbox)
    thread = alice.api.get(f"/threads/{message['threadId']}").json()
    created = Thread.objects.get().created_at
    assert thread == {
        "id": message["threadId"],
        "inboxId": str(inbox.pk),
        "subject": "Your invoice",
        "messageCount": 1,
        "lastMessageAt": message["createdAt"],
        "createdAt": spell_time(created),
    }
    assert listed(alice.api.get(threads_of(inbox))) == [thread]


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Re: Your invoice", "Your invoice"),
        ("RE: fwd:Fw: re : Your invoice", "Your invoice"),
        ("Report: Q1", "Report: Q1"),
        ("About Re: it", "About Re: it"),
    ],
)
def test_its_subject_has_no_prefix(alice: Person, inbox: Inbox, subject: str, shown: str):
    message = sent(alice.api, inbox, subject=subject)
    assert alice.api.get(f"/threads/{message['threadId']}").json()["subject"] == shown
    assert message["subject"] == subject


def test_the_one_with_the_latest_message_comes_first(alice: Person, inbox: Inbox):
    first = sent(alice.api, inbox)
    second = sent(alice.api, inbox)
    other = sent(alice.api, make_inbox(alice.workspace))
    receive(inbox, thread=Thread.objects.get(pk=read("thr", first["threadId"])))
    rows = listed(alice.api.get(threads_of(inbox)))
    assert [row["id"] for row in rows] == [first["threadId"], second["threadId"]]
    assert [row["messageCount"] for row in rows] == [2, 1]
    assert other["threadId"] not in {row["id"] for row in rows}
    page = alice.api.get(f"{threads_of(inbox)}?limit=1&offset=1").json()
    assert page["total"] == 2 and page["data"] == [rows[1]]


def test_its_messages_come_oldest_first(alice: Person, inbox: Inbox):
    first = sent(alice.api, inbox)
    came = receive(inbox, thread=Thread.objects.get(pk=read("thr", first["threadId"])))
    last = sent(alice.api, inbox, threadId=first["threadId"])
    url = f"/threads/{first['threadId']}/messages"
    rows = listed(alice.api.get(url))
    assert [row["id"] for row in rows] == [first["id"], spell("msg", came.pk), last["id"]]
    assert rows[0] == first and rows[2] == last
    page = alice.api.get(f"{url}?limit=1&offset=1").json()
    assert page["total"] == 3 and page["data"] == [rows[1]]


def test_deleted_messages_do_not_count(alice: Person, inbox: Inbox):
    first = sent(alice.api, inbox)
    second = sent(alice.api, inbox, threadId=first["threadId"])
    alice.api.delete(f"/messages/{second['id']}")
    thread = alice.api.get(f"/threads/{first['threadId']}").json()
    assert thread["messageCount"] == 1 and thread["lastMessageAt"] == first["createdAt"]
    alice.api.delete(f"/messages/{first['id']}")
    thread = alice.api.get(f"/threads/{first['threadId']}").json()
    assert thread["messageCount"] == 0 and thread["lastMessageAt"] == thread["createdAt"]


@pytest.mark.parametrize("id", ["thr_x", "x", spell("msg", new_id()), spell("thr", new_id())])
def test_it_knows_no_other_id(alice: Person, id: str):
    for path in (f"/threads/{id}", f"/threads/{id}/messages"):
        error = error_of(alice.api.get(path), 404, "NOT_FOUND")
        assert error["message"] == f"Thread '{id}' not found"


def test_bob_shares_and_charlie_is_a_stranger(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
):
    id = sent(alice.api, inbox)["threadId"]
    for path in (f"/threads/{id}", f"/threads/{id}/messages", threads_of(inbox)):
        assert bob.api.get(path).status_code == 200
        error_of(charlie.api.get(path), 404, "NOT_FOUND")
    other = make_inbox(alice.workspace)
    bound = api_of(make_key(alice.workspace, inbox_ids=[other.pk])[1])
    error_of(bound.get(f"/threads/{id}"), 404, "NOT_FOUND")
    assert Message.objects.count() == 1
