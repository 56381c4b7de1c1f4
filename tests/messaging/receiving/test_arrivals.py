"""Mail comes in by HTTP, is kept as it is, and becomes a message."""

from __future__ import annotations

from hashlib import sha256

import pytest
from django.utils import timezone

from attachments.errors import StorageFull
from attachments.models import Attachment, Origin
from attachments.storage import attachment_storage
from messaging.contacts import Contact, create_customer
from messaging.models import Arrival, Inbox, Message, Thread
from messaging.receiving.arrivals import MAX_RAW_BYTES
from messaging.receiving.parsing import MAX_ATTEMPTS, parse_again, parse_arrival, parse_due
from messaging.trash import delete_message
from project.events.models import Event
from project.ids import read, spell
from tests.messaging.make import letter_to, make_arrival, make_inbox, make_message, receive
from tests.messaging.mime.corpus import Found as FoundFile
from tests.messaging.mime.corpus import cases, is_exact, pairs
from tests.people import Person

PDF = b"%PDF-1.4 \x00\xff hello"
MAIL = (
    b"From: Ann <ann@example.com>\r\nTo: Acme <hello@acme.test>\r\nCc: bo@example.com\r\n"
    b"Subject: The contract\r\nMessage-ID: <one@example.com>\r\n"
    b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nX-Custom: yes\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>See <img src='cid:logo'></p>\r\n"
    b"--b\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\n\r\npng\r\n"
    b"--b\r\nContent-Type: application/pdf\r\n"
    b'Content-Disposition: attachment; filename="contract.pdf"\r\n\r\n' + PDF + b"\r\n--b--\r\n"
)


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


def post(person: Person, inbox: Inbox, raw: bytes, content_type: str = "message/rfc822"):
    path = f"/api/v1/inboxes/{spell('inb', inbox.pk)}/raw"
    return person.api.generic("POST", path, raw, content_type=content_type)


def test_a_mail_becomes_a_message_with_its_files(alice: Person, bob: Person, inbox: Inbox) -> None:
    answer = post(alice, inbox, MAIL)
    assert answer.status_code == 202
    arrived = answer.json()
    assert arrived == {"id": arrived["id"], "state": "received", "message_id": None}
    assert parse_due() == 1
    known = bob.api.get(f"/api/v1/arrivals/{arrived['id']}").json()
    message = known["message"]
    assert (known["state"], known["message_id"]) == ("parsed", message["id"])
    assert message["direction"] == "inbound"
    assert message["status"] == "received"
    assert message["from"] == {"email": "ann@example.com", "name": "Ann"}
    assert message["to"] == [{"email": "hello@acme.test", "name": "Acme"}]
    assert message["cc"] == [{"email": "bo@example.com", "name": None}]
    assert message["subject"] == "The contract"
    assert message["html"] == "<p>See <img src='cid:logo'></p>"
    assert message["headers"]["X-Custom"] == "yes"
    assert message["rfc_message_id"] == "<one@example.com>"
    assert (message["size"], message["unread"]) == (len(MAIL), True)
    files = [
        (one["filename"], one["content_type"], one["inline"], one["content_id"], one["sha256"])
        for one in message["attachments"]
    ]
    assert files == [
        ("logo.png", "image/png", True, "logo", sha256(b"png").hexdigest()),
        ("contract.pdf", "application/pdf", False, None, sha256(PDF).hexdigest()),
    ]
    file = message["attachments"][1]["id"]
    path = f"/api/v1/messages/{message['id']}/attachments/{file}/content"
    assert b"".join(bob.api.get(path).streaming_content) == PDF  # type: ignore[attr-defined]
    raw = bob.api.get(f"/api/v1/messages/{message['id']}/raw")
    assert b"".join(raw.streaming_content) == MAIL  # type: ignore[attr-defined]
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"arrival.received", "message.received"} <= kinds


def test_strangers_and_other_types_are_refused(
    alice: Person, charlie: Person, inbox: Inbox
) -> None:
    assert post(charlie, inbox, MAIL).status_code == 404
    refused = post(alice, inbox, MAIL, content_type="text/plain")
    assert (refused.status_code, refused.json()["error"]["code"]) == (415, "not_a_mail")
    empty = post(alice, inbox, b"")
    assert (empty.status_code, empty.json()["error"]["code"]) == (400, "empty_mail")
    arrived = post(alice, inbox, MAIL).json()["id"]
    assert charlie.api.get(f"/api/v1/arrivals/{arrived}").status_code == 404
    assert Arrival.objects.count() == 1


