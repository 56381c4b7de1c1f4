"""Lists of messages: their filters, their pages, and who sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from attachments.limits import Limits
from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.letter import Letter
from messaging.models import Customer, Inbox, Message
from messaging.services import cancel_message, record_message
from messaging.trash import trash_message
from project.ids import spell_hex
from tests.contracts.nylas.make import folder_of, ids_of, let_it_leave, receive
from tests.contracts.nylas.wire import data_of, error_of, url_of
from tests.make import api_of, api_with, make_key
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person

YEAR_2020 = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def messages(alice: Person, grant: Inbox) -> list[Message]:
    """Four messages, the oldest first: sent plain, sent with a file, received, received."""
    file = make_file(alice.workspace, b"%PDF-1.4 four", filename="Four.pdf")
    letter = Letter(
        to=(Address("Bo@Example.com", "Bo"),),
        cc=(Address("cy@example.com"),),
        bcc=(Address("dee@example.com"),),
        subject="Invoice MARch",
        html="<p>See <b>it</b></p>",
    )
    received = receive(
        grant,
        to=["desk@acme.test"],
        cc=["Cy@example.com", "o'x+y@example.com"],
        subject="Été 100%",
        metadata={"key1": "v 1", "key2": "b"},
    )
    other = receive(grant, from_email="Eve@Example.com", to=["bo@example.com"], starred=True)
    sent = [
        make_message(grant, letter_to("ann@example.com")),
        make_message(grant, letter, files=[file]),
    ]
    Message.objects.filter(pk=sent[1].pk).update(metadata={"key1": "v 1"})
    return [*sent, other, received]


def found(person: Person, grant: Inbox, messages: list[Message], query: object) -> list[int]:
    """The places, in `messages`, of what a list has."""
    places = {spell_hex(message.pk): place for place, message in enumerate(messages)}
    return sorted(places[id] for id in ids_of(person, url_of(grant, "messages"), query))


def test_r39_r65_it_lists_newest_first_with_exact_files(
    alice: Person, grant: Inbox, messages: list[Message]
):
    rows = data_of(alice.api.get(url_of(grant, "messages")))
    newest = sorted(messages, key=lambda one: one.pk, reverse=True)
    assert [row["id"] for row in rows] == [spell_hex(one.pk) for one in newest]
    row = next(row for row in rows if row["id"] == spell_hex(messages[1].pk))
    assert row["attachments"][0]["filename"] == "Four.pdf"
    assert row["attachments"][0]["size"] == 13
    assert row["bcc"] == [{"email": "dee@example.com", "name": ""}]
    assert row["body"] == "<p>See <b>it</b></p>" and row["snippet"] == "See it"
    assert row["folders"] == [spell_hex(folder_of(grant, "sent").pk)]
    assert all(one["grant_id"] == str(grant.pk) and one["object"] == "message" for one in rows)


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"subject": "march"}, [1]),
        ({"subject": "ÉTÉ"}, [3]),
        ({"subject": "100%"}, [3]),
        ({"subject": "1_0"}, []),
        ({"to": "bo@example.COM"}, [1, 2]),
        ({"to": "o@example.com"}, []),
        ({"to": "bo@example.com,ann@example.com"}, [0, 1, 2]),
        ({"to": ["bo@example.com", "ann@example.com"]}, [0, 1, 2]),
        ({"cc": "cy@example.com"}, [1, 3]),
        ({"cc": "O'X+Y@example.com"}, [3]),
        ({"bcc": "dee@example.com"}, [1]),
        ({"to": "dee@example.com"}, []),
        ({"from": "DESK@acme.test"}, [0, 1]),
        ({"from": "eve@example.com"}, [2]),
        ({"any_email": "dee@example.com,EVE@example.com"}, [1, 2]),
        ({"any_email": ["dee@example.com", "eve@example.com, ann@example.com"]}, [0, 1, 2, 3]),
        ({"any_email": "cy@example.com"}, [1, 3]),
        ({"unread": "True"}, [2, 3]),
        ({"unread": "false"}, [0, 1]),
        ({"starred": "TRUE"}, [2]),
        ({"starred": "False"}, [0, 1, 3]),
        ({"has_attachment": "true"}, [1]),
        ({"has_attachment": "False"}, [0, 2, 3]),
        ({"metadata_pair": "key1:v 1"}, [1, 3]),
        ({"metadata_pair": "key1:v 1,key2:b"}, [3]),
        ({"metadata_pair": ["key1:v 1", "key2:b"]}, [3]),
        ({"metadata_pair": "key3:v 1"}, []),
        ({"in": "SENT"}, [0, 1]),
        ({"in": ["INBOX", "SENT"]}, [0, 1, 2, 3]),
        ({"in": "DRAFTS"}, []),
        ({"unread": "true", "starred": "false", "subject": "été"}, [3]),
        ({"query_imap": "true", "shared_from": "x", "unheard_of": "1"}, [0, 1, 2, 3]),
        ({"search_query_native": "x", "to": "", "subject": ""}, [0, 1, 2, 3]),
    ],
)
def test_r8_r9_r25_r66_r67_r68_it_finds(
    alice: Person, grant: Inbox, messages: list[Message], query: object, places: list[int]
):
    assert found(alice, grant, messages, query) == places


def test_r67_it_finds_by_thread_and_folder(alice: Person, grant: Inbox, messages: list[Message]):
    thread = spell_hex(messages[1].thread_id)
    assert found(alice, grant, messages, {"thread_id": thread}) == [1]
    assert found(alice, grant, messages, {"thread_id": "no thread's id"}) == []
    inbox, sent = (spell_hex(folder_of(grant, role).pk) for role in ("inbox", "sent"))
    assert found(alice, grant, messages, {"in": inbox}) == [2, 3]
    assert found(alice, grant, messages, {"in": f"{inbox},{sent}"}) == [0, 1, 2, 3]
    assert found(alice, grant, messages, {"in": spell_hex(messages[0].pk)}) == []


def test_r67_it_finds_by_time_to_the_second(alice: Person, grant: Inbox, messages: list[Message]):
    moment = YEAR_2020 + timedelta(milliseconds=400)
    Message.objects.filter(pk=messages[3].pk).update(created_at=moment)
    let_it_leave(messages[0], at=moment - timedelta(seconds=1))
    at = int(YEAR_2020.timestamp())
    row = data_of(alice.api.get(url_of(grant, "messages", spell_hex(messages[3].pk))))
    assert row["date"] == at
    assert found(alice, grant, messages, {"received_after": at}) == [1, 2]
    assert found(alice, grant, messages, {"received_after": at - 1}) == [1, 2, 3]
    assert found(alice, grant, messages, {"received_before": at}) == [0]
    assert found(alice, grant, messages, {"received_before": at + 1}) == [0, 3]
    both = {"received_before": at + 1, "received_after": at - 1}
    assert found(alice, grant, messages, both) == [3]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"limit": "0"}, "limit: This is a whole number from 1 to 200, not '0'."),
        ({"limit": "201"}, "limit: This is a whole number from 1 to 200, not '201'."),
        ({"limit": "ten"}, "limit: This is a whole number from 1 to 200, not 'ten'."),
        ({"page_token": "nonsense"}, "page_token: This is not the next_cursor of an earlier page."),
        ({"unread": "perhaps"}, "unread: This is true or false, not 'perhaps'."),
        ({"has_attachment": "1"}, "has_attachment: This is true or false, not '1'."),
        ({"received_after": "monday"}, "received_after: This is a time in Unix seconds"),
        ({"received_before": "9" * 12}, "received_before: This is a time in Unix seconds"),
        ({"in": "in:inbox"}, "in: 'in:inbox' is not the id of a folder."),
        ({"fields": "all"}, "fields: This is one of standard, include_headers"),
        ({"metadata_pair": "color:red"}, "metadata_pair: This is key:value"),
        ({"metadata_pair": "key1"}, "metadata_pair: This is key:value"),
        (
            {"metadata_pair": "key1:a", "unread": "true"},
            "metadata_pair: This goes with no other filter, such as unread.",
        ),
        ({"subject": "\0"}, "subject: This may not contain NUL."),
    ],
)
def test_r65_r67_r68_it_refuses(alice: Person, grant: Inbox, query: dict, words: str):
    error = error_of(alice.api.get(url_of(grant, "messages"), query), 400)
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(words)


def test_r64_any_email_takes_25_addresses(alice: Person, grant: Inbox, messages: list[Message]):
    many = [f"a{n}@example.com" for n in range(24)]
    assert found(alice, grant, messages, {"any_email": [*many, "cy@example.com"]}) == [1, 3]
    error = error_of(
        alice.api.get(url_of(grant, "messages"), {"any_email": [*many, "x@y.z", "cy@example.com"]}),
        400,
    )
    assert error["message"] == "any_email: These are 26 addresses; at most 25 are taken."


def test_r66_other_lists_of_addresses_take_100(
    alice: Person, grant: Inbox, messages: list[Message]
):
    many = [f"é{n}@example.com" for n in range(99)]
    for name in ("to", "cc", "bcc", "from"):
        query = {name: [*many, "cy@example.com"]}
        assert found(alice, grant, messages, query) == ([1, 3] if name == "cc" else [])
        query = {name: [*many, "x@y.z", "cy@example.com"]}
        error = error_of(alice.api.get(url_of(grant, "messages"), query), 400)
        assert error["message"] == f"{name}: These are 101 addresses; at most 100 are taken."


@pytest.mark.parametrize("email", ["jürgen@bücher.example", '"a b"@example.com', "a_%@example.com"])
def test_r66_it_finds_addresses_of_every_kind(alice: Person, grant: Inbox, email: str):
    wanted = receive(grant, to=[email], cc=["other@example.com"])
    receive(grant, to=["axx@example.com"], cc=[email])
    url = url_of(grant, "messages")
    assert ids_of(alice, url, {"to": email}) == [spell_hex(wanted.pk)]
    assert len(ids_of(alice, url, {"any_email": email})) == 2


def test_r64_limit_is_50_unless_given_and_at_most_200(alice: Person, grant: Inbox):
    Message.objects.bulk_create(
        Message(workspace=alice.workspace, inbox=grant, direction="inbound") for _ in range(201)
    )
    url = url_of(grant, "messages")
    assert len(ids_of(alice, url)) == 50
    assert len(ids_of(alice, url, {"limit": 200})) == 200
    assert len(ids_of(alice, url, {"limit": 1})) == 1


def test_r13_r27_pages_end_without_a_cursor(alice: Person, grant: Inbox, messages: list[Message]):
    url, seen, query = url_of(grant, "messages"), [], {"limit": 2}
    for _ in range(2):
        body = alice.api.get(url, query).json()
        assert len(body["data"]) == 2
        seen += [row["id"] for row in body["data"]]
        query["page_token"] = body.get("next_cursor")
    assert "next_cursor" not in body
    assert seen == ids_of(alice, url)
    whole = alice.api.get(url, {"limit": 4}).json()
    assert len(whole["data"]) == 4 and "next_cursor" not in whole
    assert alice.api.get(url, {"subject": "nothing has this"}).json()["data"] == []


def test_r65_a_page_keeps_its_filters(alice: Person, grant: Inbox, messages: list[Message]):
    url = url_of(grant, "messages")
    first = alice.api.get(url, {"limit": 1, "in": "SENT"}).json()
    second = alice.api.get(
        url, {"limit": 1, "in": "SENT", "page_token": first["next_cursor"]}
    ).json()
    assert [first["data"][0]["id"], second["data"][0]["id"]] == [
        spell_hex(messages[1].pk),
        spell_hex(messages[0].pk),
    ]
    assert "next_cursor" not in second


def test_it_takes_the_same_statements_for_any_page(
    alice: Person, grant: Inbox, messages: list[Message], django_assert_num_queries
):
    url = url_of(grant, "messages")
    with django_assert_num_queries(4):  # key, grant, messages, files
        assert len(ids_of(alice, url)) == 4
    for _ in range(3):
        make_message(grant, files=[make_file(alice.workspace)])
    with django_assert_num_queries(5):  # and what came in, whole
        assert len(ids_of(alice, url, {"fields": "include_headers"})) == 7
    with django_assert_num_queries(4):
        query = {"to": "ann@example.com", "any_email": "desk@acme.test", "unread": "false"}
        assert len(ids_of(alice, url, query)) == 4
    with django_assert_num_queries(5):  # folders by the names of their roles
        assert len(ids_of(alice, url, {"in": ["SENT", "INBOX"]})) == 7


def test_r74_what_is_scheduled_is_listed_once_it_was_sent(alice: Person, grant: Inbox):
    later = make_message(grant, due_at=timezone.now() + timedelta(hours=1))
    now = make_message(grant)
    url = url_of(grant, "messages")
    assert ids_of(alice, url) == [spell_hex(now.pk)]
    assert data_of(alice.api.get(url_of(grant, "messages", spell_hex(later.pk))))["send_at"]
    later.deliveries.update(due_at=timezone.now() - timedelta(seconds=1))
    assert ids_of(alice, url) == [spell_hex(now.pk)]
    let_it_leave(later)
    assert ids_of(alice, url) == [spell_hex(now.pk), spell_hex(later.pk)]


def test_it_lists_neither_notes_nor_what_was_canceled(alice: Person, grant: Inbox):
    note = record_message(
        inbox=grant,
        letter=letter_to("ann@example.com"),
        limits=Limits.for_workspace(alice.workspace),
        filing=Filing(channel="note"),
    )
    canceled = cancel_message(message=make_message(grant))
    assert ids_of(alice, url_of(grant, "messages")) == []
    for message in (note, canceled):
        error_of(alice.api.get(url_of(grant, "messages", spell_hex(message.pk))), 404)


def test_the_trash_is_listed_only_when_it_is_asked_for(alice: Person, grant: Inbox):
    here, thrown = receive(grant), receive(grant)
    trash_message(message=thrown)
    url = url_of(grant, "messages")
    assert ids_of(alice, url) == [spell_hex(here.pk)]
    assert ids_of(alice, url, {"in": "TRASH"}) == [spell_hex(thrown.pk)]


def test_tenancy_of_lists(
    alice: Person, bob: Person, charlie: Person, grant: Inbox, messages: list[Message]
):
    url = url_of(grant, "messages")
    assert len(ids_of(bob, url)) == 4
    assert error_of(charlie.api.get(url), 404)["type"] == "grant.not_found"
    own = make_inbox(charlie.workspace, address="c@acme.test")
    assert ids_of(charlie, url_of(own, "messages")) == []
    thread = spell_hex(messages[1].thread_id)
    assert ids_of(charlie, url_of(own, "messages"), {"thread_id": thread}) == []
    folder = spell_hex(messages[1].folder_id)
    assert ids_of(charlie, url_of(own, "messages"), {"in": folder}) == []


def test_another_grant_of_the_workspace_has_its_own_messages(
    alice: Person, grant: Inbox, messages: list[Message]
):
    other = make_inbox(alice.workspace)
    theirs = receive(other)
    assert ids_of(alice, url_of(other, "messages")) == [spell_hex(theirs.pk)]
    key = api_of(make_key(alice.workspace, inbox_ids=[other.pk])[1])
    assert error_of(key.get(url_of(grant, "messages")), 404)["type"] == "grant.not_found"
    assert len(data_of(key.get(url_of(other, "messages")))) == 1


def test_r28_it_needs_the_scope_read(alice: Person, grant: Inbox):
    error = error_of(api_with(alice.workspace, "send").get(url_of(grant, "messages")), 403)
    assert error["type"] == "insufficient_scopes"


def test_native_messages_are_here_with_their_ids_and_sizes(alice: Person, grant: Inbox):
    content = b"x" * 12345
    file = make_file(alice.workspace, content, filename="x.bin")
    Customer.objects.create(workspace=alice.workspace, name="Ann")
    message = make_message(grant, files=[file])
    (row,) = data_of(alice.api.get(url_of(grant, "messages")))
    assert row["id"] == spell_hex(message.pk)
    assert (row["attachments"][0]["id"], row["attachments"][0]["size"]) == (
        spell_hex(file.pk),
        12345,
    )
    assert Enclosure(file).name == row["attachments"][0]["filename"] == "x.bin"
