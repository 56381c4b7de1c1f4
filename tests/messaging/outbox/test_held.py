"""Holding back, against workers."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from messaging.errors import TooLate
from messaging.interventions import hold_message, release_message
from messaging.models import Delivery
from messaging.outbox.drain import deliver_due
from tests.messaging.make import make_message
from tests.messaging.outbox.steps import kept_of, many, together
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)


def test_hold_against_claim_and_dot(inbox, relay):
    """Held, but sent: 0. Too late, but not sent: 0. Released, and sent twice or never: 0."""
    relay.set_rules(Rule(at="data", delay=0.01, chance=0.5), Rule(at="dot", delay=0.01, chance=0.3))
    messages = [make_message(inbox) for _ in range(many(60, 500))]
    shuffled = random.sample(messages, len(messages))

    def hold():
        relay.wait_kept(1)
        held = set()
        for message in shuffled:
            with suppress(TooLate):
                hold_message(message=message)
                held.add(message.pk)
        return held

    held, *_ = together(hold, deliver_due, deliver_due)
    deliver_due()
    assert held, "nothing was held: the race was none"
    for message in messages:
        assert len(kept_of(relay, message)) == (0 if message.pk in held else 1)
    assert Delivery.objects.filter(state="held").count() == len(held)
    for message in messages:
        if message.pk in held:
            release_message(message=message)
    deliver_due()
    assert [len(kept_of(relay, message)) for message in messages] == [1] * len(messages)
