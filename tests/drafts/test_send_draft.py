"""POST, DELETE /api/v1/drafts/{id}/send; and the services behind"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.services import fill_attachment
from drafts.errors import CheckFailed
from drafts.models import Draft
from drafts.services import send_draft, unsend_draft
from messaging.models import Customer, Delivery, Message
from project.events.models import Event
from project.ids import spell
from tests.attachments.make import make_incoming
from tests.attachments.statements import verbs_of
from tests.drafts.make import again, error_of, limits_of, make_draft, url_of
from tests.make import api_with
from tests.messaging.make import make_file, make_message, make_reservation

DAY = timedelta(days=1)


def in_seconds(seconds: float) -> str:
    return (timezone.now() + timedelta(seconds=seconds)).isoformat()


# Now --------------------------------------------------------------------------------------------


def test_it_sends_now(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    response = alice.api.post(url_of(draft, "send"), {})
    assert response.status_code == 202
    body = response.json()
    message = Message.objects.get()
    assert (body["state"], body["message_id"]) == ("dispatched", spell("msg", message.pk))
    assert (body["version"], body["send_at"], body["waiting_for"]) == (2, None, [])
    assert Delivery.objects.get().state == "queued"
    assert message.enclosures.count() == 1
    assert alice.api.get(url_of(draft)).json()["message_id"] == body["message_id"]


def test_the_message_is_what_was_written(alice, inbox):
    answered = make_message(inbox)
    customer = Customer.objects.create(workspace=alice.workspace)
    draft = make_draft(
        inbox,
        html="<p>x</p>",
        headers={"X-A": "1"},
        tags=["red"],
        metadata={"a": 1},
        customer=customer,
        in_reply_to=answered,
    )
    draft = send_draft(draft=draft, limits=limits_of(draft))
    message = Message.objects.get(pk=draft.message_id)
    for name in ("to", "cc", "subject", "text", "html", "headers", "tags", "metadata", "customer"):
        assert getattr(message, name) == getattr(draft, name), name
    assert message.in_reply_to == answered.rfc_message_id
    assert message.thread == answered.thread
    assert (message.from_email, message.from_name) == ("desk@acme.test", "Acme")


def test_bob_sends_and_charlie_does_not(alice, bob, charlie, inbox):
    draft = make_draft(inbox)
    assert charlie.api.post(url_of(draft, "send")).status_code == 404
    assert charlie.api.delete(url_of(draft, "send")).status_code == 404
    assert bob.api.post(url_of(draft, "send")).status_code == 202


def test_it_needs_the_scope(alice, inbox):
    draft = make_draft(inbox)
    api = api_with(alice.workspace, "read", "draft", "files")
    for answer in (api.post(url_of(draft, "send")), api.delete(url_of(draft, "send"))):
        assert error_of(answer)["details"] == {"scope": "send"}
    assert not Message.objects.exists()


def test_it_is_sent_once(alice, inbox):
    draft = make_draft(inbox)
    assert alice.api.post(url_of(draft, "send")).status_code == 202
    response = alice.api.post(url_of(draft, "send"))
    assert (response.status_code, error_of(response)["code"]) == (409, "too_late")
    assert Message.objects.count() == 1


def test_the_same_key_sends_once(alice, inbox):
    draft = make_draft(inbox)
    first, second = (
        alice.api.post(url_of(draft, "send"), {}, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    )
    assert (second.status_code, second["Idempotency-Replay"]) == (202, "true")
    assert first.json() == second.json()
    assert Message.objects.count() == 1


def test_it_sends_the_version_that_was_read(alice, inbox):
    draft = make_draft(inbox)
    for headers, fields in (({"If-Match": '"3"'}, {}), ({}, {"version": 3})):
        response = alice.api.post(url_of(draft, "send"), fields, headers=headers)
        assert (response.status_code, error_of(response)["current"]) == (409, 1)
    assert alice.api.post(url_of(draft, "send"), {"version": 1}).status_code == 202


def test_its_statements_are_known(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    api = alice.api
    api.get(url_of(draft))
    with CaptureQueriesContext(connection) as queries:
        assert api.post(url_of(draft, "send")).status_code == 202
    verbs = verbs_of(queries)
    assert verbs[-1] == "UPDATE"  # of the draft, the only one
    assert len(verbs) <= 15


# The check --------------------------------------------------------------------------------------


def test_errors_stop_it_and_all_findings_are_told(alice, inbox):
    draft = make_draft(inbox, to=[], subject="")
    response = alice.api.post(url_of(draft, "send"))
    assert response.status_code == 422
    error = error_of(response)
    assert (error["code"], error["field"]) == ("check_failed", "to")
    codes = {finding["code"]: finding["severity"] for finding in error["details"]}
    assert codes == {"no_recipients": "error", "no_subject": "warning"}
    assert again(draft).version == 1
    assert not Message.objects.exists()


def test_warnings_do_not_stop_it(alice, inbox):
    draft = make_draft(inbox, subject="", text="See the attached file")
    assert alice.api.post(url_of(draft, "send")).status_code == 202


def test_a_failed_check_frees_the_key(alice, inbox):
    draft = make_draft(inbox, to=[])
    headers = {"Idempotency-Key": "k"}
    assert alice.api.post(url_of(draft, "send"), {}, headers=headers).status_code == 422
    alice.api.patch(url_of(draft), {"to": ["ann@example.com"]})
    assert alice.api.post(url_of(draft, "send"), {}, headers=headers).status_code == 202


def test_a_draft_without_an_inbox_is_not_sent(alice, inbox):
    draft = make_draft(None, workspace=alice.workspace)
    response = alice.api.post(url_of(draft, "send"))
    assert error_of(response)["details"][0]["code"] == "no_sender"


def test_rescheduling_what_fails_the_check_leaves_the_old_schedule(alice, inbox):
    draft = make_draft(inbox)
    send_draft(draft=draft, limits=limits_of(draft), send_at=timezone.now() + DAY)
    Draft.objects.filter(pk=draft.pk).update(to=[])
    assert alice.api.post(url_of(draft, "send")).status_code == 422
    assert alice.api.get(url_of(draft)).json()["state"] == "scheduled"


# Later ------------------------------------------------------------------------------------------


def test_it_is_scheduled(alice, inbox):
    draft = make_draft(inbox)
    send_at = "2026-11-30T08:00:00+01:00"
    if datetime.fromisoformat(send_at) < timezone.now():
        send_at = in_seconds(86_400)
    body = alice.api.post(url_of(draft, "send"), {"send_at": send_at}).json()
    assert body["state"] == "scheduled"
    due_at = Delivery.objects.get().due_at
    assert due_at == datetime.fromisoformat(send_at)
    assert datetime.fromisoformat(body["send_at"]) - due_at < timedelta(milliseconds=1)
    event = Event.objects.get(kind="draft.scheduled")
    assert event.subject_id == draft.pk


def test_it_is_rescheduled_and_sent_now(alice, inbox):
    draft = make_draft(inbox)
    alice.api.post(url_of(draft, "send"), {"send_at": in_seconds(3600)})
    body = alice.api.post(url_of(draft, "send"), {"send_at": in_seconds(7200)}).json()
    assert (body["state"], body["version"]) == ("scheduled", 3)
    assert Delivery.objects.get().due_at > timezone.now() + timedelta(seconds=7000)
    body = alice.api.post(url_of(draft, "send"), {}).json()
    assert (body["state"], body["send_at"]) == ("dispatched", None)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("seconds", [-1, -3600, 0])
def test_a_time_that_is_just_over_means_now(alice, inbox, seconds):
    draft = make_draft(inbox)
    body = alice.api.post(url_of(draft, "send"), {"send_at": in_seconds(seconds)}).json()
    assert (body["state"], body["send_at"]) == ("dispatched", None)


@pytest.mark.parametrize("days", [-2, 6 * 366])
def test_a_time_that_must_be_a_mistake_is_refused(alice, inbox, days):
    draft = make_draft(inbox)
    response = alice.api.post(url_of(draft, "send"), {"send_at": in_seconds(days * 86_400)})
    assert (response.status_code, error_of(response)["field"]) == (422, "send_at")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"send_at": "2027-01-01T00:00:00"}, "send_at"),
        ({"send_at": "tomorrow"}, "send_at"),
        ({"send_at": 1_800_000_000}, "send_at"),
        ({"undo_seconds": -1}, "undo_seconds"),
        ({"undo_seconds": "5"}, "undo_seconds"),
        ({"undo_seconds": True}, "undo_seconds"),
        ({"undo_seconds": 10**9}, "undo_seconds"),
        ({"sendAt": None}, "sendAt"),
    ],
)
def test_it_refuses_what_has_the_wrong_shape(alice, inbox, fields, field):
    draft = make_draft(inbox)
    response = alice.api.post(url_of(draft, "send"), fields)
    assert (response.status_code, error_of(response)["field"]) == (400, field)
    assert not Message.objects.exists()


def test_services_refuse_a_naive_time(alice, inbox):
    draft = make_draft(inbox)
    with pytest.raises(ValueError, match="offset"):
        send_draft(draft=draft, limits=limits_of(draft), send_at=datetime(2027, 1, 1))


# Undo -------------------------------------------------------------------------------------------


def test_it_can_be_undone_until_the_window_closes(alice, inbox):
    draft = make_draft(inbox)
    body = alice.api.post(url_of(draft, "send"), {"undo_seconds": 10}).json()
    assert body["state"] == "scheduled"
    due_at = Delivery.objects.get().due_at
    assert timedelta(seconds=8) < due_at - timezone.now() <= timedelta(seconds=10)
    response = alice.api.delete(url_of(draft, "send"))
    assert response.status_code == 200
    body = response.json()
    assert (body["state"], body["message_id"], body["send_at"]) == ("open", None, None)
    assert (body["version"], body["error"]) == (3, None)
    assert not Message.objects.exists()
    assert not Delivery.objects.exists()


def test_the_later_of_schedule_and_undo_counts(alice, inbox):
    draft = make_draft(inbox)
    alice.api.post(url_of(draft, "send"), {"send_at": in_seconds(3600), "undo_seconds": 10})
    assert Delivery.objects.get().due_at > timezone.now() + timedelta(minutes=59)


def test_what_has_been_sent_cannot_be_undone(alice, inbox):
    draft = make_draft(inbox)
    alice.api.post(url_of(draft, "send"))
    response = alice.api.delete(url_of(draft, "send"))
    assert (response.status_code, error_of(response)["code"]) == (409, "too_late")
    assert Message.objects.count() == 1


def test_the_worker_is_faster(alice, inbox):
    draft = make_draft(inbox)
    alice.api.post(url_of(draft, "send"), {"undo_seconds": 10})
    Delivery.objects.update(state="data", claim=draft.pk)
    response = alice.api.delete(url_of(draft, "send"))
    assert (response.status_code, error_of(response)["code"]) == (409, "too_late")


def test_an_open_draft_stays_open(alice, inbox):
    draft = make_draft(inbox)
    response = alice.api.delete(url_of(draft, "send"))
    assert (response.status_code, response.json()["state"]) == (200, "open")
    assert again(draft).version == 1


def test_undo_keeps_to_the_version(alice, inbox):
    draft = make_draft(inbox)
    alice.api.post(url_of(draft, "send"), {"undo_seconds": 10})
    response = alice.api.delete(url_of(draft, "send"), headers={"If-Match": '"1"'})
    assert (response.status_code, error_of(response)["current"]) == (409, 2)


# Waiting ----------------------------------------------------------------------------------------


def test_it_waits_for_a_file_and_says_which(alice, inbox):
    late = make_reservation(alice.workspace)
    draft = make_draft(inbox, files=[make_file(alice.workspace), late])
    body = alice.api.post(url_of(draft, "send")).json()
    assert (body["state"], body["waiting_for"]) == ("waiting", [spell("att", late.pk)])
    assert Event.objects.get(kind="draft.waiting").payload == {"waiting_for": body["waiting_for"]}


def test_it_leaves_when_the_file_has_come(alice, inbox):
    late = make_reservation(alice.workspace, size=3)
    draft = make_draft(inbox, files=[late])
    alice.api.post(url_of(draft, "send"))
    with make_incoming(b"foo") as incoming:
        fill_attachment(attachment=late, incoming=incoming)
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["waiting_for"]) == ("dispatched", [])
    assert Delivery.objects.get().state == "queued"


def test_a_scheduled_draft_with_a_late_file_waits_past_its_time(alice, inbox):
    draft = make_draft(inbox, files=[make_reservation(alice.workspace)])
    body = alice.api.post(url_of(draft, "send"), {"send_at": in_seconds(3600)}).json()
    assert (body["state"], len(body["waiting_for"])) == ("scheduled", 1)
    Delivery.objects.update(due_at=timezone.now())
    assert alice.api.get(url_of(draft)).json()["state"] == "waiting"


def test_a_waiting_draft_can_be_taken_back(alice, inbox):
    draft = make_draft(inbox, files=[make_reservation(alice.workspace)])
    alice.api.post(url_of(draft, "send"))
    assert alice.api.delete(url_of(draft, "send")).json()["state"] == "open"


# Notes ------------------------------------------------------------------------------------------


def test_a_note_is_recorded_for_nobody(alice, inbox):
    draft = make_draft(inbox, channel="note", to=[])
    body = alice.api.post(url_of(draft, "send")).json()
    assert body["state"] == "dispatched"
    assert Message.objects.get().channel == "note"
    assert not Delivery.objects.exists()


def test_a_note_cannot_be_scheduled(alice, inbox):
    draft = make_draft(inbox, channel="note", to=[])
    response = alice.api.post(url_of(draft, "send"), {"send_at": in_seconds(3600)})
    assert (response.status_code, error_of(response)["code"]) == (422, "not_schedulable")


# Services ---------------------------------------------------------------------------------------


def test_a_stale_object_is_read_anew(alice, inbox):
    stale = make_draft(inbox)
    fresh = again(stale)
    send_draft(draft=fresh, limits=limits_of(fresh), send_at=timezone.now() + DAY)
    opened = unsend_draft(draft=again(stale))
    assert opened.version == 3
    sent = send_draft(draft=stale, limits=limits_of(stale))
    assert sent.version == 4
    assert Message.objects.count() == 1


def test_the_refusal_speaks_of_the_first_error(alice, inbox):
    draft = make_draft(inbox, to=[])
    with pytest.raises(CheckFailed) as caught:
        send_draft(draft=draft, limits=limits_of(draft))
    assert caught.value.field == "to"
