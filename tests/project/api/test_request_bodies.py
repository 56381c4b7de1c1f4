"""Bodies as they arrive at a real gunicorn: chunked, cut off, too large, unread."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

MIB = 1024 * 1024
ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.live


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "tests.project.api.live"),
        *("--config", "python:project.gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
    ]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail("gunicorn did not start")


def send(port: int, head: str, *pieces: bytes, close: bool = False) -> tuple[int, Any]:
    """Send a request as given; `close` ends our half of the connection after it."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        lines = f"{head}\r\nHost: 127.0.0.1\r\n\r\n".encode()
        connection.sendall(lines)
        for piece in pieces:
            connection.sendall(piece)
        if close:
            connection.shutdown(socket.SHUT_WR)
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status, json.loads(answer.read())


def chunked(body: bytes, size: int = 70_000) -> Iterator[bytes]:
    for start in range(0, len(body), size):
        piece = body[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def form(file: bytes) -> bytes:
    return (
        b'--boundary-of-a-form\r\nContent-Disposition: form-data; name="to"\r\n\r\nann\r\n'
        b'--boundary-of-a-form\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + file
        + b"\r\n--boundary-of-a-form--\r\n"
    )


ECHO = (
    "POST /api/v1/echo HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=boundary-of-a-form"
)
RAW = "PUT /api/v1/raw HTTP/1.1\r\nContent-Type: application/octet-stream"
REFUSING = "PUT /api/v1/refusing HTTP/1.1\r\nContent-Type: application/octet-stream"
CHUNKED = "Transfer-Encoding: chunked"
FILE = os.urandom(600_000)


def test_it_sees_a_body_of_known_length(port: int) -> None:
    status, answer = send(port, f"{RAW}\r\nContent-Length: {len(FILE)}", FILE)
    assert answer == {"size": len(FILE), "sha256": hashlib.sha256(FILE).hexdigest()}


@pytest.mark.parametrize("size", [1, 1000, 100_000])
def test_it_sees_a_chunked_body(port: int, size: int) -> None:
    body = FILE[: size * 500]
    status, answer = send(port, f"{RAW}\r\n{CHUNKED}", *chunked(body, size))
    assert (status, answer["size"]) == (200, len(body))
    assert answer["sha256"] == hashlib.sha256(body).hexdigest()


def test_it_sees_a_chunked_form(port: int) -> None:
    status, answer = send(port, f"{ECHO}\r\n{CHUNKED}", *chunked(form(FILE)))
    assert answer == {
        "fields": {"to": "ann"},
        "files": {"file": hashlib.sha256(FILE).hexdigest()},
    }


def test_it_sees_a_form(port: int) -> None:
    body = form(FILE)
    status, answer = send(port, f"{ECHO}\r\nContent-Length: {len(body)}", body)
    assert answer["files"] == {"file": hashlib.sha256(FILE).hexdigest()}


def test_it_sees_an_empty_chunked_body(port: int) -> None:
    assert send(port, f"{RAW}\r\n{CHUNKED}", b"0\r\n\r\n")[1]["size"] == 0


@pytest.mark.parametrize("kept", [0.0, 0.2, 0.9999])
def test_a_form_that_is_cut_off_does_nothing(port: int, kept: float) -> None:
    body = form(FILE)
    head = f"{ECHO}\r\nContent-Length: {len(body)}"
    status, answer = send(port, head, body[: int(len(body) * kept)], close=True)
    assert (status, answer["error"]["code"]) == (400, "incomplete_body")


def test_a_form_that_is_cut_off_between_its_parts_does_nothing(port: int) -> None:
    body = form(FILE)
    cut = body.index(b"--boundary-of-a-form", 3)
    head = f"{ECHO}\r\nContent-Length: {len(body)}"
    status, answer = send(port, head, body[:cut], close=True)
    assert (status, answer["error"]["code"]) == (400, "incomplete_body")


def test_json_that_is_cut_off_does_nothing(port: int) -> None:
    head = "POST /api/v1/echo HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 9"
    status, answer = send(port, head, b'{"a":1}', close=True)
    assert (status, answer["error"]["code"]) == (400, "incomplete_body")


def test_a_raw_body_that_is_cut_off_does_nothing(port: int) -> None:
    status, answer = send(port, f"{RAW}\r\nContent-Length: 500000", FILE[:400_000], close=True)
    assert (status, answer["error"]["code"]) == (400, "incomplete_body")


@pytest.mark.parametrize("end", [b"", b"5\r\nab", b"zz\r\n", b"0\r\n"])
def test_chunks_that_are_cut_off_or_broken_do_nothing(port: int, end: bytes) -> None:
    whole = b"".join(chunked(form(FILE)))[:-5]
    status, answer = send(port, f"{ECHO}\r\n{CHUNKED}", whole + end, close=True)
    assert (status, answer["error"]["code"]) == (400, "incomplete_body")
    assert answer["error"]["request_id"]


def test_it_tells_the_size_of_json_that_is_too_large(port: int) -> None:
    body = b" " * (41 * MIB)
    head = "POST /api/v1/echo HTTP/1.1\r\nContent-Type: application/json"
    for how, pieces in (
        (f"Content-Length: {len(body)}", [body]),
        (CHUNKED, list(chunked(body, MIB))),
    ):
        status, answer = send(port, f"{head}\r\n{how}", *pieces)
        assert status == 413
        assert answer["error"]["limit"] == 40 * MIB
        assert answer["error"]["actual"] == len(body)


def test_json_of_39_mib_arrives(port: int) -> None:
    body = b'{"content":"' + b"A" * (39 * MIB) + b'"}'
    head = "POST /api/v1/echo HTTP/1.1\r\nContent-Type: application/json"
    status, answer = send(port, f"{head}\r\nContent-Length: {len(body)}", body)
    assert status == 200 and answer["fields"]["content"].startswith("Content(")


def test_the_refusal_reaches_a_client_that_is_still_sending(port: int) -> None:
    block = bytes(MIB)
    for how in (f"Content-Length: {60 * MIB}", CHUNKED):
        pieces = chunked(block * 60, MIB) if how == CHUNKED else iter([block] * 60)
        status, answer = send(port, f"{REFUSING}\r\n{how}", *pieces)
        assert (status, answer["error"]["code"]) == (403, "forbidden")


def test_an_unknown_path_is_answered_after_the_body(port: int) -> None:
    head = f"PUT /api/v1/nothing HTTP/1.1\r\nContent-Length: {20 * MIB}"
    assert send(port, head, bytes(20 * MIB))[0] == 404


def test_the_connection_lives_on(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    for path, status in [("/api/v1/raw", 200), ("/api/v1/refusing", 403), ("/api/v1/raw", 200)]:
        connection.request("PUT", path, FILE)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.request("PUT", "/api/v1/refusing", iter([FILE]), encode_chunked=True,
                       headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    assert connection.getresponse().read()
    connection.close()


def test_requests_may_follow_each_other_closely(port: int) -> None:
    one = f"{RAW}\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello"
    last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    with socket.create_connection(("127.0.0.1", port), 30) as connection:
        connection.sendall(f"{one}{one}{last}".encode())
        answers = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answers.count(b'"size":5,') == 3


def test_a_client_that_hangs_up_leaves_the_server_well(port: int) -> None:
    for _ in range(12):  # more than there are threads
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(f"{RAW}\r\nHost: x\r\nContent-Length: 500000\r\n\r\n".encode())
            connection.sendall(FILE[:100])
    assert send(port, f"{RAW}\r\nContent-Length: 3", b"abc")[0] == 200
