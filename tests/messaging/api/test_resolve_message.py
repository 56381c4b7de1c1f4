from __future__ import annotations

import pytest

from messaging.models import Delivery, Inbox, Message, Recipient
from tests.messaging.api.reach import error_of, url_of
from tests.messaging.make import make_message
from tests.people import Person


@pytest.fixture
def doubtful(inbox: Inbox) -> Message:
    """A message whose one recipient may have it, or not."""
    message = make_message(inbox)
    Delivery.objects.update(state="done", due_at=None)
    Recipient.objects.update(state="unknown")
    return message


@pytest.mark.parametrize(
    ("outcome", "status"), [("sent", "sent"), ("failed", "failed"), ("resend", "queued")]
)
def test_it_ends_the_doubt(bob: Person, doubtful: Message, outcome: str, status: str):
    assert bob.api.get(url_of(doubtful)).json()["status"] == "unknown"
    answer = bob.api.post(url_of(doubtful, "resolve"), {"outcome": outcome})
    assert answer.status_code == 200 and answer.json()["status"] == status
    again = bob.api.post(url_of(doubtful, "resolve"), {"outcome": outcome})
    assert error_of(again, 409)["code"] == "not_unknown"


@pytest.mark.parametrize(
    "body", [{}, {"outcome": "lost"}, {"outcome": None}, {"outcome": ["sent"]}]
)
def test_it_refuses(alice: Person, doubtful: Message, body: dict):
    assert error_of(alice.api.post(url_of(doubtful, "resolve"), body), 400)["field"] == "outcome"


def test_a_stranger_resolves_nothing(charlie: Person, doubtful: Message):
    assert error_of(charlie.api.post(url_of(doubtful, "resolve"), {"outcome": "sent"}), 404)
    assert Recipient.objects.get().state == "unknown"
