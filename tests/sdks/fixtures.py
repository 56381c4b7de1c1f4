"""Client libraries of other mail APIs and of tus, and an installation to point them at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Final

import pytest

from tests.installation import INSTALLATIONS, Installation
from tests.live.office import Office
from tests.sdks.runner import NODE, PACKAGES, PYTHON, VENV, ScriptRunner
from tests.services.servers import absent, folder

AGENT: Final = "agent@acme.test"


class Live(Office):
    """An office with one inbox, `agent@acme.test`, and no worker before `work`.

    Without a relay, what it sends is captured in the outbox tray.
    """

    def __init__(self, installation: Installation) -> None:
        super().__init__(installation)
        start = installation.bootstrap(workspace="Acme", inbox=AGENT)
        self.key = start["api_key"]
        self.inbox: str = start["address"]
        self.inbox_id: str = start["inbox_id"]
        self.grant_id: str = start["grant_id"]
        self.session.headers["Authorization"] = f"Bearer {self.key}"
        installation.start_web()

    @property
    def url(self) -> str:
        return self.installation.url

    def work(self) -> None:
        """Start a worker with the clock, unless there is one."""
        if not self.installation.workers:
            self.installation.start_worker()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "live_url" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.live)


def pytest_runtest_call(item: pytest.Item) -> None:
    """Have what the processes said shown when a test fails."""
    if live := getattr(item, "funcargs", {}).get("live_url"):
        item.stash.setdefault(INSTALLATIONS, []).append(live.installation)


@pytest.fixture(scope="session")
def python_sdk(tmp_path_factory: pytest.TempPathFactory) -> ScriptRunner:
    """Run a Python script with the client libraries of `.venv-sdks`."""
    if not (VENV / "ready").exists():
        absent("no client libraries: run `make sdks`")
    return ScriptRunner(command=PYTHON, home=tmp_path_factory.mktemp("python-sdk"))


@pytest.fixture(scope="session")
def node_sdk(tmp_path_factory: pytest.TempPathFactory) -> ScriptRunner:
    """Run a JavaScript module with the client libraries of `tests/sdks/node_modules`."""
    if not (PACKAGES / "ready").exists():
        absent("no client libraries: run `make sdks`")
    return ScriptRunner(command=NODE, home=tmp_path_factory.mktemp("node-sdk"))


@pytest.fixture(scope="module")
def live_url(request: pytest.FixtureRequest) -> Iterator[Live]:
    """An office on SQLite for all tests of a module, its files where `--files` says; `live`.

    What the module calls ENVIRONMENT goes into that of its processes.
    """
    if request.config.getoption("database") != "sqlite":
        pytest.skip("done on SQLite")
    with folder("installation") as home:
        environment = {**getattr(request.module, "ENVIRONMENT", {})}
        if request.config.getoption("files") == "s3":
            swift = request.getfixturevalue("swift")
            environment |= swift.environment() | {"FILES_BUCKET": swift.create_bucket()}
        installation = Installation(home, environment=environment)
        tables = request.getfixturevalue("migrated_file")
        shutil.copy(tables, installation.data / "enclose.sqlite3")
        try:
            live = Live(installation)
            yield live
        finally:
            installation.stop()
