"""Hold rules, against workers."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.interventions import release_message
from messaging.models import Delivery, HoldRule
from messaging.outbox import drain
from messaging.outbox.claim import claim
from messaging.outbox.drain import deliver_due
from messaging.outbox.sweep import sweep
from messaging.rules import let_through, save_rule
from tests.attachments.statements import verbs_of
from tests.messaging.make import letter_to, make_message
from tests.messaging.outbox.steps import kept_of, many, state_of, together, worker
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)


def make_rule(**fields):
    rule = HoldRule(name="To be looked at", recipient_domain="example.com", **fields)
    save_rule(rule=rule, reason="An incident.")
    return rule


def test_a_rule_is_made_while_workers_are_at_it(inbox, relay, monkeypatch):
    """Held, but sent: 0. Neither held nor sent: 0. Met, and sent after the rule: 0."""
    monkeypatch.setattr(drain, "CLAIM_LIMIT", 10)
    monkeypatch.setattr(drain, "CONNECTIONS", 3)  # so that it takes a second, and there is a race
    relay.set_rules(Rule(at="dot", delay=0.03))
    messages = [make_message(inbox) for _ in range(many(120, 500))]

    def rule():
        relay.wait_kept(1)
        make_rule()
        data = Delivery.objects.filter(state="data").values_list("message_id", flat=True)
        return len(relay.kept) + len(data)

    at_most, *_ = together(rule, deliver_due, deliver_due)
    deliver_due()
    held = set(Delivery.objects.filter(state="held").values_list("message_id", flat=True))
    assert held and relay.kept, "the rule came too late, or too early: the race was none"
    for message in messages:
        assert len(kept_of(relay, message)) == (0 if message.pk in held else 1)
    assert len(relay.kept) <= at_most + drain.CONNECTIONS  # a dot's commit may cross the look
    for message in messages:
        if message.pk in held:
            release_message(message=message)
    deliver_due()
    assert [len(kept_of(relay, message)) for message in messages] == [1] * len(messages)


def test_a_worker_goes_on_where_a_rule_holds_all_that_it_has_claimed(inbox, relay, monkeypatch):
    monkeypatch.setattr(drain, "CLAIM_LIMIT", 2)
    make_rule()
    held = [make_message(inbox) for _ in range(4)]
    free = make_message(inbox, letter_to("ann@example.org"))
    deliver_due()
    assert [state_of(message) for message in held] == ["held"] * 4
    assert state_of(free) == "done"


def test_what_is_on_the_wire_when_a_rule_is_made_does_not_get_its_dot(inbox, relay):
    relay.set_rules(Rule(at="data", hold=True))
    message = make_message(inbox)
    with worker(relay):
        relay.wait_held("data")
        make_rule()
        relay.release("data")
    assert (relay.kept, state_of(message)) == ([], "held")


def test_two_workers_hold_the_same_once(inbox):
    make_rule()
    messages = [make_message(inbox) for _ in range(20)]
    claims = claim(limit=100)
    left = together(*[lambda: let_through(claims)] * 3)
    assert Delivery.objects.filter(state="held", attempts=0).count() == len(messages)
    assert sorted(map(len, left))[0] == 0


def test_it_leaves_once_when_its_time_is_over(inbox, relay):
    make_rule(hold_hours=1)
    message = make_message(inbox)
    other = make_message(inbox, letter_to("ann@example.org"))
    deliver_due()
    assert (state_of(message), len(kept_of(relay, other))) == ("held", 1)
    Delivery.objects.filter(state="held").update(held_until=message.created_at)
    together(*[sweep] * 4)
    deliver_due()
    deliver_due()
    assert len(kept_of(relay, message)) == 1


@pytest.mark.parametrize(("rules", "statements"), [(0, 1), (1, 5), (3, 5)])
def test_rules_cost_the_same_however_much_is_claimed(inbox, rules, statements):
    for _ in range(rules):
        make_rule(sender="nobody@acme.test", content_type="image/png")
    for _ in range(30):
        make_message(inbox)
    claims = claim(limit=100)
    with CaptureQueriesContext(connection) as queries:
        assert let_through(claims) == claims
    assert verbs_of(queries) == ["SELECT"] * statements
