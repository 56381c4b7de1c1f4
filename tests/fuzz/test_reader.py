"""The fuzzer finds nothing in the reader, and would say so if it did."""

from __future__ import annotations

import os
import platform
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz.running import fuzz
from tests.messaging.mime.corpus import cases
from tests.services.servers import absent

pytestmark = pytest.mark.slow

SECONDS = 30 if os.environ.get("CI") else 10


@pytest.fixture(autouse=True)
def atheris() -> None:
    if find_spec("atheris") is None:
        absent(f"atheris is not installed (on {sys.platform} {platform.machine()})")


def test_it_finds_nothing_in_the_reader() -> None:
    run = fuzz(SECONDS)
    assert run.is_clean, f"{run}"
    assert run.mails > len(cases())
    assert "no interesting inputs" not in run.words  # it sees which lines they reach


def test_it_shows_the_bytes_that_break_something(tmp_path: Path) -> None:
    (tmp_path / "seed").write_bytes(b"a mail")
    run = fuzz(5, target="tests.fuzz.trap", seeds=tmp_path)
    assert not run.is_clean
    assert run.found == [b"a mail"]
    assert "a mail began with a" in f"{run}"
    assert "input: b'a mail'" in f"{run}"
