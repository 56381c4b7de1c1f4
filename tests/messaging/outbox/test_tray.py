"""The outbox tray: where mail goes while there is no relay."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from attachments.storage import attachment_storage
from messaging.models import Captured, Delivery
from messaging.outbox.drain import deliver_due
from messaging.outbox.tray import TrayTransport
from tests.messaging.make import letter_to, make_file, make_message, outcomes
from tests.messaging.outbox.steps import events_of, history_of, let_hours_pass, state_of, try_again

pytestmark = pytest.mark.django_db(transaction=True)


def content_of(captured):
    with attachment_storage().open(captured.key) as file:
        return file.read()


def test_it_keeps_the_whole_mail(inbox):
    message = make_message(
        inbox,
        letter_to("ann@example.com", "bob@example.com"),
        files=[make_file(inbox.workspace, b"the file" * 200_000)],
    )
    deliver_due()
    captured = Captured.objects.get()
    mail = content_of(captured)
    assert captured.delivery.message == message
    assert captured.mail_from == inbox.address
    assert captured.recipients == ["ann@example.com", "bob@example.com"]
    assert captured.size == len(mail) == message.size
    assert captured.sha256 == sha256(mail).hexdigest()
    assert f"Message-ID: {message.rfc_message_id}".encode() in mail
    assert set(outcomes(message).values()) == {"accepted"}
    assert events_of(message) == ["sent"]
    assert history_of(message) == [(1, "accepted")]


def test_it_takes_a_crowd(inbox):
    for number in range(60):
        make_message(inbox, letter_to(f"r{number}@example.com"))
    deliver_due()
    assert Captured.objects.count() == 60
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}


def test_it_keeps_nothing_of_a_mail_whose_file_is_cut_short(inbox):
    file = make_file(inbox.workspace, b"whole")
    message = make_message(inbox, files=[file])
    path = Path(attachment_storage().path(file.blob.key))
    path.write_bytes(b"wh")
    deliver_due()
    assert state_of(message) == "queued"
    assert history_of(message) == [(1, "lost")]
    assert not Captured.objects.exists()
    path.write_bytes(b"whole")
    try_again()
    assert Captured.objects.count() == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_it_captures_once_though_a_worker_died_on_the_way(inbox, monkeypatch):
    message = make_message(inbox)

    def die(*_, **__):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("messaging.outbox.parcel.Parcel.begin", die)
        deliver_due()
    let_hours_pass()
    deliver_due()
    captured = Captured.objects.get()
    assert captured.sha256 == sha256(content_of(captured)).hexdigest()
    assert outcomes(message) == {"ann@example.com": "accepted"}


def test_it_has_a_name_of_its_own():
    assert TrayTransport() == TrayTransport()
    assert TrayTransport().name == "outbox tray"
