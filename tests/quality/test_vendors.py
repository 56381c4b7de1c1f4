"""The core knows no vendor: their names and spellings live below project/contracts."""

import re
import tomllib
from itertools import chain

import pytest

from project.contracts.doors import DOORS
from tests.quality.command import ROOT

pytestmark = pytest.mark.quality

CORE = (
    "attachments",
    "messaging",
    "drafts",
    "project/api",
    "project/desk",
    "project/events",
    "project/tenancy",
    "project/workspaces",
    "templates/desk",
)
VENDORS = re.compile(
    r"kustomer|email[ _-]?api\b|agent[ _-]?(?:send|post|mail)|nylas|bird|postmark", re.IGNORECASE
)
PATHS = sorted(
    path
    for path in chain.from_iterable((ROOT / folder).rglob("*") for folder in CORE)
    if path.is_file() and "__pycache__" not in path.parts
)


def test_it_knows_where_to_look():
    assert {path.relative_to(ROOT).parts[0] for path in PATHS} == {
        folder.partition("/")[0] for folder in CORE
    }
    assert all(VENDORS.search(door.name) for door in DOORS)


def test_no_file_is_named_after_a_vendor():
    """Migrations among them: a column that one vendor asks for has a name of its own."""
    assert [str(path) for path in PATHS if VENDORS.search(str(path.relative_to(ROOT)))] == []


def test_no_line_names_one():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in PATHS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if VENDORS.search(line)
    ]
    assert found == []


def test_every_contract_is_told_to_know_no_other():
    """lint-imports, which test_style runs, does the looking."""
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (rule,) = [one for one in rules["contracts"] if one["type"] == "independence"]
    folders = (ROOT / "project" / "contracts").iterdir()
    packages = {path.name for path in folders if (path / "__init__.py").exists()}
    assert {name.removeprefix("project.contracts.") for name in rule["modules"]} == packages
    assert packages == {door.name for door in DOORS}
