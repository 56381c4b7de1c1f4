"""What all tests share: which back-ends they run on, who is in them, what they really used."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import environ
import hypothesis
import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from messaging.outbox import drain
from tests.services.servers import USED

pytest_plugins = [
    "tests.services.postgresql",
    "tests.services.swift",
    "tests.services.rabbitmq",
    "tests.services.postfix",
    "tests.services.clamav",
    "tests.services.sinks",
    "tests.services.hooks",
    "tests.services.name_server",
    *(name for name in ("tests.people", "tests.installation") if find_spec(name)),
    "tests.sdks.fixtures",
]

# A machine that is busy with something else is no fault of what is tested.
hypothesis.settings.register_profile("no clock", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("no clock")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("enclose")
    group.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite")
    group.addoption("--files", choices=["disk", "s3"], default="disk")
    group.addoption(
        "--cases",
        type=int,
        metavar="N",
        help="of each parametrised test N cases, evenly spread: for a back-end after the first",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("database") != "sqlite":
        leave_out(config, items, {item for item in items if not says_something_of_databases(item)})
    if count := config.getoption("cases"):
        leave_out(config, items, cases_beyond(count, items))


def leave_out(config: pytest.Config, items: list[pytest.Item], some: set[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if item in some])
    items[:] = [item for item in items if item not in some]


def says_something_of_databases(item: pytest.Item) -> bool:
    """Whether a test can come out otherwise on another database than SQLite."""
    if item.get_closest_marker("sqlite_only"):
        return False
    used = getattr(item, "fixturenames", ())
    return bool(
        item.get_closest_marker("live")
        or item.get_closest_marker("django_db")
        or {"db", "transactional_db", "postgresql"} & set(used)
    )


def cases_beyond(count: int, items: list[pytest.Item]) -> set[pytest.Item]:
    """The cases of each parametrised test but `count`; races and odd input keep all."""
    cases: dict[tuple[Any, str], list[pytest.Item]] = {}
    for item in items:
        if not item.get_closest_marker("every_case"):
            test = getattr(item, "originalname", item.name)
            cases.setdefault((item.parent, test), []).append(item)
    beyond: set[pytest.Item] = set()
    for some in cases.values():
        kept = {some[number * (len(some) - 1) // max(count - 1, 1)] for number in range(count)}
        beyond.update(item for item in some if item not in kept)
    return beyond


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the process that sums up know what this one has used."""
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["used"] = [str(server) for server in session.config.stash.get(USED, [])]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what another process has used."""
    used = node.config.stash.setdefault(USED, [])
    used += getattr(node, "workeroutput", {}).get("used", [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    used = config.stash.get(USED, [])
    words = "; ".join(map(str, used)) or "none was needed"
    terminalreporter.write_line(
        f"back-ends: {config.getoption('database')}, {config.getoption('files')}"
    )
    terminalreporter.write_line(f"real servers: {words}")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Put the database of `--database` in before pytest-django makes it."""
    if request.config.getoption("database") == "sqlite":
        return
    server = request.getfixturevalue("postgresql")
    default = settings.DATABASES["default"]
    for connection in connections.all(initialized_only=True):
        connection.close()
        del connections[connection.alias]
    default.clear()
    default.update(environ.Env.db_url_config(server.url("enclose")))
    connections.configure_settings({"default": default})


@pytest.fixture(scope="session", autouse=True)
def short_patience() -> Iterator[None]:
    """A connection that has no work is not kept: each would hold its test up for a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drain, "KEEP_SECONDS", 0.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def attachment_files(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep attachments where `--files` says: in the run's own folder or in a fresh bucket."""
    if request.config.getoption("files") == "disk":
        yield
        return
    server = request.getfixturevalue("swift")
    storage = {
        "BACKEND": "attachments.s3.S3Storage",
        "OPTIONS": {"bucket_name": server.create_bucket()},
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        with override_settings(STORAGES={**settings.STORAGES, "attachments": storage}):
            yield


RANDOM_ID = re.compile(r"[0-9a-hjkmnp-tv-z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Leave ids of the moment out of the names of tests: every process must find the same ones."""
    if isinstance(val, str) and RANDOM_ID.search(val):
        return RANDOM_ID.sub("…", val)
    return None
