"""RabbitMQ: a broker that can be emptied and come back."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import amqp
import pytest

from tests.services.servers import LOOPBACK, Child, absent, announce, folder, free_port

SERVER: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
EPMD: Final = Path("/usr/bin/epmd")


class RabbitMQ:
    """A broker of our own in a temp folder, on a port that stays the same."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self._ports = {"ERL_EPMD_PORT": free_port(), "RABBITMQ_DIST_PORT": free_port()}
        (home / "rabbitmq.conf").write_text(f"listeners.tcp.1 = {LOOPBACK}:{self.port}\n")
        (home / "plugins").write_text("[].\n")
        # Who begins the name server of Erlang nodes must end it too: else it stays for ever.
        self._names = Child.start(
            [str(EPMD), "-address", LOOPBACK, "-port", str(self._ports["ERL_EPMD_PORT"])],
            log=home / "epmd.log",
        )
        self._server: Child | None = None
        self.start()

    @property
    def url(self) -> str:
        """Give what `CELERY_BROKER_URL` must be."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.port}//"

    @property
    def version(self) -> str:
        return broker_version(self.url)

    def start(self) -> None:
        """Start the server, with what it held when it was stopped."""
        child = Child.start([str(SERVER)], log=self.home / "log", environment=self._environment())
        self._server = child
        child.wait_until(lambda: _answers(self.url), what="RabbitMQ", timeout=60)

    def stop(self) -> None:
        """Stop the server and keep what it holds."""
        if self._server is not None:
            self._server.stop(timeout=30)
            self._server = None

    def empty(self) -> None:
        """Stop it, lose all it holds (queues, messages, users) and start it on the same port."""
        self.stop()
        shutil.rmtree(self.home / "mnesia")
        self.start()

    def close(self) -> None:
        """Stop it for good."""
        self.stop()
        self._names.stop()

    def _environment(self) -> dict[str, str]:
        home = self.home
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "RABBITMQ_NODENAME": f"enclose{self.port}@localhost",
            "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(home / "logs"),
            "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_ADDRESS": LOOPBACK,
            **{name: str(port) for name, port in self._ports.items()},
        }


def broker_version(url: str) -> str:
    """Ask a broker what it is; raises OSError or amqp's errors when it does not answer."""
    found = re.fullmatch(r"amqp://([^:]+):([^@]+)@([^:/]+):?(\d*)/(.*)", url)
    if found is None:
        raise ValueError(f"not an amqp address: {url}")
    user, password, host, port, vhost = found.groups()
    connection = amqp.Connection(
        host=f"{host}:{port or 5672}",
        userid=user,
        password=password,
        virtual_host=vhost or "/",
        connect_timeout=2,
    )
    with connection:
        return str(vars(connection)["server_properties"]["version"])


def _answers(url: str) -> bool:
    try:
        return bool(broker_version(url))
    except (OSError, amqp.AMQPError):
        return False


@contextmanager
def own_server() -> Iterator[RabbitMQ]:
    """Run a broker in a temp folder."""
    with folder("rabbitmq") as home, ExitStack() as stack:
        server = RabbitMQ(home)
        stack.callback(server.close)
        yield server


@pytest.fixture(scope="session")
def own_rabbitmq(pytestconfig: pytest.Config) -> Iterator[RabbitMQ]:
    """A broker that belongs to the tests: they may stop and empty it, and leave it running."""
    if not SERVER.exists():
        absent("no RabbitMQ: apt-get install rabbitmq-server")
    with own_server() as server:
        road = f"own, {server.home}"
        announce(pytestconfig, name="RabbitMQ", version=server.version, road=road)
        yield server


@pytest.fixture(scope="session")
def amqp_url(request: pytest.FixtureRequest) -> str:
    """The address of a broker: the one of TEST_AMQP_URL, or our own."""
    if url := os.environ.get("TEST_AMQP_URL"):
        version = broker_version(url)
        announce(request.config, name="RabbitMQ", version=version, road="TEST_AMQP_URL")
        return url
    server: RabbitMQ = request.getfixturevalue("own_rabbitmq")
    return server.url
