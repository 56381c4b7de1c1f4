"""Answering a message, and passing it on."""

from __future__ import annotations

from typing import Any

import pytest

from attachments.models import Attachment
from attachments.retention import delete_attachment, lose_attachment
from messaging.addresses import Address
from messaging.letter import Letter
from messaging.models import Inbox, Message
from project.ids import spell
from tests.messaging.make import make_file, make_inbox, make_message, receive
from tests.messaging.mime.tnef import EMBEDDED, attached, winmail
from tests.messaging.receiving.test_containers import mail, nested, part
from tests.people import Person

MAIL = (
    b"From: Ann <ann@example.com>\r\nReply-To: office@example.com\r\n"
    b"To: Hello <hello+x@acme.test>, bo@example.com, office@example.com\r\nCc: cy@example.com\r\n"
    b"Subject: Plans\r\nMessage-ID: <plans@example.com>\r\nReferences: <before@example.com>\r\n"
    b"Date: Sat, 21 Nov 2026 10:00:00 +0100\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    b"--c\r\nContent-Type: text/plain\r\n\r\nOne.\r\n> Two.\r\n"
    b"--c\r\nContent-Type: text/html\r\n\r\n"
    b"<p onclick='x()'>One.<script>x()</script><img src='cid:pic'></p>\r\n--c--\r\n"
    b"--b\r\nContent-Type: image/png; name=pic.png\r\nContent-ID: <pic>\r\n\r\npng\r\n"
    b"--b\r\nContent-Type: application/pdf; name=plan.pdf\r\n\r\n%PDF plan\r\n--b--\r\n"
)


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


@pytest.fixture
def message(inbox: Inbox) -> Message:
    return receive(inbox, MAIL)


def ask(person: Person, message: Message, action: str) -> Any:
    return person.api.post(f"/api/v1/messages/{spell('msg', message.pk)}/{action}")


def emails(addresses: list[dict[str, Any]]) -> list[str]:
    return [one["email"] for one in addresses]


def test_a_reply_quotes_threads_and_brings_the_pictures(alice: Person, message: Message) -> None:
    draft = ask(alice, message, "reply").json()
    assert (emails(draft["to"]), draft["cc"]) == (["office@example.com"], [])
    assert (draft["subject"], draft["in_reply_to"]) == ("Re: Plans", spell("msg", message.pk))
    assert draft["text"] == (
        "\n\nOn Sat, 21 Nov 2026 at 09:00 UTC, Ann <ann@example.com> wrote:\n> One.\n>> Two.\n"
    )
    assert '<blockquote type="cite"><p>One.<img src="cid:pic"></p>' in draft["html"]
    assert "script" not in draft["html"]
    (picture,) = draft["attachments"]
    assert (picture["filename"], picture["inline"], picture["content_id"]) == (
        "pic.png",
        True,
        "pic",
    )
    sent = alice.api.post(f"/api/v1/drafts/{draft['id']}/send", {}).json()
    answer = alice.api.get(f"/api/v1/messages/{sent['message_id']}").json()
    assert answer["in_reply_to"] == "<plans@example.com>"
    assert answer["references"] == ["<before@example.com>", "<plans@example.com>"]
    assert answer["thread_id"] == spell("thr", message.thread_id)


def test_a_reply_to_all_leaves_ourselves_out(alice: Person, message: Message) -> None:
    draft = ask(alice, message, "reply_all").json()
    assert emails(draft["to"]) == ["office@example.com", "bo@example.com"]
    assert emails(draft["cc"]) == ["cy@example.com"]


def test_a_forward_carries_every_file_without_an_upload(alice: Person, message: Message) -> None:
    before = Attachment.objects.count()
    draft = ask(alice, message, "forward").json()
    assert Attachment.objects.count() == before
    assert (draft["to"], draft["subject"], draft["thread_id"]) == ([], "Fwd: Plans", None)
    assert [one["filename"] for one in draft["attachments"]] == ["pic.png", "plan.pdf"]
    known = {spell("att", one.attachment_id) for one in message.enclosures.all()}
    assert {one["id"] for one in draft["attachments"]} == known
    assert "From: Ann <ann@example.com>\nDate: Sat, 21 Nov 2026 at 09:00 UTC" in draft["text"]
    assert "To: Hello <hello+x@acme.test>, bo@example.com" in draft["text"]
    assert '<img src="cid:pic">' in draft["html"]


