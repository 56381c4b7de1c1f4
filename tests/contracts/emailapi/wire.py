"""Requests of this door in a word, and what came of them."""

from __future__ import annotations

import re
from base64 import b64encode
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast

import requests
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from attachments.storage import attachment_storage
from messaging.models import Captured
from messaging.outbox.drain import deliver_due
from project.ids import read

FILES = "/api/email/attachments"
SEND = "/api/email/send"
MESSAGES = "/api/email/messages"
PDF = b"%PDF-1.4 a document"
MAX = 26_214_400
SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UNKNOWN_FILE = {
    "success": False,
    "error": {"code": "ATTACHMENT_NOT_FOUND", "message": "Attachment not found or expired"},
}
LETTER = {
    "from": "sender@example.com",
    "to": "recipient@example.com",
    "subject": "Document Attached",
    "text": "Please find the document attached.",
}


def post_file(
    api: APIClient,
    content: bytes = PDF,
    *,
    name: str = "document.pdf",
    declared: str = "application/pdf",
    **fields: Any,
) -> Any:
    """The answer to an upload."""
    file = SimpleUploadedFile(name, content, content_type=declared)
    return api.post(FILES, {"file": file, **fields}, format="multipart")


def upload(api: APIClient, content: bytes = PDF, **words: Any) -> dict[str, Any]:
    """An uploaded file, as the answer has it."""
    response = post_file(api, content, **words)
    assert response.status_code == 201, response.content
    return cast("dict[str, Any]", response.json()["data"])


def inline(content: bytes = PDF, filename: str = "document.pdf", **fields: Any) -> dict[str, Any]:
    return {"filename": filename, "content": b64encode(content).decode(), **fields}


def post_letter(api: APIClient, *files: Any, http: Any = None, **fields: Any) -> Any:
    """The answer to a send."""
    letter = {**LETTER, **({"attachments": list(files)} if files else {}), **fields}
    return api.post(SEND, letter, headers=http or {})


def send(api: APIClient, *files: Any, **fields: Any) -> dict[str, Any]:
    """A sent email, as the answer has it."""
    response = post_letter(api, *files, **fields)
    assert response.status_code == 200, response.content
    return cast("dict[str, Any]", response.json()["data"])


def error_of(response: Any, status: int) -> dict[str, Any]:
    """The error of an answer in this door's envelope."""
    body = response.json()
    assert response.status_code == status, body
    assert set(body) == {"success", "error"}
    assert body["success"] is False
    return cast("dict[str, Any]", body["error"])


def content_of(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def fetch(client: Any, url: str) -> bytes:
    """What a downloadUrl gives; from the storage itself, where that serves it."""
    response = client.get(path_of(url))
    if response.status_code == 302:
        return requests.get(response["Location"], timeout=60).content
    assert response.status_code == 200, response.content
    return content_of(response)


def path_of(url: str) -> str:
    """An absolute address as the test client takes it."""
    return "/" + url.split("/", 3)[3]


def delivered(message_id: str) -> EmailMessage:
    """The mail that a message has become, read back."""
    deliver_due()
    captured = Captured.objects.get(delivery__message=read("msg", message_id))
    with attachment_storage().open(captured.key) as file:
        return cast("EmailMessage", message_from_bytes(file.read(), policy=default))


def files_in(mail: EmailMessage) -> list[tuple[str | None, str, Any]]:
    """Name, type and bytes of each file of a mail."""
    return [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in mail.iter_attachments()
    ]
