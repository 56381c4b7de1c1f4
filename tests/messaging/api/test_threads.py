from __future__ import annotations

from messaging.models import Customer, Inbox, Message
from project.api.times import spell_time
from project.ids import spell
from tests.make import api_of, make_key
from tests.messaging.api.reach import V1, error_of, listed, url
from tests.messaging.make import make_inbox, make_message
from tests.people import Person

URL = f"{V1}/threads"


def test_it_tells_of_a_conversation(alice: Person, bob: Person, inbox: Inbox):
    first, second = make_message(inbox), make_message(inbox)
    Message.objects.filter(pk=second.pk).update(thread=first.thread, unread=True)
    assert bob.api.get(url("thr", first.thread_id)).json() == {
        "id": spell("thr", first.thread_id),
        "inbox_id": spell("inb", inbox.pk),
        "subject": "Hello",
        "message_count": 2,
        "unread_count": 1,
        "last_message_at": spell_time(second.created_at),
        "created_at": spell_time(first.thread.created_at),
    }
    rows = listed(alice.api.get(URL))
    assert [(row["message_count"], row["last_message_at"]) for row in rows] == [
        (0, None),
        (2, spell_time(second.created_at)),
    ]


def test_it_takes_two_statements(alice: Person, inbox: Inbox, django_assert_num_queries):
    for _ in range(3):
        make_message(inbox)
    with django_assert_num_queries(2):  # key, threads with their numbers
        assert len(listed(alice.api.get(URL))) == 3


def test_it_finds_by_inbox_and_customer(alice: Person, inbox: Inbox):
    message, other = make_message(inbox), make_message(make_inbox(alice.workspace))
    customer = Customer.objects.create(workspace=alice.workspace, name="Ann")
    Message.objects.filter(pk=message.pk).update(customer=customer)
    by_inbox = listed(alice.api.get(f"{URL}?inbox_id={spell('inb', other.inbox_id)}"))
    assert [row["id"] for row in by_inbox] == [spell("thr", other.thread_id)]
    by_customer = listed(alice.api.get(f"{URL}?customer_id={spell('cus', customer.pk)}"))
    assert [row["id"] for row in by_customer] == [spell("thr", message.thread_id)]
    assert error_of(alice.api.get(f"{URL}?inbox_id=x"), 404)


def test_a_stranger_finds_none(alice: Person, charlie: Person, inbox: Inbox):
    message = make_message(inbox)
    assert listed(charlie.api.get(URL)) == []
    assert error_of(charlie.api.get(url("thr", message.thread_id)), 404)
    bound = api_of(make_key(alice.workspace, inbox_ids=[make_inbox(alice.workspace).pk])[1])
    assert listed(bound.get(URL)) == []
    assert error_of(bound.get(url("thr", message.thread_id)), 404)
