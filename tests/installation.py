"""A live installation: web and workers as processes, over data of its own."""

import json
import os
import re
import shutil
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import psycopg
import pytest
import requests
from honcho.environ import parse_procfile

from tests.services.postgresql import PostgreSQL
from tests.services.servers import LOOPBACK, Child, folder, free_port
from tests.services.smtp_sink import SmtpSink

ROOT: Final = Path(__file__).parents[1]
BIN: Final = Path(sys.executable).parent
CLOCK: Final = re.compile(r'--beat --schedule "[^"]*"')


class Installation:
    """Enclose as an operator has it: the processes of the Procfile, set up by the environment.

    `environment` goes over what every installation here has: folder, port, no variables of ours.
    """

    def __init__(self, home: Path, *, environment: Mapping[str, str]) -> None:
        self.data = home / "data"
        self.logs = home / "logs"
        self.data.mkdir()
        self.logs.mkdir()
        self.port = free_port()
        self.mail_port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.web: Child | None = None
        self.mail: Child | None = None
        self.workers: list[Child] = []
        self.clock: Child | None = None
        self.worker_app = "project"  # the Celery app that workers run
        self._started = 0
        self._commands: dict[str, str] = parse_procfile((ROOT / "Procfile").read_text()).processes
        self.environment = {
            "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "DATA_DIR": str(self.data),
            "BIND": LOOPBACK,
            "PORT": str(self.port),
            "MAIL_PORT": str(self.mail_port),
            "PUBLIC_URL": self.url,
            **environment,
        }

    # Setting up

    def manage(self, *words: str) -> str:
        """Run a management command and give what it prints; raises RuntimeError when it fails."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout

    def migrate(self) -> None:
        """Make the tables."""
        self.manage("migrate", "--no-input", "--verbosity=0")

    def bootstrap(self, *, workspace: str, inbox: str) -> dict[str, Any]:
        """Make a workspace with an inbox and a key; give what the command says about them."""
        words = ("bootstrap", "--workspace", workspace, "--inbox", inbox, "--json")
        made: dict[str, Any] = json.loads(self.manage(*words))
        return made

    # Processes

    def start_web(self) -> Child:
        """Start gunicorn and wait until `/livez` answers 200."""
        with _one_at_a_time("static"):
            if _stale_static_files():
                self.manage("collectstatic", "--no-input", "--verbosity=0")
        self.web = web = self._start("web", self._commands["web"])
        web.wait_until(self._lives, what="/livez")
        return web

    def start_mail(self, *, lmtp: bool = False) -> Child:
        """Start the door for mail and wait until it greets."""
        command = self._commands["mail"] + (" --lmtp" if lmtp else "")
        self.mail = mail = self._start("mail", command)
        mail.wait_until(self._greets, what="a greeting")
        return mail

    def start_worker(self, *, clock: bool = True) -> Child:
        """Start a worker; of several that run at a time, only one may have the clock."""
        command = self._commands["worker"].replace("--app project", f"--app {self.worker_app}")
        if not clock:
            command = CLOCK.sub("", command)
        name = f"worker{self._started}"
        worker = self._start(name, f"{command} --hostname {name}@%h")
        self.workers.append(worker)
        return worker

    def start_clock(self) -> Child:
        """Start a clock apart, for workers that have none; `stop` ends it too."""
        schedule = self.data / "celerybeat-schedule"
        command = f"exec celery --quiet --app project beat --loglevel warning --schedule {schedule}"
        self.clock = clock = self._start("clock", command)
        return clock

    def kill_worker(self, worker: Child | None = None) -> None:
        """End a worker, by default the newest, as a power cut would: no word, no clean-up."""
        victim = worker or self.workers[-1]
        self.workers.remove(victim)
        victim.kill()

    def kill_mail(self) -> None:
        """End the door for mail as a power cut would."""
        if self.mail is not None:
            self.mail.kill()
            self.mail = None

    def kill_web(self) -> None:
        """End gunicorn and its processes as a power cut would."""
        if self.web is not None:
            self.web.kill()
            self.web = None

    def stop(self) -> None:
        """End all processes, as an operator would: all are asked, then each is waited for."""
        children = [*self.workers, *filter(None, (self.clock, self.web, self.mail))]
        for child in children:
            child.terminate()
        for child in children:
            child.wait(timeout=20)
        self.workers, self.clock, self.web, self.mail = [], None, None, None

    def _start(self, name: str, command: str) -> Child:
        self._started += 1
        return Child.start(
            ["sh", "-c", command],
            log=self.logs / f"{self._started:02}-{name}.log",
            environment=self.environment,
            folder=ROOT,
        )

    def _lives(self) -> bool:
        try:
            return requests.get(f"{self.url}/livez", timeout=2).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def _greets(self) -> bool:
        try:
            with smtplib.SMTP(LOOPBACK, self.mail_port, timeout=2):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    # Looking

    def call(self, method: str, path: str, *, key: str = "", **words: Any) -> requests.Response:
        """Ask the web, with an API key if there is one; `words` are those of `requests`."""
        headers = {**words.pop("headers", {})}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        words.setdefault("timeout", 60)
        return requests.request(method, f"{self.url}{path}", headers=headers, **words)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the database, past the code under test."""
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url) as server:
                return server.execute(question.encode()).fetchall()
        with closing(sqlite3.connect(self.data / "enclose.sqlite3", timeout=20)) as file:
            return file.execute(question).fetchall()

    def change(self, statement: str) -> None:
        """Change the database, behind the back of the code under test."""
        if url := self.environment.get("DATABASE_URL"):
            with psycopg.connect(url) as server:
                server.execute(statement.encode())
            return
        with closing(sqlite3.connect(self.data / "enclose.sqlite3", timeout=20)) as file, file:
            file.execute(statement)

    def log(self) -> str:
        """Give the ends of what all processes said, oldest process first."""
        paths = sorted(self.logs.glob("*"))  # none once its folder is gone
        return "\n".join(f"{path.name}:\n{path.read_text()[-4000:]}" for path in paths)


