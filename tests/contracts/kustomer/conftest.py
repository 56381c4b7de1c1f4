"""What the tests of this door share."""

from __future__ import annotations

import pytest

from messaging.contacts import Contact, create_customer
from messaging.models import Customer, Inbox
from tests.messaging.make import make_inbox
from tests.people import Person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    """The organisation's only sender, agent@acme.test."""
    return make_inbox(alice.workspace, address="agent@acme.test", name="Acme")


@pytest.fixture
def jane(alice: Person) -> Customer:
    """A customer with an address."""
    return create_customer(
        workspace=alice.workspace, name="Jane Doe", emails=[Contact("jane@example.com", "home")]
    )
