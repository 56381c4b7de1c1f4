"""What all tests of the contract have: a grant of Alice's."""

from __future__ import annotations

import pytest

from messaging.models import Inbox
from tests.messaging.make import make_inbox
from tests.people import Person


@pytest.fixture
def grant(alice: Person) -> Inbox:
    """Alice's grant, desk@acme.test."""
    return make_inbox(alice.workspace, address="desk@acme.test", name="Acme")


@pytest.fixture(autouse=True)
def unthrottled(settings) -> None:
    """Tests send faster than the vendor allows; those on that very thing set it again."""
    settings.NYLAS_JSON_SENDS_PER_SECOND = 0
    settings.NYLAS_MULTIPART_SENDS_PER_SECOND = 0
