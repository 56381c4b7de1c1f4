"""Fixtures that give SMTP sinks, in this process or as one of their own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from tests.services.servers import wait_until
from tests.services.smtp_record import Transaction, count_kept, read_ledger
from tests.services.smtp_rules import Point, Rule, Rules
from tests.services.smtp_sink import SmtpSink, smtp_url

ROOT = Path(__file__).parents[2]


class SinkProcess:
    """A sink as a process: it outlives whom it judges and loads no CPU of the test's process."""

    def __init__(self, rules: Rules, *, store: Path, port: int = 0, durable: bool = True) -> None:
        self.rules = rules
        self.store = store
        command = [sys.executable, "-m", "tests.services.smtp_sink", f"--port={port}"]
        command += [f"--store={store}", f"--rules={rules.write()}"]
        command += [] if durable else ["--no-fsync"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        first = self._heard()
        self.port = int(str(first["port"]))
        self.certificate = Path(str(first["certificate"])) if first["certificate"] else None

    @property
    def url(self) -> str:
        """Give what `SMTP_URL` must be to send here."""
        return smtp_url(self.rules, self.port)

    @property
    def transactions(self) -> list[Transaction]:
        """All transactions that are kept or over."""
        return read_ledger(self.store)

    @property
    def kept(self) -> list[Transaction]:
        """All messages that arrived."""
        return [transaction for transaction in self.transactions if transaction.kept]

    def set_rules(self, *rules: Rule) -> None:
        """Tell it anew what to do, from the next command on; how it speaks stays."""
        self._tell({"rules": json.loads(Rules(rules=rules).write())})

    def release(self, at: Point) -> None:
        """Let go those who are held at a point now."""
        self._tell({"release": at})

    def wait_held(self, at: Point, *, count: int = 1, timeout: float = 10.0) -> None:
        """Wait until so many clients are held at a point; raises TimeoutError."""
        wait_until(
            lambda: int(str(self._tell({"held": at})["held"])) >= count,
            what=f"{count} held at {at}",
            timeout=timeout,
        )

    def wait_kept(self, count: int, *, timeout: float = 10.0) -> list[Transaction]:
        """Wait for so many messages and give them; raises TimeoutError."""
        wait_until(
            lambda: count_kept(self.store) >= count,
            what=f"{count} messages",
            timeout=timeout,
            pause=0.05,
        )
        return self.kept

    def stop(self) -> None:
        """End it; what it kept stays readable."""
        self._process.terminate()
        self._process.communicate()

    def _tell(self, words: dict[str, object]) -> dict[str, object]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> dict[str, object]:
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise RuntimeError(f"the sink ended with {self._process.wait()}")
        heard: dict[str, object] = json.loads(line)
        return heard


class StartSink(Protocol):
    def __call__(self, *rules: Rule, port: int = 0, like: Rules | None = None) -> SmtpSink:
        """Start a sink with these rules; `like` says how it speaks."""


class StartSinkProcess(Protocol):
    def __call__(
        self, *rules: Rule, port: int = 0, like: Rules | None = None, durable: bool = True
    ) -> SinkProcess:
        """Start a sink as a process with these rules; `like` says how it speaks."""


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    """A sink that takes everything; `sink.set_rules(…)` makes it misbehave."""
    server = SmtpSink()
    yield server
    server.stop()


@pytest.fixture
def start_sink() -> Iterator[StartSink]:
    """Start sinks in this process."""
    with ExitStack() as stack:

        def start(*rules: Rule, port: int = 0, like: Rules | None = None) -> SmtpSink:
            server = SmtpSink(replace(like or Rules(), rules=rules), port=port)
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture
def start_sink_process(tmp_path: Path) -> Iterator[StartSinkProcess]:
    """Start sinks as processes of their own."""
    with ExitStack() as stack:
        started: list[SinkProcess] = []

        def start(
            *rules: Rule, port: int = 0, like: Rules | None = None, durable: bool = True
        ) -> SinkProcess:
            store = tmp_path / f"sink-{len(started)}.sqlite3"
            asked = replace(like or Rules(), rules=rules)
            server = SinkProcess(asked, store=store, port=port, durable=durable)
            started.append(server)
            stack.callback(server.stop)
            return server

        yield start
