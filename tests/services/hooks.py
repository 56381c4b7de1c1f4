"""An address that webhooks can be told at: it keeps what it hears and answers as it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import pytest

from tests.services.servers import LOOPBACK, wait_until

PATH: Final = "/hooks"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One request; its headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Server(ThreadingHTTPServer):
    """A server that takes no offence at clients that hang up."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing."""


Answer = Callable[[BaseHTTPRequestHandler, Heard], None]


@dataclass
class Hooks:
    """A receiver; `answer` may be any function that answers, or does not."""

    port: int
    requests: list[Heard] = field(default_factory=list)
    answer: Answer | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}{PATH}"

    def answer_with(
        self, status: int, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> None:
        """Answer everything like this from now on."""

        def answer(line: BaseHTTPRequestHandler, _: Heard) -> None:
            line.send_response(status)
            for name, value in (headers or {}).items():
                line.send_header(name, value)
            line.send_header("Content-Length", str(len(body)))
            line.end_headers()
            line.wfile.write(body)

        self.answer = answer

    def wait(self, count: int = 1, *, timeout: float = 20.0) -> list[Heard]:
        """Wait until so many requests have come, and give them; raises TimeoutError."""
        wait_until(lambda: len(self.requests) >= count, what=f"{count} requests", timeout=timeout)
        return list(self.requests)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    """A receiver that answers 204 until it is told otherwise."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(
                method=self.command,
                path=self.path,
                headers=headers,
                body=self.rfile.read(length),
            )
            receiver.requests.append(heard)
            assert receiver.answer is not None
            receiver.answer(self, heard)

        do_GET = do_PUT = do_POST  # what follows a redirect, where one should not be followed

        def log_message(self, *_: Any) -> None:
            """Say nothing: what is heard is kept."""

    server = Server((LOOPBACK, 0), Handler)
    receiver = Hooks(port=server.server_address[1])
    receiver.answer_with(204)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()
