from __future__ import annotations

import hashlib

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from attachments.retention import delete_attachment
from attachments.storage import attachment_storage
from messaging.mime.assembly import assemble
from messaging.models import Captured, Delivery, Message
from project.desk import outbox as pages
from project.ids import new_id, spell
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person

URL = "/mail/outbox"


def sent(person: Person, subject: str = "Hello <b>Ann</b>") -> Message:
    """A message that lies in the tray."""
    inbox = person.workspace.inboxes.first() or make_inbox(person.workspace)
    file = make_file(person.workspace, b"%PDF secret", filename="Ünder <i>.pdf")
    letter = letter_to("ann@example.com", "bo@example.com")
    message = make_message(inbox, letter, files=[file])
    Message.objects.filter(pk=message.pk).update(subject=subject)
    capture(message)
    return message


def capture(message: Message) -> Captured:
    """What the worker does, without its threads (`outbox/test_tray.py` has them)."""
    raw = b"".join(assemble(message).blocks())
    delivery = Delivery.objects.get(message=message)
    Delivery.objects.update(state="done", due_at=None)
    return Captured.objects.create(
        delivery=delivery,
        mail_from=message.from_email,
        recipients=[one.email for one in delivery.recipients.all()],
        key=attachment_storage().save(f"outbox/{delivery.pk}.eml", ContentFile(raw)),
        size=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def shown(person: Person, query: str = "") -> str:
    answer = person.browser.get(URL + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_shows_envelope_subject_size_digest_and_files(alice: Person, bob: Person):
    sent(alice)
    captured = Captured.objects.get()
    page = shown(bob)
    for word in (
        "Hello &lt;b&gt;Ann&lt;/b&gt;",
        "ann@example.com",
        "bo@example.com",
        captured.mail_from,
        captured.sha256,
        "Ünder &lt;i&gt;.pdf",
        hashlib.sha256(b"%PDF secret").hexdigest(),
        f"/mail/outbox/{spell('cap', captured.pk)}.eml",
        "/dl/att_",
        "Acme",
    ):
        assert word in page
    assert "<b>Ann" not in page and "<i>" not in page


def test_it_gives_the_mail_byte_for_byte(alice: Person, charlie: Person):
    sent(alice)
    captured = Captured.objects.get()
    url = f"{URL}/{spell('cap', captured.pk)}.eml"
    answer = alice.browser.get(url)
    raw = b"".join(answer.streaming_content)
    assert hashlib.sha256(raw).hexdigest() == captured.sha256
    assert answer["Content-Type"] == "message/rfc822"
    assert answer["Content-Length"] == str(len(raw)) == str(captured.size)
    assert "attachment" in answer["Content-Disposition"]
    assert charlie.browser.get(url).status_code == 404
    assert Client().get(url).status_code == 302
    attachment_storage().delete(captured.key)
    assert alice.browser.get(url).status_code == 404


def test_it_turns_pages(alice: Person, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "PAGE", 2)
    for subject in ("first", "second", "third"):
        sent(alice, subject)
    newest = shown(alice)
    assert "third" in newest and "second" in newest and "first" not in newest
    older = newest.partition("?before=")[2].partition('"')[0]
    last = shown(alice, f"?before={older}")
    assert "first" in last and "second" not in last and "?before=" not in last
    assert alice.browser.get(f"{URL}?before=nonsense").status_code == 404


def test_it_takes_the_same_statements_for_any_number(alice: Person):
    browser = alice.browser
    sent(alice)
    with CaptureQueriesContext(connection) as one:
        assert browser.get(URL).status_code == 200
    for _ in range(3):
        sent(alice)
    with CaptureQueriesContext(connection) as four:
        assert browser.get(URL).status_code == 200
    assert len(four) == len(one)


def test_it_links_no_file_that_was_deleted(alice: Person):
    message = sent(alice)
    delete_attachment(attachment=message.enclosures.get().attachment)
    assert "/dl/att_" not in shown(alice)


def test_a_stranger_sees_his_own(alice: Person, charlie: Person):
    sent(alice)
    assert "Nothing has been sent" in shown(charlie)
    for id in (spell("cap", new_id()), "cap_1"):
        assert alice.browser.get(f"{URL}/{id}.eml").status_code == 404


def test_one_must_be_signed_in(alice: Person):
    answer = Client().get(URL)
    assert answer.status_code == 302 and answer["Location"].startswith("/accounts/login")
    assert alice.browser.post(URL).status_code == 405
