"""The same work without a server: what no implementation can undercut by much."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pybase64

from tests.bench.client import Wrong
from tests.bench.meter import Cost, in_threads, measured_here
from tests.services.servers import LOOPBACK

BLOCK: Final = 256 * 1024


def writing(contents: Sequence[bytes], folder: Path, *, at_once: int) -> Cost:
    """Write each to a file, hashed on the way, and fsync it; the cost of one."""
    return _each(contents, at_once, lambda name, content: _write(folder / name, content))


def decoding(texts: Sequence[bytes], folder: Path, *, at_once: int) -> Cost:
    """Decode base64 with pybase64, then as `writing`; the cost of one."""

    def decode(name: str, text: bytes) -> None:
        _write(folder / name, pybase64.b64decode(text, validate=True))

    return _each(texts, at_once, decode)


def copying(source: Path, folder: Path, *, times: int) -> Cost:
    """`cp` a file; the cost of one."""
    with measured_here() as measure:
        for _ in range(times):
            subprocess.run(["cp", source, folder / "copy"], check=True)
    return measure.cost.per(times)


def sending(source: Path, *, offset: int, length: int, times: int) -> Cost:
    """`sendfile` a stretch of a file down a socket to a reader; the cost of one, sender only."""
    listener = socket.create_server((LOOPBACK, 0))
    taken = threading.Thread(target=_take, args=(listener, length * times))
    taken.start()
    pid = os.fork()
    if pid == 0:
        with socket.create_connection(listener.getsockname()) as line, source.open("rb") as file:
            for _ in range(times):
                line.sendfile(file, offset, length)
        os._exit(0)
    with measured_here() as measure:
        taken.join()
        _, status, usage = os.wait4(pid, 0)
    listener.close()
    if status:
        raise Wrong("the floor's sender failed")
    return Cost(usage.ru_utime + usage.ru_stime, measure.cost.wall).per(times)


def _take(listener: socket.socket, length: int) -> None:
    line, _ = listener.accept()
    buffer = bytearray(BLOCK)
    while length > 0 and (count := line.recv_into(buffer)):
        length -= count
    line.close()


def _write(path: Path, content: bytes) -> None:
    digest = sha256()
    view = memoryview(content)
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(content), BLOCK):
            block = view[start : start + BLOCK]
            digest.update(block)
            file.write(block)
        os.fsync(file.fileno())
    digest.hexdigest()


def _each(contents: Sequence[bytes], at_once: int, do: Callable[[str, bytes], None]) -> Cost:
    left = iter(list(enumerate(contents)))

    def run() -> None:
        for number, content in left:
            do(f"floor-{number}", content)

    with measured_here() as measure:
        in_threads([run] * at_once)
    return measure.cost.per(len(contents))


class Floor:
    """A folder on the file system of the installation, emptied after use."""

    def __init__(self, beside: Path) -> None:
        self.path = beside / "floor"

    def __enter__(self) -> Path:
        self.path.mkdir()
        return self.path

    def __exit__(self, *_: Any) -> None:
        shutil.rmtree(self.path)
