"""A forward proxy that leads requests for the vendor's test host to one installation.

The vendor's package asks a gateway for a token first; that one is played here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import requests

API = "kustomer.test"
HOP_BY_HOP = {"connection", "proxy-connection", "host", "content-length", "transfer-encoding"}


@contextmanager
def forwarder(url: str, *, token: str) -> Iterator[tuple[str, list[str]]]:
    """The proxy's address, and what it was asked for so far, as `METHOD http://host/path`."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def forward(self) -> None:
            asked.append(f"{self.command} {self.path}")
            there = urlsplit(self.path)
            if there.netloc != API:
                gate = json.dumps({"data": {"attributes": {"token": token}}}).encode()
                return self.answer(200, "application/json", gate)
            length = int(self.headers.get("Content-Length") or 0)
            answer = requests.request(
                self.command,
                f"{url}{there.path}",
                headers={k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP},
                data=self.rfile.read(length),
                timeout=30,
            )
            self.answer(answer.status_code, answer.headers["Content-Type"], answer.content)

        def answer(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = forward

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