def test_a_mail_beyond_every_limit_is_refused_with_its_size(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.receiving.arrivals.MAX_RAW_BYTES", 10)
    refused = post(alice, inbox, MAIL)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (413, "mail_too_large")
    assert (error["limit"], error["actual"]) == (10, len(MAIL))
    assert MAX_RAW_BYTES == 60 * 1024 * 1024
    assert not Arrival.objects.exists()


def test_the_same_mail_twice_is_one_message(inbox: Inbox) -> None:
    first, second = receive(inbox, MAIL), receive(inbox, MAIL)
    assert first == second
    assert Arrival.objects.filter(message=first).count() == 2
    other = receive(inbox, MAIL.replace(b"The contract", b"Another one"))
    assert other != first
    elsewhere = make_inbox(inbox.workspace)
    assert receive(elsewhere, MAIL) != first


def test_answers_join_their_thread(inbox: Inbox) -> None:
    sent = make_message(inbox, letter_to("ann@example.com"))
    answer = receive(
        inbox,
        b"From: ann@example.com\r\nSubject: Re: Hello\r\nMessage-ID: <a@x>\r\n"
        b"In-Reply-To: <unknown@x>\r\nReferences: <unknown@x> "
        + sent.rfc_message_id.encode()
        + b"\r\n\r\nThanks",
    )
    assert answer.thread_id == sent.thread_id
    again = receive(inbox, b"Subject: AW: Re: Hello\r\nIn-Reply-To: <a@x>\r\n\r\n")
    assert again.thread_id == sent.thread_id
    stranger = receive(inbox, b"Subject: Re: FW: Something\r\nReferences: <nobody@x>\r\n\r\n")
    assert stranger.thread_id != sent.thread_id
    assert Thread.objects.get(pk=stranger.thread_id).subject == "Something"
    elsewhere = make_inbox(inbox.workspace)
    assert receive(elsewhere, b"In-Reply-To: <a@x>\r\n\r\n").thread_id != sent.thread_id


def test_the_customer_is_known_by_address(inbox: Inbox) -> None:
    ann = create_customer(
        workspace=inbox.workspace,
        name="Ann",
        emails=[Contact("a@example.com"), Contact("ann@example.com")],
    )
    assert receive(inbox, MAIL).customer == ann
    assert receive(inbox, b"From: bo@example.com\r\n\r\n").customer is None


def test_a_file_over_the_limit_leaves_a_note(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("messaging.receiving.parsing.NATIVE_FILE_BYTES", len(PDF) - 1)
    message = receive(inbox, MAIL)
    assert [one.filename for one in message.enclosures.all()] == ["logo.png"]
    assert "contract.pdf" in (message.text or "")
    assert str(len(PDF)) in (message.text or "")
    assert "contract.pdf" in (message.html or "")
    with attachment_storage().open(Arrival.objects.get().key) as raw:
        assert PDF in raw.read()


def test_what_fails_for_others_waits_and_what_fails_by_itself_is_kept_raw(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrival = make_arrival(inbox, MAIL)
    with monkeypatch.context() as patch:

        def full(**_: object) -> None:
            raise StorageFull

        patch.setattr("messaging.receiving.parsing.put_measured", full)
        for _ in range(MAX_ATTEMPTS + 3):
            Arrival.objects.update(due_at=timezone.now())
            assert not parse_arrival(arrival.pk)
    arrival.refresh_from_db()
    assert (arrival.state, "StorageFull" in arrival.problem) == ("received", True)
    Arrival.objects.update(due_at=timezone.now())
    assert parse_arrival(arrival.pk)
    arrival.refresh_from_db()
    assert (arrival.state, arrival.problem) == ("parsed", "")


def test_a_poison_mail_costs_itself_only(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    poison, fine = make_arrival(inbox, MAIL), make_arrival(inbox, b"Subject: fine\r\n\r\n")
    with monkeypatch.context() as patch:

        def burst(raw: bytes) -> None:
            if raw[: len(MAIL)] == MAIL:
                raise RecursionError
            raise AssertionError

        from messaging.mime import reader

        patch.setattr(
            "messaging.receiving.parsing.read_mail",
            lambda raw: burst(raw) if b"contract" in raw[:] else reader.read_mail(raw),
        )
        for _ in range(MAX_ATTEMPTS + 1):
            parse_due()
            Arrival.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    poison.refresh_from_db()
    fine.refresh_from_db()
    assert fine.message is not None
    assert (fine.state, fine.message.subject) == ("parsed", "fine")
    assert poison.message is not None
    assert (poison.state, poison.message.enclosures.count()) == ("failed", 0)
    assert poison.message.annotations["receiving"]["flaws"]
    with attachment_storage().open(poison.key) as raw:
        assert raw.read() == MAIL
    parse_again(arrival=poison)
    assert parse_arrival(poison.pk)
    poison.refresh_from_db()
    assert poison.state == "parsed"
    assert poison.message is not None
    assert poison.message.subject == "The contract"
    assert Message.objects.count() == 2


def test_a_worker_that_dies_while_reading_is_followed_by_another(inbox: Inbox) -> None:
    arrival = make_arrival(inbox, MAIL)
    Arrival.objects.update(attempts=1, due_at=timezone.now())  # as its claim left it, lease over
    assert parse_arrival(arrival.pk)
    assert not parse_arrival(arrival.pk)
    assert Message.objects.count() == 1
    assert Attachment.objects.filter(origin=Origin.RECEIVED).count() == 2


def test_raw_bytes_go_with_their_last_message(
    inbox: Inbox, django_capture_on_commit_callbacks
) -> None:
    message = receive(inbox, MAIL)
    key = Arrival.objects.get().key
    with django_capture_on_commit_callbacks(execute=True):
        delete_message(message=message)
    assert not Arrival.objects.exists()
    assert not attachment_storage().exists(key)


def test_the_corpus_by_the_whole_road(alice: Person, inbox: Inbox) -> None:
    """In by HTTP, out by the API, every byte hashed."""
    exact = wanted = 0
    for case in cases():
        if not case.expect:
            continue
        arrived = post(alice, inbox, case.raw())
        if arrived.status_code == 400:
            assert not case.raw()
            continue
        id = arrived.json()["id"]
        parse_arrival(read("arr", id))
        message = alice.api.get(f"/api/v1/arrivals/{id}").json()["message"]
        found = []
        for file in message["attachments"]:
            path = f"/api/v1/messages/{message['id']}/attachments/{file['id']}/content"
            content = b"".join(alice.api.get(path).streaming_content)  # type: ignore[attr-defined]
            assert sha256(content).hexdigest() == file["sha256"]
            found.append(FoundFile(file["filename"], file["content_type"].split(";")[0], content))
        for want, have in pairs(case.expect.get("attachments", []), found):
            if not want.get("optional"):
                wanted += 1
                exact += have is not None and is_exact(want, have)
    assert (exact, wanted) == (113, 113)
