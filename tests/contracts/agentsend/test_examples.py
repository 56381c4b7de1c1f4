"""The document's own requests, sent as they stand, and its answers, key by key.

What stands for something else is replaced: ids, hosts, keys, times. All other values must be equal.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from messaging.models import Inbox
from project.ids import spell
from tests.contracts.agentsend.reach import make_received_file, messages_of, receive, upload
from tests.people import Person

EXAMPLES = Path(__file__).parent / "examples"

#: fields whose values are examples of a kind, not the values that we must answer
OURS = {"id", "inboxId", "threadId", "url", "createdAt", "updatedAt", "messageIdHeader"}


def example(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text())


def assert_like(found: Any, wanted: Any, *, at: str = "") -> None:
    """The same keys and types all the way down, and the same values but for OURS."""
    assert type(found) is type(wanted), at
    if isinstance(wanted, dict):
        assert set(found) == set(wanted), at
        for name, value in wanted.items():
            if name in OURS:
                assert type(found[name]) is type(value), f"{at}.{name}"
            else:
                assert_like(found[name], value, at=f"{at}.{name}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), at
        for one, other in zip(found, wanted, strict=True):
            assert_like(one, other, at=f"{at}[]")
    else:
        assert found == wanted, at


def test_r14_the_attachment(alice: Person):
    answer = upload(alice.api, b"x" * 204_800, "report.pdf", "application/pdf")
    assert_like(answer.json(), example("attachment.response.json"))


def test_the_inbox(alice: Person, settings):
    settings.MAIL_DOMAINS = ["agents.test"]
    answer = alice.api.post("/inboxes", example("inbox.request.json"))
    assert_like(answer.json(), example("inbox.response.json"))


def test_r15_the_message(alice: Person, settings):
    settings.MAIL_DOMAINS, settings.SMTP_URL = ["agents.test"], "smtp://127.0.0.1:2526"
    alice.api.post("/inboxes", example("inbox.request.json"))
    file = upload(alice.api, b"x" * 204_800, "invoice.pdf", "application/pdf").json()
    body = example("send.request.json") | {"attachmentIds": [file["id"]]}
    answer = alice.api.post(messages_of(Inbox.objects.get()), body)
    assert answer.status_code == 202
    assert_like(answer.json(), example("message.response.json"))


def test_r19_r20_the_received_message(alice: Person, inbox: Inbox):
    file = make_received_file(alice.workspace, b"x" * 204_800, "contract.pdf")
    message = receive(inbox, file)
    found = alice.api.get(f"/messages/{spell('msg', message.pk)}").json()
    wanted = example("received.response.json")
    assert_like({name: found[name] for name in wanted}, wanted)


def test_the_error(alice: Person):
    answer = alice.api.get("/attachments/att_x")
    assert answer.status_code == 404 and answer.json() == example("not_found.response.json")
