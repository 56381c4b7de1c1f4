"""Webhooks made by the official libraries, told by a live installation."""

from __future__ import annotations

import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.happenings import MAIL
from tests.sdks.fixtures import Live
from tests.services.hooks import Heard, Hooks

SCRIPTS = Path(__file__).parent / "sdk"
ENVIRONMENT = {"WEBHOOKS_TO_LOOPBACK": "true"}


def verified(heard: Heard, secret: str) -> dict[str, Any]:
    """A notification whose signature is right; the libraries leave that to their users."""
    expected = hmac.new(secret.encode(), heard.body, "sha256").hexdigest()
    assert heard.headers["x-nylas-signature"] == expected
    body: dict[str, Any] = json.loads(heard.body)
    return body


@pytest.mark.parametrize(("language", "ending"), [("python", "py"), ("node", "mjs")])
def test_a_webhook_that_a_library_made_is_told_with_its_rotated_secret(
    language: str,
    ending: str,
    live_url: Live,
    hooks: Hooks,
    request: pytest.FixtureRequest,
) -> None:
    run = request.getfixturevalue(f"{language}_sdk")
    said = run(SCRIPTS / f"webhooks.{ending}", URL=live_url.url, KEY=live_url.key, HOOK=hooks.url)
    triggers = ["message.created", "message.send_success"]
    assert said["found"] == [hooks.url, triggers, "active"]
    assert (said["emails"], said["changed"]) == (["ops@example.com"], "Second")
    assert said["is_new"] and said["listed"] and said["gone"] and said["left"]
    assert said["addresses"] == []
    assert said["refused"] == [400, "invalid_request_error"]
    live_url.work()
    call, grant = live_url.installation.call, f"/v3/grants/{live_url.grant_id}"
    letter = {"to": [{"email": "ann@example.com"}], "subject": "Sent", "body": "Hi"}
    sent = call("POST", f"{grant}/messages/send", key=live_url.key, json=letter)
    assert sent.status_code == 200, sent.text
    kind = {"Content-Type": "message/rfc822"}
    path = f"/api/v1/inboxes/{live_url.inbox_id}/raw"
    mail = MAIL.replace(b"q1@", f"{language}@".encode())
    answer = call("POST", path, key=live_url.key, data=mail, headers=kind)
    assert answer.status_code < 300, answer.text
    told = [verified(one, said["secret"]) for one in hooks.wait(2)]
    assert [one["type"] for one in told] == ["message.created"] * 2
    objects = {one["data"]["object"]["subject"]: one["data"]["object"] for one in told}
    assert objects.keys() == {"Sent", "A question"}
    assert objects["Sent"]["id"] == sent.json()["data"]["id"]
    for one in objects.values():
        shown = call("GET", f"{grant}/messages/{one['id']}", key=live_url.key).json()["data"]
        assert one == shown
    listed = call("GET", "/v3/webhooks", key=live_url.key).json()["data"]
    for one in listed:
        assert call("DELETE", f"/v3/webhooks/{one['id']}", key=live_url.key).status_code == 200
