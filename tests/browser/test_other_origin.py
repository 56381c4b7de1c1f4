"""A page of another origin, in Chromium: named in CORS_ORIGINS it uploads, otherwise not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from attachments.models import Attachment
from tests.people import Person

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

CONTENT = "%PDF-1.4 of another origin"
DIGEST = sha256(CONTENT.encode()).hexdigest()

UPLOAD = """async ([url, key, content]) => {
    const form = new FormData();
    form.append("file", new Blob([content], {type: "application/pdf"}), "report.pdf");
    const answer = await fetch(url, {
        method: "POST", headers: {Authorization: "Bearer " + key}, body: form,
    });
    return {status: answer.status, request: answer.headers.get("X-Request-Id"),
            body: await answer.json()};
}"""

RESERVE_AND_PUT = """async ([url, key, content]) => {
    const reserved = await (await fetch(url, {
        method: "POST",
        headers: {"x-api-key": key, "Content-Type": "application/json", "Idempotency-Key": "once"},
        body: JSON.stringify({filename: "report.pdf", size: content.length}),
    })).json();
    const put = await fetch(reserved.upload.url, {method: "PUT", body: content});
    const made = await (await fetch(url + "/" + reserved.id, {headers: {"x-api-key": key}})).json();
    const part = await fetch(made.download_url, {headers: {Range: "bytes=0-3"}});
    return {put: put.status, etag: put.headers.get("ETag"), state: made.state,
            part: part.status, range: part.headers.get("Content-Range"), bytes: await part.text()};
}"""


class BlankPage(BaseHTTPRequestHandler):
    """An application of somebody else."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>App</title>")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def app() -> Iterator[str]:
    """The origin of a page that is not ours."""
    server = HTTPServer(("127.0.0.1", 0), BlankPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def home(live_server: Any, settings: Any) -> str:
    settings.PUBLIC_URL = live_server.url
    return str(live_server.url)


@pytest.mark.parametrize("path", ["/api/v1/attachments", "/api/email/attachments", "/attachments"])
def test_a_named_origin_uploads_a_form(
    page: Page, app: str, home: str, alice: Person, settings: Any, path: str
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [app]
    page.goto(app)
    answer = page.evaluate(UPLOAD, [home + path, alice.key, CONTENT])
    assert answer["status"] == 201
    assert answer["request"]
    assert Attachment.objects.get().sha256 == DIGEST


def test_a_named_origin_puts_to_a_signed_url_and_reads_a_part(
    page: Page, app: str, home: str, alice: Person, settings: Any
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [app]
    page.goto(app)
    url = f"{home}/api/v1/attachments"
    assert page.evaluate(RESERVE_AND_PUT, [url, alice.key, CONTENT]) == {
        "put": 200,
        "etag": f'"{DIGEST}"',
        "state": "ready",
        "part": 206,
        "range": f"bytes 0-3/{len(CONTENT)}",
        "bytes": CONTENT[:4],
    }


def test_a_named_origin_reads_why_not(
    bare_page: Page, app: str, home: str, settings: Any, db: None
) -> None:
    settings.CORS_ALLOWED_ORIGINS = [app]
    bare_page.goto(app)
    answer = bare_page.evaluate(UPLOAD, [f"{home}/api/v1/attachments", "no key", CONTENT])
    assert answer["status"] == 401
    assert answer["body"]["error"]["request_id"] == answer["request"]


def test_an_origin_not_named_is_refused(
    bare_page: Page, app: str, home: str, alice: Person, settings: Any
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://other.example"]
    bare_page.goto(app)
    with pytest.raises(Error, match="Failed to fetch"):
        bare_page.evaluate(UPLOAD, [f"{home}/api/v1/attachments", alice.key, CONTENT])
    assert not Attachment.objects.exists()
