"""The server that is measured: an installation as an operator has it, and a sink for its mail."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from tests.bench.client import Client
from tests.bench.meter import wait_idle
from tests.installation import Installation
from tests.services.postgresql import own_server, programs
from tests.services.servers import Child, folder, wait_until
from tests.services.sinks import SinkProcess
from tests.services.smtp_rules import Rules

INBOX: Final = "bench@acme.test"


class House:
    """An installation with its web and workers running, the door for mail too, and whom to ask."""

    def __init__(self, installation: Installation, *, sink: SinkProcess, database: int | None):
        self.installation = installation
        self.sink = sink
        self._database = database  # process id of a server of its own
        installation.migrate()
        self.start = installation.bootstrap(workspace="Bench", inbox=INBOX)
        self.key: str = self.start["api_key"]
        self.inbox_id: str = self.start["inbox_id"]
        self.clients: list[Client] = []

    @property
    def roots(self) -> list[int]:
        """The processes whose trees are the whole server."""
        apart = filter(None, (self.installation.web, self.installation.mail))
        children = [*apart, *self.installation.workers]
        return [*(child.process.pid for child in children), *self.database_roots]

    @property
    def database_roots(self) -> list[int]:
        """The database server, if there is one."""
        return [self._database] if self._database else []

    def restart(self, *, workers: int = 1, door: bool = False) -> None:
        """Start web and workers anew, so that no row inherits another's memory; wait for quiet."""
        self.stop()
        self.installation.start_web()
        if door:
            self.installation.start_mail()
        for number in range(workers):
            self.installation.start_worker(clock=number == 0)
        for client in self.clients_for(16):
            client.ask("GET", "/api/v1/limits")
        wait_idle(self.roots)

    def stop(self) -> None:
        """Stop all of its processes."""
        for client in self.clients:
            client.close()
        self.clients.clear()
        self.installation.stop()

    def clients_for(self, count: int) -> list[Client]:
        """So many connections, opened by their first request and then kept open."""
        split = urlsplit(self.installation.url)
        assert split.hostname and split.port
        while len(self.clients) < count:
            self.clients.append(Client(split.hostname, split.port, key=self.key))
        for client in self.clients:
            client.close()  # gunicorn may have closed it, after five seconds without a request
        return self.clients[:count]

    def shell(self, script: str) -> Any:
        """Run Python in the installation's own shell; give the JSON that it prints."""
        return json.loads(self.installation.manage("shell", "--no-imports", "--command", script))

    @contextmanager
    def paused_worker(self) -> Iterator[Child]:
        """Hold the worker still, but not while it holds SQLite's lock."""
        worker = self.installation.workers[0]
        wait_until(lambda: self._paused(worker), what="a moment without a transaction")
        try:
            yield worker
        finally:
            worker.resume()

    def _paused(self, worker: Child) -> bool:
        worker.pause()
        if self.writable():
            return True
        worker.resume()
        return False

    def writable(self) -> bool:
        """Whether nobody is in the middle of writing to SQLite."""
        if "DATABASE_URL" in self.installation.environment:
            return True
        path = self.installation.data / "enclose.sqlite3"
        with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as database:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            database.execute("ROLLBACK")
            return True

    def change(self, statement: str) -> None:
        """Change the database, past the server."""
        if url := self.installation.environment.get("DATABASE_URL"):
            with psycopg.connect(url, autocommit=True) as server:
                server.execute(statement.encode())
            return
        path = self.installation.data / "enclose.sqlite3"
        with closing(sqlite3.connect(path, timeout=20)) as file, file:
            file.execute(statement)

    def one(self, question: str) -> Any:
        """The one value that a statement gives."""
        return self.installation.rows(question)[0][0]


@contextmanager
def open_house(*, database: str) -> Iterator[House]:
    """A house that is ready for its first row."""
    with ExitStack() as stack:
        home = stack.enter_context(folder("bench"))
        sink = SinkProcess(Rules(), store=home / "sink.sqlite3", durable=False)
        stack.callback(sink.stop)
        environment = {"SMTP_URL": sink.url}
        pid = None
        if database == "postgresql":
            if (found := programs()) is None:
                raise SystemExit("no PostgreSQL: apt-get install postgresql")
            server = stack.enter_context(own_server(found, settings=()))
            environment["DATABASE_URL"] = server.create_database()
            data = Path(server.ask("SHOW data_directory"))
            pid = int((data / "postmaster.pid").read_text().split()[0])
        house = House(Installation(home, environment=environment), sink=sink, database=pid)
        stack.callback(house.stop)
        yield house
