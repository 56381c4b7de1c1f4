"""Requests of this door in a word, and what came of them."""

from __future__ import annotations

import json
from base64 import b64encode
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

from rest_framework.test import APIClient

from attachments.storage import attachment_storage
from messaging.models import Captured, Message
from messaging.outbox.drain import deliver_due
from project.ids import read

MESSAGES = "/v1/email/messages"
BATCHES = "/v1/email/batches"
SUPPRESSIONS = "/v1/email/suppressions"
EXAMPLES = Path(__file__).parent / "examples"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nan invoice"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR a banner"
LETTER: dict[str, Any] = {
    "from": "hello@acme.test",
    "to": ["ann@example.com"],
    "subject": "Your invoice",
    "html": "<p>Attached.</p>",
}


def file(content: bytes = PDF, filename: str = "invoice.pdf", **fields: Any) -> dict[str, Any]:
    """An entry of `attachments`."""
    return {"filename": filename, "content": b64encode(content).decode(), **fields}


def letter(*files: Any, **fields: Any) -> dict[str, Any]:
    """The body of a send; a field that is `...` is left out."""
    body = {**LETTER, **({"attachments": list(files)} if files else {}), **fields}
    return {name: value for name, value in body.items() if value is not ...}


def post(api: APIClient, *files: Any, headers: Any = None, **fields: Any) -> Any:
    """The answer to a send."""
    return api.post(MESSAGES, letter(*files, **fields), headers=headers or {})


def send(api: APIClient, *files: Any, **fields: Any) -> dict[str, Any]:
    """A message, as the answer to its send has it."""
    answer = post(api, *files, **fields)
    assert answer.status_code == 202, answer.content
    return cast("dict[str, Any]", answer.json())


def get(api: APIClient, id: str, tail: str = "") -> Any:
    """A message, or what hangs on it."""
    answer = api.get(f"{MESSAGES}/{id}{tail}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def listed(api: APIClient, **query: Any) -> list[dict[str, Any]]:
    """The messages of a page."""
    answer = api.get(MESSAGES, query)
    assert answer.status_code == 200, answer.content
    return cast("list[dict[str, Any]]", answer.json()["data"])


def error_of(answer: Any, status: int) -> dict[str, Any]:
    """The error of an answer, whose envelope is right."""
    body = answer.json()
    assert answer.status_code == status, body
    error = error_of_json(body)
    assert error["request_id"] == answer["X-Request-Id"]
    return error


def error_of_json(body: dict[str, Any]) -> dict[str, Any]:
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    for name in ("type", "code", "name", "message", "doc_url", "request_id"):
        assert error[name], name
    return error


def params_of(answer: Any) -> list[str]:
    """The fields that a 422 finds fault with."""
    error = error_of(answer, 422)
    assert error["type"] == "validation_error"
    return [one["param"] for one in error["details"]]


def row(id: str) -> Message:
    return Message.objects.in_full().get(pk=read("em", id))


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def delivered(id: str) -> EmailMessage:
    """The mail that a message has become, read back."""
    deliver_due()
    captured = Captured.objects.get(delivery__message=read("em", id))
    with attachment_storage().open(captured.key) as raw:
        return cast("EmailMessage", message_from_bytes(raw.read(), policy=default))


def parts_of(mail: EmailMessage) -> list[tuple[str | None, str, str | None, bytes]]:
    """Name, type, Content-ID and bytes of each file in a mail."""
    return [
        (
            part.get_filename(),
            part.get_content_type(),
            part["Content-ID"],
            cast("bytes", part.get_payload(decode=True)),
        )
        for part in mail.walk()
        if part.get_filename()
    ]


def example(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text())
