"""What every test of AgentSend needs."""

from __future__ import annotations

import pytest

from messaging.models import Inbox
from tests.messaging.make import make_inbox
from tests.people import Person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    """Alice's inbox, in the workspace that Bob shares."""
    return make_inbox(alice.workspace, address="agent@acme.test", name="Agent")
