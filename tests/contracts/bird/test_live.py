"""The official libraries, unmodified, and curl, against a live server."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.bird.wire import EXAMPLES, error_of_json
from tests.sdks.fixtures import AGENT, Live

SCRIPTS = Path(__file__).parent / "sdk"
PDF = bytes(range(256)) * 1200
KAESE = "K\N{LATIN SMALL LETTER A WITH DIAERESIS}se.pdf"
ENDINGS = {"python": "py", "node": "mjs"}
CLASSES = {  # of errors, by the type
    "python": {"validation_error": "ValidationError"},
    "node": {
        "validation_error": "BirdValidationError",
        "conflict_error": "BirdConflictError",
        "payload_too_large_error": "BirdPayloadTooLargeError",
        "not_found_error": "BirdNotFoundError",
        "auth_error": "BirdAuthError",
    },
}
REFUSALS = {
    "reused": (409, "conflict_error", "E01005", []),
    "canceled twice": (409, "conflict_error", "E90409", []),
    "suppressed": (422, "validation_error", "E91002", ["to"]),
    "invalid": (422, "validation_error", "E01001", ["attachments[2].filename"]),
    "twice": (422, "validation_error", "E01001", ["attachments[1].content_id"]),
    "too large": (413, "payload_too_large_error", "E90413", []),
    "unknown": (404, "not_found_error", "E90404", []),
    "not ours": (422, "validation_error", "E91001", ["from"]),
    "cursor": (422, "validation_error", "E01012", ["starting_after"]),
    "stranger": (401, "auth_error", "E90401", []),
}


@pytest.mark.parametrize("language", ENDINGS)
def test_r1_r3_r8_r12_r17_r20_r23_r25_the_official_libraries(
    language: str, live_url: Live, request: pytest.FixtureRequest
) -> None:
    run = request.getfixturevalue(f"{language}_sdk")
    script = SCRIPTS / f"mail.{ENDINGS[language]}"
    said = run(script, URL=live_url.url, KEY=live_url.key, SENDER=AGENT)
    check_what_was_sent(said["sent"], language)
    assert said["files"] == [
        [KAESE, "application/pdf", len(PDF), False, None],
        ["b.png", "image/png", 8, True, "logo"],
    ]
    assert said["downloaded"] == [200, "application/pdf", hashlib.sha256(PDF).hexdigest()]
    assert said["replayed"] == [True, [None, "true"], [202, 202]]
    assert said["batch"] == [
        ["accepted", "marketing", False],
        ["accepted", "transactional", False],
        ["accepted", "marketing", True],
    ]
    assert (said["scheduled"], said["canceled"]) == ("scheduled", [None, "canceled"])
    assert said["pages"] == [2, True, ["p4", "p3", "p2", "p1", "p0"]]
    assert said["filtered"][:2] == [0, [True]]
    assert said["filtered"][2][0] is True
    assert said["recipients"] == [
        ["delivered@messagebird.dev", "to"],
        ["bounce@messagebird.dev", "to"],
    ]
    assert said["events"] == ["email.accepted"]
    assert said["suppressions"] == ["gone@example.com", True]
    assert said["lifted"] == []
    for name, (status, kind, code, params) in REFUSALS.items():
        error = said[name]
        assert (error["status"], error["type"], error["code"]) == (status, kind, code), name
        assert [one[0] for one in error["details"]] == params, name
        assert error["class"] == CLASSES[language].get(kind, "APIStatusError"), name
        assert error["has_request_id"]


def check_what_was_sent(message: dict[str, Any], language: str) -> None:
    assert message["status"] == "accepted"
    assert (message["from"]["email"], message["from"]["name"]) == (AGENT, "Acme")
    assert message["subject"] == "Hello Ann"
    assert message["tags"] == [{"name": "run", "value": language}]
    assert (message["metadata"], message["parameters"]) == ({"order": 1}, {"name": "Ann"})
    assert message["accepted_count"] == 2


#: what the document abbreviates -> what we send in its place; the sender is an inbox of ours
HOST = "https://us1.platform.bird.com"
ABBREVIATED = {"JVBERi0xLjcKJ...": "JVBERi0xLjcKJeLjz9MK", "hello@yourdomain.com": AGENT}


def curl(live: Live, *words: str) -> tuple[int, bytes]:
    command = ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", *words]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body


def test_r1_r2_r4_r25_the_documents_own_command_line(live_url: Live) -> None:
    line = (EXAMPLES / "send.curl").read_text()
    for written, meant in ABBREVIATED.items():
        line = line.replace(written, meant)
    line = line.replace(HOST, live_url.url).replace("bk_us1_...", live_url.key)
    status, body = curl(live_url, *shlex.split(line.replace("\\\n", " "))[1:])
    assert status == 202, body
    message = json.loads(body)
    assert message["status"] == "accepted"
    assert message["subject"] == "Your invoice"
    (shown,) = message["attachments"]
    assert (shown["filename"], shown["content_type"]) == ("invoice.pdf", "application/pdf")
    key = f"Authorization: Bearer {live_url.key}"
    path = f"{live_url.url}/v1/email/messages/{message['id']}/attachments/{shown['id']}"
    assert curl(live_url, "--header", key, path) == (200, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    status, body = curl(live_url, "--header", "Authorization: Bearer no", path)
    assert status == 401
    assert error_of_json(json.loads(body))["type"] == "auth_error"


@pytest.mark.parametrize("chunked", [False, True])
def test_r21_a_batch_that_is_too_large_gets_its_answer(
    chunked: bool, live_url: Live, tmp_path: Path
) -> None:
    path = tmp_path / "body.json"
    path.write_bytes(b'[{"padding": "' + b"p" * 25_000_000 + b'"}]')
    status, body = curl(
        live_url,
        *("--header", f"Authorization: Bearer {live_url.key}"),
        *("--header", "Content-Type: application/json", "--header", "Expect:"),
        *(("--header", "Transfer-Encoding: chunked") if chunked else ()),
        *("--data-binary", f"@{path}", f"{live_url.url}/v1/email/batches"),
    )
    assert status == 413
    assert error_of_json(json.loads(body))["type"] == "payload_too_large_error"


@pytest.mark.slow
def test_r30_the_sandbox_answers_once_there_is_a_worker(live_url: Live) -> None:
    live_url.work()
    letter = {"from": AGENT, "to": ["hardbounce@messagebird.dev"], "subject": "S", "text": "T"}
    sent = live_url.installation.call("POST", "/v1/email/messages", key=live_url.key, json=letter)
    assert sent.status_code == 202
    native = sent.json()["id"].replace("em_", "msg_")
    live_url.wait_for_status(native, "failed")
    path = f"/v1/email/messages/{sent.json()['id']}"
    shown = live_url.installation.call("GET", path, key=live_url.key).json()
    assert (shown["status"], shown["bounced_count"]) == ("bounced", 1)
