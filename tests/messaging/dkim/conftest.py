"""Alice's domain, and an inbox there."""

from __future__ import annotations

import pytest

from messaging.models import Inbox
from project.tenancy.models import Domain
from tests.messaging.dkim.make import make_domain
from tests.messaging.make import make_inbox
from tests.people import Person


@pytest.fixture
def domain(alice: Person) -> Domain:
    return make_domain(alice.workspace)


@pytest.fixture
def inbox(domain: Domain) -> Inbox:
    return make_inbox(domain.workspace, address=f"hello@{domain.name}")
