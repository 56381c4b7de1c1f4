"""PostgreSQL: a fast server for the suite and a durable one for tests that kill."""

import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from tests.services.servers import LOOPBACK, absent, announce, folder, free_port

FAST: Final = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


@dataclass(frozen=True, kw_only=True)
class PostgreSQL:
    """A server on which we may make databases."""

    dsn: str  # libpq's words, or an address
    road: str

    def url(self, database: str) -> str:
        """Give the `DATABASE_URL` of one of its databases."""
        words = {name: str(value) for name, value in conninfo_to_dict(self.dsn).items()}
        user, password = words.pop("user", "postgres"), words.pop("password", "")
        host, port = words.pop("host", LOOPBACK), words.pop("port", "5432")
        words.pop("dbname", None)
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        address = f"postgres://{login}@{quote(host, safe='')}:{port}/{database}"
        return f"{address}?{urlencode(words)}" if words else address

    def create_database(self, *, like: str = "") -> str:
        """Make a database and give its `DATABASE_URL`: an empty one, or a copy of that at a URL.

        Nobody may be connected to what is copied.
        """
        name = f"enclose_{uuid.uuid4().hex[:12]}"
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(database_of(like) if like else "template1")
        )
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(words)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database of `create_database`, whoever is connected to it."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            words = sql.SQL("DROP DATABASE {} WITH (FORCE)")
            connection.execute(words.format(sql.Identifier(database_of(url))))

    def ask(self, question: str) -> str:
        """Give the one value that a statement answers."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute(question.encode()).fetchone()
        return str(row[0]) if row else ""

    @property
    def version(self) -> str:
        return self.ask("SHOW server_version").split()[0]


def database_of(url: str) -> str:
    """The name of the database that a `DATABASE_URL` speaks of."""
    return url.partition("?")[0].rpartition("/")[2]


def programs() -> Path | None:
    """Find the folder of the newest server programs; those on the PATH may be wrappers."""
    found = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    return max((path.parent for path in found), key=_major, default=None)


def _major(path: Path) -> int:
    return int(re.sub(r"\D.*", "", path.parent.name) or 0)


@contextmanager
def own_server(
    programs: Path, *, settings: tuple[str, ...], epoch: int = 0
) -> Iterator[PostgreSQL]:
    """Run a server of our own in a temp folder, on a free loopback port.

    It counts its transactions from 2^32 times `epoch` on.
    """
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with folder("postgresql", owner="postgres") as home:

        def run(program: str, *words: str) -> None:
            command = [*before, str(programs / program), "-D", str(home / "data"), *words]
            with (home / "log").open("a") as log:
                subprocess.run(command, check=True, cwd=home, stdout=log, stderr=log)

        words = ("--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8")
        run("initdb", *words, "--locale=C.UTF-8")
        if epoch:
            run("pg_resetwal", f"--epoch={epoch}")
        port = free_port()
        given = (f"listen_addresses={LOOPBACK}", f"port={port}", f"unix_socket_directories={home}")
        options = " ".join(f"-c {setting}" for setting in (*given, *settings))
        run("pg_ctl", "--wait", "--silent", f"--log={home / 'server.log'}", "-o", options, "start")
        try:
            dsn = f"host={LOOPBACK} port={port} user=postgres dbname=postgres"
            yield PostgreSQL(dsn=dsn, road=f"own, {home}")
        finally:
            run("pg_ctl", "--mode=immediate", "--silent", "stop")


@contextmanager
def server(config: pytest.Config, *, durable: bool) -> Iterator[PostgreSQL]:
    """Give a server and announce it, or skip."""
    if dsn := os.environ.get("TEST_PG_DSN"):
        given = PostgreSQL(dsn=dsn, road="TEST_PG_DSN")
        if not durable or given.ask("SHOW fsync") == given.ask("SHOW synchronous_commit") == "on":
            announce(config, name="PostgreSQL", version=given.version, road=given.road)
            yield given
            return
    if (found := programs()) is None:
        absent("no PostgreSQL: set TEST_PG_DSN or apt-get install postgresql")
    with own_server(found, settings=() if durable else FAST) as own:
        kind = "durable" if durable else "fsync off"
        announce(config, name="PostgreSQL", version=own.version, road=f"{own.road}, {kind}")
        yield own


@pytest.fixture(scope="session")
def postgresql(pytestconfig: pytest.Config) -> Iterator[PostgreSQL]:
    """A server that is fast and forgets at a power cut."""
    with server(pytestconfig, durable=False) as postgresql:
        yield postgresql


@pytest.fixture(scope="session")
def durable_postgresql(pytestconfig: pytest.Config) -> Iterator[PostgreSQL]:
    """A server whose commits are on the disk, as in production: for tests that kill."""
    with server(pytestconfig, durable=True) as postgresql:
        yield postgresql
