from __future__ import annotations

import pytest
from django.utils import timezone

from messaging.models import Inbox, Message, Thread
from messaging.threads import answer_in, latest_first
from tests.messaging.make import make_inbox, make_message
from tests.people import Person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace)


def thread_of(message: Message) -> Thread:
    assert message.thread
    return message.thread


def test_an_answer_goes_behind_the_last_mail(inbox: Inbox):
    message = make_message(inbox)
    thread = thread_of(message)
    assert answer_in(thread).in_reply_to == message and answer_in(thread).thread == thread
    note = make_message(inbox)
    Message.objects.filter(pk=note.pk).update(thread=thread, channel="note")
    assert answer_in(thread).in_reply_to == message
    Message.objects.filter(pk=note.pk).update(channel="email", rfc_message_id="")
    assert answer_in(thread).in_reply_to == message
    later = make_message(inbox)
    Message.objects.filter(pk=later.pk).update(thread=thread)
    assert answer_in(thread).in_reply_to == later


def test_in_an_empty_thread_there_is_nothing_to_answer(inbox: Inbox):
    thread = Thread.objects.create(workspace=inbox.workspace, inbox=inbox)
    assert answer_in(thread).in_reply_to is None


def test_the_latest_comes_first_and_the_trash_does_not_count(inbox: Inbox):
    first, second = make_message(inbox), make_message(inbox)
    third = make_message(inbox)
    Message.objects.filter(pk=third.pk).update(thread=first.thread)
    Thread.objects.filter(pk=thread_of(third).pk).delete()
    rows = latest_first(Thread.objects.all())
    assert [(row.pk, row.message_count) for row in rows] == [
        (first.thread_id, 2),
        (second.thread_id, 1),
    ]
    assert rows[0].last_message_at == third.created_at
    Message.objects.filter(pk=third.pk).update(trashed_at=timezone.now())
    assert [row.pk for row in latest_first(Thread.objects.all())] == [
        second.thread_id,
        first.thread_id,
    ]
