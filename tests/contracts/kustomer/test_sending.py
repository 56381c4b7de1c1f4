"""`sendAt` and `scheduled`: what leaves, and when"""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from drafts.models import Draft
from messaging.models import Delivery, Message, Recipient
from messaging.outbox.claim import claim, start_data
from messaging.outbox.drain import deliver_due
from messaging.outbox.sweep import sweep
from project.ids import spell_hex
from tests.contracts.kustomer.wire import (
    EMAIL,
    PDF,
    at,
    attach,
    draft_url,
    drafts_of,
    error_of,
    example,
    pointer_of,
    upload,
    write,
)
from tests.drafts.test_races import at_once
from tests.messaging.outbox.steps import let_deadline_pass


def put(person, draft, **fields):
    answer = person.api.put(draft_url(draft), fields)
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def status_of(person, draft) -> str:
    return person.api.get(draft_url(draft)).json()["data"]["attributes"]["status"]


def assert_sent(data) -> None:
    """It was accepted for sending at once, and says so."""
    message = Message.objects.get()
    assert (data["attributes"]["status"], data["attributes"]["scheduled"]) == ("sent", False)
    assert data["relationships"]["message"] == {
        "data": {"type": "message", "id": spell_hex(message.pk)},
        "links": {"self": f"/v1/messages/{spell_hex(message.pk)}"},
    }
    assert message.send_at is None
    assert Delivery.objects.get().due_at <= timezone.now()


def assert_scheduled(data, time: str) -> None:
    attributes = data["attributes"]
    assert (attributes["status"], attributes["scheduled"]) == ("scheduled", True)
    assert attributes["sendAt"] == time
    assert data["relationships"]["message"] == {"data": None}
    assert Delivery.objects.get().due_at > timezone.now()


# Creating ---------------------------------------------------------------------------------------


def test_r4_a_time_and_scheduled_on_creation_schedule(alice, inbox, jane):
    time = at(days=1)
    data = write(alice, jane, sendAt=time, scheduled=True)
    assert_scheduled(data, time)
    assert alice.api.get(draft_url(data)).json()["data"] == data


@pytest.mark.parametrize("scheduled", [{}, {"scheduled": False}, {"scheduled": None}])
def test_r4_a_time_alone_on_creation_means_now(alice, inbox, jane, scheduled):
    assert_sent(write(alice, jane, sendAt=at(days=1), **scheduled))


@pytest.mark.parametrize("scheduled", [True, False])
@pytest.mark.parametrize("ago", [{"seconds": 0}, {"days": -1}, {"days": -4000}])
def test_r4_a_time_that_is_over_on_creation_means_now(alice, inbox, jane, ago, scheduled):
    assert_sent(write(alice, jane, sendAt=at(**ago), scheduled=scheduled))


def test_a_creation_that_cannot_be_sent_leaves_nothing(alice, inbox, jane):
    fields = {**EMAIL, "sendAt": at(), "to": [f"a{n}@example.com" for n in range(1000)]}
    answer = alice.api.post(drafts_of(jane), {**fields, "cc": "one@example.com"})
    assert pointer_of(answer) == "/to"
    assert not Draft.objects.exists()
    assert not Message.objects.exists()


# PUT --------------------------------------------------------------------------------------------


def test_r16_r17_the_tutorials_put_sends_once_its_day_is_over(alice, inbox, jane):
    body = example("send_draft.request.json")
    draft = write(alice, jane)
    with time_machine.travel("2030-01-01T00:00:00Z"):
        assert_sent(put(alice, draft, **body))


def test_r16_r17_r18_the_tutorials_put_schedules_before_its_day(alice, inbox, jane):
    body = example("send_draft.request.json")
    draft = write(alice, jane)
    with time_machine.travel("2026-04-30T00:00:00Z"):
        assert_scheduled(put(alice, draft, **body), "2026-05-01T15:00:00.000Z")


@pytest.mark.parametrize("scheduled", [{}, {"scheduled": True}, {"scheduled": False}])
def test_r18_a_time_to_come_schedules(alice, inbox, jane, scheduled):
    time = at(days=1)
    assert_scheduled(put(alice, write(alice, jane), sendAt=time, **scheduled), time)


