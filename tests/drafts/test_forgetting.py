"""Drafts in a workspace that stores nothing of what its messages say and carry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from attachments.retention import purge
from drafts.services import send_draft
from messaging.models import Delivery, Message, Recipient
from messaging.outbox.drain import deliver_due
from messaging.retention import let_go
from messaging.services import cancel_message, resolve_message
from project.events.services import emit, happened
from tests.attachments.make import make_attachment
from tests.drafts.make import again, limits_of, make_draft, url_of

pytestmark = pytest.mark.django_db

HTML = "<p>Here it is.</p>"


@pytest.fixture
def draft(alice, inbox):
    """Sent, with a file that came with it."""
    inbox.workspace.stores_content = False
    inbox.workspace.save()
    file = make_attachment(inbox.workspace, b"of the draft", held=True)
    draft = make_draft(inbox, files=[file], html=HTML, headers={"X-A": "b"})
    return send_draft(draft=draft, limits=limits_of(draft))


def clock():
    let_go()
    purge(at=timezone.now() + timedelta(minutes=1))


def file_of(draft):
    return again(draft).files[0].attachment


def test_what_has_left_is_forgotten_in_the_draft_too(alice, draft):
    clock()
    assert again(draft).html == HTML
    deliver_due()
    clock()
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["text"], body["html"]) == ("dispatched", None, None)
    assert (body["subject"], body["headers"]) == ("Hello", {})
    assert file_of(draft).state == "gone"


@pytest.mark.parametrize("end", ["failed", "canceled", "doubt"])
def test_what_can_be_sent_again_is_whole(alice, draft, end):
    message = draft.message
    if end == "canceled":
        cancel_message(message=message)
    else:
        Recipient.objects.update(state="refused" if end == "failed" else "unknown")
        Delivery.objects.update(state="done", due_at=None, done_at=Now())
        kind = "message.failed" if end == "failed" else "message.unknown"
        emit(happened(kind, workspace_id=draft.workspace_id, subject_id=message.pk))
    clock()
    if end == "doubt":
        assert Message.objects.get().text
        resolve_message(message=message, outcome="failed")
        clock()
    message.refresh_from_db()
    assert (message.text, message.html) == (None, None)
    assert again(draft).message is None
    assert (again(draft).text, again(draft).html) == ("Here it is.", HTML)
    assert file_of(draft).state == "ready"
    assert alice.api.post(url_of(draft, "send")).status_code == 202
    deliver_due()
    assert again(draft).message.sent_at
    clock()
    assert again(draft).text is None and file_of(draft).state == "gone"


def test_what_fails_after_it_was_forgotten_is_not_given_back_empty(draft):
    deliver_due()
    clock()
    Recipient.objects.update(state="bounced")
    emit(happened("message.failed", workspace_id=draft.workspace_id, subject_id=draft.message_id))
    assert again(draft).message_id == draft.message_id


def test_other_workspaces_keep_theirs(inbox):
    draft = make_draft(inbox, html=HTML)
    send_draft(draft=draft, limits=limits_of(draft))
    deliver_due()
    clock()
    assert again(draft).html == HTML
