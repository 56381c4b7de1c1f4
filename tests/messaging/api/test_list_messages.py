from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.listing import LONG
from messaging.models import Customer, Delivery, Folder, Inbox, Message, Recipient
from messaging.models.message import REACHED
from messaging.trash import trash_message
from project.api.times import spell_time
from project.ids import spell
from tests.make import api_of, api_with, make_key
from tests.messaging.api.reach import V1, error_of, listed, subjects, url_of
from tests.messaging.make import letter_to, make_file, make_inbox, make_message, make_reservation
from tests.people import Person

URL = f"{V1}/messages"


@pytest.fixture
def messages(alice: Person, inbox: Inbox) -> list[Message]:
    """Three messages, the oldest first: plain, with a file, with two of which one is late."""
    file = make_file(alice.workspace, filename="Invoice-4711.pdf")
    late = make_reservation(alice.workspace, filename="late.png")
    return [
        make_message(inbox, letter_to("ann@example.com", cc=())),
        make_message(inbox, letter_to("bo@example.com"), files=[file]),
        make_message(inbox, letter_to("cy@example.com"), files=[file, late]),
    ]


def ids(*messages: Message) -> list[str]:
    return [spell("msg", message.pk) for message in messages]


def found(person: Person, query: str) -> list[str]:
    return [row["id"] for row in listed(person.api.get(f"{URL}?{query}"))]


def test_it_lists_newest_first_without_what_is_long(alice: Person, messages: list[Message]):
    rows = listed(alice.api.get(URL))
    assert [row["id"] for row in rows] == ids(*reversed(messages))
    whole = alice.api.get(url_of(messages[1])).json()
    short = {name: value for name, value in whole.items() if name not in LONG}
    assert without_urls(rows[1]) == without_urls(short)


def test_it_gives_all_fields_when_asked(alice: Person, messages: list[Message]):
    rows = listed(alice.api.get(f"{URL}?fields=full"))
    assert rows[0]["text"] == "Please see the file.\n"
    assert rows[0]["html"] is None and rows[0]["headers"] == {}
    assert error_of(alice.api.get(f"{URL}?fields=all"), 400)["field"] == "fields"


def test_it_pages_by_key(alice: Person, messages: list[Message]):
    first = alice.api.get(f"{URL}?limit=2&count=true").json()
    assert [row["id"] for row in first["data"]] == ids(messages[2], messages[1])
    assert first["total"] == 3
    second = alice.api.get(f"{URL}?limit=2&after={first['next']}").json()
    assert [row["id"] for row in second["data"]] == ids(messages[0])
    assert second["next"] is None and "total" not in second


def test_it_takes_the_same_statements_for_any_page(
    alice: Person, messages: list[Message], django_assert_num_queries
):
    with django_assert_num_queries(4):  # key, messages, files, deliveries with recipients
        listed(alice.api.get(URL))
    for message in messages:
        make_message(message.inbox, letter_to("dy@example.com"), files=[])
    with django_assert_num_queries(4):
        assert len(listed(alice.api.get(f"{URL}?filename=.&fields=full&limit=100"))) == 2
    with django_assert_num_queries(4):
        assert len(listed(alice.api.get(URL))) == 6


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        ("has_attachment=true", [2, 1]),
        ("has_attachment=false", [0]),
        ("filename=invoice", [2, 1]),
        ("filename=LATE", [2]),
        ("filename=%25", []),
        ("search=hello", [2, 1, 0]),
        ("search=the+FILE", [2, 1, 0]),
        ("search=nothing", []),
        ("from=hello@acme.test", [2, 1, 0]),
        ("from=hello", []),
        ("to=bo@example.com", [1]),
        ("to=BO@example.com", [1]),
        ("direction=outbound", [2, 1, 0]),
        ("direction=inbound", []),
        ("status=queued", [1, 0]),
        ("status=waiting", [2]),
        ("status=sent", []),
        ("unread=false", [2, 1, 0]),
        ("unread=true", []),
        ("starred=true", []),
        ("since=2020-01-01T00:00:00Z", [2, 1, 0]),
        ("until=2020-01-01T00:00:00Z", []),
        ("has_attachment=true&to=bo@example.com", [1]),
    ],
)
def test_it_finds(alice: Person, messages: list[Message], query: str, positions: list[int]):
    assert found(alice, query) == ids(*(messages[position] for position in positions))


