"""The tutorial as it stands, with curl, and the vendor's own package, against an installation"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.kustomer.forwarder import forwarder
from tests.contracts.kustomer.wire import EXAMPLES, example
from tests.sdks.fixtures import Live
from tests.sdks.runner import ScriptRunner
from tests.services.servers import wait_until

SDK = Path(__file__).parent / "sdk"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 960
PDF = PDF[:245_760] + b"\0" * (245_760 - len(PDF))  # as long as the tutorial's invoice
DIGEST = hashlib.sha256(PDF).hexdigest()


def ask(live: Live, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
    """Ask as the tutorial does; give the whole answer."""
    answer = live.installation.call(method, path, key=live.key, json=body)
    assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def make_draft(live: Live) -> str:
    customer = ask(live, "POST", "/v1/customers", {"name": "Jane"}, status=201)["data"]["id"]
    fields = {"channel": "email", "to": "jane@example.com", "subject": "Hi", "body": "See it."}
    draft: str = ask(live, "POST", f"/v1/customers/{customer}/drafts", fields, status=201)["data"][
        "id"
    ]
    return draft


def reserve(live: Live, draft: str) -> Any:
    body = example("create_attachment.request.json")
    return ask(live, "POST", f"/v1/drafts/{draft}/attachments", body, status=201)


def upload_as_the_tutorial_does(url: str, folder: Path, content: bytes = PDF) -> str:
    """Run the tutorial's command line with this URL; give what curl says of the exchange."""
    (folder / "invoice.pdf").write_bytes(content)
    line = " ".join((EXAMPLES / "upload.curl").read_text().split("\n"))
    line = line.replace("https://your-presigned-upload-url", url)
    done = subprocess.run(
        ["sh", "-c", f"{line} -sS -v -o body -w '%{{http_code}}' "],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return f"{done.stdout}\n{done.stderr}"


def test_r14_curl_uploads_to_the_url_as_it_is(live_url, tmp_path):
    draft = make_draft(live_url)
    made = reserve(live_url, draft)
    said = upload_as_the_tutorial_does(made["data"]["links"]["related"], tmp_path)
    assert said.startswith("200\n")
    assert "> PUT /up/" in said
    assert "invoice.pdf?" not in said  # a path that ends in a slash would have got the name
    assert "authorization" not in said.lower()
    assert (tmp_path / "body").read_bytes() == b""
    file = ask(live_url, "GET", made["data"]["links"]["self"])
    assert file["data"]["attributes"]["uploaded"] is True
    subprocess.run(
        ["curl", "-sSf", "-OJ", file["data"]["links"]["related"]],
        cwd=(tmp_path / "down").mkdir() or tmp_path / "down",
        check=True,
        timeout=60,
    )
    assert hashlib.sha256((tmp_path / "down" / "invoice.pdf").read_bytes()).hexdigest() == DIGEST


def test_r14_curl_uploads_25_mib_and_asks_before_it_does(live_url, tmp_path):
    content = hashlib.sha256(b"25 MiB").digest() * (25 * 1024 * 1024 // 32)
    body = {**example("create_attachment.request.json"), "contentLength": len(content)}
    path = f"/v1/drafts/{make_draft(live_url)}/attachments"
    made = ask(live_url, "POST", path, body, status=201)
    said = upload_as_the_tutorial_does(made["data"]["links"]["related"], tmp_path, content)
    assert said.startswith("200\n")
    assert "> Expect: 100-continue" in said
    digest = hashlib.sha256(content).hexdigest()
    assert f'ETag: "{digest}"' in said


def test_r28_curl_sees_its_failures(live_url, tmp_path):
    made = reserve(live_url, make_draft(live_url))
    url = made["data"]["links"]["related"]
    assert upload_as_the_tutorial_does(f"{url}x", tmp_path).startswith("403\n")
    assert upload_as_the_tutorial_does(url, tmp_path, PDF[:-1]).startswith("400\n")
    assert upload_as_the_tutorial_does(url, tmp_path).startswith("200\n")


def test_a_standalone_file_goes_by_form(live_url, tmp_path):
    body = {"name": "invoice.pdf", "contentType": "application/pdf", "contentLength": len(PDF)}
    made = ask(live_url, "POST", "/v1/attachments", body, status=201)
    (tmp_path / "invoice.pdf").write_bytes(PDF)
    upload = made["meta"]["upload"]
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}"]
    for name, value in upload["fields"].items():
        command += ["-F", f"{name}={value}"]
    command += ["-F", "file=@invoice.pdf", upload["url"]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "204", done.stderr
    got = ask(live_url, "GET", made["data"]["links"]["self"])
    assert got["data"]["attributes"]["uploaded"] is True


def test_the_vendors_package_works_unmodified(live_url, node_sdk: ScriptRunner):
    customer = ask(live_url, "POST", "/v1/customers", {"name": "Sam"}, status=201)["data"]["id"]
    fields = {"direction": "out", "subject": "Hi", "preview": "Hello"}
    message = ask(live_url, "POST", f"/v1/customers/{customer}/messages", fields, status=201)
    id = message["data"]["id"]
    with forwarder(live_url.url, token=live_url.key) as (proxy, asked):
        said = node_sdk(SDK / "customers.mjs", id, http_proxy=proxy, HTTP_PROXY=proxy)
    made, updated = said["made"], said["updated"]
    assert (made["name"], made["externalId"], made["custom"]) == (
        "Jane Doe",
        "ext-1",
        {"planStr": "gold"},
    )
    assert updated["id"] == made["id"]
    assert (updated["company"], updated["tags"]) == ("Doe Ltd", ["vip"])
    assert said["found"] == [updated] * 4
    assert said["missing"] == [None] * 3
    assert said["message"] == {"id": id, **message["data"]["attributes"]}
    assert (said["refusal"]["status"], said["refusal"]["code"]) == ("409", "conflict")
    assert f"GET http://kustomer.test/v1/customers/id={made['id']}" in asked


@pytest.mark.slow
def test_r27_the_whole_tutorial_and_a_mail_that_waits_for_its_file(live_url, tmp_path):
    """Steps 1 to 4, with the PUT before the upload: the mail leaves with the file, once."""
    live_url.work()
    draft = make_draft(live_url)
    customer = ask(live_url, "GET", f"/v1/drafts/{draft}")["data"]["relationships"]["customer"]
    made = reserve(live_url, draft)
    body = example("send_draft.request.json")
    put = ask(live_url, "PUT", f"/v1/drafts/{draft}", body)["data"]
    assert put["attributes"]["status"] == "waiting"
    messages = f"{customer['links']['self']}/messages"
    assert ask(live_url, "GET", messages)["data"] == []
    said = upload_as_the_tutorial_does(made["data"]["links"]["related"], tmp_path)
    assert said.startswith("200\n")

    def arrived() -> Any:
        rows = live_url.messages(status="sent")
        return rows[0] if rows else None

    sent = wait_until(arrived, what="the mail", timeout=30, pause=0.1)
    [message] = ask(live_url, "GET", messages)["data"]
    assert (message["attributes"]["status"], message["attributes"]["direction"]) == ("sent", "out")
    assert message["attributes"]["attachments"][0]["_id"] == made["data"]["id"]
    assert sent["attachments"][0]["sha256"] == DIGEST
    ask(live_url, "GET", f"/v1/drafts/{draft}", status=404)
    ask(live_url, "PUT", f"/v1/drafts/{draft}", body, status=404)
    assert live_url.installation.rows("SELECT count(*) FROM messaging_captured") == [(1,)]
    receipt = ask(
        live_url,
        "POST",
        "/v1/attachments",
        {
            "name": "receipt.png",
            "contentType": "image/png",
            "contentLength": 8911,
            "externalUrl": "https://files.example.com/receipt.png",
        },
        status=201,
    )
    text = (EXAMPLES / "add_attachments.request.json").read_text()
    added = json.loads(text.replace("507f1f77bcf86cd799439011", receipt["data"]["id"]))
    listed = ask(live_url, "PUT", message["links"]["self"], added)["data"]["attributes"]
    assert [one["name"] for one in listed["attachments"]] == ["invoice.pdf", "receipt.png"]
