"""A client that costs little: kept-open connections, bodies sent as they are."""

import http.client
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import pybase64

from tests.bench.meter import in_threads

BOUNDARY: Final = "enclose-bench"


class Wrong(Exception):
    """The server did not do what is measured."""


@dataclass(frozen=True)
class Answer:
    """What came back, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One kept-open connection, with a key."""

    def __init__(self, host: str, port: int, *, key: str) -> None:
        self.connection = http.client.HTTPConnection(host, port, timeout=120)
        self.key = key

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
        expect: int = 200,
    ) -> Answer:
        """Ask; raises Wrong for another status."""
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        if body is not None:
            sent["Content-Type"] = kind
        self.connection.request(method, path, body=body, headers=sent)
        response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if answer.status != expect:
            raise Wrong(f"{method} {path}: {answer.status} {answer.body[:500]!r}")
        return answer

    def close(self) -> None:
        self.connection.close()


@dataclass(frozen=True)
class File:
    """Bytes that nobody has sent before."""

    name: str
    content: bytes
    sha256: str

    @property
    def base64(self) -> str:
        return pybase64.b64encode_as_string(self.content)


def fresh_files(count: int, size: int) -> list[File]:
    """Files of random bytes; all the same but for their beginning, which is made quickly."""
    rest = secrets.token_bytes(size - 16)
    files = []
    for number in range(count):
        content = secrets.token_bytes(16) + rest
        files.append(File(f"file-{number}.bin", content, sha256(content).hexdigest()))
    return files


def form(file: File, **fields: str) -> tuple[bytes, str]:
    """A multipart body and its type."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{file.name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    start = "".join([*parts, head]).encode()
    end = f"\r\n--{BOUNDARY}--\r\n".encode()
    return b"".join([start, file.content, end]), f"multipart/form-data; boundary={BOUNDARY}"


def path_of(url: str) -> str:
    """Path and query of an address."""
    split = urlsplit(url)
    return f"{split.path}?{split.query}" if split.query else split.path


def at_once(clients: Iterable[Client], work: list[Any], do: Callable[[Client, Any], None]) -> None:
    """Share `work` among the clients, each of which goes on as soon as it can."""
    left = iter(work)  # `next` on a list's iterator is one step under the GIL

    def run(client: Client) -> None:
        for one in left:
            do(client, one)

    in_threads([lambda client=client: run(client) for client in clients])
