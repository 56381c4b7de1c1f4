"""What tests of the desk begin with."""

from __future__ import annotations

import pytest

from messaging.models import Inbox
from tests.messaging.make import make_inbox
from tests.people import Person, make_person


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    """Alice's inbox, in which Bob works as well."""
    return make_inbox(alice.workspace, address="desk@acme.test", name="Desk")


@pytest.fixture
def auditor(alice: Person) -> Person:
    """Somebody who may look, and change nothing."""
    return make_person("aud", workspace=alice.workspace, role="auditor")
