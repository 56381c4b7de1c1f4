"""Every answer a server can give, at every step: who has what, what is tried again, and for whom.

Each case goes over one connection between two other mails, which must not notice.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.utils import timezone

from messaging.models import Message, Recipient
from messaging.outbox.drain import deliver_due
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    outcomes,
)
from tests.messaging.outbox.steps import events_of, history_of, kept_of, try_again
from tests.services.smtp_rules import Rule, Rules

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_connection")]

A, B, C = "a@victim.test", "b@victim.test", "c@victim.test"
LONG = 4 * 1024 * 1024  # more than fits between the two sides
HIM = "victim@acme.test"  # the sender


@dataclass(frozen=True)
class Case:
    """What the server does, and what comes of it: a letter for each of A, B and C.

    a: accepted, d: deferred, r: refused, u: unknown, p: pending.
    """

    name: str
    rules: tuple[Rule, ...]
    states: str
    outcome: str
    words: str  # in the delivery's reason, or in the reply of A
    arrived: int = 0
    needs_three: bool = False
    is_long: bool = False

    @property
    def event(self) -> str:
        return {"accepted": "sent", "refused": "failed", "lost": "deferred"}.get(
            self.outcome, self.outcome
        )


def rule(at, match="victim", **deed):
    return Rule(at=at, match=match, **deed)


def cases():
    for code, letter, outcome in (
        ("451", "d", "deferred"),
        ("552", "r", "refused"),
        ("554", "r", "refused"),
    ):
        for at in ("mail", "data", "dot"):
            yield Case(
                f"{at} {code}", (rule(at, reply=f"{code} No"),), letter * 3, outcome, f"{code} No"
            )
    yield Case("dot 421", (rule("dot", reply="421 Bye"),), "ddd", "deferred", "421 Bye")
    for at in ("mail", "rcpt", "data"):
        yield Case(f"{at} 421", (rule(at, reply="421 Bye"),), "ppp", "lost", "421 Bye")
        for drop in ("close", "reset"):
            yield Case(f"{at} {drop}", (rule(at, drop=drop),), "ppp", "lost", "")
    yield Case("data 250", (rule("data", reply="250 What?"),), "ppp", "lost", "250 What?")
    for drop in ("close", "reset"):
        yield Case(
            f"body {drop}",
            (rule("body", after=400_000, drop=drop),),
            "ppp",
            "lost",
            "",
            is_long=True,
        )
        for is_long in (False, True):
            length = "long" if is_long else "short"
            yield Case(
                f"dot {drop} {length}",
                (rule("dot", drop=drop),),
                "uuu",
                "unknown",
                "lost",
                is_long=is_long,
            )
            yield Case(
                f"kept {drop} {length}",
                (rule("kept", drop=drop),),
                "uuu",
                "unknown",
                "lost",
                arrived=1,
                is_long=is_long,
            )
    yield Case("rcpt all 4xx", (rule("rcpt", reply="450 Later"),), "ddd", "deferred", "450 Later")
    yield Case("rcpt all 5xx", (rule("rcpt", reply="550 Never"),), "rrr", "refused", "550 Never")
    yield Case("all well", (), "aaa", "accepted", "250 2.0.0 Kept", arrived=1)
    yield Case("all well, long", (), "aaa", "accepted", "250 2.0.0 Kept", arrived=1, is_long=True)
    some = (
        rule("rcpt", match="^b@", reply="450 Later"),
        rule("rcpt", match="^c@", reply="550 Never"),
    )
    yield Case(
        "rcpt some 4xx", some[:1], "ada", "partial", "450 Later", arrived=1, needs_three=True
    )
    yield Case(
        "rcpt some 5xx", some[1:], "aar", "partial", "250 2.0.0 Kept", arrived=1, needs_three=True
    )
    yield Case(
        "rcpt some 4xx, some 5xx", some, "adr", "partial", "450 Later", arrived=1, needs_three=True
    )
    yield Case(
        "rcpt some of both, dot 451",
        (*some, rule("dot", reply="451 No")),
        "ddr",
        "partial",
        "450 Later",
        needs_three=True,
    )
    yield Case(
        "rcpt some of both, dot 554",
        (*some, rule("dot", reply="554 No")),
        "rdr",
        "partial",
        "450 Later",
        needs_three=True,
    )
    yield Case(
        "rcpt some of both, dot close",
        (*some, rule("dot", drop="close")),
        "udr",
        "unknown",
        "450 Later",
        needs_three=True,
    )
    yield Case(
        "rcpt some of both, data close",
        (*some, rule("data", drop="close")),
        "ppp",
        "lost",
        "",
        needs_three=True,
    )
    yield Case(
        "rcpt all, some of both",
        (rule("rcpt", match="^a@v", reply="450 Later"), *some),
        "ddr",
        "partial",
        "450 Later",
        needs_three=True,
    )


CASES = list(cases())
STATE = {"a": "accepted", "d": "deferred", "r": "refused", "u": "unknown", "p": "pending"}
PIPELINED, LOCK_STEP = Rules().extensions, ("8BITMIME",)
WAYS = [
    *(pytest.param(case, PIPELINED, id=case.name) for case in CASES),
    *(
        pytest.param(case, LOCK_STEP, id=f"{case.name}, in lock-step")
        for case in CASES
        if not case.is_long and "reset" not in case.name
    ),
]


@pytest.fixture
def victim(alice):
    return make_inbox(alice.workspace, address=HIM)


@pytest.mark.parametrize(("case", "extensions"), WAYS)
def test_it_puts_down_what_was_answered(case, extensions, inbox, victim, start_sink, settings):
    relay = start_sink(*case.rules, like=Rules(extensions=extensions))
    settings.SMTP_URL = relay.url
    files = [make_file(victim.workspace, bytes(LONG))] if case.is_long else []
    before = make_message(inbox, letter_to("before@example.com"))
    victims = {
        people: make_message(victim, letter_to(*people), files=files)
        for people in ([(A, B, C)] if case.needs_three else [(A,), (A, B, C)])
    }
    after = make_message(inbox, letter_to("after@example.com"))
    begun = timezone.now()
    deliver_due()
    for people, message in victims.items():
        check_first_try(case, people, message, relay, begun)
    for other in (before, after):
        assert set(outcomes(other).values()) == {"accepted"}
        assert len(kept_of(relay, other)) == 1
    assert {fault for mail in relay.kept for fault in mail.faults} == set()

    relay.set_rules()
    try_again()
    for people, message in victims.items():
        check_second_try(case, people, message, relay)
    assert all(len(kept_of(relay, other)) == 1 for other in (before, after))


def check_first_try(case, people, message, relay, begun):
    assert outcomes(message) == dict(zip(people, map(STATE.get, case.states), strict=False))
    assert history_of(message) == [(1, case.outcome)]
    assert events_of(message) == [case.event]
    assert [(mail.accepted, mail.size) for mail in kept_of(relay, message)] == [
        (accepted_by(case, people), message.size)
    ] * case.arrived
    check_delivery(case, message, people, begun)


def check_second_try(case, people, message, relay):
    """It names only those who are left, and carries the same bytes."""
    left = left_after(case, people)
    mails = kept_of(relay, message)
    assert [mail.accepted for mail in mails[case.arrived :]] == ([left] if left else [])
    assert len({mail.sha256 for mail in mails}) <= 1
    assert outcomes(message) == {
        one: "accepted" if one in left else STATE[letter]
        for one, letter in zip(people, case.states, strict=False)
    }
    assert delivery_of(message).state == "done"


def left_after(case, people):
    return [one for one, letter in zip(people, case.states, strict=False) if letter in "dp"]


def accepted_by(case, people):
    """Whom the server said yes to, envelope by envelope."""
    refused = [one.match for one in case.rules if one.at == "rcpt"]
    return [one for one in people if not any(one.startswith(word.strip("^")) for word in refused)]


def check_delivery(case, message, people, begun):
    """Its state, when it is due again, and that it says why."""
    delivery = delivery_of(message)
    first = Recipient.objects.get(delivery=delivery, email=A)
    if left_after(case, people):
        assert delivery.state == "queued"
        assert 10 < (delivery.due_at - begun).total_seconds() < 40  # the first back-off
        assert delivery.reason
        assert case.words in delivery.reason
        assert 47 < (delivery.deadline - begun).total_seconds() / 3600 < 49
    else:
        assert (delivery.state, delivery.due_at) == ("done", None)
        assert delivery.done_at
        assert case.words in first.reply
    assert (Message.objects.get(pk=message.pk).sent_at is not None) == ("a" in case.states)