def test_a_forward_carries_files_whole_but_for_those_that_only_outlook_opens(
    alice: Person, inbox: Inbox
) -> None:
    held = part(b"data", "text/csv", "data.csv")
    inner = winmail(attached(b"in.pdf", b"%PDF in"))
    outlooks = winmail(
        attached(b"plan.pdf", b"%PDF plan"),
        attached(b"", None, (0x3001, "Re: plans"), (0x3701, EMBEDDED + inner)),
        attached(b"mail.eml", mail(held), (0x370E, "message/rfc822")),
        attached(b"winmail.dat", b"\x78\x9f\x3e\x22 nothing that can be read"),
    )
    message = receive(inbox, mail(nested(mail(held)), part(outlooks, "a/b", "winmail.dat"), held))
    assert message.attachment_count == 10
    draft = ask(alice, message, "forward").json()
    assert [one["filename"] for one in draft["attachments"]] == [
        "message.eml",
        "plan.pdf",
        "in.pdf",
        "mail.eml",
        "winmail.dat",
        "data.csv",
    ]
    known = {one["id"] for one in draft["attachments"]}
    rows = message.enclosures.filter(filename="data.csv", container__isnull=False)
    assert not known & {spell("att", row.attachment_id) for row in rows}
    assert rows.count() == 2


def test_what_outlook_packed_goes_as_it_shows(alice: Person, inbox: Inbox) -> None:
    outlooks = winmail(
        attached(b"pic.png", b"\x89PNG", (0x3712, "pic")),
        properties=((0x1013, b"<p>Words <img src='cid:pic'></p>"),),
    )
    file = part(outlooks, "application/ms-tnef", "winmail.dat")
    for action in ("reply", "forward"):
        draft = ask(alice, receive(inbox, mail(file, body="")), action).json()
        (picture,) = draft["attachments"]
        assert (picture["inline"], picture["content_id"]) == (True, "pic")
        assert '<img src="cid:pic">' in draft["html"]


def test_a_forward_says_which_files_are_gone_and_copies_those_that_were_hidden(
    alice: Person, inbox: Inbox
) -> None:
    lost, hidden = make_file(alice.workspace), make_file(alice.workspace, b"h", filename="h.txt")
    message = make_message(inbox, files=[lost, hidden])
    message.deliveries.update(state="done", due_at=None)
    delete_attachment(attachment=hidden)
    lose_attachment(attachment=lost)
    draft = ask(alice, message, "forward").json()
    assert "Files that are no longer there: a.pdf" in draft["text"]
    (copy,) = draft["attachments"]
    assert (copy["filename"], copy["sha256"]) == ("h.txt", hidden.sha256)
    assert copy["id"] != spell("att", hidden.pk)


def test_an_answer_to_our_own_mail_goes_to_whom_that_went_to(alice: Person, inbox: Inbox) -> None:
    letter = Letter(to=(Address("ann@example.com"),), subject="Re: Plans", text="Mine.")
    draft = ask(alice, make_message(inbox, letter), "reply").json()
    assert (emails(draft["to"]), draft["subject"]) == (["ann@example.com"], "Re: Plans")


def test_a_mail_with_html_only_is_quoted_in_words(alice: Person, inbox: Inbox) -> None:
    html = (
        b"Subject: x\r\nContent-Type: text/html\r\n\r\n<p>One &amp; <b>two</b></p><p>3 &lt; 4</p>"
    )
    draft = ask(alice, receive(inbox, html), "reply").json()
    assert draft["text"].endswith("wrote:\n> One & two\n> \n> 3 < 4\n")


def test_bob_may_and_charlie_finds_nothing(bob: Person, charlie: Person, message: Message) -> None:
    for action in ("reply", "reply_all", "forward"):
        assert ask(bob, message, action).status_code == 201
        assert ask(charlie, message, action).status_code == 404
