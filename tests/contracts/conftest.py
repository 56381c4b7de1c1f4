"""What the tests of all doors begin with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.addresses import Things, make_things
from tests.people import Person


@pytest.fixture
def things(alice: Person, settings: Any) -> Things:
    """One of each thing, all Alice's; no vendor's rate is in the way."""
    for name in dir(settings):
        if name.endswith(("_PER_MINUTE", "_PER_SECOND", "_PER_DAY")):
            setattr(settings, name, 0)
    return make_things(alice.workspace, address="alice@acme.test")
