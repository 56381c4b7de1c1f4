"""What the door answers of files and words that were kept for a while only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from attachments.limits import Limits
from attachments.models import Attachment
from attachments.retention import purge
from messaging.acceptance import Filing
from messaging.letter import Letter
from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.outbox.drain import deliver_due
from messaging.retention import let_go
from messaging.services import record_message
from project.api.times import spell_time
from project.ids import spell
from project.tenancy.models import Workspace
from tests.attachments.make import make_attachment
from tests.messaging.api.reach import V1, error_of, url_of
from tests.messaging.make import LETTER, make_message
from tests.people import Person

pytestmark = pytest.mark.django_db

CONTENT = b"%PDF-1.4 for thirty days"


@pytest.fixture
def file(alice: Person) -> Attachment:
    return make_attachment(alice.workspace, CONTENT, filename="a.pdf", held=True)


@pytest.fixture
def message(inbox: Inbox, file: Attachment) -> Message:
    return make_message(inbox, files=[file], filing=Filing(files_kept_for=timedelta(days=30)))


@pytest.fixture
def forgetful(alice: Person) -> Workspace:
    """A workspace that stores nothing of what its messages say and carry."""
    alice.workspace.stores_content = False
    alice.workspace.save()
    return alice.workspace


def content_of(person: Person, message: Message, file: Attachment):
    return person.api.get(url_of(message, "attachments", spell("att", file.pk), "content"))


def let_time_pass(message: Message) -> None:
    Message.objects.filter(pk=message.pk).update(files_until=Now() - timedelta(seconds=1))
    message.refresh_from_db()


# Files ------------------------------------------------------------------------------------------


def test_its_files_can_be_had_until_then(bob: Person, message: Message, file: Attachment):
    deliver_due()
    let_go()
    purge(at=timezone.now() + timedelta(minutes=1))
    assert b"".join(content_of(bob, message, file).streaming_content) == CONTENT


@pytest.mark.parametrize("clock", ["has not come by", "has let go", "has purged"])
def test_then_they_are_gone_and_it_says_since_when_and_why(
    bob: Person, charlie: Person, message: Message, file: Attachment, clock: str
):
    deliver_due()
    let_time_pass(message)
    if clock != "has not come by":
        let_go()
    if clock == "has purged":
        purge(at=timezone.now() + timedelta(minutes=1))
    error = error_of(content_of(bob, message, file), 410)
    until = spell_time(message.files_until)
    assert error["code"] == "attachment_gone"
    assert error["details"] == {"reason": "expired", "at": until}
    assert error["message"] == f"The files of this message were kept until {until}."
    assert error_of(bob.api.get(url_of(message, "raw")), 410)["details"]["reason"] == "expired"
    assert content_of(charlie, message, file).status_code == 404
    shown = bob.api.get(url_of(message)).json()
    assert shown["text"] == LETTER.text and shown["waiting_for"] == []
    (carried,) = shown["attachments"]
    assert (carried["filename"], carried["size"]) == ("a.pdf", len(CONTENT))
    assert carried["download_url"] is None
    (row,) = bob.api.get(f"{V1}/messages").json()["data"]
    assert row["attachments"][0]["download_url"] is None


def test_an_upload_can_still_be_had_by_itself(bob: Person, inbox: Inbox):
    file = make_attachment(inbox.workspace, CONTENT)
    message = make_message(inbox, files=[file], filing=Filing(files_kept_for=timedelta(days=30)))
    deliver_due()
    let_time_pass(message)
    let_go()
    error_of(content_of(bob, message, file), 410)
    answer = bob.api.get(f"{V1}/attachments/{spell('att', file.pk)}/content")
    assert b"".join(answer.streaming_content) == CONTENT


def test_a_mail_without_files_can_be_had_for_ever(bob: Person, inbox: Inbox):
    message = make_message(inbox, filing=Filing(files_kept_for=timedelta(days=30)))
    deliver_due()
    let_time_pass(message)
    let_go()
    assert b"Please see the file." in b"".join(
        bob.api.get(url_of(message, "raw")).streaming_content
    )


# Words ------------------------------------------------------------------------------------------


def test_a_workspace_that_stores_nothing_sends_all_the_same(
    bob: Person, forgetful: Workspace, inbox: Inbox, file: Attachment, sink, settings
):
    settings.SMTP_URL = sink.url
    letter = Letter(to=LETTER.to, subject="S", text="T\n", html="<b>H</b>", headers={"X-A": "b"})
    message = make_message(inbox, letter, files=[file])
    assert message.stores_content is False and message.files_until == message.created_at
    let_go()
    assert Message.objects.get().text == "T\n"
    deliver_due()
    (mail,) = sink.kept
    assert mail.size == message.size and b"<b>H</b>" in mail.data
    assert let_go() == 1
    purge(at=timezone.now() + timedelta(minutes=1))
    shown = bob.api.get(url_of(message)).json()
    assert (shown["text"], shown["html"], shown["headers"]) == (None, None, {})
    assert (shown["status"], shown["subject"], shown["size"]) == ("sent", "S", message.size)
    assert shown["attachments"][0]["state"] == "gone"
    kinds = {row["kind"] for row in bob.api.get(url_of(message, "events")).json()["data"]}
    assert "message.forgotten" in kinds


@pytest.mark.parametrize("clock", ["has not come by", "has come by"])
def test_it_says_that_nothing_is_stored(
    bob: Person, forgetful: Workspace, inbox: Inbox, file: Attachment, clock: str
):
    message = make_message(inbox, files=[file])
    deliver_due()
    if clock == "has come by":
        let_go()
    for answer, code in (
        (content_of(bob, message, file), "attachment_gone"),
        (bob.api.get(url_of(message, "raw")), "content_gone"),
    ):
        error = error_of(answer, 410)
        assert (error["code"], error["details"]["reason"]) == (code, "content_not_stored")
        assert error["details"]["at"] == spell_time(message.files_until)


def test_the_switch_holds_for_what_is_sent_from_then_on(
    alice: Person, inbox: Inbox, file: Attachment
):
    before = make_message(inbox)
    alice.workspace.stores_content = False
    alice.workspace.save()
    inbox = Inbox.objects.active().get()
    after = make_message(inbox)
    Workspace.objects.update(stores_content=True)
    deliver_due()
    let_go()
    before.refresh_from_db()
    after.refresh_from_db()
    assert (before.text, after.text) == (LETTER.text, None)


def test_one_that_is_scheduled_keeps_its_words_until_it_has_left(
    bob: Person, forgetful: Workspace, inbox: Inbox
):
    message = make_message(inbox, due_at=timezone.now() + timedelta(days=1))
    let_go()
    assert bob.api.get(url_of(message)).json()["text"] == LETTER.text
    assert bob.api.get(url_of(message, "raw")).status_code == 200
    Delivery.objects.update(due_at=Now())
    deliver_due()
    let_time_pass(message)
    let_go()
    assert bob.api.get(url_of(message)).json()["text"] is None


@pytest.mark.parametrize("state", ["refused", "bounced"])
def test_one_that_has_failed_is_forgotten_too(
    bob: Person, forgetful: Workspace, inbox: Inbox, state: str
):
    message = make_message(inbox)
    Delivery.objects.update(state="done", due_at=None, done_at=Now())
    Recipient.objects.update(state=state)
    let_go()
    assert bob.api.get(url_of(message)).json()["text"] is None


def test_what_is_only_recorded_is_not_forgotten(forgetful: Workspace, inbox: Inbox):
    message = record_message(inbox=inbox, letter=LETTER, limits=Limits.for_workspace(forgetful))
    let_go()
    message.refresh_from_db()
    assert (message.text, message.stores_content) == (LETTER.text, True)
