"""The document's command line and JavaScript, run by real curl and Node against a real server."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.contracts.agentsend.test_examples import EXAMPLES
from tests.sdks.fixtures import Live
from tests.sdks.runner import ScriptRunner

SNIPPET = Path(__file__).parent / "sdk" / "snippet.mjs"
THEIRS = "https://api.agentsend.io"
CONTENT = b"%PDF-1.4 " + bytes(range(256)) * 800
DIGEST = hashlib.sha256(CONTENT).hexdigest()
MOST = 26_214_400


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.pdf"
    path.write_bytes(CONTENT)
    return path


def run_curl(live: Live, path: Path) -> tuple[int, Any]:
    """The document's own upload with these hosts, keys and files: status and JSON."""
    line = (EXAMPLES / "upload.curl").read_text().strip()
    line = line.replace(THEIRS, live.url).replace("/path/to/report.pdf", str(path))
    done = subprocess.run(
        ["sh", "-c", f"{line} --silent --show-error --write-out '\\n%{{http_code}}'"],
        env={"AGENTSEND_API_KEY": live.key, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def run_snippet(node: ScriptRunner, live: Live, name: str, file: Path, attachment: str = "") -> Any:
    """A piece of the document's JavaScript: the answers that it got."""
    return node(
        SNIPPET,
        str(EXAMPLES / name),
        AGENTSEND_API_KEY=live.key,
        HOST=live.url,
        FILE=str(file),
        INBOX=live.grant_id,
        ATTACHMENT=attachment,
    )


def test_r5_r6_curl_uploads(live_url: Live, report: Path):
    status, attachment = run_curl(live_url, report)
    assert status == 201 and attachment["id"].startswith("att_")
    assert attachment["filename"] == "report.pdf" and attachment["size"] == len(CONTENT)
    assert attachment["contentType"] == "application/pdf"
    answer = requests.get(attachment["url"], timeout=30)
    assert answer.content == CONTENT and answer.headers["Content-Type"] == "application/pdf"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.txt", "text/plain"), ("a.csv", "text/csv"), ("a.zip", "application/zip")],
)
def test_r10_the_type_of_what_curl_does_not_know_is_that_of_its_name(
    live_url: Live, tmp_path: Path, name: str, kind: str
):
    path = tmp_path / name
    path.write_bytes(b"1,2\n")
    assert run_curl(live_url, path)[1]["contentType"] == kind


def test_r23_curl_is_told_the_limit(live_url: Live, tmp_path: Path):
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(MOST))
    status, attachment = run_curl(live_url, path)
    assert status == 201 and attachment["size"] == MOST
    path.write_bytes(bytes(MOST + 1))
    status, body = run_curl(live_url, path)
    assert status == 413 and body["error"]["code"] == "ATTACHMENT_TOO_LARGE"


def test_r26_node_uploads_a_form(live_url: Live, node_sdk: ScriptRunner, report: Path):
    (answer,) = run_snippet(node_sdk, live_url, "upload.js", report)
    assert answer["status"] == 201
    assert answer["body"]["filename"] == "report.pdf" and answer["body"]["size"] == len(CONTENT)
    assert answer["body"]["contentType"] == "application/pdf"


def test_r2_r15_node_sends_a_message_with_a_file(
    live_url: Live, node_sdk: ScriptRunner, report: Path
):
    uploaded, sent = run_snippet(node_sdk, live_url, "send.js", report)
    assert (uploaded["status"], sent["status"]) == (201, 202)
    message = sent["body"]
    assert message["subject"] == "Your invoice"
    assert message["attachments"] == [
        {
            "id": uploaded["body"]["id"],
            "filename": "invoice.pdf",
            "contentType": "application/pdf",
            "size": len(CONTENT),
        }
    ]
    live_url.work()
    live_url.wait_for_status(message["id"], "sent")
    headers = {"x-api-key": live_url.key}
    found = requests.get(f"{live_url.url}/messages/{message['id']}", headers=headers, timeout=30)
    assert (found.json()["status"], found.json()["delivery"]) == ("sent", "dry-run")


def test_r17_r18_node_gets_the_bytes_again(live_url: Live, node_sdk: ScriptRunner, report: Path):
    id = run_curl(live_url, report)[1]["id"]
    looked, fetched = run_snippet(node_sdk, live_url, "retrieve.js", report, id)
    assert looked["status"] == 200 and looked["body"]["id"] == id
    assert fetched["status"] == 200 and fetched["type"] == "application/pdf"
    assert fetched["sha256"] == DIGEST
