"""The document's own curl and JavaScript, as they stand, against an installation."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.emailapi.document import HERE, json_of, text_of
from tests.contracts.emailapi.test_types import TAKEN
from tests.contracts.emailapi.wire import UNKNOWN_FILE
from tests.live.office import digest_of
from tests.sdks.fixtures import Live

DOCUMENT = b"%PDF-1.7\n" + bytes(range(256)) * 960


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands run, with the file that they speak of."""
    (tmp_path / "document.pdf").write_bytes(DOCUMENT)
    return tmp_path


def shell(command: str, folder: Path) -> bytes:
    """Run a command and give what it prints; it must succeed."""
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl(live: Live, folder: Path, name: str, **changes: str) -> Any:
    """The answer to one of the document's commands."""
    command = text_of(f"{name}.curl", HOST=live.url, KEY=live.key, **changes)
    return json.loads(shell(command, folder))


def shape(value: Any) -> Any:
    """Names and types, without the values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def test_r2_r5_r8_curl_uploads(live_url, folder):
    body = curl(live_url, folder, "upload")
    assert shape(body) == shape(json_of("upload.response"))
    data = body["data"]
    assert (data["filename"], data["contentType"]) == ("invoice-jan-2024.pdf", "application/pdf")
    assert data["size"] == len(DOCUMENT)
    assert data["url"] == f"{live_url.url}/api/email/attachments/{data['id']}"
    assert shell(f"curl -fsS '{data['downloadUrl']}'", folder) == DOCUMENT


@pytest.mark.parametrize("name", ["invoice-jan-2024.pdf", "Übersicht 日本.pdf"])
def test_r19_curl_downloads_under_the_files_name(live_url, folder, tmp_path_factory, name):
    command = text_of("upload.curl", HOST=live_url.url, KEY=live_url.key)
    data = json.loads(shell(command.replace("invoice-jan-2024.pdf", name), folder))["data"]
    place = tmp_path_factory.mktemp("downloads")
    command = text_of("download.curl", HOST=live_url.url, KEY=live_url.key, FILE=data["id"])
    shell(command, place)
    (found,) = place.iterdir()
    assert found.name == ("Ubersicht __.pdf" if "日" in name else name)
    assert digest_of(found.read_bytes()) == digest_of(DOCUMENT)


def test_r20_r31_curl_deletes(live_url, folder):
    file = curl(live_url, folder, "upload")["data"]["id"]
    body = curl(live_url, folder, "delete", FILE=file)
    assert shape(body) == shape(json_of("delete.response"))
    assert body["data"]["id"] == file
    assert curl(live_url, folder, "delete", FILE=file) == UNKNOWN_FILE


@pytest.mark.parametrize(("kind", "ending"), TAKEN.items())
def test_r24_curl_uploads_every_type_by_its_name(live_url, folder, kind, ending):
    (folder / f"document.{ending}").write_bytes(b"x")
    command = text_of("upload.curl", HOST=live_url.url, KEY=live_url.key)
    command = command.replace("document.pdf", f"document.{ending}")
    command = command.replace("invoice-jan-2024.pdf", "invoice")
    assert json.loads(shell(command, folder))["data"]["contentType"] == kind


def test_r29_curl_is_told_the_true_size(live_url, folder):
    with (folder / "document.pdf").open("r+b") as file:
        file.truncate(52_428_800)
    assert curl(live_url, folder, "upload") == json_of("too-large.response")


def test_r29_curl_is_told_of_a_body_beyond_every_limit(live_url, folder):
    with (folder / "document.pdf").open("r+b") as file:
        file.truncate(140 * 1024**2)
    error = curl(live_url, folder, "upload")["error"]
    assert (error["code"], error["maxSize"]) == ("FILE_TOO_LARGE", 26_214_400)
    assert 140 * 1024**2 < error["actualSize"] < 140 * 1024**2 + 1000


def test_r2_curl_may_send_chunks(live_url, folder):
    command = text_of("upload.curl", HOST=live_url.url, KEY=live_url.key)
    chunked = command.replace("-X POST", "-X POST -H 'Transfer-Encoding: chunked'")
    data = json.loads(shell(chunked, folder))["data"]
    assert shell(f"curl -fsS '{data['downloadUrl']}'", folder) == DOCUMENT


def test_r21_r22_curl_sends(live_url, folder):
    file = curl(live_url, folder, "upload")["data"]["id"]
    changes = {"SENDER": live_url.inbox}
    by_id = text_of("send-by-id.request.json", FILE=file, **changes)
    inline = text_of("send-inline.request.json", BASE64="JVBERi0xLjc=", **changes)
    for letter in (by_id, inline):
        (folder / "letter.json").write_text(letter)
        answer = shell(
            f"curl -sS {live_url.url}/api/email/send -H 'Authorization: Bearer {live_url.key}'"
            " -H 'Content-Type: application/json' -d @letter.json",
            folder,
        )
        data = json.loads(answer)["data"]
        (row,) = live_url.message(data["messageId"])["attachments"]
        assert row["filename"] == data["attachments"][0]["filename"]
    assert row["sha256"] == digest_of(b"%PDF-1.7")


def test_r23_r35_the_javascript_uploads_and_sends(live_url, node_sdk, folder):
    script = Path(__file__).parent / "sdk" / "upload_and_send.mjs"
    uploading, sending = node_sdk(
        script,
        str(HERE / "upload-and-send.js"),
        live_url.url,
        str(folder / "document.pdf"),
        live_url.key,
        live_url.inbox,
    )
    assert (uploading["status"], sending["status"]) == (201, 200)
    assert shape(uploading["body"]) == shape(json_of("upload.response"))
    assert uploading["body"]["data"]["filename"] == "document.pdf"
    assert sending["body"]["data"]["subject"] == "Document"
    message = live_url.message(sending["body"]["data"]["messageId"])
    (file,) = message["attachments"]
    assert (file["filename"], file["sha256"]) == ("document.pdf", digest_of(DOCUMENT))


@pytest.mark.slow
def test_r21_what_was_sent_leaves_with_its_file(live_url, folder):
    file = curl(live_url, folder, "upload")["data"]["id"]
    letter = json_of("send-by-id.request", FILE=file, SENDER=live_url.inbox)
    sent = live_url.installation.call(
        "POST", "/api/email/send", key=live_url.key, json=letter
    ).json()["data"]
    live_url.work()
    live_url.wait_for_status(sent["messageId"], "sent")
    path = f"/api/email/messages/{sent['messageId']}"
    found = live_url.installation.call("GET", path, key=live_url.key).json()["data"]
    assert found["status"] == "sent"
