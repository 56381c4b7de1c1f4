"""Doing something to rows of a list: what is asked, what is done, what the log says."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db.models import Model
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from messaging.models import Arrival, Delivery, Message, Recipient, Suppression
from project.backoffice import jobs
from project.backoffice.models import Job, JobRow
from project.events.models import Event, WebhookDelivery
from project.ids import spell
from project.tenancy.models import ApiKey, User
from project.tenancy.office import Deed
from tests.backoffice.people import act, browser_of, list_of, make_officer, page_of
from tests.events.make import make_endpoint, make_events
from tests.make import make_key
from tests.messaging.make import delivery_of, letter_to, make_inbox, make_message, outcomes
from tests.people import Person

ANN = "ann@example.com"


@pytest.fixture
def operator(alice: Person) -> User:
    return make_officer("operator", alice.workspace)


@pytest.fixture
def browser(operator: User) -> Client:
    return browser_of(operator)


@pytest.fixture
def inbox(alice: Person):
    return make_inbox(alice.workspace)


def put(message: Message, delivery: str, recipient: str) -> None:
    """Write down what workers would have."""
    Delivery.objects.filter(message=message).update(
        state=delivery,
        due_at=Now() if delivery == "queued" else None,
        claim=uuid4(),
        attempts=1,
        done_at=None if delivery == "queued" else Now(),
    )
    Recipient.objects.filter(delivery__message=message).update(state=recipient)


def handled(row: Model) -> Event:
    """The one line of the log that says what an operator did to a row."""
    return Event.objects.get(subject_id=row.pk, kind__endswith=".handled")


@pytest.mark.parametrize(
    ("deed", "before", "after"),
    [
        ("retry", ("done", "refused"), ("queued", "pending")),
        ("retry", ("queued", "deferred"), ("queued", "deferred")),
        ("hold", ("queued", "pending"), ("held", "pending")),
        ("release", ("held", "pending"), ("queued", "pending")),
        ("cancel", ("queued", "pending"), ("canceled", "pending")),
        ("cancel", ("held", "pending"), ("canceled", "pending")),
        ("resolve_sent", ("done", "unknown"), ("done", "accepted")),
        ("resolve_unsent", ("done", "unknown"), ("done", "refused")),
    ],
)
def test_it_is_done_to_messages_and_the_log_has_who_and_why(
    browser, operator, inbox, deed, before, after
):
    message = make_message(inbox, letter_to(ANN))
    put(message, *before)
    job = act(browser, Message, deed, message, reason="the relay is mended")
    assert (delivery_of(message).state, outcomes(message)[ANN]) == after
    assert job and [row.outcome for row in job.rows.all()] == ["done"] and job.done_at
    event = handled(message)
    assert (event.kind, event.actor) == ("message.handled", f"user:{spell('usr', operator.pk)}")
    assert event.workspace_id == message.workspace_id
    assert event.payload == {"action": deed, "reason": "the relay is mended", "job": job.pk.hex}


def test_what_cannot_be_done_is_told_and_leaves_no_line_in_the_log(browser, inbox):
    late, early = make_message(inbox), make_message(inbox)
    put(late, "done", "accepted")
    job = act(browser, Message, "cancel", late, early)
    assert job
    assert sorted(job.rows.values_list("subject_id", "outcome")) == sorted(
        [(late.pk, "refused"), (early.pk, "done")]
    )
    page = browser.get(page_of(job)).content.decode()
    assert "It has been sent, or is being sent right now." in page
    assert not Event.objects.filter(subject_id=late.pk, kind="message.handled").exists()
    assert handled(early)


def test_suppressions_keys_and_webhooks(browser, alice):
    gone = Suppression.objects.create(workspace=alice.workspace, email="gone@example.com")
    key, _ = make_key(alice.workspace)
    event = make_events(alice.workspace, "message.sent")[0]
    told = WebhookDelivery.objects.create(
        endpoint=make_endpoint(alice.workspace), event=event, state="failed", tries=9
    )
    act(browser, Suppression, "lift", gone)
    act(browser, ApiKey, "revoke", key)
    act(browser, WebhookDelivery, "replay", told)
    assert not Suppression.objects.exists() and handled(gone).kind == "suppression.handled"
    key.refresh_from_db()
    assert key.revoked_at and handled(key).kind == "key.handled"
    told.refresh_from_db()
    assert (told.state, told.tries, handled(told).kind) == ("pending", 0, "delivery.handled")


def test_an_arrival_that_could_not_be_read_is_read_again(browser, inbox):
    message = make_message(inbox)
    arrival = Arrival.objects.create(
        workspace=inbox.workspace,
        inbox=inbox,
        via="http",
        recipient=inbox.address,
        key="arrivals/x",
        size=1,
        sha256="0" * 64,
        state="failed",
        attempts=3,
        message=message,
    )
    put(message, "done", "accepted")
    act(browser, Arrival, "parse", arrival)
    arrival.refresh_from_db()
    assert (arrival.state, arrival.attempts, arrival.message) == ("received", 0, None)
    assert handled(arrival).payload["action"] == "parse"


def test_it_asks_how_many_of_whom_and_why_before_it_does_anything(browser, inbox, alice):
    messages = [make_message(inbox) for _ in range(3)]
    chosen = [str(one.pk) for one in messages[:2]]
    form = {"action": "cancel", "_selected_action": chosen}
    for more in ({}, {"told": "2", "reason": "  "}):
        page = browser.post(list_of(Message), {**form, **more})
        assert page.context["places"] == [(alice.workspace.name, 2)]
        assert 'name="reason"' in page.content.decode()
    assert "A reason is needed" in page.content.decode()
    assert {delivery_of(one).state for one in messages} == {"queued"}
    assert not Job.objects.exists()


def test_it_asks_anew_when_more_match_than_it_has_told(browser, inbox):
    first = make_message(inbox)
    form = {"action": "cancel", "_selected_action": [first.pk], "select_across": "1"}
    assert browser.post(list_of(Message), form).context["count"] == 1
    second = make_message(inbox)
    page = browser.post(list_of(Message), {**form, "told": "1", "reason": "spam"})
    assert page.context["count"] == 2
    assert {delivery_of(one).state for one in (first, second)} == {"queued"}


def test_all_that_match_the_filter_are_meant_and_no_others(browser, inbox):
    needles = [make_message(inbox, letter_to("needle@example.com")) for _ in range(3)]
    hay = make_message(inbox, letter_to("hay@example.com"))
    job = act(browser, Message, "cancel", query="status=queued&q=needle")
    assert [delivery_of(one).state for one in needles] == ["canceled"] * 3
    assert delivery_of(hay).state == "queued"
    assert job and job.chosen == "status=queued&q=needle"


def test_a_deed_is_offered_on_the_page_of_the_row_itself(browser, inbox):
    message = make_message(inbox)
    page = browser.get(page_of(message)).content.decode()
    assert 'name="action" value="cancel"' in page and f'value="{message.pk}"' in page


# Jobs ---------------------------------------------------------------------------------------------


@pytest.fixture
def many(browser, inbox, monkeypatch) -> list[Message]:
    """More messages than are done at once."""
    monkeypatch.setattr("project.backoffice.site.AT_ONCE", 2)
    monkeypatch.setattr("project.backoffice.jobs.STEP", 2)
    monkeypatch.setattr(jobs.poke, "on_commit", lambda: None)
    return [make_message(inbox) for _ in range(5)]


def held() -> int:
    return Delivery.objects.filter(state="held").count()


def test_many_are_left_to_the_workers(browser, many):
    job = act(browser, Message, "hold")
    assert job and job.done_at is None and held() == 0
    assert 'http-equiv="refresh"' in browser.get(page_of(job)).content.decode()
    jobs.work_off()
    assert held() == 5 and Event.objects.filter(kind="message.handled").count() == 5
    page = browser.get(page_of(job))
    assert page.context["over"]["done"] == 5 and page.context["left"] == 0
    assert 'http-equiv="refresh"' not in page.content.decode()


def test_a_job_that_is_stopped_ends_before_its_next_rows(browser, many, monkeypatch):
    job = act(browser, Message, "hold")
    assert job
    stop = reverse("admin:backoffice_job_stop", args=[job.pk])
    seen = []

    def hold(message: Message) -> None:
        seen.append(message.pk)
        if len(seen) == 2:
            browser.post(stop)

    monkeypatch.setattr(jobs, "deed_of", lambda job: deed_that(hold))
    jobs.work_off()
    assert len(seen) == 2
    job.refresh_from_db()
    assert job.done_at and job.stopped_at
    assert browser.get(page_of(job)).context["left"] == 3
    jobs.work_off()
    assert len(seen) == 2


def deed_that(do):
    return Deed(name="hold", label="Hold", effect="", do=lambda row, reason: do(row))


class Killed(BaseException):
    """As a power cut is: nothing catches it."""


def test_a_worker_that_dies_costs_a_lease_and_no_row_is_done_twice(browser, many, monkeypatch):
    job = act(browser, Message, "hold")
    assert job
    seen = []

    def die_at_the_fourth(message: Message) -> None:
        if len(seen) == 3:
            raise Killed
        seen.append(message.pk)

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "deed_of", lambda job: deed_that(die_at_the_fourth))
        with pytest.raises(Killed):
            jobs.work_off()
    assert job.rows.filter(outcome="done").count() == 3
    jobs.work_off()
    assert job.rows.filter(outcome="").count() == 2, "the dead worker's lease has not run out"
    Job.objects.update(due_at=Now())
    jobs.work_off()
    assert job.rows.filter(outcome="done").count() == 5
    assert Event.objects.filter(kind="message.handled").count() == 5
    assert held() == 2, "what the first worker did was done again"


def test_a_fault_of_ours_costs_one_row(browser, many, monkeypatch):
    job = act(browser, Message, "hold")
    assert job

    def fail_once(message: Message) -> None:
        if message.pk == many[0].pk:
            Suppression.objects.create(workspace=message.workspace, email="x@example.com")
            raise ValueError("a bug")

    monkeypatch.setattr(jobs, "deed_of", lambda job: deed_that(fail_once))
    jobs.work_off()
    assert job.rows.filter(outcome="failed").get().words == "ValueError"
    assert job.rows.filter(outcome="done").count() == 4
    assert not Suppression.objects.exists(), "half of what failed has stayed"


def test_what_has_gone_meanwhile_is_counted(browser, many):
    job = act(browser, Message, "hold")
    assert job
    Message.objects.filter(pk=many[0].pk).delete()
    jobs.work_off()
    assert job.rows.filter(outcome="gone").count() == 1
    assert job.rows.filter(outcome="done").count() == 4


def test_the_job_has_the_rows_that_matched_when_the_reason_was_given(browser, many, inbox):
    job = act(browser, Message, "hold")
    later = make_message(inbox)
    jobs.work_off()
    assert job and job.rows.count() == 5
    assert delivery_of(later).state == "queued"
    assert JobRow.objects.filter(outcome="").count() == 0
