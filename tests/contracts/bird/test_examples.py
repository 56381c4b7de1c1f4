"""The document's own requests and answers, as they stand."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.models import Inbox
from tests.contracts.bird.wire import (
    EXAMPLES,
    LETTER,
    MESSAGES,
    delivered,
    example,
    get,
    parts_of,
)
from tests.people import Person

pytestmark = pytest.mark.django_db

#: what the document abbreviates -> what we send in its place
BYTES = {
    "JVBERi0xLjcKJ...": ("JVBERi0xLjcKJeLjz9MK", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    "iVBORw0KGgoAAAANS...": ("iVBORw0KGgoAAAANSUhEUg==", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
}


def written_out(request: dict[str, Any]) -> dict[str, Any]:
    for entry in request["attachments"]:
        entry["content"] = BYTES[entry["content"]][0]
    return request


def check_like(shown: Any, documented: Any) -> None:
    """Fail unless every key of the example is there, with a value of the same type."""
    assert type(shown) is type(documented)
    if isinstance(documented, dict):
        assert documented.keys() <= shown.keys()
        for name in documented:
            check_like(shown[name], documented[name])
    if isinstance(documented, list):
        for ours, theirs in zip(shown, documented, strict=True):
            check_like(ours, theirs)


def test_r1_r3_r4_a_send_with_one_attachment(alice: Person, documented: Inbox) -> None:
    request = written_out(example("send.request.json"))
    answer = alice.api.post(MESSAGES, request)
    assert answer.status_code == 202, answer.content
    message = get(alice.api, answer.json()["id"])
    wanted = example("message.response.json")
    check_like(message, wanted)
    (shown,), (documented_file,) = message["attachments"], wanted["attachments"]
    for name in ("filename", "content_type", "inline"):
        assert shown[name] == documented_file[name]
    assert shown["id"].startswith("ea_") and shown["size"] == 15
    assert message["subject"] == request["subject"]
    assert message["from"] == {"email": request["from"]}
    assert message["to"] == [{"email": "delivered@messagebird.dev"}]


def test_r8_r11_inline_images(alice: Person, inbox: Inbox) -> None:
    request = {**LETTER, **written_out(example("inline.request.json"))}
    answer = alice.api.post(MESSAGES, request)
    assert answer.status_code == 202, answer.content
    png = BYTES["iVBORw0KGgoAAAANS..."][1]
    mail = delivered(answer.json()["id"])
    assert parts_of(mail) == [("banner.png", "image/png", "<welcome-banner>", png)]
    html = mail.get_body(("html",))
    assert html and html.get_content().strip() == request["html"]


def test_the_same_array_works_on_a_batch_item(alice: Person, documented: Inbox) -> None:
    request = written_out(example("send.request.json"))
    answer = alice.api.post("/v1/email/batches", [request, request])
    assert answer.status_code == 202, answer.content
    for one in answer.json()["data"]:
        check_like(get(alice.api, one["id"]), example("message.response.json"))


def test_the_examples_are_the_documents(alice: Person) -> None:
    curl = (EXAMPLES / "send.curl").read_text()
    body = (EXAMPLES / "send.request.json").read_text().strip()
    assert curl.endswith(f"-d '{body}'\n")