@pytest.mark.parametrize("ago", [{"seconds": 0}, {"days": -1}, {"days": -4000}])
def test_r18_a_time_that_is_over_sends(alice, inbox, jane, ago):
    assert_sent(put(alice, write(alice, jane), sendAt=at(**ago)))


@pytest.mark.parametrize(
    ("given", "spelt"),
    [
        ("2099-01-01T00:00:00Z", "2099-01-01T00:00:00.000Z"),
        ("2099-01-01T02:00:00.5+02:00", "2099-01-01T00:00:00.500Z"),
    ],
)
def test_times_come_with_an_offset_and_without_milliseconds(alice, inbox, jane, given, spelt):
    with time_machine.travel("2098-01-01T00:00:00Z"):
        assert_scheduled(put(alice, write(alice, jane), sendAt=given), spelt)


@pytest.mark.parametrize("none", [None, ""])
def test_no_time_unschedules(alice, inbox, jane, none):
    draft = write(alice, jane, sendAt=at(days=1), scheduled=True)
    data = put(alice, draft, sendAt=none, subject="New")
    attributes = data["attributes"]
    assert (attributes["status"], attributes["scheduled"]) == ("draft", False)
    assert (attributes["sendAt"], attributes["subject"]) == (None, "New")
    assert not Message.objects.exists()
    assert put(alice, draft, sendAt=none)["attributes"]["status"] == "draft"


def test_a_put_without_a_time_leaves_the_schedule(alice, inbox, jane):
    time = at(days=1)
    draft = write(alice, jane, sendAt=time, scheduled=True)
    for fields in ({"subject": "New"}, {"scheduled": True}, {"scheduled": False}):
        assert_scheduled(put(alice, draft, **fields), time)
    assert Message.objects.get().subject == "New"
    open = write(alice, jane)
    assert put(alice, open, subject="x")["attributes"]["status"] == "draft"


@pytest.mark.parametrize("fields", [{}, {"sendAt": None}, {"sendAt": ""}])
def test_scheduled_needs_a_time(alice, inbox, jane, fields):
    draft = write(alice, jane)
    answer = alice.api.put(draft_url(draft), {"scheduled": True, **fields})
    assert pointer_of(answer) == "/sendAt"
    assert pointer_of(alice.api.post(drafts_of(jane), {**EMAIL, "scheduled": True})) == "/sendAt"


def test_r19_the_fields_of_a_put_that_sends_are_sent(alice, inbox, jane):
    draft = write(alice, jane)
    assert_sent(put(alice, draft, sendAt=at(), subject="Last word", to="x@example.com"))
    message = Message.objects.get()
    assert message.subject == "Last word"
    assert [one.email for one in message.recipients] == ["x@example.com"]


def test_r19_a_put_that_cannot_be_sent_changes_nothing(alice, inbox, jane):
    draft = write(alice, jane)
    answer = alice.api.put(draft_url(draft), {"sendAt": at(), "to": [], "subject": "New"})
    assert pointer_of(answer) == "/to"
    assert Draft.objects.get().subject == "Your invoice"


def test_a_mail_that_would_be_too_large_is_refused_with_its_size(alice, inbox, jane):
    draft = write(alice, jane)
    for _ in range(2):
        attach(alice, draft, contentLength=14_000_000)
    answer = alice.api.put(draft_url(draft), {"sendAt": at()})
    meta = error_of(answer, 413, "payload_too_large")["meta"]
    assert meta["limit"] == 37_748_736 < meta["actual"]
    assert not Message.objects.exists()


# What has left ----------------------------------------------------------------------------------


