"""Pausing: what is due stays queued, and leaves later, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from messaging.errors import AlreadyPaused, NotPaused
from messaging.models import Delivery, Message, Pause
from messaging.outbox.claim import claim, start_data
from messaging.outbox.sweep import sweep
from messaging.pausing import pause_sending, resume_sending, state_of_sending
from project.events.models import Event
from project.events.services import acting_as
from project.ids import spell
from tests.make import make_workspace
from tests.messaging.make import delivery_of, make_inbox, make_message, make_reservation
from tests.messaging.outbox.steps import claim_of

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace)


@pytest.fixture
def other(charlie):
    return make_inbox(charlie.workspace)


def pause(inbox=None, **fields):
    workspace = inbox and inbox.workspace
    return pause_sending(workspace=workspace, reason="The relay asks for it.", **fields)


def resume(paused):
    resume_sending(pause=paused, reason="It is over.")


def claimed():
    return {one.delivery_id for one in claim(limit=10)}


def status_of(message):
    return Message.objects.in_full().get(pk=message.pk).status_at(timezone.now())


def test_a_paused_workspace_sends_nothing_and_all_others_do(inbox, other):
    mine, theirs = make_message(inbox), make_message(other)
    paused = pause(inbox)
    assert claimed() == {delivery_of(theirs).pk}
    assert (status_of(mine), delivery_of(mine).attempts) == ("queued", 0)
    resume(paused)
    assert claimed() == {delivery_of(mine).pk}


def test_a_paused_installation_sends_nothing(inbox, other):
    make_message(inbox), make_message(other)
    paused = pause()
    assert claimed() == set()
    resume(paused)
    assert len(claimed()) == 2


def test_what_is_paused_twice_leaves_when_both_are_over(inbox):
    make_message(inbox)
    own, everything = pause(inbox), pause()
    resume(everything)
    assert claimed() == set()
    resume(own)
    assert len(claimed()) == 1


def test_mail_is_taken_while_sending_is_paused(inbox):
    paused = pause(inbox)
    message = make_message(inbox)
    assert (status_of(message), claimed()) == ("queued", set())
    resume(paused)
    assert claimed() == {delivery_of(message).pk}


def test_what_a_worker_has_claimed_stays_too(inbox):
    message = make_message(inbox)
    held = claim(limit=10)
    pause(inbox)
    assert start_data(held) == set()
    assert delivery_of(message).state == "claimed"


def test_a_drain_lets_workers_end_what_they_have(inbox):
    message = make_message(inbox)
    held = claim(limit=10)
    pause(is_drain=True)
    later = make_message(inbox)
    assert claimed() == set()
    assert start_data(held) == {claim_of(message)}
    assert delivery_of(later).state == "queued"


def test_scheduled_mail_that_comes_due_meanwhile_waits(inbox):
    message = make_message(inbox, due_at=timezone.now() + HOUR)
    paused = pause(inbox)
    Delivery.objects.update(due_at=timezone.now() - HOUR)
    sweep()
    assert (claimed(), delivery_of(message).state) == (set(), "queued")
    resume(paused)
    assert claimed() == {delivery_of(message).pk}


def test_a_file_is_waited_for_as_ever(inbox):
    pause(inbox)
    message = make_message(inbox, files=[make_reservation(inbox.workspace)])
    sweep()
    assert status_of(message) == "waiting"


def test_a_pause_takes_nothing_of_the_time_for_tries(inbox):
    message = make_message(inbox)
    Delivery.objects.update(attempts=1)
    before = delivery_of(message).deadline
    paused = pause(inbox)
    Pause.objects.update(since=timezone.now() - 50 * HOUR)
    paused.refresh_from_db()
    resume(paused)
    assert timedelta(0) <= delivery_of(message).deadline - before - 50 * HOUR < HOUR


def test_a_pause_ends_by_itself_when_it_was_told_to(inbox):
    message = make_message(inbox)
    pause(inbox, ends_at=timezone.now() + HOUR)
    sweep()
    assert claimed() == set()
    Pause.objects.update(since=timezone.now() - 2 * HOUR, ends_at=timezone.now() - HOUR)
    sweep()
    assert claimed() == {delivery_of(message).pk}
    assert not Pause.objects.exists()
    event = Event.objects.get(kind="sending.resumed")
    assert (event.actor, event.payload["reason"]) == ("", "Its time was over.")


def test_it_is_in_the_log_of_whom_it_is_about(inbox, other):
    with acting_as("user:1"):
        resume(pause(inbox))
        resume(pause())
    mine = Event.objects.filter(workspace=inbox.workspace, subject_kind="sending")
    kinds = ["sending.paused", "sending.resumed"]
    assert [one.kind for one in mine.in_order()] == kinds * 2
    theirs = Event.objects.filter(workspace=other.workspace, subject_kind="sending")
    assert [one.kind for one in theirs.in_order()] == kinds
    assert {one.actor for one in mine} == {"user:1"}
    assert [one.payload["reason"] for one in theirs.in_order()] == [
        "The relay asks for it.",
        "It is over.",
    ]


def test_nothing_is_paused_twice(inbox):
    pause(inbox), pause(), pause(is_drain=True)
    for again in ({"inbox": inbox}, {}, {"is_drain": True}):
        with pytest.raises(AlreadyPaused):
            pause(**again)
    assert Pause.objects.count() == 3


def test_what_is_over_cannot_be_resumed(inbox):
    paused = pause(inbox)
    resume(paused)
    with pytest.raises(NotPaused):
        resume(paused)
    assert Event.objects.filter(kind="sending.resumed").count() == 1


@pytest.mark.parametrize(
    "fields", [{"reason": ""}, {"is_drain": True}, {"ends_at": timezone.now() - HOUR}]
)
def test_the_database_takes_no_pause_without_sense(inbox, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        Pause.objects.create(**{"workspace": inbox.workspace, "reason": "x", **fields})


# The command ------------------------------------------------------------------------------------


def told(capsys, *words):
    call_command("sending", *words)
    return capsys.readouterr().out


def test_operators_pause_one_workspace_from_the_shell(inbox, other, capsys):
    make_message(inbox), make_message(other)
    id = spell("wsp", inbox.workspace.pk)
    told(capsys, "pause", "--workspace", id, "--reason", "Too fast.", "--by", "ops")
    assert "Pause of Acme since" in (status := told(capsys, "status"))
    assert status.endswith(": Too fast.\n0 under way\n")
    assert len(claimed()) == 1
    told(capsys, "resume", "--workspace", id, "--reason", "Slower now.", "--by", "ops")
    assert len(claimed()) == 1
    assert {one.actor for one in Event.objects.filter(subject_kind="sending")} == {"ops"}


def test_operators_drain_and_resume_from_the_shell(inbox, capsys):
    make_message(inbox)
    assert "0 under way" in told(capsys, "drain", "--reason", "Version 2.", "--wait", "5")
    assert (state_of_sending(), claimed()) == ("drained", set())
    told(capsys, "resume", "--reason", "It runs.")
    assert (state_of_sending(), len(claimed())) == ("running", 1)


def test_a_drain_says_what_has_not_ended_in_time(inbox):
    make_message(inbox)
    claim(limit=1)
    with pytest.raises(CommandError, match="1 are still under way"):
        call_command("sending", "drain", "--reason", "Version 2.", "--wait", "0.1")
    assert state_of_sending() == "drained"


@pytest.mark.parametrize(
    "words",
    [
        ["resume", "--reason", "x"],
        ["pause", "--reason", "x", "--workspace", "wsp_nobody"],
        ["pause", "--reason", "x", "--until", "tomorrow"],
        ["pause", "--reason", "x", "--until", "2020-01-01T00:00:00Z"],
    ],
)
def test_the_command_refuses_what_makes_no_sense(db, words):
    with pytest.raises(CommandError):
        call_command("sending", *words)
    assert not Pause.objects.exists()


# The doors --------------------------------------------------------------------------------------


def test_programs_are_told(alice, charlie):
    running = {"state": "running", "scope": None, "reason": None, "since": None, "ends_at": None}
    assert alice.api.get("/api/v1/sending").json() == running
    paused = pause_sending(workspace=alice.workspace, reason="Too fast.")
    answer = alice.api.get("/api/v1/sending").json()
    assert (answer["state"], answer["scope"], answer["reason"]) == (
        "paused",
        "workspace",
        "Too fast.",
    )
    assert answer["since"][:16] == f"{paused.since:%Y-%m-%dT%H:%M}"
    assert charlie.api.get("/api/v1/sending").json() == running


def test_all_are_told_of_a_pause_of_everything(alice, charlie):
    pause_sending(workspace=None, reason="A new version.", ends_at=timezone.now() + HOUR)
    for person in (alice, charlie):
        answer = person.api.get("/api/v1/sending").json()
        assert (answer["scope"], answer["reason"]) == ("installation", "A new version.")
        assert answer["ends_at"]


def test_only_those_with_a_key_are_told(client, db):
    assert make_workspace() and client.get("/api/v1/sending").status_code == 401
