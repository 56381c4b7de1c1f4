"""Threads: with their messages and drafts, and kept in order as one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from drafts.models import Draft
from messaging.models import Inbox, Message, Thread
from project.ids import new_id, spell_hex
from tests.contracts.nylas.make import folder_of, ids_of, let_it_leave, receive
from tests.contracts.nylas.wire import data_of, error_of, url_of
from tests.drafts.make import make_draft
from tests.make import api_with
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person

YEAR_2020 = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def thread(alice: Person, grant: Inbox) -> Thread:
    """A question that came in, answered with a file, and then thanks."""
    asked = receive(grant, subject="A question", to=["desk@acme.test"], cc=["bo@example.com"])
    file = make_file(alice.workspace, filename="answer.pdf")
    answered = make_message(grant, letter_to("Ann@example.com"), files=[file])
    let_it_leave(answered, at=timezone.now())
    thanked = receive(grant, thread=asked.thread, subject="Re: A question", text="Thank you.")
    Message.objects.filter(pk=answered.pk).update(thread=asked.thread)
    Message.objects.filter(pk=asked.pk).update(unread=False)
    assert thanked.thread == asked.thread
    return asked.thread


def url_to(thread: Thread) -> str:
    assert thread.inbox
    return url_of(thread.inbox, "threads", spell_hex(thread.pk))


def messages_of(thread: Thread) -> list[Message]:
    return list(Message.objects.filter(thread=thread).order_by("id"))


def test_r36_a_thread_has_all_its_keys(alice: Person, grant: Inbox, thread: Thread):
    asked, answered, thanked = messages_of(thread)
    data = data_of(alice.api.get(url_to(thread)))
    latest = data.pop("latest_draft_or_message")
    assert data == {
        "id": spell_hex(thread.pk),
        "grant_id": str(grant.pk),
        "object": "thread",
        "subject": "A question",
        "snippet": "Thank you.",
        "participants": [
            {"email": "ann@example.com", "name": ""},
            {"email": "desk@acme.test", "name": "Acme"},
            {"email": "bo@example.com", "name": ""},
        ],
        "message_ids": [spell_hex(one.pk) for one in (asked, answered, thanked)],
        "draft_ids": [],
        "folders": [spell_hex(folder_of(grant, role).pk) for role in ("inbox", "sent")],
        "unread": True,
        "starred": False,
        "has_attachments": True,
        "has_drafts": False,
        "earliest_message_date": int(asked.created_at.timestamp()),
        "latest_message_received_date": int(thanked.created_at.timestamp()),
        "latest_message_sent_date": int(answered.sent_at.timestamp()),
    }
    assert latest == data_of(alice.api.get(url_of(grant, "messages", spell_hex(thanked.pk))))


def test_r36_the_latest_may_be_a_draft(alice: Person, grant: Inbox, thread: Thread):
    written = {"reply_to_message_id": spell_hex(messages_of(thread)[0].pk), "body": "Dear Ann"}
    draft = data_of(alice.api.post(url_of(grant, "drafts"), written, format="json"))
    data = data_of(alice.api.get(url_to(thread)))
    assert data["latest_draft_or_message"] == draft
    assert data["latest_draft_or_message"]["object"] == "draft"
    assert (data["draft_ids"], data["has_drafts"]) == ([draft["id"]], True)
    assert len(data["message_ids"]) == 3
    Draft.objects.update(updated_at=YEAR_2020)
    latest = data_of(alice.api.get(url_to(thread)))["latest_draft_or_message"]
    assert latest["object"] == "message"


def test_native_drafts_that_answer_are_in_the_thread(alice: Person, grant: Inbox, thread: Thread):
    first = make_draft(grant, in_reply_to=messages_of(thread)[0])
    second = make_draft(grant, thread=thread, files=[make_file(alice.workspace)])
    make_draft(grant)
    data = data_of(alice.api.get(url_to(thread)))
    assert data["draft_ids"] == [spell_hex(one.pk) for one in (first, second)]


def test_r13_threads_come_in_pages(alice: Person, grant: Inbox):
    received = [receive(grant) for _ in range(3)]
    ids = [spell_hex(one.thread_id) for one in reversed(received)]
    first = alice.api.get(url_of(grant, "threads"), {"limit": 2}).json()
    assert [row["id"] for row in first["data"]] == ids[:2]
    query = {"limit": 2, "page_token": first["next_cursor"], "select": "id"}
    second = alice.api.get(url_of(grant, "threads"), query).json()
    assert second["data"] == [{"id": ids[2], "grant_id": str(grant.pk)}]
    assert "next_cursor" not in second


def test_it_takes_the_same_statements_for_any_page(
    alice: Person, grant: Inbox, thread: Thread, django_assert_num_queries
):
    make_draft(grant, thread=thread)
    url = url_of(grant, "threads")
    with django_assert_num_queries(7):  # key, grant, threads, messages, latest, drafts, their files
        assert len(ids_of(alice, url)) == 1
    for _ in range(3):
        message = make_message(grant, files=[make_file(alice.workspace)])
        make_draft(grant, thread=message.thread, files=[make_file(alice.workspace)])
    with django_assert_num_queries(8):  # and the files of the latest
        assert len(ids_of(alice, url, {"any_email": "desk@acme.test", "unread": "false"})) == 3


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"subject": "question"}, True),
        ({"subject": "answer"}, False),
        ({"from": "desk@acme.test"}, True),
        ({"to": "ann@example.com"}, True),
        ({"cc": "bo@example.com"}, True),
        ({"bcc": "bo@example.com"}, False),
        ({"any_email": "x@example.com,bo@example.com"}, True),
        ({"any_email": "x@example.com"}, False),
        ({"in": "SENT"}, True),
        ({"in": "ARCHIVE"}, False),
        ({"unread": "True"}, True),
        ({"unread": "false"}, False),
        ({"starred": "true"}, False),
        ({"starred": "false"}, True),
        ({"has_attachment": "true"}, True),
        ({"has_attachment": "false"}, False),
        ({"latest_message_after": 1577836800}, True),
        ({"latest_message_before": 1577836800}, False),
        ({"latest_message_before": 4000000000}, True),
        ({"latest_message_after": 4000000000}, False),
        ({"earliest_message_date": 1577836800}, True),
        ({"earliest_message_date": 4000000000}, False),
    ],
)
def test_r36_r66_r67_it_finds(
    alice: Person, grant: Inbox, thread: Thread, query: dict, is_found: bool
):
    ids = ids_of(alice, url_of(grant, "threads"), query)
    assert ids == ([spell_hex(thread.pk)] if is_found else [])


def test_it_refuses_wrong_filters(alice: Person, grant: Inbox):
    for query in ({"unread": "x"}, {"latest_message_after": "x"}, {"limit": 201}, {"in": "x:y"}):
        error_of(alice.api.get(url_of(grant, "threads"), query), 400)


def test_r74_a_thread_of_scheduled_messages_is_none_yet(alice: Person, grant: Inbox):
    later = make_message(grant, due_at=timezone.now() + timedelta(hours=1))
    assert ids_of(alice, url_of(grant, "threads")) == []
    error_of(alice.api.get(url_to(later.thread)), 404)
    let_it_leave(later)
    assert ids_of(alice, url_of(grant, "threads")) == [spell_hex(later.thread_id)]


def test_r36_changes_are_of_every_message(alice: Person, grant: Inbox, thread: Thread):
    other = receive(grant)
    changes = {"unread": False, "starred": True, "folders": ["ARCHIVE"]}
    data = data_of(alice.api.put(url_to(thread), changes, format="json"))
    archive = folder_of(grant, "archive")
    assert (data["unread"], data["starred"]) == (False, True)
    assert data["folders"] == [spell_hex(archive.pk)]
    for message in messages_of(thread):
        assert (message.unread, message.starred, message.folder) == (False, True, archive)
    other.refresh_from_db()
    assert (other.unread, other.starred) == (True, False)
    unread = data_of(alice.api.put(url_to(thread), {"unread": True}, format="json"))
    assert (unread["unread"], unread["starred"]) == (True, True)


def test_r1_r36_a_deleted_thread_is_in_the_trash(alice: Person, grant: Inbox, thread: Thread):
    answer = alice.api.delete(url_to(thread))
    assert answer.status_code == 200 and answer.json().keys() == {"request_id"}
    assert all(one.trashed_at and one.folder.role == "trash" for one in messages_of(thread))
    assert ids_of(alice, url_of(grant, "threads")) == []
    assert ids_of(alice, url_of(grant, "threads"), {"in": "TRASH"}) == [spell_hex(thread.pk)]
    assert data_of(alice.api.get(url_to(thread)))["message_ids"]


def test_a_thread_with_mail_on_its_way_stays(alice: Person, grant: Inbox, thread: Thread):
    Message.objects.filter(pk=make_message(grant).pk).update(thread=thread)
    assert "has not left yet" in error_of(alice.api.delete(url_to(thread)), 409)["message"]
    assert not any(one.trashed_at for one in messages_of(thread))


def test_tenancy_of_threads(
    alice: Person, bob: Person, charlie: Person, grant: Inbox, thread: Thread
):
    own = make_inbox(charlie.workspace)
    assert ids_of(bob, url_of(grant, "threads")) == [spell_hex(thread.pk)]
    error_of(charlie.api.get(url_of(grant, "threads")), 404)
    assert ids_of(charlie, url_of(own, "threads")) == []
    for url in (url_to(thread), url_of(own, "threads", spell_hex(thread.pk))):
        error_of(charlie.api.get(url), 404)
        error_of(charlie.api.put(url, {"starred": True}, format="json"), 404)
        error_of(charlie.api.delete(url), 404)
    other = url_of(make_inbox(alice.workspace), "threads", spell_hex(thread.pk))
    error_of(alice.api.get(other), 404)
    error_of(alice.api.get(url_of(grant, "threads", spell_hex(new_id()))), 404)
    assert not any(one.starred or one.trashed_at for one in messages_of(thread))


def test_r28_changing_needs_the_scope_send(alice: Person, thread: Thread):
    api = api_with(alice.workspace, "read")
    assert data_of(api.get(url_to(thread)))
    error_of(api.put(url_to(thread), {}, format="json"), 403)
    error_of(api.delete(url_to(thread)), 403)
