"""One message: found, shown in parts, kept in order, deleted."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import timedelta
from email import message_from_bytes, policy

import msgspec
import pytest
from django.utils import timezone

from attachments.incoming import Incoming
from attachments.models import Attachment
from messaging.addresses import Address
from messaging.letter import Letter
from messaging.mime.assembly import assemble
from messaging.models import Arrival, Folder, Inbox, Message
from messaging.receiving.arrivals import keep_arrivals
from messaging.source import source_of, with_first_sent
from project.ids import new_id, spell_hex
from tests.contracts.nylas.make import folder_of, let_it_leave, receive
from tests.contracts.nylas.wire import data_of, digest, error_of, url_of
from tests.make import api_with
from tests.messaging.make import make_file, make_inbox, make_message, make_reservation
from tests.people import Person

LETTER = Letter(
    to=(Address("ann@example.com", "Änn"),),
    subject="Grüße",
    html='<style>p {}</style><p>See <img src="cid:logo"> this &amp; that</p>',
    headers={"X-A": "1", "X-Long": "word " * 40},
)
BIG = b"\x00\xff exact bytes " * 40_000


@pytest.fixture
def sent(alice: Person, grant: Inbox) -> Message:
    """A message with a big file, on its way."""
    return make_message(grant, LETTER, files=[make_file(alice.workspace, BIG, filename="b.bin")])


def url_to(message: Message) -> str:
    return url_of(message.inbox, "messages", spell_hex(message.pk))


def test_r31_a_message_has_all_its_keys(alice: Person, sent: Message):
    data = data_of(alice.api.get(url_to(sent)))
    assert data["from"] == [{"email": "desk@acme.test", "name": "Acme"}]
    assert data["to"] == [{"email": "ann@example.com", "name": "Änn"}]
    assert (data["cc"], data["bcc"], data["reply_to"], data["metadata"]) == ([], [], [], {})
    assert data["snippet"] == "See this & that"
    assert data["body"] == LETTER.html
    assert data["date"] == int(sent.date.timestamp())
    assert data["thread_id"] == spell_hex(sent.thread_id)
    assert (data["unread"], data["starred"], data["object"]) == (False, False, "message")
    (file,) = data["attachments"]
    assert (file["size"], file["filename"]) == (len(BIG), "b.bin")
    assert not {"headers", "tracking_options", "raw_mime"} & data.keys()


def test_what_came_in_has_the_time_it_came(alice: Person, grant: Inbox):
    message = receive(grant, date=timezone.now() + timedelta(days=900))
    assert data_of(alice.api.get(url_to(message)))["date"] == int(message.created_at.timestamp())


def test_r41_words_are_no_ids(alice: Person, grant: Inbox):
    assert data_of(alice.api.get(url_of(grant, "messages", "schedules"))) == []
    assert error_of(alice.api.get(url_of(grant, "messages", "send")), 405)
    assert error_of(alice.api.get(url_of(grant, "messages", "clean")), 405)


@pytest.mark.parametrize("id", ["nonsense", "0" * 24, "%3Cabc%2Fd%40x%3E", "a%20b"])
def test_r12_an_unknown_id_is_a_404(alice: Person, grant: Inbox, id: str):
    for method in (alice.api.get, alice.api.put, alice.api.delete):
        error = error_of(method(url_of(grant, "messages", id)), 404)
        assert error == {"type": "not_found_error", "message": "requested object not found"}
    assert error_of(alice.api.get(url_of(grant, "messages", spell_hex(new_id()))), 404)


# fields and select ------------------------------------------------------------------------------


def test_r69_include_headers_are_those_of_the_mail(alice: Person, sent: Message):
    headers = data_of(alice.api.get(url_to(sent), {"fields": "include_headers"}))["headers"]
    assert all(header.keys() == {"name", "value"} for header in headers)
    values = {header["name"]: header["value"] for header in headers}
    assert values["Message-ID"] == sent.rfc_message_id
    assert values["Subject"] == "Grüße" and values["X-A"] == "1"
    assert values["To"] == "Änn <ann@example.com>"
    assert values["X-Long"] == ("word " * 40).strip()
    assert values["Content-Type"].startswith("multipart/mixed")
    assert "Bcc" not in values


def test_r69_basic_headers_are_three_at_most(alice: Person, grant: Inbox, sent: Message):
    headers = data_of(alice.api.get(url_to(sent), {"fields": "include_basic_headers"}))["headers"]
    assert headers == [{"name": "Message-ID", "value": sent.rfc_message_id}]
    answer = {"reply_to_message_id": spell_hex(sent.pk), "to": [{"email": "ann@example.com"}]}
    reply = data_of(alice.api.post(url_of(grant, "messages", "send"), answer, format="json"))
    url = url_of(grant, "messages", reply["id"])
    found = data_of(alice.api.get(url, {"fields": "include_basic_headers"}))["headers"]
    assert [one["name"] for one in found] == ["Message-ID", "In-Reply-To", "References"]
    assert {one["value"] for one in found[1:]} == {sent.rfc_message_id}


def receive_raw(grant: Inbox, raw: bytes) -> Message:
    """A message whose raw bytes are here."""
    message = receive(grant, subject="Raw", rfc_message_id="<one@example.com>")
    with Incoming() as incoming:
        incoming.write(raw)
        (arrival,) = keep_arrivals(
            envelope=[(grant, grant.address)], incoming=incoming, via="http", mail_from="a@b.c"
        )
    Arrival.objects.filter(pk=arrival.pk).update(message=message, state="parsed", due_at=None)
    return message


RAW_MAIL = (
    b"Received: from one\r\nReceived: from two\r\nSubject: =?utf-8?q?H=C3=A9?=\r\n there\r\n"
    b"Message-ID: <one@example.com>\r\n\r\nThe body\r\nX-No: header\r\n"
)


@pytest.mark.django_db(transaction=True)
def test_r69_received_mail_keeps_repeated_headers(alice: Person, grant: Inbox):
    message = receive_raw(grant, RAW_MAIL)
    headers = data_of(alice.api.get(url_to(message), {"fields": "include_headers"}))["headers"]
    assert headers == [
        {"name": "Received", "value": "from one"},
        {"name": "Received", "value": "from two"},
        {"name": "Subject", "value": "Hé there"},
        {"name": "Message-ID", "value": "<one@example.com>"},
    ]
    raw = data_of_stream(alice.api.get(url_to(message), {"fields": "raw_mime"}))["raw_mime"]
    assert urlsafe_b64decode(raw) == RAW_MAIL


def test_r69_received_mail_without_its_source_has_what_is_known(alice: Person, grant: Inbox):
    message = receive(grant, rfc_message_id="<a@b.c>", headers={"X-B": "2"})
    headers = data_of(alice.api.get(url_to(message), {"fields": "include_headers"}))["headers"]
    assert {"name": "X-B", "value": "2"} in headers
    assert {"name": "Message-ID", "value": "<a@b.c>"} in headers
    assert error_of(alice.api.get(url_to(message), {"fields": "raw_mime"}), 404)
    (row,) = data_of_stream(alice.api.get(url_of(grant, "messages"), {"fields": "raw_mime"}))
    assert row["raw_mime"] is None


def test_r69_r77_tracking_options(alice: Person, grant: Inbox, sent: Message):
    none = data_of(alice.api.get(url_to(sent), {"fields": "include_tracking_options"}))
    assert none["tracking_options"] == {
        "opens": False,
        "links": False,
        "thread_replies": False,
        "label": "",
    }
    letter = {"to": [{"email": "ann@example.com"}], "tracking_options": {"opens": True}}
    made = data_of(alice.api.post(url_of(grant, "messages", "send"), letter, format="json"))
    url = url_of(grant, "messages", made["id"])
    found = data_of(alice.api.get(url, {"fields": "include_tracking_options"}))
    assert found["tracking_options"]["opens"] is True
    assert "tracking_options" not in data_of(alice.api.get(url))


def test_r69_raw_mime_is_the_mail_itself(alice: Person, sent: Message):
    answer = alice.api.get(url_to(sent), {"fields": "raw_mime"})
    assert answer["Content-Type"] == "application/json" and answer.streaming
    data = data_of_stream(answer)
    assert data.keys() == {"grant_id", "object", "id", "raw_mime"}
    source = urlsafe_b64decode(data["raw_mime"])
    assert source == b"".join(source_of(full(sent), at=timezone.now()).blocks())
    (file,) = message_from_bytes(source, policy=policy.default).iter_attachments()
    assert digest(file.get_content()) == digest(BIG)


def test_r69_raw_mime_in_a_list(
    alice: Person, grant: Inbox, sent: Message, django_assert_num_queries
):
    late = make_message(grant, files=[make_reservation(alice.workspace)])
    other = make_message(grant)
    with django_assert_num_queries(5):  # key, grant, messages, files, what came in
        answer = alice.api.get(url_of(grant, "messages"), {"fields": "raw_mime", "limit": 3})
        rows = data_of_stream(answer)
    assert [row["id"] for row in rows] == [spell_hex(one.pk) for one in (other, late, sent)]
    assert rows[1]["raw_mime"] is None
    for row, message in ((rows[0], other), (rows[2], sent)):
        source = b"".join(assemble(full(message)).blocks())
        assert urlsafe_b64decode(row["raw_mime"]) == source


def test_raw_mime_of_what_waits_for_a_file_is_refused(alice: Person, grant: Inbox):
    late = make_message(grant, files=[make_reservation(alice.workspace)])
    error = error_of(alice.api.get(url_to(late), {"fields": "raw_mime"}), 423)
    assert error["type"] == "resource_blocked"


@pytest.mark.parametrize(
    ("select", "keys"),
    [
        ("id,subject", {"id", "subject", "grant_id"}),
        (["id", "subject"], {"id", "subject", "grant_id"}),
        (["id, subject", "body"], {"id", "subject", "body", "grant_id"}),
        ("attachments", {"attachments", "grant_id"}),
        ("no_such_field", {"grant_id"}),
    ],
)
def test_r5_r70_select(alice: Person, grant: Inbox, sent: Message, select: object, keys: set[str]):
    assert data_of(alice.api.get(url_to(sent), {"select": select})).keys() == keys
    (row,) = data_of(alice.api.get(url_of(grant, "messages"), {"select": select}))
    assert row.keys() == keys


def test_r70_select_goes_with_fields(alice: Person, sent: Message):
    query = {"fields": "include_headers", "select": "headers"}
    assert data_of(alice.api.get(url_to(sent), query)).keys() == {"grant_id", "headers"}
    query = {"fields": "raw_mime", "select": "id"}
    assert data_of_stream(alice.api.get(url_to(sent), query)).keys() == {"grant_id", "id"}


# Keeping in order -------------------------------------------------------------------------------


def test_r39_r43_a_change_replaces_what_is_given(alice: Person, sent: Message):
    Message.objects.filter(pk=sent.pk).update(metadata={"key1": "old", "camelKey": "x"})
    changes = {"unread": True, "starred": True, "metadata": {"key1": "a", "twoWords": "b"}}
    data = data_of(alice.api.put(url_to(sent), changes, format="json"))
    assert (data["unread"], data["starred"]) == (True, True)
    assert data["metadata"] == {"key1": "a", "twoWords": "b"}
    assert data["subject"] == "Grüße" and len(data["attachments"]) == 1
    again = data_of(alice.api.put(url_to(sent), {"starred": False}, format="json"))
    assert (again["unread"], again["starred"]) == (True, False)
    assert again["metadata"] == {"key1": "a", "twoWords": "b"}
    assert data_of(alice.api.get(url_to(sent))) == again


def test_an_empty_change_changes_nothing(alice: Person, sent: Message):
    before = data_of(alice.api.get(url_to(sent)))
    assert data_of(alice.api.put(url_to(sent), {}, format="json")) == before


def test_r39_folders_move_it(alice: Person, grant: Inbox):
    message = receive(grant)
    free = Folder.objects.create(inbox=grant, name="Invoices")
    changes = {"folders": [spell_hex(free.pk)]}
    data = data_of(alice.api.put(url_to(message), changes, format="json"))
    assert data["folders"] == [spell_hex(free.pk)]
    data = data_of(alice.api.put(url_to(message), {"folders": ["INBOX"]}, format="json"))
    assert data["folders"] == [spell_hex(folder_of(grant, "inbox").pk)]
    data_of(alice.api.put(url_to(message), {"folders": ["TRASH"]}, format="json"))
    message.refresh_from_db()
    assert message.trashed_at is not None
    data_of(alice.api.put(url_to(message), {"folders": ["ARCHIVE"]}, format="json"))
    message.refresh_from_db()
    assert message.trashed_at is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folders": []}, "folders: A message is in one folder, and 0 are named."),
        ({"folders": ["INBOX", "SENT"]}, "folders: A message is in one folder, and 2 are named."),
        ({"folders": ["Inbox"]}, "folders: 'Inbox' is not the id of a folder."),
        ({"folders": ["0" * 24]}, "folders: There is no folder '000000000000000000000000'"),
        ({"folders": "INBOX"}, "folders: "),
        ({"unread": "perhaps"}, "unread: "),
        ({"starred": None}, "starred: "),
        ({"metadata": {"key1": 1}}, "metadata.key1: This must be a string."),
        ({"metadata": {"key1": {"deep": "x"}}}, "metadata.key1: This must be a string."),
        ({"metadata": []}, "metadata: "),
    ],
)
def test_a_wrong_change_is_refused_whole(alice: Person, grant: Inbox, changes: dict, words: str):
    message = receive(grant)
    error = error_of(
        alice.api.put(url_to(message), {"starred": True, **changes}, format="json"), 400
    )
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(words)
    message.refresh_from_db()
    assert message.starred is False


def test_folders_of_others_are_none(alice: Person, charlie: Person, grant: Inbox):
    message = receive(grant)
    for other in (make_inbox(alice.workspace), make_inbox(charlie.workspace)):
        folder = spell_hex(folder_of(other, "archive").pk)
        error_of(alice.api.put(url_to(message), {"folders": [folder]}, format="json"), 400)


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({f"k{n}": "v" for n in range(50)}, 200),
        ({f"k{n}": "v" for n in range(51)}, 400),
        ({"k" * 40: "v"}, 200),
        ({"k" * 41: "v"}, 400),
        ({"k": "v" * 500}, 200),
        ({"k": "v" * 501}, 400),
        ({}, 200),
    ],
)
def test_r61_limits_of_metadata(alice: Person, grant: Inbox, metadata: dict[str, str], status: int):
    message = receive(grant)
    answer = alice.api.put(url_to(message), {"metadata": metadata}, format="json")
    assert answer.status_code == status
    message.refresh_from_db()
    assert message.metadata == (metadata if status == 200 else {})


# Deleting ---------------------------------------------------------------------------------------


def test_r1_r39_a_deleted_message_is_in_the_trash(alice: Person, grant: Inbox, sent: Message):
    let_it_leave(sent)
    answer = alice.api.delete(url_to(sent))
    assert answer.status_code == 200
    assert answer.json() == {"request_id": answer["X-Request-Id"]}
    data = data_of(alice.api.get(url_to(sent)))
    assert data["folders"] == [spell_hex(folder_of(grant, "trash").pk)]
    assert len(data["attachments"]) == 1


@pytest.mark.parametrize("word", ["true", "True"])
def test_r39_hard_delete_is_at_once(alice: Person, sent: Message, word: str):
    let_it_leave(sent)
    assert alice.api.delete(f"{url_to(sent)}?hard_delete={word}").json().keys() == {"request_id"}
    error_of(alice.api.get(url_to(sent)), 404)
    assert not Message.objects.filter(pk=sent.pk).exists()
    assert Attachment.objects.get().expires_at is not None


def test_hard_delete_false_is_to_the_trash(alice: Person, sent: Message):
    let_it_leave(sent)
    assert alice.api.delete(f"{url_to(sent)}?hard_delete=False").status_code == 200
    assert Message.objects.get(pk=sent.pk).trashed_at
    error_of(alice.api.delete(f"{url_to(sent)}?hard_delete=maybe"), 400)


@pytest.mark.parametrize("query", ["", "?hard_delete=true"])
def test_what_may_still_leave_is_not_deleted(alice: Person, sent: Message, query: str):
    error = error_of(alice.api.delete(f"{url_to(sent)}{query}"), 409)
    assert "has not left yet" in error["message"]
    assert Message.objects.get(pk=sent.pk).trashed_at is None


# Who --------------------------------------------------------------------------------------------


def test_tenancy_of_one_message(
    alice: Person, bob: Person, charlie: Person, grant: Inbox, sent: Message
):
    own = make_inbox(charlie.workspace)
    assert data_of(bob.api.get(url_to(sent)))["id"] == spell_hex(sent.pk)
    for url in (url_to(sent), url_of(own, "messages", spell_hex(sent.pk))):
        error_of(charlie.api.get(url), 404)
        error_of(charlie.api.put(url, {"starred": True}, format="json"), 404)
        error_of(charlie.api.delete(url), 404)
    other = make_inbox(alice.workspace)
    error_of(alice.api.get(url_of(other, "messages", spell_hex(sent.pk))), 404)
    sent.refresh_from_db()
    assert sent.starred is False


def test_r28_changing_needs_the_scope_send(alice: Person, sent: Message):
    api = api_with(alice.workspace, "read")
    assert data_of(api.get(url_to(sent)))
    for answer in (api.put(url_to(sent), {}, format="json"), api.delete(url_to(sent))):
        assert error_of(answer, 403)["type"] == "insufficient_scopes"


def full(message: Message) -> Message:
    return with_first_sent(Message.objects.in_full()).get(pk=message.pk)


def data_of_stream(answer):
    """The data of an answer that comes as a stream."""
    assert answer.status_code == 200
    body = msgspec.json.decode(answer.getvalue())
    assert body["request_id"] == answer["X-Request-Id"]
    return body["data"]
