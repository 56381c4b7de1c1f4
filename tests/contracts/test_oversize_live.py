"""Bodies far too large, chunked and announced, at real gunicorn: the door's own words come back."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests
from django.http import HttpResponse

from tests.contracts.shapes import check_error
from tests.sdks.fixtures import Live

MIB = 2**20
BLOCK = b"x" * MIB

JSON_ADDRESSES = {
    "kustomer": "/v1/customers",
    "emailapi": "/api/email/send",
    "agentsend": "/inboxes",
    "nylas": "/v3/grants/agent@acme.test/drafts",
    "bird": "/v1/email/messages",
}
FORM_ADDRESSES = {
    "emailapi": "/api/email/attachments",
    "agentsend": "/attachments",
    "nylas": "/v3/grants/agent@acme.test/drafts",
}
HEAD = (
    b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
    b"Content-Type: application/pdf\r\n\r\n"
)
TAIL = b"\r\n--frontier--\r\n"


def chunks(size: int, *, head: bytes = b'{"subject": "', tail: bytes = b'"}') -> Iterator[bytes]:
    """So many MiB between a head and a tail, without a length."""
    yield head
    for _ in range(size):
        yield BLOCK
    yield tail


def post(live: Live, path: str, body: Iterator[bytes] | bytes, kind: str) -> HttpResponse:
    headers = {"Authorization": f"Bearer {live.key}", "Content-Type": kind}
    answer = requests.post(f"{live.url}{path}", data=body, headers=headers, timeout=60)
    return HttpResponse(answer.content, status=answer.status_code, headers=dict(answer.headers))


def statuses(door: str) -> tuple[int, ...]:
    return (400, 413) if door == "nylas" else (413,)


@pytest.mark.parametrize("door", JSON_ADDRESSES)
def test_chunked_json_beyond_all_limits(door: str, live_url: Live) -> None:
    """The first request of this server, so the doors must be known before it."""
    answer = post(live_url, JSON_ADDRESSES[door], chunks(41), "application/json")
    check_error(door, answer, *statuses(door))


@pytest.mark.parametrize("door", JSON_ADDRESSES)
def test_announced_json_beyond_all_limits(door: str, live_url: Live) -> None:
    body = b"".join(chunks(41))
    answer = post(live_url, JSON_ADDRESSES[door], body, "application/json")
    check_error(door, answer, *statuses(door))


@pytest.mark.parametrize("door", FORM_ADDRESSES)
@pytest.mark.parametrize("chunked", [True, False])
def test_a_form_with_a_file_beyond_all_limits(door: str, chunked: bool, live_url: Live) -> None:
    form = chunks(129, head=HEAD, tail=TAIL)
    body = form if chunked else b"".join(form)
    answer = post(live_url, FORM_ADDRESSES[door], body, "multipart/form-data; boundary=frontier")
    check_error(door, answer, 413)


@pytest.mark.parametrize("door", ["emailapi", "agentsend"])
def test_a_file_over_the_doors_limit_is_counted_to_its_end(door: str, live_url: Live) -> None:
    """26 MiB: the door's own limit, and the true size where the door tells sizes."""
    form = chunks(26, head=HEAD, tail=TAIL)
    answer = post(live_url, FORM_ADDRESSES[door], form, "multipart/form-data; boundary=frontier")
    said = check_error(door, answer, 413)
    if door == "emailapi":
        assert said["error"] == {
            "code": "FILE_TOO_LARGE",
            "message": "File size exceeds 25MB limit",
            "maxSize": 25 * MIB,
            "actualSize": 26 * MIB,
        }


@pytest.mark.parametrize("door", JSON_ADDRESSES)
def test_small_chunked_json_is_read(door: str, live_url: Live) -> None:
    """It is understood, and refused for what it says, or taken."""
    body = iter([json.dumps({"name": "Jane", "subject": "Hello"}).encode()])
    answer = post(live_url, JSON_ADDRESSES[door], body, "application/json")
    assert answer.status_code in (200, 201, 400, 422), answer.content


def test_nothing_was_kept(live_url: Live) -> None:
    counted = "SELECT (SELECT count(*) FROM messaging_message), (SELECT count(*) FROM {})"
    assert live_url.installation.rows(counted.format("attachments_attachment")) == [(0, 0)]
    spool = live_url.installation.data / "spool"
    assert not spool.exists() or list(spool.iterdir()) == []
