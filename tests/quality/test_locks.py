import json
import re
import tomllib

import pytest

from tests.quality.command import ROOT

pytestmark = pytest.mark.quality

FOLDER = ROOT / "project" / "requirements"
NAMES = ("bootstrap.txt", "run.txt", "dev.txt", "swift.txt", "sdks.txt")


def locked(name):
    """The pins of a lock file as (package, version), in its order."""
    return re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (FOLDER / name).read_text(), re.MULTILINE)


def wanted(requirements):
    """The names of requirements as the lock files spell them."""
    return {re.split(r"[\[~=<>; ]", text)[0].lower() for text in requirements}


@pytest.mark.parametrize("name", NAMES)
def test_it_names_no_address(name):
    text = (FOLDER / name).read_text()
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host| @ ", text)


@pytest.mark.parametrize("folder", ["project/frontend", "tests/frontend", "tests/sdks"])
def test_the_locks_of_npm_name_none_either(folder):
    text = (ROOT / folder / "package-lock.json").read_text()
    assert "://" not in text and '"resolved"' not in text
    packages = json.loads(text)["packages"]
    assert [name for name, one in packages.items() if name and "integrity" not in one] == []


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_hash_for_every_pin(name):
    entries = re.split(r"^(?=\S)", (FOLDER / name).read_text(), flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert len(entries) == len(locked(name))


@pytest.mark.parametrize("name", NAMES)
def test_it_pins_each_package_once_for_all_versions_of_python(name):
    packages = [package for package, _ in locked(name)]
    assert len(packages) == len(set(packages))


def test_it_locks_all_that_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert wanted(project["project"]["dependencies"]) <= set(dict(locked("run.txt")))
    assert wanted(project["dependency-groups"]["dev"]) <= set(dict(locked("dev.txt")))


def test_it_develops_with_the_versions_that_run():
    assert set(locked("run.txt")) <= set(locked("dev.txt"))


def test_it_has_no_other_lock():
    """uv's own formats hold addresses."""
    assert [path for path in ("uv.lock", "pylock.toml") if (ROOT / path).exists()] == []
