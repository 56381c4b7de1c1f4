"""Files in the back office: found, traced, let out of quarantine or taken away, copied sealed."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pyzipper import AESZipFile

from attachments.models import Attachment, Blob
from attachments.storage import attachment_storage
from messaging.models import Message
from project.events.models import Event
from project.ids import spell
from project.tenancy.models import User
from tests.backoffice.people import act, browser_of, list_of, make_officer, page_of
from tests.backoffice.test_deeds import handled
from tests.messaging.make import make_file, make_inbox, make_message
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator(alice: Person) -> User:
    return make_officer("operator", alice.workspace)


@pytest.fixture
def browser(operator: User) -> Client:
    return browser_of(operator)


@pytest.fixture
def infected(alice: Person) -> Attachment:
    """A file in quarantine."""
    file = make_file(alice.workspace, b"bad" * 1000, filename="Rechnung für März.pdf")
    Attachment.objects.filter(pk=file.pk).update(
        state="refused", reason_code="malware", reason="The scanner found Eicar in it."
    )
    return file


def sealed(file: Attachment) -> str:
    return reverse("admin:attachment_sealed", args=[file.pk])


def found(client: Client, query: str) -> list[str]:
    rows = client.get(f"{list_of(Attachment)}?{query}").context["cl"].result_list
    return sorted(row.filename for row in rows)


def test_a_file_is_released_from_quarantine_for_a_reason(browser, operator, infected):
    act(browser, Attachment, "release", infected, reason="It is our own test file.")
    infected.refresh_from_db()
    actor = f"user:{spell('usr', operator.pk)}"
    assert (infected.state, infected.reason_code) == ("ready", "released")
    assert infected.reason == f"Released by {actor}: It is our own test file."
    released = Event.objects.get(subject_id=infected.pk, kind="attachment.released")
    assert (released.actor, released.payload["reason"]) == (actor, "It is our own test file.")
    assert handled(infected).payload["action"] == "release"


def test_what_no_scan_holds_back_is_not_released(browser, alice):
    file = make_file(alice.workspace)
    job = act(browser, Attachment, "release", file)
    assert job and job.rows.get().words == "No scan holds this file back."


def test_files_are_scanned_again_where_there_is_a_scanner(browser, infected, settings):
    job = act(browser, Attachment, "rescan", infected)
    assert job and job.rows.get().words == "There is no scanner, or the bytes are gone."
    settings.CLAMD_URL = "tcp://127.0.0.1:1"
    act(browser, Attachment, "rescan", infected)
    assert Blob.objects.get(attachments=infected).scan_at is not None
    assert handled(infected).payload["action"] == "rescan"


def test_files_are_deleted_unless_mail_needs_them(browser, alice, infected):
    needed = make_file(alice.workspace, b"needed")
    make_message(make_inbox(alice.workspace), files=[needed])
    job = act(browser, Attachment, "delete", infected, needed)
    assert job
    outcomes = dict(job.rows.values_list("subject_id", "outcome"))
    assert outcomes == {infected.pk: "done", needed.pk: "refused"}
    deleted = Attachment.objects.filter(deleted_at__isnull=False)
    assert list(deleted.values_list("pk", flat=True)) == [infected.pk]


def test_files_are_found_by_what_they_are_and_who_sent_them(browser, alice, infected):
    small = make_file(alice.workspace, b"small", filename="small.txt")
    inbox = make_inbox(alice.workspace, address="sales@acme.test")
    make_message(inbox, files=[small])
    assert found(browser, "q=small.txt") == found(browser, f"q={small.sha256}") == ["small.txt"]
    assert found(browser, "q=sales@acme.test") == ["small.txt"]
    assert found(browser, "scan=quarantined") == ["Rechnung für März.pdf"]
    assert found(browser, "scan=checking") == found(browser, "size_from=1") == []
    Attachment.objects.filter(pk=small.pk).update(state="stored")
    assert found(browser, "scan=checking") == ["small.txt"]


def test_the_page_of_a_file_says_where_its_bytes_are(browser, alice):
    """Another file with the same bytes is the same to whoever looks for what has got out."""
    inbox = make_inbox(alice.workspace)
    files = [make_file(alice.workspace, b"twice", filename=name) for name in ("a.txt", "b.txt")]
    sent: list[Message] = [make_message(inbox, files=[file]) for file in files]
    page = browser.get(page_of(files[0])).content.decode()
    for message in sent:
        assert page_of(message) in page
    assert "to ann@example.com" in page
    assert page_of(files[0]) in browser.get(page_of(sent[0])).content.decode()


def test_the_page_of_a_file_has_the_verdict_with_engine_and_date(browser, infected):
    assert "What the scanner says" not in browser.get(page_of(infected)).content.decode()
    found = {"verdict": "infected", "signature": "Eicar", "engine": "ClamAV 1.4"}
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    Blob.objects.filter(attachments=infected).update(**found, scanned_at=at)
    page = browser.get(page_of(infected)).content.decode()
    assert "Infected: Eicar" in page and "ClamAV 1.4" in page and "1 Mar 2026, 09:30:00" in page


def test_a_sealed_copy_is_given_for_a_reason_and_the_owners_are_told(
    browser, operator, alice, infected
):
    page = browser.get(sealed(infected)).content.decode()
    assert "infected" in page and "Reason" in page
    assert browser.post(sealed(infected), {"reason": " "}).context["lacks_reason"]
    assert not Event.objects.filter(kind="attachment.opened").exists()

    answer = browser.post(sealed(infected), {"reason": "for the vendor of the scanner"})
    content = b"".join(answer.streaming_content)
    with AESZipFile(BytesIO(content)) as bundle:
        assert bundle.namelist() == ["Rechnung für März.pdf"]
        with pytest.raises(RuntimeError, match="password"):
            bundle.read("Rechnung für März.pdf")
        bundle.setpassword(b"infected")
        assert bundle.read("Rechnung für März.pdf") == b"bad" * 1000
    assert b"badbad" not in content
    event = Event.objects.get(kind="attachment.opened")
    assert (event.subject_id, event.actor, event.payload) == (
        infected.pk,
        f"user:{spell('usr', operator.pk)}",
        {"reason": "for the vendor of the scanner"},
    )
    assert [one.to for one in mail.outbox] == [[alice.user.email]]
    assert "for the vendor of the scanner" in mail.outbox[0].body


def test_no_copy_and_no_event_without_the_bytes(browser, infected):
    attachment_storage().delete(Blob.objects.get(attachments=infected).key)
    answer = browser.post(sealed(infected), {"reason": "to see"}, follow=True)
    assert "missing from the storage" in answer.content.decode()
    assert not Event.objects.filter(kind="attachment.opened").exists()


def test_an_auditor_gets_no_copy_and_charlies_operator_sees_nothing(alice, charlie, infected):
    auditor = browser_of(make_officer("auditor", alice.workspace))
    stranger = browser_of(make_officer("operator", charlie.workspace))
    for form in ({}, {"reason": "curious"}):
        assert auditor.post(sealed(infected), form).status_code == 403
        assert stranger.post(sealed(infected), form).status_code == 404
    assert "Rechnung" in auditor.get(page_of(infected)).content.decode()
    assert found(stranger, "") == []
    act(stranger, Attachment, "release", infected)
    infected.refresh_from_db()
    assert infected.state == "refused"
    assert not Event.objects.filter(kind="attachment.opened").exists()
