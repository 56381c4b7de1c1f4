"""Every answer a server can give, at every step: who has what, what is tried again, and for whom.

Each case goes over one connection between two other mails, which must not notice.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.utils import timezone

from messaging.models import Message, Recipient
from messaging.outbox.drain import deliver_due
from tests.messaging.make import delivery_of, letter_to, make_file, make_inbox, make_message, outcomes
from tests.messaging.outbox.steps import events_of, history_of, kept_of, let_hours_pass, try_again
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
    for code, letter, outcome in (("451", "d", "deferred"), ("552", "r", "refused"), ("554", "r", "refused")):
        for at in ("mail", "data", "dot"):
            yield Case(f"{at} {code}", (rule(at, reply=f"{code} No"),), letter * 3, outcome, f"{code} No")
    yield Case("dot 421", (rule("dot", reply="421 Bye"),), "ddd", "deferred", "421 Bye")
    for at in ("mail", "rcpt", "data"):
        yield Case(f"{at} 421", (rule(at, reply="421 Bye"),), "ppp", "lost", "421 Bye")
        for drop in ("close", "reset"):
            yield Case(f"{at} {drop}", (rule(at, drop=drop),), "ppp", "lost", "")
    yield Case("data 250", (rule("data", reply="250 What?"),), "ppp", "lost", "250 What?")
    for drop in ("close", "reset"):
        yield Case(f"body {drop}", (rule("body", after=400_000, drop=drop),), "ppp", "lost", "", is_long=True)
        for is_long in (False, True):
            length = "long" if is_long else "short"
            yield Case(f"dot {drop} {length}", (rule("dot", drop=drop),), "uuu", "unknown", "lost", is_long=is_long)
            yield Case(f"kept {drop} {length}", (rule("kept", drop=drop),), "uuu", "unknown", "lost", arrived=1, is_long=is_long)
    yield Case("rcpt all 4xx", (rule("rcpt", reply="450 Later"),), "ddd", "deferred", "450 Later")
    yield Case("rcpt all 5xx", (rule("rcpt", reply="550 Never"),), "rrr", "refused", "550 Never")
    yield Case("all well", (), "aaa", "accepted", "250 2.0.0 Kept", arrived=1)
    yield Case("all well, long", (), "aaa", "accepted", "250 2.0.0 Kept", arrived=1, is_long=True)
    some = (rule("rcpt", match="^b@", reply="450 Later"), rule("rcpt", match="^c@", reply="550 Never"))
    yield Case("rcpt some 4xx", some[:1], "ada", "partial", "450 Later", arrived=1, needs_three=True)
    yield Case("rcpt some 5xx", some[1:], "aar", "partial", "250 2.0.0 Kept", arrived=1, needs_three=True)
    yield Case("rcpt some 4xx, some 5xx", some, "adr", "partial", "450 Later", arrived=1, needs_three=True)
    yield Case("rcpt some of both, dot 451", (*some, rule("dot", reply="451 No")), "ddr", "partial", "450 Later", needs_three=True)
    yield Case("rcpt some of both, dot 554", (*some, rule("dot", reply="554 No")), "rdr", "partial", "450 Later", needs_three=True)
    yield Case("rcpt some of both, dot close", (*some, rule("dot", drop="close")), "udr", "unknown", "450 Later", needs_three=True)
    yield Case("rcpt some of both, data close", (*some, rule("data", drop="close")), "ppp", "lost", "", needs_three=True)
    yield Case("rcpt all, some of both", (rule("rcpt", match="^a@v", reply="450 Later"), *some), "ddr", "partial", "450 Later", needs_three=True)


CASES = list(cases())
STATE = {"a": "accepted", "d": "deferred", "r": "refused", "u": "unknown", "p": "pending"}
#: how the server speaks, and to how many the mail is
WAYS = [
    pytest.param(case, people, extensions, id=f"{case.name}, {len(people)}{how}")
    for case in CASES
    for people, extensions, how in (
        ((A,), Rules().extensions, ""),
        ((A, B, C), Rules().extensions, ""),
        ((A, B, C), ("8BITMIME",), " in lock-step"),
    )
    if not case.needs_three or len(people) == 3
]


@pytest.fixture
def victim(alice):
    return make_inbox(alice.workspace, address=HIM)


def left_after(case: Case, people: tuple[str, ...]) -> list[str]:
    return [one for one, letter in zip(people, case.states, strict=False) if letter in "dp"]


@pytest.mark.parametrize(("case", "people", "extensions"), WAYS)
def test_it_puts_down_what_was_answered(
    case, people, extensions, inbox, victim, start_sink, settings
):
    relay = start_sink(*case.rules, like=Rules(extensions=extensions))
    settings.SMTP_URL = relay.url
    before = make_message(inbox, letter_to("before@example.com"))
    files = [make_file(victim.workspace, bytes(LONG))] if case.is_long else []
    message = make_message(victim, letter_to(*people), files=files)
    after = make_message(inbox, letter_to("after@example.com"))
    begun = timezone.now()
    deliver_due()

    assert outcomes(message) == dict(zip(people, map(STATE.get, case.states), strict=False))
    assert history_of(message) == [(1, case.outcome)]
    assert events_of(message) == [case.event]
    check_delivery(case, message, people, begun)
    assert [(mail.accepted, mail.size) for mail in kept_of(relay, message)] == [
        (accepted_by(case, people), message.size)
    ] * case.arrived
    for other in (before, after):
        assert set(outcomes(other).values()) == {"accepted"}
        assert len(kept_of(relay, other)) == 1
    if "PIPELINING" in extensions:
        assert [mail.faults for mail in relay.kept] == [[]] * len(relay.kept)

    relay.set_rules()
    try_again()
    left = left_after(case, people)
    again = [mail for mail in kept_of(relay, message)[case.arrived :]]
    assert [mail.accepted for mail in again] == ([left] if left else [])
    expected = {
        one: "accepted" if one in left else STATE[letter]
        for one, letter in zip(people, case.states, strict=False)
    }
    assert outcomes(message) == expected
    assert delivery_of(message).state == "done"
    assert len({mail.sha256 for mail in kept_of(relay, message)}) <= 1
    assert all(len(kept_of(relay, other)) == 1 for other in (before, after))


def accepted_by(case, people):
    """Whom the server said yes to, envelope by envelope."""
    refused = [one.match for one in case.rules if one.at == "rcpt"]
    return [one for one in people if not any(one.startswith(word.strip("^")) for word in refused)]


def check_delivery(case: Case, message: Message, people: tuple[str, ...], begun) -> None:
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
