"""What is inside of a received file is a file of the message as well, and the original stays."""

from __future__ import annotations

import random
import tracemalloc
from base64 import encodebytes
from hashlib import sha256
from typing import Any

import pytest
from django.utils import timezone

from attachments.models import Attachment
from messaging.mime.containers import MAX_CONTAINED
from messaging.models import Arrival, Inbox, Message, MessageAttachment, Recipient
from messaging.receiving.parsing import (
    MAX_ATTEMPTS,
    TOO_MANY_CONTAINED,
    UNOPENED,
    parse_arrival,
)
from project.ids import spell
from tests.messaging.make import make_arrival, make_inbox, receive
from tests.messaging.mime.tnef import EMBEDDED, attached, winmail
from tests.messaging.receiving.test_reports import report, sent
from tests.people import Person

PDF = b"%PDF-1.4 \x00\xff plan\0\0"
Listed = list[tuple[str, str | None]]


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


def part(content: bytes, kind: str, name: str, *, content_id: str = "") -> bytes:
    """A file as a part of a mail, in base64."""
    head = f'Content-Type: {kind}; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
    head += f"Content-ID: <{content_id}>\r\n" if content_id else ""
    return f"{head}\r\n".encode() + encodebytes(content)


def mail(*parts: bytes, body: str = "Hello", kind: str = "plain") -> bytes:
    """A mail with a text and these parts."""
    text = f"Content-Type: text/{kind}\r\n\r\n{body}".encode()
    inner = b"".join(b"--b--b\r\n" + one + b"\r\n" for one in ([text] if body else []) + [*parts])
    return (
        b"From: Ann <ann@example.com>\r\nSubject: Plans\r\n"
        b"Content-Type: multipart/mixed; boundary=b--b\r\n\r\n" + inner + b"--b--b--\r\n"
    )


def nested(content: bytes) -> bytes:
    """A mail as a part of another, under the name of its own boundary."""
    return b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + (
        encodebytes(content)
    )


def listed(message: Message) -> Listed:
    """Name and container of each file, in their order."""
    rows = message.enclosures.select_related("container")
    return [(row.filename, row.container.filename if row.container else None) for row in rows]


def ask(person: Person, message: Message) -> dict[str, Any]:
    answer: dict[str, Any] = person.api.get(f"/api/v1/messages/{spell('msg', message.pk)}").json()
    return answer


def test_files_of_both_kinds_of_containers_stand_behind_the_originals(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
) -> None:
    outlooks = winmail(attached(b"plan.pdf", PDF))
    held = mail(part(b"a;b", "text/csv", "data.csv"), part(outlooks, "a/b", "winmail.dat"))
    raw = mail(
        nested(held), part(outlooks, "application/ms-tnef", "att.dat"), part(b"x", "a/b", "x")
    )
    message = receive(inbox, raw)
    assert listed(message) == [
        ("message.eml", None),
        ("att.dat", None),
        ("x", None),
        ("data.csv", "message.eml"),
        ("winmail.dat", "message.eml"),
        ("plan.pdf", "winmail.dat"),
        ("plan.pdf", "att.dat"),
    ]
    assert message.attachment_count == 7
    answer = ask(bob, message)
    files = answer["attachments"]
    assert [one["position"] for one in files] == list(range(7))
    ids = [one["id"] for one in files]
    assert [one["part_of"] for one in files] == [
        *(None, None, None),
        *(ids[0], ids[0], ids[4], ids[1]),
    ]
    assert [one["sha256"] for one in files] == [
        sha256(content).hexdigest()
        for content in (held, outlooks, b"x", b"a;b", outlooks, PDF, PDF)
    ]
    path = f"/api/v1/messages/{answer['id']}/attachments/{ids[5]}/content"
    assert b"".join(alice.api.get(path).streaming_content) == PDF  # type: ignore[attr-defined]
    (row,) = alice.api.get("/api/v1/messages").json()["data"]
    assert [one["part_of"] for one in row["attachments"]] == [one["part_of"] for one in files]
    assert charlie.api.get(path).status_code == 404
    assert charlie.api.get("/api/v1/messages").json()["data"] == []


