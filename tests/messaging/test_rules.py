"""Hold rules: which mail they mean, for how long they hold it, and who lets it go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from messaging.interventions import hold_message, release_message
from messaging.models import Delivery, Hold, HoldRule, Message
from messaging.outbox.claim import claim, start_data
from messaging.outbox.sweep import sweep
from messaging.rules import hold_claimed, let_through, release_overdue, save_rule
from messaging.services import cancel_message
from project.events.models import Event
from project.events.services import acting_as
from project.ids import spell
from tests.messaging.make import delivery_of, letter_to, make_file, make_inbox, make_message

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ZIP = b"PK\x03\x04" + bytes(60)


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace, address="desk@acme.test")


def make_rule(workspace=None, **fields):
    rule = HoldRule(workspace=workspace, name=fields.pop("name", "To be looked at"), **fields)
    save_rule(rule=rule, reason="An incident.")
    return rule


def work():
    """What a worker may send of what it claims."""
    return {one.delivery_id for one in let_through(claim(limit=10))}


def state_of(message):
    return delivery_of(message).state


def status_of(message):
    return Message.objects.in_full().get(pk=message.pk).status_at(timezone.now())


# Which mail -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "is_met"),
    [
        ({"sender": "desk@acme.test"}, True),
        ({"sender": "other@acme.test"}, False),
        ({"recipient_domain": "example.org"}, True),
        ({"recipient_domain": "example.com"}, False),
        ({"recipient_domain": "ample.org"}, False),
        ({"content_type": "application/zip"}, True),
        ({"content_type": "application/*"}, True),
        ({"content_type": "image/*"}, False),
        ({"min_bytes": 200}, True),
        ({"min_bytes": 2_000_000}, False),
        ({"sender": "desk@acme.test", "content_type": "application/zip"}, True),
        ({"sender": "desk@acme.test", "content_type": "image/png"}, False),
        ({"recipient_domain": "example.org", "min_bytes": 2_000_000}, False),
        ({"sender": "desk@acme.test", "is_active": False}, False),
    ],
)
def test_a_rule_means_mail_of_which_all_is_true_that_it_asks(inbox, rule, is_met):
    make_rule(**rule)
    letter = letter_to("ann@example.org", "bob@example.net")
    file = make_file(inbox.workspace, ZIP, filename="a.zip")
    message = make_message(inbox, letter, files=[file])
    assert len(work()) == (0 if is_met else 1)
    assert state_of(message) == ("held" if is_met else "claimed")


def test_the_bytes_tell_the_type_not_the_name(inbox):
    make_rule(content_type="application/zip")
    message = make_message(inbox, files=[make_file(inbox.workspace, ZIP, filename="notes.txt")])
    assert (work(), state_of(message)) == (set(), "held")


def test_a_domain_is_known_in_all_its_spellings(inbox):
    make_rule(recipient_domain="xn--bcher-kva.example")
    message = make_message(inbox, letter_to("ann@Bücher.example"))
    assert (work(), state_of(message)) == (set(), "held")


def test_a_rule_of_one_workspace_leaves_the_others_alone(inbox, charlie):
    theirs = make_message(make_inbox(charlie.workspace))
    mine = make_message(inbox)
    make_rule(inbox.workspace, recipient_domain="example.com")
    assert work() == {delivery_of(theirs).pk}
    assert state_of(mine) == "held"


def test_a_rule_of_all_workspaces_holds_the_mail_of_all(inbox, charlie):
    theirs, mine = make_message(make_inbox(charlie.workspace)), make_message(inbox)
    make_rule(recipient_domain="example.com")
    assert (work(), state_of(theirs), state_of(mine)) == (set(), "held", "held")


def test_it_finds_scheduled_mail_that_was_accepted_before(inbox):
    message = make_message(inbox, due_at=timezone.now() + HOUR)
    make_rule(recipient_domain="example.com")
    assert (work(), status_of(message)) == (set(), "scheduled")
    Delivery.objects.update(due_at=timezone.now() - HOUR)
    assert (work(), status_of(message)) == (set(), "held")


def test_a_worker_that_has_not_seen_the_rule_loses_its_gate(inbox):
    message = make_message(inbox)
    held = let_through(claim(limit=10))
    make_rule(recipient_domain="example.com")
    assert hold_claimed() == 1  # as it does after the commit
    assert start_data(held) == set()
    assert state_of(message) == "held"


def test_what_is_past_the_gate_is_not_held(inbox):
    message = make_message(inbox)
    assert len(start_data(let_through(claim(limit=10)))) == 1
    make_rule(recipient_domain="example.com")
    assert (hold_claimed(), state_of(message)) == (0, "data")


def test_a_hold_is_no_try(inbox):
    make_rule(recipient_domain="example.com")
    message = make_message(inbox)
    work()
    assert delivery_of(message).attempts == 0


# How long ---------------------------------------------------------------------------------------


def test_it_stays_until_it_is_released_and_says_so(inbox):
    make_rule(recipient_domain="example.com", name="Invoices are checked.")
    message = make_message(inbox)
    work()
    delivery = delivery_of(message)
    words = "Invoices are checked. It stays here until an operator releases it."
    assert (delivery.reason, delivery.held_until) == (words, None)
    sweep()
    assert state_of(message) == "held"


def test_it_leaves_by_itself_when_the_rule_says_so_once(inbox):
    make_rule(recipient_domain="example.com", hold_hours=3)
    message = make_message(inbox)
    work()
    delivery = delivery_of(message)
    assert 2 * HOUR < delivery.held_until - timezone.now() <= 3 * HOUR
    assert f"leaves by itself on {delivery.held_until:%d %B %Y, %H:%M} UTC" in delivery.reason
    assert release_overdue() == 0
    Delivery.objects.update(held_until=timezone.now() - HOUR)
    sweep()
    assert work() == {delivery.pk}
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason, delivery.held_until) == ("claimed", "", None)
    assert Event.objects.filter(kind="message.released", subject_id=message.pk).count() == 1


@pytest.mark.parametrize(("hours", "until"), [((2, None), None), ((2, 5), 5)])
def test_of_several_rules_the_strictest_says_how_long(inbox, hours, until):
    for number, some in enumerate(hours):
        make_rule(recipient_domain="example.com", hold_hours=some, name=f"Rule {number}")
    message = make_message(inbox)
    work()
    delivery = delivery_of(message)
    assert delivery.reason.startswith("Rule 1. ")
    assert Hold.objects.filter(delivery=delivery).count() == 2
    left = delivery.held_until and round((delivery.held_until - timezone.now()) / HOUR)
    assert left == until


def test_what_was_released_is_not_caught_again_by_the_same_rule(inbox):
    rules = [make_rule(recipient_domain="example.com"), make_rule(min_bytes=1)]
    message = make_message(inbox)
    work()
    release_message(message=message)
    assert delivery_of(message).reason == ""
    assert work() == {delivery_of(message).pk}
    for rule in rules:
        save_rule(rule=rule, reason="Changed, but still the same rule.")
    assert hold_claimed() == 0


def test_it_is_caught_by_a_rule_that_was_made_later(inbox):
    make_rule(recipient_domain="example.com")
    message = make_message(inbox)
    work()
    release_message(message=message)
    make_rule(min_bytes=1, name="Another")
    assert work() == set()
    assert delivery_of(message).reason.startswith("Another. ")


def test_what_a_rule_holds_can_be_canceled(inbox):
    make_rule(recipient_domain="example.com", hold_hours=1)
    message = make_message(inbox)
    work()
    cancel_message(message=message)
    Delivery.objects.update(held_until=timezone.now() - HOUR)
    assert (release_overdue(), status_of(message)) == (0, "canceled")


def test_what_a_person_holds_does_not_leave_by_itself(inbox):
    make_rule(recipient_domain="example.com", hold_hours=1)
    message = make_message(inbox)
    work()
    release_message(message=message)
    hold_message(message=message)
    assert (delivery_of(message).held_until, release_overdue()) == (None, 0)


def test_what_a_rule_holds_stays_when_the_rule_is_turned_off(inbox):
    rule = make_rule(recipient_domain="example.com")
    message = make_message(inbox)
    work()
    rule.is_active = False
    save_rule(rule=rule, reason="It is over.")
    assert state_of(message) == "held"
    later = make_message(inbox)
    assert work() == {delivery_of(later).pk}


# What is told -----------------------------------------------------------------------------------


def test_the_log_has_the_rule_and_the_hold(inbox, charlie):
    with acting_as("user:1"):
        rule = make_rule(inbox.workspace, recipient_domain="example.com", hold_hours=1)
    message = make_message(inbox)
    work()
    changed = Event.objects.get(kind="rule.changed")
    assert (changed.workspace, changed.actor) == (inbox.workspace, "user:1")
    assert changed.payload["reason"] == "An incident."
    held = Event.objects.get(kind="message.held")
    assert (held.subject_id, held.payload["rule"]) == (message.pk, rule.name)
    assert held.payload["rules"] == [spell("rul", rule.pk)] and held.payload["until"]
    assert not Event.objects.filter(workspace=charlie.workspace, kind="rule.changed").exists()


def test_programs_see_why_it_is_held(alice, bob, charlie, inbox):
    make_rule(recipient_domain="example.com", hold_hours=1, name="Looked at")
    id = spell("msg", make_message(inbox).pk)
    work()
    for person in (alice, bob):
        shown = person.api.get(f"/api/v1/messages/{id}").json()
        assert (shown["status"], shown["hold"]["reason"][:10]) == ("held", "Looked at.")
        assert shown["hold"]["until"]
        (listed,) = person.api.get("/api/v1/messages?status=held").json()["data"]
        assert listed["hold"] == shown["hold"]
    assert charlie.api.get(f"/api/v1/messages/{id}").status_code == 404


def test_programs_see_that_nothing_holds_it(alice, inbox):
    id = spell("msg", make_message(inbox).pk)
    assert alice.api.get(f"/api/v1/messages/{id}").json()["hold"] is None


def test_programs_see_that_a_person_holds_it(alice, inbox):
    message = make_message(inbox)
    hold_message(message=message)
    shown = alice.api.get(f"/api/v1/messages/{spell('msg', message.pk)}").json()
    words = "It stays here until an operator releases it."
    assert shown["hold"] == {"reason": words, "until": None}


@pytest.mark.parametrize(
    "fields", [{}, {"min_bytes": 1, "hold_hours": 0}, {"min_bytes": 1, "name": ""}]
)
def test_the_database_takes_no_rule_without_sense(db, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        HoldRule.objects.create(**{"name": "x", **fields})
