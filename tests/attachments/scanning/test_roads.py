"""Malware comes in by every road, is held, is found, and goes nowhere"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from django.core.management import call_command

from attachments.models import Attachment
from attachments.scanning.queue import scan_due
from attachments.uploads import adopt_upload
from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.outbox.sweep import tick
from project.ids import read, spell
from tests.attachments.scanning.test_clamd import zipped
from tests.attachments.scanning.test_verdicts import again
from tests.attachments.test_same_bytes import by_form, by_json, by_put
from tests.attachments.tus.client import file_of, start, upload_at
from tests.drafts.make import make_draft, url_of
from tests.messaging.make import (
    delivery_of,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
    outcomes,
    receive,
)
from tests.messaging.outbox.steps import fill
from tests.people import Person
from tests.services.clamav import EICAR, EICAR_NAME

Road = Callable[[Person, bytes], Attachment]


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace)


def form(person: Person, content: bytes) -> Attachment:
    return _there(by_form(person.key, "a.txt", "", content).json())


def base64(person: Person, content: bytes) -> Attachment:
    return _there(by_json(person.key, "a.txt", "", content).json())


def put(person: Person, content: bytes) -> Attachment:
    return _there(by_put(person.key, "a.txt", "", content).json())


def tus(person: Person, content: bytes) -> Attachment:
    upload = upload_at(start(person, len(content), content).headers["Location"])
    file = file_of(upload)
    if file.state == "reserved":
        Attachment.objects.filter(pk=file.pk).update(look_at=file.created_at)
        assert adopt_upload(file.pk)
    return again(file)


def inbound(person: Person, content: bytes) -> Attachment:
    message = receive(make_inbox(person.workspace), mail_with(content))
    return message.enclosures.get().attachment


def _there(told: dict[str, str]) -> Attachment:
    return Attachment.objects.get(pk=read("att", told["id"]))


def mail_with(content: bytes, name: str = "a.bin") -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "mallory@example.com", "Your invoice"
    mail.set_content("Please open it.\n")
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return bytes(mail)


ROADS = pytest.mark.parametrize("road", [form, base64, put, tus, inbound])


@ROADS
@pytest.mark.parametrize("content", [EICAR, zipped(EICAR)], ids=["plain", "zipped"])
def test_malware_is_quarantined(alice: Person, scanning, road: Road, content):
    file = road(alice, content)
    assert file.state == "stored"
    assert scan_due() == 1
    file = again(file)
    assert (file.state, file.reason_code, file.blob.sha256) == ("refused", "malware", file.sha256)
    assert EICAR_NAME in file.reason


@ROADS
def test_a_good_file_is_ready_a_moment_later(alice: Person, scanning, road: Road):
    file = road(alice, b"words")
    assert file.state == "stored"
    scan_due()
    assert again(file).state == "ready"


def test_a_received_mail_is_shown_without_the_file_that_is_refused(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox, scanning, tmp_path
):
    raw = mail_with(EICAR)
    message = receive(inbox, raw)
    path = f"/api/v1/messages/{spell('msg', message.pk)}"
    (file,) = bob.api.get(path).json()["attachments"]
    content = f"{path}/attachments/{file['id']}/content"
    assert file["state"] == "stored"
    assert bob.api.get(content).status_code == 425
    assert bob.api.get(f"{path}/raw").status_code == 425
    scan_due()
    shown = bob.api.get(path).json()
    assert shown["text"] == "Please open it.\r\n" or shown["text"] == "Please open it.\n"
    assert (shown["attachments"][0]["state"], shown["attachments"][0]["download_url"]) == (
        "refused",
        None,
    )
    for way in (content, f"{path}/raw"):
        answer = bob.api.get(way)
        assert answer.status_code == 409
        assert EICAR_NAME in answer.json()["error"]["message"]
        assert charlie.api.get(way).status_code == 404
    assert bob.api.get(f"{path}/raw").json()["error"]["code"] == "attachment_refused"
    # an operator may have it
    call_command("quarantine", "raw", spell("msg", message.pk), str(tmp_path / "it.eml"))
    assert (tmp_path / "it.eml").read_bytes() == raw


def test_a_received_mail_whose_file_is_good_is_whole(alice: Person, inbox: Inbox, scanning):
    raw = mail_with(b"words")
    path = f"/api/v1/messages/{spell('msg', receive(inbox, raw).pk)}"
    scan_due()
    assert b"".join(alice.api.get(f"{path}/raw").streaming_content) == raw


def test_deleting_the_file_does_not_free_the_mail(alice: Person, inbox: Inbox, scanning):
    message = receive(inbox, mail_with(EICAR))
    scan_due()
    file = message.enclosures.get().attachment
    assert alice.api.delete(f"/api/v1/attachments/{spell('att', file.pk)}").status_code == 204
    answer = alice.api.get(f"/api/v1/messages/{spell('msg', message.pk)}/raw")
    assert answer.json()["error"]["code"] == "attachment_refused"


def test_a_draft_waits_for_the_scan_and_says_why(alice: Person, inbox: Inbox, scanning, settings):
    settings.SCAN_WAIT_SECONDS = 0.0
    file = make_file(alice.workspace, EICAR, filename="invoice.txt")
    draft = make_draft(inbox, files=[file])

    def found() -> tuple[str, str, str]:
        (one,) = alice.api.get(url_of(draft, "check")).json()["findings"]
        return one["code"], one["severity"], one["message"]

    assert found() == (
        "attachment_not_ready",
        "waiting",
        "invoice.txt is still being checked.",
    )
    scanning.stop()
    scan_due()
    code, severity, message = found()
    assert (code, severity) == ("attachment_not_ready", "waiting")
    assert "The scanner has not answered since" in message
    sent = alice.api.post(url_of(draft, "send"), {}).json()
    assert (sent["state"], sent["waiting_for"]) == ("waiting", [spell("att", file.pk)])
    tick()
    assert delivery_of(Message.objects.get()).state == "waiting"

    scanning.start()
    file.blob.scan_at = None
    type(file.blob).objects.update(scan_at=file.created_at)
    scan_due()
    opened = alice.api.get(url_of(draft)).json()
    assert opened["state"] == "open"
    assert EICAR_NAME in opened["error"]["message"]
    assert found()[:2] == ("attachment_refused", "error")
    assert EICAR_NAME in found()[2]


def test_what_was_let_through_unscanned_is_a_warning(
    alice: Person, inbox: Inbox, scanning, settings
):
    settings.SCAN_WAIT_SECONDS, settings.SCAN_WHEN_DOWN = 0.0, "release"
    scanning.stop()
    draft = make_draft(inbox, files=[make_file(alice.workspace, b"words", filename="a.txt")])
    scan_due()
    (one,) = alice.api.get(url_of(draft, "check")).json()["findings"]
    assert (one["code"], one["severity"]) == ("not_scanned", "warning")
    assert "a.txt was not found to be free of malware" in one["message"]


def test_nothing_infected_leaves(alice: Person, inbox: Inbox, scanning):
    late = make_reservation(alice.workspace, size=len(EICAR))
    messages = [
        make_message(inbox, files=[make_file(alice.workspace, EICAR, filename=f"{n}.txt")])
        for n in range(2)
    ]
    messages.append(make_message(inbox, files=[late]))
    good = make_message(inbox, files=[make_file(alice.workspace)])
    fill(late, EICAR)
    deliver_due()
    tick()
    assert {delivery_of(one).state for one in (*messages, good)} == {"waiting"}
    scan_due()
    tick()
    assert [delivery_of(one).state for one in messages] == ["failed"] * 3
    assert EICAR_NAME in delivery_of(messages[0]).reason
    assert set(outcomes(messages[0]).values()) == {"refused"}
    assert delivery_of(good).state == "done"


def test_a_send_with_bytes_that_are_known_to_be_bad_is_refused_whole(
    alice: Person, inbox: Inbox, scanning
):
    make_file(alice.workspace, EICAR)
    scan_due()
    letter = {"from": inbox.address, "to": ["ann@example.com"], "subject": "x", "text": "y"}
    entry = {"filename": "b.txt", "content": b64encode(EICAR).decode()}
    answer = alice.api.post("/api/v1/messages", {**letter, "attachments": [entry]})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "attachment_refused"
    assert not Message.objects.exists()