def test_pictures_of_an_attached_mail_are_no_pictures_of_this_one(inbox: Inbox) -> None:
    shows = "<img src='cid:logo'>"
    held = mail(part(b"theirs", "image/png", "b.png", content_id="logo"), body=shows, kind="html")
    ours = part(b"ours", "image/png", "a.png", content_id="logo")
    message = receive(inbox, mail(ours, nested(held), body=shows, kind="html"))
    rows = message.enclosures.values_list("filename", "inline", "content_id")
    assert list(rows) == [
        ("a.png", True, "logo"),
        ("message.eml", False, ""),
        ("b.png", False, "logo"),
    ]


def test_a_mail_without_words_has_those_that_outlook_packed(inbox: Inbox) -> None:
    packed = winmail(
        attached(b"logo.png", b"\x89PNG", (0x3712, "logo")),
        attached(b"plan.pdf", PDF, (0x3712, "other")),
        properties=(
            (0x1000, "Words"),
            (0x1013, b"<p>Words<img src='cid:logo'></p>"),
            (0x3FDE, 65001),
        ),
    )
    file = part(packed, "application/ms-tnef", "winmail.dat")
    for body in ("", " \r\n"):
        message = receive(inbox, mail(file, body=body))
        assert (message.text, message.html) == ("Words", "<p>Words<img src='cid:logo'></p>")
        inline = message.enclosures.values_list("filename", "inline")
        assert list(inline) == [("winmail.dat", False), ("logo.png", True), ("plan.pdf", False)]
    spoken = receive(inbox, mail(file, body="Mine"))
    assert (spoken.text, spoken.html) == ("Mine", None)
    assert not spoken.enclosures.filter(inline=True).exists()
    held = receive(inbox, mail(nested(mail(file, body="")), body=""))
    assert (held.text, held.html) == (None, None)