@contextmanager
def _one_at_a_time(name: str) -> Iterator[None]:
    """Keep other test processes of this machine out meanwhile."""
    with (Path(tempfile.gettempdir()) / f"enclose-{name}.lock").open("w") as file:
        flock(file, LOCK_EX)
        yield


def _stale_static_files() -> bool:
    manifest = ROOT / "staticfiles" / "staticfiles.json"
    if not manifest.exists():
        return True
    made = manifest.stat().st_mtime
    return any(path.stat().st_mtime > made for path in (ROOT / "static").rglob("*"))


INSTALLATIONS = pytest.StashKey[list[Installation]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the processes said when a test fails."""
    report = yield
    if report.failed:
        for installation in item.stash.get(INSTALLATIONS, []):
            report.sections.append(("installation", installation.log()))
    return report


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and nothing in them, to be copied; one for a whole run."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent  # that of all its processes
    path = place / "migrated.sqlite3"
    with _one_at_a_time("migrated"):
        if not path.exists():
            with folder("migrated") as home:
                installation = Installation(home, environment={})
                installation.migrate()
                made = installation.data / "enclose.sqlite3"
                with closing(sqlite3.connect(made)) as file:  # all of it into the one file
                    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                shutil.move(made, path)
    return path


@pytest.fixture(scope="session")
def migrated_url(durable_postgresql: PostgreSQL) -> Iterator[str]:
    """A PostgreSQL database with all tables and nothing in them, to be copied."""
    url = durable_postgresql.create_database()
    with folder("migrated") as home:
        Installation(home, environment={"DATABASE_URL": url}).migrate()
    yield url
    durable_postgresql.drop_database(url)


class MakeInstallation(Protocol):
    def __call__(
        self,
        *,
        smtp_url: str = "",
        database: Literal["", "sqlite", "postgresql"] = "",
        files: Literal["", "disk", "s3"] = "",
        broker: Literal["filesystem", "amqp"] = "filesystem",
        environment: Mapping[str, str] | None = None,
    ) -> Installation:
        """Make an installation with its tables, nothing running yet.

        `database` and `files` are by default those of the options. PostgreSQL is the durable one.
        """


@pytest.fixture
def make_installation(request: pytest.FixtureRequest) -> Iterator[MakeInstallation]:
    """Make installations, and end them with the test."""
    made = request.node.stash.setdefault(INSTALLATIONS, [])
    with ExitStack() as stack:

        def make(
            *,
            smtp_url: str = "",
            database: Literal["", "sqlite", "postgresql"] = "",
            files: Literal["", "disk", "s3"] = "",
            broker: Literal["filesystem", "amqp"] = "filesystem",
            environment: Mapping[str, str] | None = None,
        ) -> Installation:
            given = {"SMTP_URL": smtp_url} if smtp_url else {}
            on_server = (database or request.config.getoption("database")) == "postgresql"
            if on_server:
                server = request.getfixturevalue("durable_postgresql")
                like = request.getfixturevalue("migrated_url")
                given["DATABASE_URL"] = server.create_database(like=like)
                stack.callback(server.drop_database, given["DATABASE_URL"])
            if (files or request.config.getoption("files")) == "s3":
                swift = request.getfixturevalue("swift")
                given |= swift.environment() | {"FILES_BUCKET": swift.create_bucket()}
            if broker == "amqp":
                given["CELERY_BROKER_URL"] = request.getfixturevalue("amqp_url")
            home = stack.enter_context(folder("installation"))
            installation = Installation(home, environment={**given, **(environment or {})})
            stack.callback(installation.stop)
            made.append(installation)
            if not on_server:
                tables = request.getfixturevalue("migrated_file")
                shutil.copy(tables, installation.data / "enclose.sqlite3")
            return installation

        yield make


@pytest.fixture
def installation(make_installation: MakeInstallation, sink: SmtpSink) -> Installation:
    """An installation with web, one worker and the clock, that sends to `sink`."""
    installation = make_installation(smtp_url=sink.url)
    installation.start_web()
    installation.start_worker()
    return installation
