"""Webhooks made by the official libraries, told by a live installation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contracts.happenings import MAIL
from tests.sdks.fixtures import AGENT, Live
from tests.services.hooks import Hooks

SCRIPTS = Path(__file__).parent / "sdk"
ENVIRONMENT = {"WEBHOOKS_TO_LOOPBACK": "true"}
TO = "delivered@messagebird.dev"


@pytest.mark.parametrize(("language", "ending"), [("python", "py"), ("node", "mjs")])
def test_a_webhook_that_a_library_made_is_told_and_the_library_verifies_it(
    language: str,
    ending: str,
    live_url: Live,
    hooks: Hooks,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    run = request.getfixturevalue(f"{language}_sdk")
    said = run(SCRIPTS / f"webhooks.{ending}", URL=live_url.url, KEY=live_url.key, HOOK=hooks.url)
    events = ["email.delivered", "email.bounced", "email.received"]
    assert said["found"] == [hooks.url, events, "active"]
    assert said["changed"] == ["Second", "paused", "active"]
    assert (said["tested"], said["attempts"]) == (["delivered", 204], 0)
    assert said["is_new"] and said["listed"] and said["left"]
    assert said["refused"] == ["events[0]"]
    (tried,) = hooks.requests
    assert json.loads(tried.body)["type"] == "email.delivered"
    live_url.work()
    letter = {"from": AGENT, "to": [TO], "subject": "S", "text": "T"}
    call = live_url.installation.call
    assert call("POST", "/v1/email/messages", key=live_url.key, json=letter).status_code == 202
    path = f"/api/v1/inboxes/{live_url.inbox_id}/raw"
    kind = {"Content-Type": "message/rfc822"}
    mail = MAIL.replace(b"q1@", f"{language}@".encode())
    answer = call("POST", path, key=live_url.key, data=mail, headers=kind)
    assert answer.status_code < 300, answer.text
    heard = hooks.wait(3)[1:]
    file = tmp_path / "heard.json"
    rows = [{"body": one.body.decode(), "headers": dict(one.headers)} for one in heard]
    file.write_text(json.dumps(rows))
    read = run(SCRIPTS / f"unwrap.{ending}", FILE=str(file), SECRET=said["secret"])
    told = [one[1] if language == "python" else one for one in read["events"]]
    assert sorted(one["type"] for one in told) == ["email.delivered", "email.received"]
    by_type = {one["type"]: one["data"] for one in told}
    assert by_type["email.delivered"]["recipient"] == TO
    assert by_type["email.received"]["subject"] == "A question"
    gone = call("DELETE", f"/v1/webhooks/{said['id']}", key=live_url.key)
    assert gone.status_code == 204
