"""Files that come in pieces, over connections that break and to servers that are killed."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
import requests

from tests.live.office import Office, digest_of
from tests.services.servers import LOOPBACK, wait_until

MIB = 1024 * 1024
CONTENT = random.Random(5).randbytes(24 * MIB)
TUS = {"Tus-Resumable": "1.0.0"}


class Resumed:
    """A file on its way to an office."""

    def __init__(self, office: Office, content: bytes = CONTENT) -> None:
        self.office = office
        self.content = content
        self.headers = {**TUS, "Authorization": f"Bearer {office.key}"}
        made = self.ask("POST", "/api/v1/uploads", **{"Upload-Length": str(len(content))})
        assert made.status_code == 201, made.text
        self.path = made.headers["Location"]
        self.file: str = made.headers["Enclose-Attachment"]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> requests.Response:
        url = f"{self.office.installation.url}{path}"
        given = {**self.headers, **headers}
        return requests.request(method, url, data=body, headers=given, timeout=60)

    @property
    def offset(self) -> int:
        """What a client that comes back is told."""
        answer = self.ask("HEAD", self.path)
        assert answer.status_code == 200, answer.headers
        return int(answer.headers["Upload-Offset"])

    def go_on(self) -> requests.Response:
        """Send all that is missing, in one request."""
        offset = self.offset
        return self.ask("PATCH", self.path, self.content[offset:], **self.piece(offset))

    def piece(self, offset: int) -> dict[str, str]:
        return {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}

    @contextmanager
    def sending(self, size: int) -> Iterator[socket.socket]:
        """A request that announces everything, of which only `size` bytes have gone out."""
        begin = self.offset
        words = {**self.headers, **self.piece(begin), "Host": LOOPBACK}
        words["Content-Length"] = str(len(self.content) - begin)
        lines = [f"PATCH {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in words.items()), "", ""]
        port = self.office.installation.port
        with socket.create_connection((LOOPBACK, port), timeout=30) as connection:
            connection.sendall("\r\n".join(lines).encode() + self.content[begin : begin + size])
            yield connection

    def ready(self) -> dict[str, Any]:
        """The file, once its bytes are in."""

        def is_ready() -> dict[str, Any] | None:
            file: dict[str, Any] = self.office.ask("GET", f"/attachments/{self.file}")
            return file if file["state"] == "ready" else None

        found = wait_until(is_ready, what="a ready file", pause=0.05)
        assert found
        return found

    def check_bytes(self) -> None:
        file = self.ready()
        assert file["sha256"] == digest_of(self.content)
        got = requests.get(file["download_url"], timeout=60)
        assert digest_of(got.content) == digest_of(self.content)


def test_a_line_that_breaks_costs_nothing_that_came(open_office):
    office = open_office()
    upload = Resumed(office)
    for size in (5 * MIB + 1, 7 * MIB + 2):
        told = upload.offset
        with upload.sending(size):
            pass
        wait_until(lambda: upload.offset == told + size, what="all that came", pause=0.05)  # noqa: B023
    assert upload.go_on().status_code == 204
    upload.check_bytes()


def test_a_trickle_is_noted_while_it_lasts(open_office):
    office = open_office(workers=0)
    upload = Resumed(office, CONTENT[:MIB])
    sent = 1000
    with upload.sending(sent) as connection:

        def noted() -> int:
            nonlocal sent
            connection.sendall(upload.content[sent : sent + 1])
            sent += 1
            return upload.offset

        assert wait_until(noted, what="an offset", pause=0.2) >= 1000
    wait_until(lambda: upload.offset == sent, what="the last byte that came", pause=0.05)


def test_what_a_client_was_told_outlives_a_power_cut(open_office):
    office = open_office()
    upload = Resumed(office)
    with upload.sending(20 * MIB):
        told = wait_until(lambda: upload.offset, what="an offset", pause=0.05)
        office.installation.kill_web()
    office.installation.start_web()
    assert told <= upload.offset <= 20 * MIB
    # The dead one's claim runs out by itself.
    wait_until(lambda: upload.go_on().status_code == 204, what="a second try", pause=0.5)
    upload.check_bytes()


def test_a_mail_waits_for_a_file_that_comes_in_pieces(open_office):
    office = open_office()
    upload = Resumed(office, CONTENT[:MIB])
    message = office.send("ann@example.com", attachments=[upload.file])
    office.wait_for_status(message["id"], "waiting")
    with upload.sending(MIB // 2):
        pass
    wait_until(lambda: upload.offset == MIB // 2, what="half of it", pause=0.05)
    assert office.message(message["id"])["status"] == "waiting"
    assert upload.go_on().status_code == 204
    office.wait_for_status(message["id"], "sent")


@pytest.mark.slow
def test_who_falls_silent_makes_way_for_another(open_office):
    office = open_office(workers=1)
    upload = Resumed(office, CONTENT[: 2 * MIB])
    claims = "SELECT claim FROM attachments_upload WHERE claim IS NOT NULL"
    with upload.sending(MIB) as silent:
        wait_until(lambda: office.installation.rows(claims), what="its claim")
        first = upload.go_on()
        assert (first.status_code, first.json()["error"]["code"]) == (423, "upload_busy")
        wait_until(lambda: upload.go_on().status_code == 204, what="the other's turn", pause=0.2)
        silent.sendall(b"X" * MIB)
        answer = silent.recv(100)
        assert answer.startswith(b"HTTP/1.1 4"), answer
    upload.check_bytes()


def test_a_piece_need_not_say_how_long_it_is(open_office):
    office = open_office(workers=0)
    upload = Resumed(office, CONTENT[:MIB])
    url = f"{office.installation.url}{upload.path}"
    chunks = (CONTENT[begin : begin + 70_000] for begin in range(0, MIB // 2, 70_000))
    headers = {**upload.headers, **upload.piece(0)}
    answer = requests.patch(url, data=chunks, headers=headers, timeout=60)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, "560000")
    assert upload.go_on().status_code == 204
    upload.check_bytes()


def test_one_connection_carries_many_requests(open_office):
    """An answer to HEAD has no body, a refused piece is read to its end, both to the byte."""
    office = open_office(workers=0)
    upload = Resumed(office, CONTENT[:MIB])
    connection = HTTPConnection(LOOPBACK, office.installation.port, timeout=30)
    statuses = []
    asked = [("HEAD", b"", 0), ("PATCH", b"x" * MIB, 1), ("PATCH", CONTENT[:1000], 0)]
    for method, body, offset in [*asked, ("HEAD", b"", 0), ("PATCH", CONTENT[1000:MIB], 1000)]:
        connection.request(method, upload.path, body, {**upload.headers, **upload.piece(offset)})
        answer = connection.getresponse()
        answer.read()
        statuses.append((answer.status, answer.getheader("Upload-Offset")))
    connection.close()
    assert statuses == [
        (200, "0"),
        (409, None),
        (204, "1000"),
        (200, "1000"),
        (204, str(MIB)),
    ]
