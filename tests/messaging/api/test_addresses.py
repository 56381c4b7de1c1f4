from __future__ import annotations

import pytest

from messaging.addresses import Address
from messaging.letter import Letter
from messaging.models import Customer, CustomerAddress, Inbox, Message
from messaging.trash import trash_message
from project.api.times import spell_time
from project.ids import time_of
from tests.make import api_of, make_key
from tests.messaging.api.reach import V1, error_of, listed
from tests.messaging.make import letter_to, make_inbox, make_message, receive
from tests.people import Person

URL = f"{V1}/addresses"


def emails(answer) -> list[str]:
    return [row["email"] for row in listed(answer)]


def hear_from(inbox: Inbox, sender: str) -> Message:
    head = f"From: {sender}\r\nTo: {inbox.address}\r\nMessage-ID: <{sender}>\r\n"
    return receive(inbox, f"{head}Subject: Hello\r\n\r\nHi\r\n".encode())


def make_contact(person: Person, name: str, email: str) -> Customer:
    customer = Customer.objects.create(workspace=person.workspace, name=name)
    CustomerAddress.objects.create(
        customer=customer, workspace=person.workspace, kind="email", value=email
    )
    return customer


def test_it_finds_who_was_written_to_and_who_wrote_and_who_is_a_contact(
    alice: Person, bob: Person, inbox: Inbox
):
    to = Address("ann@example.com", "Ann Lee")
    message = make_message(inbox, Letter(to=(to,), subject="Hello", text="Hi\n"))
    hear_from(inbox, "Anton Berg <anton@example.com>")
    make_contact(alice, "Anna Contact", "anna@example.com")
    found = listed(bob.api.get(f"{URL}?search=an"))
    assert [(one["email"], one["name"]) for one in found] == [
        ("ann@example.com", "Ann Lee"),
        ("anton@example.com", "Anton Berg"),
        ("anna@example.com", "Anna Contact"),
    ]
    assert found[0]["last_at"] == spell_time(time_of(message.pk))
    assert found[2]["last_at"] is None


@pytest.mark.parametrize(
    "search", ["mül", "MUL", "müller ann", "example ann", "n.mul", "ller", "n@ex", ""]
)
def test_it_finds_words_at_their_beginning_and_within_whatever_case_and_accents(
    alice: Person, inbox: Inbox, search: str
):
    to = (Address("ann.mull@n.example.com", "Ann Müller"), Address("n@example.com", "Ann Müller"))
    make_message(inbox, Letter(to=to, subject="Hello", text="Hi\n"))
    make_message(inbox, letter_to("bob@other.test"))
    found = emails(alice.api.get(URL, {"search": search}))
    assert found and ("bob@other.test" in found) is (search == "")


def test_who_is_written_to_often_comes_first_but_behind_whose_name_begins_so(
    alice: Person, inbox: Inbox
):
    for to in ("lea@example.com", "bob@lea.test", "bob@lea.test", "cleo@example.com"):
        make_message(inbox, letter_to(to))
    make_message(inbox, letter_to("cleo@example.com"))
    assert emails(alice.api.get(f"{URL}?search=lea")) == ["bob@lea.test", "lea@example.com"]
    assert emails(alice.api.get(f"{URL}?search=le")) == [
        "bob@lea.test",
        "lea@example.com",
        "cleo@example.com",
    ]


def test_copies_count_and_one_person_is_there_once_by_the_newest_name(alice: Person, inbox: Inbox):
    old = Address("ann@example.com", "Ann")
    new = Address("Ann@example.com", "Ann Lee-Smith")
    make_message(inbox, Letter(to=(old,), subject="a", text="a"))
    make_message(inbox, Letter(to=(Address("b@x.test"),), bcc=(new,), subject="a", text="a"))
    (found,) = listed(alice.api.get(f"{URL}?search=ann"))
    assert (found["email"], found["name"]) == ("Ann@example.com", "Ann Lee-Smith")


def test_what_was_thrown_away_suggests_nobody(alice: Person, inbox: Inbox):
    message = hear_from(inbox, "spam@example.com")
    assert emails(alice.api.get(f"{URL}?search=spam")) == ["spam@example.com"]
    trash_message(message=message)
    assert emails(alice.api.get(f"{URL}?search=spam")) == []


def test_it_gives_at_most_what_is_asked_for(alice: Person, inbox: Inbox):
    make_message(inbox, letter_to("a@x.test", "b@x.test", "c@x.test"))
    assert len(emails(alice.api.get(f"{URL}?search=x&limit=2"))) == 2
    assert error_of(alice.api.get(f"{URL}?limit=0"), 400)["field"] == "limit"
    assert error_of(alice.api.get(f"{URL}?search=a%0Ab"), 400)["field"] == "search"


def test_it_takes_three_statements_however_much_there_is(
    alice: Person, inbox: Inbox, django_assert_num_queries
):
    for _ in range(3):
        make_message(inbox)
    make_contact(alice, "Ann", "ann2@example.com")
    with django_assert_num_queries(3):  # key, messages, contacts
        assert len(emails(alice.api.get(f"{URL}?search=ann"))) == 2


def test_a_stranger_finds_none_and_a_bound_key_those_of_its_inbox(
    alice: Person, charlie: Person, inbox: Inbox
):
    other = make_inbox(alice.workspace)
    make_message(inbox, letter_to("secret@example.com"))
    make_message(other, letter_to("open@example.com"))
    make_contact(alice, "Ann", "ann@example.com")
    assert emails(charlie.api.get(URL)) == []
    bound = api_of(make_key(alice.workspace, inbox_ids=[other.pk])[1])
    assert emails(bound.get(URL)) == ["open@example.com", "ann@example.com"]
