"""A storage of each test's own, and Alice's inbox."""

from __future__ import annotations

import pytest

from messaging.models import Inbox
from tests.attachments.inventory.conftest import storage as storage
from tests.messaging.make import make_inbox
from tests.people import Person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="desk@acme.test")
