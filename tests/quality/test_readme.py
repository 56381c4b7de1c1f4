"""What the README points at is there."""

from __future__ import annotations

import re

import pytest

from tests.quality.command import ROOT

README = (ROOT / "README.md").read_text()
PATHS = set(
    re.findall(
        r"`((?:tests|project|attachments|drafts|messaging|templates|static)/[\w./-]*)`", README
    )
)


@pytest.mark.parametrize("path", sorted(set(PATHS)))
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists()
