"""What can be missing while mail comes in: room on the disk, the storage, the database."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.services.postgresql import PostgreSQL, programs
from tests.services.servers import LOOPBACK, folder


class Disk:
    """A file system of its own, which can be filled up to so many free bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def files(self) -> list[Path]:
        return [path for path in self.path.rglob("*") if path.is_file() and path != self._ballast]

    @contextmanager
    def filled(self, *, but: int) -> Iterator[None]:
        """Leave about so many bytes for others."""
        state = os.statvfs(self.path)
        self._ballast.touch()
        os.truncate(self._ballast, 0)
        with self._ballast.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, state.f_bavail * state.f_frsize - but)
        try:
            yield
        finally:
            self._ballast.unlink()


@contextmanager
def small_disk(*, size: int) -> Iterator[Disk]:
    """A disk of so many bytes, or skip: only root may mount one, and not in every container."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small disk")
    with folder("disk") as path:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
        if (done := subprocess.run(mount, capture_output=True, text=True)).returncode:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        try:
            yield Disk(path)
        finally:
            subprocess.run(["umount", "--lazy", str(path)], check=True)


class Line:
    """A port that leads to another, until the line is cut or goes dead."""

    def __init__(self, port: int) -> None:
        self._far = port
        self._flows = Event()
        self._flows.set()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        Thread(target=self._take, args=[self._listener], daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nobody listens, and whoever was connected is no longer."""
        self._end()
        try:
            yield
        finally:
            self._listener = socket.create_server((LOOPBACK, self.port))
            Thread(target=self._take, args=[self._listener], daemon=True).start()

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Connections can be made, and not a byte comes through."""
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def close(self) -> None:
        self._flows.set()
        self._end()

    def _end(self) -> None:
        for one in (self._listener, *self._sockets):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)  # `close` alone wakes no thread that waits
            one.close()
        self._sockets.clear()

    def _take(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:  # cut
                return
            try:
                far = socket.create_connection((LOOPBACK, self._far))
            except OSError:
                near.close()
                continue
            self._sockets |= {near, far}
            for source, target in ((near, far), (far, near)):
                Thread(target=self._carry, args=[source, target], daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(65536):
                self._flows.wait()
                target.sendall(block)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def stopped(server: PostgreSQL) -> Iterator[None]:
    """A PostgreSQL of ours that is down as after a power cut; afterwards it is up again."""
    if not server.road.startswith("own"):
        pytest.skip("only a server of our own can be stopped")
    home = Path(server.ask("SHOW data_directory"))
    _, options = (home / "postmaster.opts").read_text().strip().split(" ", 1)
    before = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    control = [*before, f"{programs()}/pg_ctl", "-D", str(home), "--wait", "--silent"]
    subprocess.run([*control, "--mode=immediate", "stop"], check=True, cwd=home.parent)
    try:
        yield
    finally:
        start = [f"--log={home.parent / 'server.log'}", "-o", options, "start"]
        subprocess.run([*control, *start], check=True, cwd=home.parent)