def test_a_sent_draft_is_gone_and_its_message_is_there(alice, inbox, jane):
    draft = write(alice, jane)
    attach(alice, draft)
    sent = put(alice, draft, sendAt=at())
    assert sent["attributes"]["status"] == "waiting"
    upload(alice.api.get(draft_url(draft, "attachments")).json()["data"][0]["links"]["related"])
    error_of(alice.api.get(draft_url(draft)), 404, "not_found")
    for method in (alice.api.put, alice.api.delete):
        error_of(method(draft_url(draft), {"subject": "x"}), 409, "conflict")
    file = {"name": "a.txt", "contentType": "text/plain", "contentLength": 1}
    error_of(alice.api.post(draft_url(draft, "attachments"), file), 409, "conflict")
    deliver_due()
    for method in (alice.api.get, alice.api.put, alice.api.delete):
        error_of(method(draft_url(draft), {"subject": "x"}), 404, "not_found")
    error_of(alice.api.post(draft_url(draft, "attachments"), file), 404, "not_found")
    listed = alice.api.get(f"/v1/customers/{spell_hex(jane.pk)}/messages").json()["data"]
    assert [one["id"] for one in listed] == [spell_hex(Message.objects.get().pk)]
    assert listed[0]["attributes"]["direction"] == "out"


def test_what_is_past_the_point_of_no_return_stays_sent(alice, inbox, jane):
    draft = write(alice, jane, sendAt=at(days=1), scheduled=True)
    Delivery.objects.update(due_at=timezone.now())
    claimed = claim(limit=1)
    start_data(claimed)
    error_of(alice.api.put(draft_url(draft), {"sendAt": None}), 409, "conflict")
    assert Message.objects.count() == 1


def test_a_draft_that_nobody_took_is_there_again_with_the_reason(alice, inbox, jane):
    draft = write(alice, jane, sendAt=at(days=1), scheduled=True)
    attach(alice, draft)
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    sweep()
    assert status_of(alice, draft) == "waiting"
    let_deadline_pass(Message.objects.get())
    sweep()
    data = alice.api.get(draft_url(draft)).json()["data"]
    assert data["attributes"]["status"] == "error"
    assert "invoice.pdf has not been uploaded in time" in data["attributes"]["error"]["message"]
    assert (data["attributes"]["sendAt"], data["attributes"]["attachmentCount"]) == (None, 1)
    assert not Recipient.objects.exclude(state="refused").exists()


def test_r27_it_waits_for_its_files_and_then_leaves_at_once_with_them(alice, inbox, jane):
    draft = write(alice, jane)
    first, second = attach(alice, draft), attach(alice, draft, name="b.pdf")
    upload(first["data"]["links"]["related"])
    data = put(alice, draft, sendAt=at())
    assert data["attributes"]["status"] == "waiting"
    assert data["relationships"]["message"] == {"data": None}
    assert TIMED(data["attributes"]["sendAt"])
    deliver_due()
    assert Delivery.objects.get().state == "waiting"
    assert upload(second["data"]["links"]["related"]).status_code == 200
    deliver_due()
    assert Delivery.objects.get().state == "done"
    names = Message.objects.get().enclosures.values_list("filename", "attachment__size")
    assert list(names) == [("invoice.pdf", len(PDF)), ("b.pdf", len(PDF))]


def TIMED(text: str) -> bool:
    return text.endswith("Z") and len(text) == 24


def test_r27_on_creation_too(alice, inbox, jane):
    draft = write(alice, jane, sendAt=at(days=1), scheduled=True)
    file = attach(alice, draft)
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    deliver_due()
    sweep()
    assert status_of(alice, draft) == "waiting"
    upload(file["data"]["links"]["related"])
    deliver_due()
    error_of(alice.api.get(draft_url(draft)), 404, "not_found")
    assert Delivery.objects.get().state == "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("fields", [{}, {"subject": "New"}])
def test_two_puts_at_once_send_once(alice, inbox, jane, turn, fields):
    draft = write(alice, jane)
    answers = at_once(*[lambda: alice.api.put(draft_url(draft), {"sendAt": at(), **fields})] * 2)
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 404])
    assert Message.objects.count() == Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_a_put_and_a_delete_at_once_leave_one_of_both(alice, inbox, jane, turn):
    draft = write(alice, jane)
    sent, deleted = at_once(
        lambda: alice.api.put(draft_url(draft), {"sendAt": at()}),
        lambda: alice.api.delete(draft_url(draft)),
    )
    if deleted.status_code == 204:
        assert sent.status_code in (200, 404)
    else:
        assert (sent.status_code, deleted.status_code) == (200, 409)
    assert Message.objects.count() == int(sent.status_code == 200)
