"""What happens to mail, done to the core in a word, and what webhooks hear of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.outbox.rehearsal import Rehearsed
from messaging.receiving.outcomes import Outcome, apply_outcomes
from tests.events.make import tell
from tests.messaging.make import letter_to, make_message, receive
from tests.services.hooks import Heard, Hooks

ACCEPTED = Rehearsed(state="accepted", code=250, reply="2.0.0 Fine")
DEFERRED = Rehearsed(state="deferred", code=451, reply="4.7.1 Try later")
REFUSED = Rehearsed(state="refused", code=550, reply="5.1.1 Nobody")
MAIL = (
    b"From: Ann <ann@example.com>\r\nTo: hello@acme.test, bo@example.com\r\nSubject: A question\r\n"
    b"Message-ID: <q1@example.com>\r\nIn-Reply-To: <a0@acme.test>\r\n\r\nHow much is it?\r\n"
)


def send_to(
    inbox: Inbox,
    answers: Mapping[str, Rehearsed],
    *others: str,
    due_at: datetime | None = None,
) -> Message:
    """A message that has been tried, its recipients' servers having answered like this.

    Mail to the others goes to the tray, in a delivery of its own.
    """
    rehearsed = {Address(email).key: answer for email, answer in answers.items()}
    filing = Filing(rehearsed=rehearsed, tags=["run:one"], metadata={"order": 1})
    message = make_message(inbox, letter_to(*answers, *others), filing=filing, due_at=due_at)
    deliver_due()
    return message


def say_of(message: Message, state: str, *emails: str, words: str = "5.1.1 Gone") -> None:
    """Have it reported what became of recipients after their servers had taken the mail."""
    outcomes = [
        Outcome(names=(email,), state=state, code=550 if state == "bounced" else None, words=words)
        for email in emails
    ]
    with transaction.atomic():
        apply_outcomes(message=message, outcomes=outcomes)


def get_mail(inbox: Inbox, raw: bytes = MAIL) -> Message:
    """A mail that has come in and was read."""
    return receive(inbox, raw)


def heard_by(hooks: Hooks) -> list[Heard]:
    """What a receiver hears of what has happened since the last time."""
    tell()
    heard = list(hooks.requests)
    hooks.requests.clear()
    return heard