def test_a_container_that_is_too_large_is_noted_and_not_opened(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = mail(part(PDF, "application/pdf", "plan.pdf"))
    monkeypatch.setattr("messaging.receiving.parsing.NATIVE_FILE_BYTES", len(held))
    assert len(listed(receive(inbox, mail(nested(held))))) == 2
    monkeypatch.setattr("messaging.receiving.parsing.NATIVE_FILE_BYTES", len(held) - 1)
    message = receive(inbox, mail(nested(held), body="Hello again"))
    assert listed(message) == []
    assert f'"message.eml" ({len(held)} bytes) was removed' in (message.text or "")


def test_what_only_looks_like_a_container_is_a_file(inbox: Inbox) -> None:
    broken = part(b"\x78\x9f\x3e\x22" + bytes(range(256)), "application/ms-tnef", "winmail.dat")
    empty = part(b"", "application/octet-stream", "winmail.dat")
    nothing = part(b"", "message/rfc822", "empty.eml")
    message = receive(inbox, mail(broken, empty, nothing))
    assert listed(message) == [("winmail.dat", None), ("winmail.dat", None), ("empty.eml", None)]
    assert "receiving" not in message.annotations


def test_a_bounce_is_understood_and_the_mail_that_came_back_is_opened(inbox: Inbox) -> None:
    message = sent(inbox, "ann@example.com")
    file = b"Subject: Hello\r\nContent-Type: a/b; name=x.bin\r\n\r\ntext\r\n--r--\r\n"
    bounce = receive(
        inbox, report(message).replace(b"Subject: Hello\r\n\r\ntext\r\n--r--\r\n", file)
    )
    assert Recipient.objects.get(delivery__message=message).state == "bounced"
    assert listed(bounce)[1:] == [("message.eml", None), ("x.bin", "message.eml")]


def test_a_container_that_cannot_be_borne_costs_only_what_is_inside_of_it(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("messaging.receiving.parsing.open_container", burst)
    held = mail(part(PDF, "application/pdf", "plan.pdf"))
    arrival = make_arrival(inbox, mail(nested(held), part(b"x", "a/b", "x")))
    tries = []
    for _ in range(MAX_ATTEMPTS):
        tries.append(parse_arrival(arrival.pk))
        Arrival.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    assert tries == [*[False] * (MAX_ATTEMPTS - 1), True]
    arrival.refresh_from_db()
    assert arrival.state == "parsed"
    assert arrival.message
    assert listed(arrival.message) == [("message.eml", None), ("x", None)]
    assert arrival.message.annotations["receiving"]["flaws"] == [UNOPENED]


# Bounds -----------------------------------------------------------------------------------------


def test_files_are_opened_five_deep(inbox: Inbox) -> None:
    raw = mail(part(PDF, "application/pdf", "plan.pdf"))
    for _ in range(7):
        raw = mail(nested(raw))
    assert listed(receive(inbox, raw)) == [
        ("message.eml", None),
        *[("message.eml", "message.eml")] * 5,
    ]
    stream = winmail(attached(b"plan.pdf", PDF))
    for _ in range(7):
        stream = winmail(attached(b"", None, (0x3001, "held"), (0x3701, EMBEDDED + stream)))
    deep = receive(inbox, mail(part(stream, "application/ms-tnef", "winmail.dat"), body="other"))
    assert [name for name, _ in listed(deep)] == ["winmail.dat", *["held"] * 5]


def test_no_more_files_inside_of_others_are_stored_than_the_bound(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.receiving.parsing.MAX_CONTAINED", 5)
    twins = nested(mail(*[part(b"x", "a/b", "x")] * 3))
    message = receive(inbox, mail(twins, twins, twins, part(b"last", "a/b", "last")))
    assert [name for name, _ in listed(message)] == [
        *["message.eml"] * 3,
        "last",
        *["x"] * 5,
    ]
    assert message.annotations["receiving"]["flaws"] == [TOO_MANY_CONTAINED]


def test_no_container_is_held_in_memory(inbox: Inbox) -> None:
    content = random.Random(5).randbytes(6_000_000)
    raw = mail(part(content, "a/b", "x.bin"))
    for _ in range(2):
        raw = mail(b"Content-Type: message/rfc822\r\n\r\n" + raw.replace(b"b--b", b"c--c"))
    outlooks = winmail(attached(b"y.bin", content[::-1]))
    raw = mail(nested(raw), part(outlooks, "application/ms-tnef", "winmail.dat"))
    arrival = make_arrival(inbox, raw)
    tracemalloc.start()
    assert parse_arrival(arrival.pk)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6_000_000
    found = Attachment.objects.filter(filename__in=("x.bin", "y.bin")).order_by("filename")
    assert [one.sha256 for one in found] == [
        sha256(content).hexdigest(),
        sha256(content[::-1]).hexdigest(),
    ]


@pytest.mark.slow
def test_a_mail_of_a_thousand_mails_in_a_mail_of_many_ends(inbox: Inbox) -> None:
    """Each of them is looked into, and no file in them is one too many."""
    small = b"Content-Type: message/rfc822\r\n\r\n" + mail(part(b"x", "a/b", "x")).replace(
        b"b--b", b"c--c"
    )
    crowd = mail(*[small] * 1000).replace(b"b--b", b"d--d")
    message = receive(inbox, mail(*[b"Content-Type: message/rfc822\r\n\r\n" + crowd] * 20))
    assert MessageAttachment.objects.filter(message=message, container=None).count() == 20
    assert (
        MessageAttachment.objects.filter(message=message, container__isnull=False).count()
        == MAX_CONTAINED
    )


def test_the_same_mail_in_two_mails_is_stored_once(inbox: Inbox) -> None:
    held = nested(mail(part(PDF, "application/pdf", "plan.pdf")))
    first = receive(inbox, mail(held, body="One"))
    second = receive(inbox, mail(held, body="Two"))
    blobs = [
        list(message.enclosures.values_list("attachment__blob", flat=True))
        for message in (first, second)
    ]
    assert blobs[0] == blobs[1]
    assert len(set(blobs[0])) == 2
