"""What every test of this door needs."""

import pytest

from messaging.models import Inbox
from project.tenancy.models import Domain
from tests.messaging.make import make_inbox
from tests.people import Person


@pytest.fixture
def sender(alice: Person) -> Inbox:
    """The sender of the document's examples, an inbox of Alice's workspace."""
    Domain.objects.create(workspace=alice.workspace, name="example.com")
    return make_inbox(alice.workspace, address="sender@example.com")


@pytest.fixture
def on_disk(request: pytest.FixtureRequest) -> None:
    """For tests that move the clock, by which a storage outside would not sign."""
    if request.config.getoption("files") == "s3":
        pytest.skip("done on disk")
