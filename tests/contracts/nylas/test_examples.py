"""The document's own command lines, run by curl, and its own answers.

Placeholders become ids, keys and contents; everything else is sent as it stands.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from messaging.models import Inbox
from tests.contracts.nylas.wire import ICS, PNG, base64, data_of, digest, file_of, url_of
from tests.people import Person

EXAMPLES = Path(__file__).parent / "examples"
DATA = re.compile(r"--data '(.*)'\s*\Z", re.DOTALL)
CONTENTS = {
    "<Base64-encoded picture content>": base64(PNG),
    "<base 64 encoded picture content>": base64(PNG),
    "<Base64-encoded ICS file>": base64(ICS),
}


def example(name: str, placeholders: Mapping[str, str] = CONTENTS) -> str:
    text = (EXAMPLES / name).read_text()
    for placeholder, value in placeholders.items():
        text = text.replace(placeholder, value)
    return text


def check_shape(answer: Any, documented: Any, path: str = "") -> None:
    """Every key of the example is there, with a value of the same type."""
    assert type(answer) is type(documented), path
    if isinstance(documented, dict):
        for key, value in documented.items():
            assert key in answer, f"{path}.{key}"
            check_shape(answer[key], value, f"{path}.{key}")
    if isinstance(documented, list):
        for position, value in enumerate(documented):
            check_shape(answer[position], value, f"{path}[{position}]")


class Curl:
    """Runs the examples against a live server, for one draft at a time."""

    def __init__(self, live: Any, files: Path) -> None:
        self.live = live
        self.files = files
        (files / "invite.ics").write_bytes(ICS)
        (files / "nylas-hbd.png").write_bytes(PNG)

    def __call__(self, name: str, **ids: str) -> dict[str, Any]:
        live = self.live
        values = {
            "https://api.us.nylas.com": live.url,
            "<NYLAS_GRANT_ID>": live.grant_id,
            "<GRANT_ID>": live.grant_id,
            "<NYLAS_API_KEY>": live.key,
            "/file/path/to/attachment/": f"{self.files}/",
            **{f"<{id}>": value for id, value in ids.items()},
        }
        command = example(name, {**values, **CONTENTS})
        assert "<NYLAS" not in command
        done = subprocess.run(
            ["sh", "-c", f"{command.rstrip()} --silent --show-error"],
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def draft(self, **fields: Any) -> dict[str, Any]:
        made = requests.post(
            f"{self.live.url}/v3/grants/{self.live.grant_id}/drafts",
            json=fields,
            headers={"Authorization": f"Bearer {self.live.key}"},
            timeout=60,
        ).json()["data"]
        return dict(made)

    def content(self, carrier: Mapping[str, Any], place: int) -> bytes:
        id = carrier["attachments"][place]["id"]
        return requests.get(
            f"{self.live.url}/v3/grants/{self.live.grant_id}/attachments/{id}/download",
            params={"message_id": carrier["id"]},
            headers={"Authorization": f"Bearer {self.live.key}"},
            timeout=60,
        ).content

    def send(self, draft: Mapping[str, Any]) -> dict[str, Any]:
        sent = requests.post(
            f"{self.live.url}/v3/grants/{self.live.grant_id}/drafts/{draft['id']}",
            headers={"Authorization": f"Bearer {self.live.key}"},
            timeout=60,
        ).json()["data"]
        return dict(sent)


@pytest.fixture
def curl(live_url, tmp_path) -> Curl:
    return Curl(live_url, tmp_path)


def told(draft: Mapping[str, Any]) -> list[list[Any]]:
    return [
        [one["filename"], one["content_type"], one["content_id"], one["is_inline"], one["size"]]
        for one in draft["attachments"]
    ]


BIRTHDAY = [
    ["nylas-hbd.png", 'image/png; name="nylas-hbd.png"', "123456hbd", True, len(PNG)],
    ["invite.ics", 'application/ics; name="invite.ics"', "7890bdnyl", False, len(ICS)],
]


@pytest.mark.live
def test_r43_r53_curl_updates_a_draft_with_an_inline_picture(curl: Curl):
    before = curl.draft(subject="old", attachments=[file_of(b"old")], cc=[{"email": "c@d.ee"}])
    after = curl("update_draft.curl", DRAFT_ID=before["id"])["data"]
    assert after["subject"] == "Happy Birthday from Nylas!"
    assert after["to"] == [{"email": "jacob.doe@example.com", "name": "Jacob Doe"}]
    assert after["cc"] == before["cc"]
    assert told(after) == BIRTHDAY
    assert [digest(curl.content(after, place)) for place in (0, 1)] == [digest(PNG), digest(ICS)]


@pytest.mark.live
def test_r48_r50_curl_creates_a_draft_with_a_form(curl: Curl):
    draft = curl("create_draft.curl")["data"]
    assert draft["body"].endswith("\n -Nylas <123456aklkdfanl>")
    assert told(draft) == [
        ["invite.ics", 'text/calendar; name="invite.ics"', "kldj234567hbd2u", False, len(ICS)],
        ["nylas-hbd.png", 'image/png; name="nylas-hbd.png"', "123456aklkdfanl", False, len(PNG)],
    ]
    assert [digest(curl.content(draft, place)) for place in (0, 1)] == [digest(ICS), digest(PNG)]


@pytest.mark.live
def test_r44_curl_replaces_the_files_of_a_draft(curl: Curl):
    before = curl("create_draft.curl")["data"]
    after = curl("replace_attachments.curl", DRAFT_ID=before["id"])["data"]
    assert [one["filename"] for one in after["attachments"]] == ["logo.png", "invite.ics"]
    assert after["attachments"][0]["content_type"] == 'image/png; name="logo.png"'
    assert (after["subject"], after["body"]) == (before["subject"], before["body"])
    one = curl("update_attachment.curl", DRAFT_ID=before["id"])["data"]
    assert [file["filename"] for file in one["attachments"]] == ["pic.png"]
    assert digest(curl.content(one, 0)) == digest(PNG)


@pytest.mark.live
def test_r5_r57_curl_reads_the_files_of_a_message(curl: Curl):
    draft = curl.draft(to=[{"email": "a@b.cc"}])
    sent = curl.send(curl("update_draft.curl", DRAFT_ID=draft["id"])["data"])
    chosen = curl("select_attachments.curl", MESSAGE_ID=sent["id"])
    check_shape(chosen, json.loads(example("select_attachments.response.json")))
    assert chosen["data"].keys() == {"grant_id", "attachments"}
    assert told(chosen["data"]) == BIRTHDAY
    id = chosen["data"]["attachments"][0]["id"]
    found = curl("find_attachment.curl", ATTACHMENT_ID=id, MESSAGE_ID=sent["id"])
    check_shape(found, json.loads(example("find_attachment.response.json")))
    assert found["data"] == chosen["data"]["attachments"][0]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("update_draft", ["nylas-hbd.png", "invite.ics"]),
        ("replace_attachments", ["logo.png", "invite.ics"]),
        ("update_attachment", ["pic.png"]),
    ],
)
def test_r43_the_documented_bodies_are_taken(alice: Person, grant: Inbox, name, files):
    match = DATA.search(example(f"{name}.curl"))
    assert match
    draft = data_of(alice.api.post(url_of(grant, "drafts"), {"subject": "s"}))
    url = url_of(grant, "drafts", draft["id"])
    after = data_of(alice.api.put(url, match[1], content_type="application/json"))
    assert [one["filename"] for one in after["attachments"]] == files
