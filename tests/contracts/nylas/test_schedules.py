"""What is sent later: made, looked at, stopped, and what became of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from drafts.models import Draft
from drafts.services import send_draft
from messaging.models import Delivery, Inbox, Message
from messaging.outbox.drain import deliver_due
from project.ids import new_id, read_hex, spell_hex
from tests.contracts.nylas.make import ids_of, let_it_leave
from tests.contracts.nylas.wire import JACOB, data_of, error_of, file_of, url_of
from tests.drafts.make import limits_of, make_draft
from tests.make import api_with
from tests.messaging.make import make_inbox, make_message
from tests.messaging.outbox.steps import let_hours_pass
from tests.people import Person

PENDING = {"code": "pending", "description": "schedule send awaiting send at time"}
SUCCESS = {"code": "success", "description": "schedule send succeeded"}
HOUR = timedelta(hours=1)


@pytest.fixture
def later(grant: Inbox) -> Message:
    """A message that leaves in an hour."""
    return make_message(grant, due_at=timezone.now() + HOUR)


def url_to(message: Message) -> str:
    return url_of(message.inbox, "messages", "schedules", spell_hex(message.pk))


def test_r18_r33_r72_r73_what_was_sent_with_a_time_is_a_schedule(alice: Person, grant: Inbox):
    send_at = int((timezone.now() + HOUR).timestamp())
    letter = {"to": [JACOB], "send_at": send_at, "attachments": [file_of(b"soon")]}
    answer = alice.api.post(url_of(grant, "messages", "send"), letter, format="json")
    data = data_of(answer, 202)
    assert (data["send_at"], data["schedule_id"]) == (send_at, answer.json()["schedule_id"])
    schedule = {"schedule_id": data["schedule_id"], "status": PENDING}
    url = url_of(grant, "messages", "schedules")
    body = alice.api.get(url).json()
    assert body.keys() == {"request_id", "data"}
    assert body["data"] == [schedule]
    assert data_of(alice.api.get(f"{url}/{data['schedule_id']}")) == schedule


def test_r33_a_schedule_that_was_sent_says_when(alice: Person, later: Message):
    with time_machine.travel(timezone.now() + HOUR + timedelta(minutes=1), tick=False):
        at = timezone.now()
        let_it_leave(later, at=at)
        assert data_of(alice.api.get(url_to(later))) == {
            "schedule_id": spell_hex(later.pk),
            "status": SUCCESS,
            "close_time": int(at.timestamp()),
        }


@pytest.mark.django_db(transaction=True)
def test_r33_r74_a_worker_sends_what_is_due(alice: Person, grant: Inbox, later: Message):
    deliver_due()
    assert ids_of(alice, url_of(grant, "messages")) == []
    let_hours_pass(2)
    deliver_due()
    assert data_of(alice.api.get(url_to(later)))["status"] == SUCCESS
    (row,) = data_of(alice.api.get(url_of(grant, "messages")))
    assert row["id"] == spell_hex(later.pk)
    later.refresh_from_db()
    assert row["date"] == int(later.sent_at.timestamp())


def test_r33_a_schedule_that_failed_says_so(alice: Person, later: Message):
    now = timezone.now()
    Delivery.objects.filter(message=later).update(state="failed", due_at=None, done_at=now)
    data = data_of(alice.api.get(url_to(later)))
    assert data["status"] == {"code": "failure", "description": "schedule send failed"}
    assert data["close_time"] == int(now.timestamp())


def test_r73_schedules_are_kept_for_72_hours(alice: Person, grant: Inbox, later: Message):
    let_it_leave(later)
    url = url_of(grant, "messages", "schedules")
    Message.objects.filter(pk=later.pk).update(
        send_at=timezone.now() - timedelta(hours=72) + timedelta(minutes=1)
    )
    assert len(data_of(alice.api.get(url))) == 1
    Message.objects.filter(pk=later.pk).update(send_at=timezone.now() - timedelta(hours=72))
    assert data_of(alice.api.get(url)) == []
    error_of(alice.api.get(url_to(later)), 404)


def test_schedules_come_in_their_order_at_four_statements(
    alice: Person, grant: Inbox, later: Message, django_assert_num_queries
):
    sooner = make_message(grant, due_at=timezone.now() + HOUR / 2)
    make_message(grant)
    with django_assert_num_queries(3):  # key, grant, schedules
        rows = data_of(alice.api.get(url_of(grant, "messages", "schedules")))
    assert [row["schedule_id"] for row in rows] == [spell_hex(one.pk) for one in (sooner, later)]


def test_r73_r74_a_stopped_message_never_leaves(alice: Person, grant: Inbox, later: Message):
    answer = alice.api.delete(url_to(later))
    assert data_of(answer, 202) == {"message": "requested cancelation for workflow"}
    assert Delivery.objects.get(message=later).state == "canceled"
    assert data_of(alice.api.get(url_of(grant, "messages", "schedules"))) == []
    error_of(alice.api.get(url_to(later)), 404)
    error_of(alice.api.delete(url_to(later)), 404)
    assert ids_of(alice, url_of(grant, "messages")) == []
    error_of(alice.api.get(url_of(grant, "messages", spell_hex(later.pk))), 404)


@pytest.mark.parametrize(("seconds", "status"), [(11, 202), (10, 202), (9, 409), (-5, 409)])
def test_r73_it_is_stopped_until_ten_seconds_before(
    alice: Person, grant: Inbox, seconds: int, status: int
):
    with time_machine.travel(timezone.now(), tick=False):
        message = make_message(grant, due_at=timezone.now() + HOUR)
        due_at = timezone.now() + timedelta(seconds=seconds)
        Message.objects.filter(pk=message.pk).update(send_at=due_at)
        Delivery.objects.filter(message=message).update(due_at=due_at)
        answer = alice.api.delete(url_to(message))
    assert answer.status_code == status
    state = Delivery.objects.get(message=message).state
    assert state == ("canceled" if status == 202 else "queued")
    if status == 409:
        assert "until 10 seconds before" in error_of(answer, 409)["message"]


def test_what_a_worker_sends_is_not_stopped(alice: Person, later: Message):
    Delivery.objects.filter(message=later).update(state="data", claim=new_id())
    error_of(alice.api.delete(url_to(later)), 409)


def test_a_draft_that_was_scheduled_is_open_again_when_it_is_stopped(alice: Person, grant: Inbox):
    draft = make_draft(grant)
    send_draft(draft=draft, limits=limits_of(draft), send_at=timezone.now() + HOUR)
    assert ids_of(alice, url_of(grant, "drafts")) == []
    (row,) = data_of(alice.api.get(url_of(grant, "messages", "schedules")))
    message = Message.objects.get(pk=read_hex(row["schedule_id"]))
    assert data_of(alice.api.delete(url_to(message)), 202)
    assert Draft.objects.get(pk=draft.pk).message is None
    assert ids_of(alice, url_of(grant, "drafts")) == [spell_hex(draft.pk)]


def test_r74_a_scheduled_message_is_in_no_list(alice: Person, grant: Inbox, later: Message):
    for noun in ("messages", "threads", "drafts"):
        assert ids_of(alice, url_of(grant, noun)) == []
    (sent,) = [
        row
        for row in data_of(alice.api.get(url_of(grant, "folders")))
        if row["attributes"] == ["\\Sent"]
    ]
    assert sent["total_count"] == 0


def test_r12_unknown_schedules_are_404(alice: Person, grant: Inbox):
    sent = make_message(grant)
    for id in ("nonsense", spell_hex(new_id()), spell_hex(sent.pk)):
        url = url_of(grant, "messages", "schedules", id)
        error_of(alice.api.get(url), 404)
        error_of(alice.api.delete(url), 404)


def test_tenancy_of_schedules(
    alice: Person, bob: Person, charlie: Person, grant: Inbox, later: Message
):
    own = make_inbox(charlie.workspace)
    url = url_of(grant, "messages", "schedules")
    assert len(data_of(bob.api.get(url))) == 1
    error_of(charlie.api.get(url), 404)
    assert data_of(charlie.api.get(url_of(own, "messages", "schedules"))) == []
    theirs = url_of(own, "messages", "schedules", spell_hex(later.pk))
    for url in (url_to(later), theirs):
        error_of(charlie.api.get(url), 404)
        error_of(charlie.api.delete(url), 404)
    assert Delivery.objects.get(message=later).state == "queued"
    assert data_of(bob.api.delete(url_to(later)), 202)


def test_r28_stopping_needs_the_scope_send(alice: Person, later: Message):
    error_of(api_with(alice.workspace, "read").delete(url_to(later)), 403)
