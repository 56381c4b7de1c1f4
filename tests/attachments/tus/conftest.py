from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attachments.tus.client import forget_pieces


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Leave the folder for what comes in as empty as other tests want it."""
    yield
    forget_pieces()