def test_it_finds_by_what_belongs_to_it(alice: Person, messages: list[Message]):
    customer = Customer.objects.create(workspace=alice.workspace, name="Ann")
    Message.objects.filter(pk=messages[0].pk).update(customer=customer, starred=True, unread=True)
    other = make_message(make_inbox(alice.workspace), letter_to("ann@example.com"))
    assert found(alice, f"customer_id={spell('cus', customer.pk)}") == ids(messages[0])
    assert found(alice, f"thread_id={spell('thr', messages[1].thread_id)}") == ids(messages[1])
    assert found(alice, f"inbox_id={spell('inb', other.inbox_id)}") == ids(other)
    assert found(alice, "starred=true&unread=true") == ids(messages[0])


@pytest.mark.parametrize(
    ("state", "recipient", "status"),
    [
        ("data", "pending", "sending"),
        ("done", "accepted", "sent"),
        ("done", "unknown", "unknown"),
        ("done", "refused", "failed"),
        ("canceled", "pending", "canceled"),
    ],
)
def test_it_finds_by_status(
    alice: Person, messages: list[Message], state: str, recipient: str, status: str
):
    due = timezone.now() if state == "data" else None
    Delivery.objects.filter(message=messages[0]).update(
        state=state, due_at=due, claim=messages[0].pk
    )
    Recipient.objects.filter(delivery__message=messages[0]).update(state=recipient)
    if recipient in REACHED:
        Message.objects.filter(pk=messages[0].pk).update(sent_at=timezone.now())
    assert found(alice, f"status={status}") == ids(messages[0])
    assert alice.api.get(url_of(messages[0])).json()["status"] == status


def test_it_finds_by_time(alice: Person, messages: list[Message]):
    Message.objects.filter(pk=messages[0].pk).update(created_at=timezone.now() - timedelta(days=9))
    week_ago = spell_time(timezone.now() - timedelta(days=7))
    assert found(alice, f"until={week_ago}") == ids(messages[0])
    assert found(alice, f"since={week_ago}") == ids(messages[2], messages[1])


def test_it_finds_the_recipients_of_received_mail(alice: Person, inbox: Inbox):
    received = Message.objects.create(
        workspace=alice.workspace,
        inbox=inbox,
        direction="inbound",
        to=[{"email": "hello@acme.test", "name": None}],
        cc=[{"email": "bo@example.com", "name": "Bo"}],
    )
    assert found(alice, "to=bo@example.com") == found(alice, "to=hello@acme.test") == ids(received)
    assert found(alice, "to=o@example.com") == []
    assert found(alice, "status=received") == ids(received)


def test_it_leaves_out_the_trash_unless_asked(alice: Person, messages: list[Message]):
    Delivery.objects.update(state="done", due_at=None)
    trash_message(message=messages[1])
    assert found(alice, "") == ids(messages[2], messages[0])
    folder = Folder.objects.get(inbox=messages[1].inbox, role="trash")
    assert found(alice, f"folder_id={spell('fol', folder.pk)}") == ids(messages[1])


@pytest.mark.parametrize(
    ("query", "field", "status"),
    [
        ("status=lost", "status", 400),
        ("direction=up", "direction", 400),
        ("has_attachment=perhaps", "has_attachment", 400),
        ("since=yesterday", "since", 400),
        ("filename=%00", "filename", 400),
        ("limit=0", "limit", 400),
        ("after=nonsense", "after", 400),
        ("inbox_id=inb_1", "inbox_id", 404),
    ],
)
def test_it_refuses(alice: Person, inbox: Inbox, query: str, field: str, status: int):
    assert error_of(alice.api.get(f"{URL}?{query}"), status)["field"] == field


def test_it_shows_a_stranger_nothing(
    alice: Person, bob: Person, charlie: Person, messages: list[Message]
):
    assert len(subjects(bob.api.get(URL))) == 3
    assert subjects(charlie.api.get(URL)) == []
    inbox_id = spell("inb", messages[0].inbox_id)
    assert subjects(charlie.api.get(f"{URL}?inbox_id={inbox_id}")) == []
    assert subjects(charlie.api.get(f"{URL}?filename=invoice")) == []


def test_it_shows_a_bound_key_its_inboxes_only(alice: Person, messages: list[Message]):
    other = make_message(make_inbox(alice.workspace), letter_to("ann@example.com"))
    api = api_of(make_key(alice.workspace, inbox_ids=[other.inbox_id])[1])
    assert [row["id"] for row in listed(api.get(URL))] == ids(other)
    for answer in (api.get(url_of(messages[0])), api.delete(url_of(messages[0]))):
        assert error_of(answer, 404)


def test_it_needs_the_scope_read(alice: Person):
    assert error_of(api_with(alice.workspace, "send").get(URL), 403)


def without_urls(message: dict) -> dict:  # their signatures carry the second
    files = [{**file, "download_url": None} for file in message["attachments"]]
    return {**message, "attachments": files}
