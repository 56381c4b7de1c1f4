"""A line between client and server that breaks when so much has gone through it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Final

BLOCK: Final = 65_536
LOOPBACK: Final = "127.0.0.1"
Break = Callable[[], None]
Count = Callable[[int], None]


@dataclass
class Line:
    """Leads connections to `port`; `breaks` says after how many bytes from clients it breaks, and
    what else happens then, before anybody comes through again."""

    port: int
    breaks: dict[int, Break]
    listener: socket.socket = field(default_factory=lambda: socket.create_server((LOOPBACK, 0)))
    broken: list[int] = field(default_factory=list)
    url: str = ""
    _sent: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.url = f"http://{LOOPBACK}:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self.listener.accept()
                with self._lock:  # while the line is being broken nobody comes through
                    self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((LOOPBACK, self.port))
        except OSError:
            client.close()
            return
        Thread(target=self._lead, args=(client, server, self._counts), daemon=True).start()
        Thread(target=self._lead, args=(server, client, lambda size: None), daemon=True).start()

    def _lead(self, source: socket.socket, sink: socket.socket, count: Count) -> None:
        with suppress(OSError):
            while block := source.recv(BLOCK):
                sink.sendall(block)
                count(len(block))
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _counts(self, size: int) -> None:
        self._sent += size
        with self._lock:
            due = [limit for limit in self.breaks if limit <= self._sent]
            for limit in due:
                self.breaks.pop(limit)()
                self.broken.append(limit)
        if due:
            raise ConnectionResetError


@contextmanager
def breaking_line(port: int, breaks: Mapping[int, Break]) -> Iterator[Line]:
    line = Line(port, dict(breaks))
    Thread(target=line.serve, daemon=True).start()
    try:
        yield line
    finally:
        line.listener.close()
