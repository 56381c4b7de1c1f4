"""What becomes of a draft whose message comes to nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from attachments.models import Attachment
from drafts.models import Draft
from drafts.services import send_draft
from messaging.models import Delivery, Message, Recipient
from messaging.outbox.sweep import fail_hopeless, park_gated
from messaging.services import cancel_message, resolve_message
from project.events.models import Event
from project.events.services import emit, happened
from tests.drafts.make import again, limits_of, make_draft, url_of
from tests.messaging.make import make_file, make_message, make_reservation


def sent(inbox, **fields) -> Draft:
    draft = make_draft(inbox, **fields)
    return send_draft(draft=draft, limits=limits_of(draft))


def settle(draft: Draft, *states: str, kind: str = "message.failed") -> None:
    """End the deliveries of a draft as a worker would: recipients first, then the event."""
    recipients = Recipient.objects.filter(delivery__message=draft.message).order_by("pk")
    for recipient, state in zip(recipients, states, strict=True):
        recipient.state, recipient.reply = state, f"550 no {recipient.email}"
        recipient.save()
    Delivery.objects.filter(message=draft.message).update(state="done", due_at=None)
    emit(happened(kind, workspace_id=draft.workspace_id, subject_id=draft.message_id))


def test_a_failed_send_keeps_the_draft_with_the_reason(alice, inbox):
    draft = sent(inbox, files=[make_file(alice.workspace)])
    settle(draft, "refused")
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["message_id"], body["version"]) == ("open", None, 3)
    assert body["error"] == {
        "code": "delivery_failed",
        "message": "ann@example.com: 550 no ann@example.com",
    }
    assert len(body["attachments"]) == 1
    event = Event.objects.get(kind="draft.failed")
    assert (event.subject_id, event.payload) == (draft.pk, body["error"])
    assert Message.objects.filter(pk=draft.message_id).exists()


def test_it_can_be_sent_again_and_then_has_no_error(alice, inbox):
    draft = sent(inbox)
    settle(draft, "refused")
    body = alice.api.post(url_of(draft, "send")).json()
    assert (body["state"], body["error"]) == ("dispatched", None)
    assert Message.objects.count() == 2


@pytest.mark.parametrize("kind", ["message.failed", "message.partial", "message.resolved"])
def test_it_stays_dispatched_when_somebody_got_it(alice, inbox, kind):
    people = list(make_draft(inbox).letter.to)
    draft = sent(inbox, to=people, cc=[type(people[0])("bo@example.com")])
    settle(draft, "accepted", "refused", kind=kind)
    assert again(draft).message_id == draft.message_id


def test_it_stays_dispatched_while_somebody_is_still_tried(alice, inbox):
    draft = sent(inbox)
    emit(happened("message.failed", workspace_id=draft.workspace_id, subject_id=draft.message_id))
    assert again(draft).message_id == draft.message_id


def test_a_file_that_never_comes_fails_it_loudly_at_the_deadline(alice, inbox):
    draft = sent(inbox, files=[make_reservation(alice.workspace)])
    Delivery.objects.update(deadline=Now() - timedelta(seconds=1))
    assert fail_hopeless() == 1
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["error"]["code"]) == ("open", "file_missing")
    assert "late.pdf" in body["error"]["message"]
    assert len(body["attachments"]) == 1


def test_a_file_that_is_refused_fails_it_at_once(alice, inbox):
    draft = make_draft(inbox, files=[make_reservation(alice.workspace)])
    later = timezone.now() + timedelta(days=1)
    draft = send_draft(draft=draft, limits=limits_of(draft), send_at=later)
    Attachment.objects.update(state="refused", reason="A virus.")
    fail_hopeless([draft.files[0].attachment_id])
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["send_at"]) == ("open", None)
    assert "A virus." in body["error"]["message"]


def test_a_canceled_message_gives_the_draft_back_without_an_error(alice, inbox):
    draft = sent(inbox)
    cancel_message(message=draft.message)
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["error"], body["version"]) == ("open", None, 3)
    assert not Event.objects.filter(kind="draft.failed").exists()


def test_a_doubt_that_is_resolved_as_failed_gives_the_draft_back(alice, inbox):
    draft = sent(inbox)
    settle(draft, "unknown", kind="message.unknown")
    assert again(draft).message_id
    resolve_message(message=draft.message, outcome="failed")
    assert again(draft).message_id is None


def test_many_are_reopened_at_once(alice, inbox):
    drafts = [sent(inbox, files=[make_reservation(alice.workspace)]) for _ in range(3)]
    Delivery.objects.update(deadline=Now() - timedelta(seconds=1))
    assert fail_hopeless() == 3
    assert all(again(draft).message_id is None for draft in drafts)


def test_a_message_without_a_draft_troubles_nobody(alice, inbox):
    message = make_message(inbox, files=[make_reservation(alice.workspace)])
    Delivery.objects.update(deadline=Now() - timedelta(seconds=1))
    assert fail_hopeless() == 1
    cancel_message(message=make_message(inbox))
    assert Message.objects.filter(pk=message.pk).exists()


def test_a_long_list_of_refusals_is_cut(alice, inbox):
    address = type(make_draft(inbox).letter.to[0])
    people = [address(f"p{number}@example.com") for number in range(7)]
    draft = sent(inbox, to=people)
    settle(draft, *["refused"] * 7)
    assert again(draft).error["message"].endswith("; and 2 others")


def test_parking_changes_nothing_but_the_state(alice, inbox):
    draft = make_draft(inbox, files=[make_reservation(alice.workspace)])
    draft = send_draft(
        draft=draft, limits=limits_of(draft), send_at=timezone.now() + timedelta(days=1)
    )
    Delivery.objects.update(due_at=Now())
    park_gated()
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["version"]) == ("waiting", 2)
