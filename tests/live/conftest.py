"""Installations that are open for business, and how much of it there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.installation import MakeInstallation
from tests.live.office import HASTY, Office

HERE = Path(__file__).parent
OpenOffice = Callable[..., Office]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.live)


FIGURES = pytest.StashKey[list[str]]()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)


@pytest.fixture
def note(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Put a figure into the last lines of the run."""
    return pytestconfig.stash.setdefault(FIGURES, []).append


@pytest.fixture
def is_full(request: pytest.FixtureRequest) -> bool:
    """Whether the great numbers are asked for: with CI set, and on PostgreSQL, so only once."""
    return bool(os.environ.get("CI")) and request.config.getoption("database") == "postgresql"


@pytest.fixture
def on_postgresql(request: pytest.FixtureRequest) -> None:
    """Skip what is done once, and on PostgreSQL."""
    if request.config.getoption("database") != "postgresql":
        pytest.skip("done on PostgreSQL")


@pytest.fixture
def open_office(make_installation: MakeInstallation) -> Iterator[OpenOffice]:
    """Open offices with so many workers; `clock` false puts it apart, `hasty` shortens leases."""

    def open(
        *,
        workers: int = 1,
        clock: bool = True,
        hasty: bool = False,
        environment: Mapping[str, str] | None = None,
        **words: Any,
    ) -> Office:
        given = {**(HASTY if hasty else {}), **(environment or {})}
        office = Office(make_installation(environment=given, **words))
        offices.append(office)
        office.open(workers=workers, clock=clock)
        return office

    offices: list[Office] = []
    yield open
    for office in offices:
        office.close()
