"""Every requirement has a test that is named for it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.contracts.nylas.requirements import REQUIREMENTS

NAMED = re.compile(r"^def test_((?:r\d+_)+)", re.MULTILINE)


def test_every_requirement_has_a_test():
    texts = [path.read_text() for path in Path(__file__).parent.glob("test_*.py")]
    names = [name for text in texts for name in NAMED.findall(text)]
    tested = {int(number) for name in names for number in re.findall(r"\d+", name)}
    assert tested == set(REQUIREMENTS)
