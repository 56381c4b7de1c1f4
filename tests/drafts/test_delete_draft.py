"""DELETE /api/v1/drafts/{id}"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from drafts.models import Draft, DraftAttachment
from drafts.services import send_draft
from messaging.models import Delivery, Message
from messaging.trash import delete_message
from tests.drafts.make import error_of, limits_of, make_draft, url_of
from tests.make import api_with
from tests.messaging.make import make_file


def test_it_deletes_a_draft_and_lets_go_of_its_files(alice, bob, inbox):
    file = make_file(alice.workspace)
    draft = make_draft(inbox, files=[file])
    assert bob.api.delete(url_of(draft)).status_code == 204
    assert alice.api.get(url_of(draft)).status_code == 404
    assert not DraftAttachment.objects.exists()
    file.refresh_from_db()
    assert file.expires_at > timezone.now() + timedelta(days=29)
    assert alice.api.delete(url_of(draft)).status_code == 404


def test_charlie_does_not_know_it(charlie, inbox):
    draft = make_draft(inbox)
    assert charlie.api.delete(url_of(draft)).status_code == 404
    assert Draft.objects.exists()


def test_it_needs_the_scope(alice, inbox):
    response = api_with(alice.workspace, "read", "send").delete(url_of(make_draft(inbox)))
    assert error_of(response)["details"] == {"scope": "draft"}


def test_it_keeps_to_the_version(alice, inbox):
    draft = make_draft(inbox)
    response = alice.api.delete(url_of(draft), headers={"If-Match": '"2"'})
    assert (response.status_code, error_of(response)["current"]) == (409, 1)
    assert alice.api.delete(url_of(draft), headers={"If-Match": '"1"'}).status_code == 204


def test_a_scheduled_draft_takes_its_message_along(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    send_draft(draft=draft, limits=limits_of(draft), send_at=timezone.now() + timedelta(days=1))
    assert alice.api.delete(url_of(draft)).status_code == 204
    assert not Message.objects.exists()
    assert not Delivery.objects.exists()


def test_what_was_sent_stays_sent(alice, inbox):
    draft = make_draft(inbox)
    send_draft(draft=draft, limits=limits_of(draft))
    assert alice.api.delete(url_of(draft)).status_code == 204
    assert Message.objects.exists()
    assert Delivery.objects.get().state == "queued"


def test_it_is_too_late_while_a_worker_sends(alice, inbox):
    draft = make_draft(inbox)
    send_draft(draft=draft, limits=limits_of(draft), undo_seconds=10)
    Delivery.objects.update(state="data", claim=draft.pk)
    assert alice.api.delete(url_of(draft)).status_code == 204  # dispatched: only the draft goes
    assert Message.objects.exists()


def test_a_sent_message_that_is_deleted_does_not_come_back_as_an_open_draft(alice, inbox):
    file = make_file(alice.workspace)
    draft = make_draft(inbox, files=[file])
    draft = send_draft(draft=draft, limits=limits_of(draft))
    Delivery.objects.update(state="done", due_at=None)
    delete_message(message=draft.message)
    assert not Draft.objects.exists()
    file.refresh_from_db()
    assert file.expires_at is not None
