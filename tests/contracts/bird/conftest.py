"""What every test of this door needs."""

import pytest

from messaging.models import Inbox
from project.tenancy.models import Domain
from tests.messaging.make import make_inbox
from tests.people import Person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    """The sender of most tests."""
    return make_inbox(alice.workspace, address="hello@acme.test")


@pytest.fixture
def documented(alice: Person) -> Inbox:
    """The sender of the document's own examples."""
    Domain.objects.create(workspace=alice.workspace, name="yourdomain.com")
    return make_inbox(alice.workspace, address="hello@yourdomain.com")
