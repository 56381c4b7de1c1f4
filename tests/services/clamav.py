"""ClamAV: the real scanner, with two signatures of our own in place of its large database."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.services.servers import LOOPBACK, Child, absent, accepts, announce, folder, free_port

SERVER: Final = Path("/usr/sbin/clamd")
MIB: Final = 1024 * 1024

#: in two halves, so that scanners leave the repository alone (eicar.org)
EICAR: Final = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
EICAR_NAME: Final = "Local.EICAR-Test.UNOFFICIAL"
WORD: Final = b"zqxjkv-bad-" + b"word-of-ours"
WORD_NAME: Final = "Local.TestWord.UNOFFICIAL"
STREAM_MAX: Final = 4 * MIB
FILE_MAX: Final = 2 * MIB


class ClamAV:
    """A clamd of our own in a temp folder, on a port that stays the same.

    It takes streams of 4 MiB, and looks at files of 2 MiB.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.path = home / "clamd.sock"
        self._child: Child | None = None
        (home / "db").mkdir()
        self._write()
        (home / "clamd.conf").write_text(
            f"DatabaseDirectory {home / 'db'}\n"
            f"TCPAddr {LOOPBACK}\nTCPSocket {self.port}\nLocalSocket {self.path}\n"
            f"User {home.owner()}\nForeground yes\nTemporaryDirectory {home}\n"
            f"StreamMaxLength {STREAM_MAX}\nMaxFileSize {FILE_MAX}\nAlertExceedsMax yes\n"
        )
        self.start()

    @property
    def url(self) -> str:
        """Give what `CLAMD_URL` must be."""
        return f"tcp://{LOOPBACK}:{self.port}"

    @property
    def version(self) -> str:
        return subprocess.run([SERVER, "--version"], capture_output=True, text=True).stdout.strip()

    @property
    def child(self) -> Child:
        """The process, to be paused and killed."""
        assert self._child is not None
        return self._child

    def learn(self, **words: bytes) -> None:
        """Start it anew with two signatures that it always has, and these."""
        self.stop()
        self._write(**words)
        self.start()

    def _write(self, **words: bytes) -> None:
        lines = [f"Local.EICAR-Test:0:0:{EICAR.hex()}", f"Local.TestWord:0:*:{WORD.hex()}"]
        lines += [f"Local.{name}:0:*:{word.hex()}" for name, word in words.items()]
        (self.home / "db" / "local.ndb").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._child is not None and self._child.alive:
            return
        self.path.unlink(missing_ok=True)
        command = [str(SERVER), "--config-file", str(self.home / "clamd.conf")]
        self._child = Child.start(command, log=self.home / "log")
        self._child.wait_until(lambda: accepts(self.port), what="clamd")

    def stop(self) -> None:
        """End it at once: nobody answers at its port."""
        if self._child is not None:
            self._child.kill()
            self._child = None


@contextmanager
def own_server() -> Iterator[ClamAV]:
    """Run a clamd in a temp folder."""
    with folder("clamav") as home:
        server = ClamAV(home)
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def own_clamav(pytestconfig: pytest.Config) -> Iterator[ClamAV]:
    """A clamd that belongs to the tests: they may stop it, and change what it knows."""
    if not SERVER.exists():
        absent("no ClamAV: apt-get install clamav-daemon")
    with own_server() as server:
        announce(pytestconfig, name="ClamAV", version=server.version, road=f"own, {server.home}")
        yield server


@pytest.fixture
def clamav(own_clamav: ClamAV) -> Iterator[ClamAV]:
    """The clamd, running, with the two signatures that it always has."""
    own_clamav.learn()
    yield own_clamav
    own_clamav.stop()


@pytest.fixture
def scanning(clamav: ClamAV, settings: Any) -> ClamAV:
    """Have files scanned, by the real clamd."""
    settings.CLAMD_URL = clamav.url
    return clamav
