"""What all real servers of the tests have in common: finding, starting, waiting, ending."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import pytest

T = TypeVar("T")

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Used:
    """A real server that this run used; `road` says how it came to be."""

    name: str
    version: str
    road: str

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.road})"


USED = pytest.StashKey[list[Used]]()


def announce(config: pytest.Config, *, name: str, version: str, road: str) -> None:
    """Note a server for the last lines of the run."""
    config.stash.setdefault(USED, []).append(Used(name=name, version=version, road=road))


def absent(reason: str) -> NoReturn:
    """Skip what needs a server that is not there; fail it when CI is set."""
    if os.environ.get("CI"):
        pytest.fail(f"needed when CI is set: {reason}", pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """Find a TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Tell whether somebody on the loopback address takes connections at this port."""
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def wait_until(
    condition: Callable[[], T], *, what: str, timeout: float = 20.0, pause: float = 0.02
) -> T:
    """Give the first true value of `condition`, asked again after `pause` seconds.

    Raises TimeoutError with `what` in it after `timeout` seconds.
    """
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{timeout} s passed without {what}")
        time.sleep(pause)
    return value


@contextmanager
def folder(name: str, *, owner: str | None = None) -> Iterator[Path]:
    """Give a temp folder that everybody can enter, and remove it afterwards.

    `owner` is the user it belongs to when we are root.
    """
    path = Path(tempfile.mkdtemp(prefix=f"enclose-{name}-", dir="/tmp"))
    path.chmod(0o755)
    if owner is not None and os.geteuid() == 0:
        shutil.chown(path, owner)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Child:
    """A process that we started, leader of its own group, whose words are in one file."""

    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(
        cls,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> "Child":
        """Start a command; `environment` is all it gets, by default a copy of ours."""
        with log.open("ab") as words:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(process=process, log=log)

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """Give the last 4,000 characters of what it printed."""
        return self.log.read_text(errors="replace")[-4000:]

    def wait_until(self, condition: Callable[[], T], *, what: str, timeout: float = 30.0) -> T:
        """Wait as `wait_until` does, but no longer than the process lives.

        Raises RuntimeError with what the process said.
        """

        def ready() -> T:
            if not self.alive:
                raise RuntimeError(f"{what}: ended by itself\n{self.said()}")
            return condition()

        try:
            return wait_until(ready, what=what, timeout=timeout)
        except TimeoutError as late:
            raise RuntimeError(f"{late}\n{self.said()}") from late

    def send(self, number: int) -> None:
        """Send a signal to the whole group; a group that has ended takes no harm."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def pause(self) -> None:
        """Freeze the group where it is, until `resume`."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen group go on."""
        self.send(signal.SIGCONT)

    def kill(self) -> None:
        """End the group without a warning, as a power cut would."""
        self.send(signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> None:
        """Ask it to end and do not wait."""
        if self.alive:
            self.process.terminate()

    def wait(self, *, timeout: float = 15.0) -> None:
        """Wait for its end; what has not ended after `timeout` seconds is killed."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout)
        self.kill()

    def stop(self, *, timeout: float = 15.0) -> None:
        """Ask it to end, and wait."""
        self.terminate()
        self.wait(timeout=timeout)
