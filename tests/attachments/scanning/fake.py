"""A clamd that does one thing wrong."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from tests.services.servers import LOOPBACK

Conversation = Callable[[socket.socket], None]


@contextmanager
def fake_clamd(scan: Conversation) -> Iterator[str]:
    """The address of a server that knows its version, and leads every other conversation so."""
    with socket.create_server((LOOPBACK, 0)) as server:
        Thread(target=_serve, args=(server, scan), daemon=True).start()
        yield f"tcp://{LOOPBACK}:{server.getsockname()[1]}"


def _serve(server: socket.socket, scan: Conversation) -> None:
    with suppress(OSError):
        while True:
            line, _ = server.accept()
            Thread(target=_converse, args=(line, scan), daemon=True).start()


def _converse(line: socket.socket, scan: Conversation) -> None:
    with line, suppress(OSError):
        command = line.recv(10, socket.MSG_PEEK)
        if command.startswith(b"zVERSION"):
            line.sendall(b"Fake 1/1\0")
        else:
            scan(line)


def hear_all(line: socket.socket) -> None:
    """Take a stream to its end."""
    said = b""
    while not said.endswith(bytes(4)):
        said = (said + line.recv(65536))[-4:]


def saying(answer: bytes) -> Conversation:
    """Take everything, say this, and hang up."""

    def scan(line: socket.socket) -> None:
        hear_all(line)
        line.sendall(answer)

    return scan


def hang_up(line: socket.socket) -> None:
    """Say nothing, as one that was killed."""
    line.recv(20)


def stall(line: socket.socket) -> None:
    """Take a few bytes and no more, until the other side goes."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.recv(20)
    gone = select.poll()
    gone.register(line, select.POLLRDHUP)  # not for bytes: there are some all the time
    gone.poll()


def be_silent(line: socket.socket) -> None:
    """Take everything, and never answer."""
    hear_all(line)
    line.recv(1)
