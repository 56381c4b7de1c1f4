"""What tests of AgentSend say often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from attachments.models import Attachment, Origin
from attachments.services import hold_attachments
from messaging.models import Inbox, Message, Thread
from messaging.omissions import Omitted, annotation_of, with_notes
from project.tenancy.models import Workspace
from tests.messaging.make import make_file

LETTER = {
    "to": ["customer@example.com"],
    "subject": "Your invoice",
    "bodyText": "Please find your invoice attached.",
}


def upload(
    api: APIClient,
    content: bytes = b"%PDF-1.4 hello",
    filename: str = "report.pdf",
    content_type: str = "application/pdf",
    **headers: str,
) -> Any:
    """The answer to an upload."""
    file = SimpleUploadedFile(filename, content, content_type)
    return api.post("/attachments", {"file": file}, format="multipart", headers=headers or None)


def uploaded(api: APIClient, content: bytes = b"%PDF-1.4 hello", **words: str) -> str:
    """The id of a new upload."""
    answer = upload(api, content, **words)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def messages_of(inbox: Inbox) -> str:
    return f"/inboxes/{inbox.pk}/messages"


def send(api: APIClient, inbox: Inbox, **fields: Any) -> Any:
    """The answer to a message that is sent."""
    return api.post(messages_of(inbox), {**LETTER, **fields})


def sent(api: APIClient, inbox: Inbox, **fields: Any) -> dict[str, Any]:
    """A message that was accepted."""
    answer = send(api, inbox, **fields)
    assert answer.status_code == 202, answer.content
    message: dict[str, Any] = answer.json()
    return message


def error_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    """What went wrong, in the shape that every error has."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert set(error) - {"details"} == {"code", "message", "status"}
    assert (error["code"], error["status"]) == (code, status)
    assert isinstance(error["message"], str) and error["message"]
    return error


def listed(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list whose total is their number."""
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert set(body) == {"data", "total"} and body["total"] == len(body["data"])
    rows: list[dict[str, Any]] = body["data"]
    return rows


def fetch(url: str, **headers: str) -> Any:
    """GET a signed URL as anybody would, without a key."""
    parts = urlsplit(url)
    return Client().get(f"{parts.path}?{parts.query}", headers=headers or None)


def bytes_of(answer: Any) -> bytes:
    """The body of a download."""
    assert answer.status_code == 200, answer.status_code
    return b"".join(answer.streaming_content)


def time_of(text: str) -> datetime:
    """A time as AgentSend spells it: UTC, milliseconds, Z."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


def make_received_file(workspace: Workspace, content: bytes, filename: str) -> Attachment:
    """A file as the receiving side stores it."""
    file = make_file(workspace, content, filename=filename)
    Attachment.objects.filter(pk=file.pk).update(origin=Origin.RECEIVED)
    hold_attachments([file])
    file.refresh_from_db()
    return file


def receive(
    inbox: Inbox,
    *files: Attachment,
    subject: str = "Here's the contract",
    text: str | None = "Please sign.",
    html: str | None = None,
    thread: Thread | None = None,
    omitted: Sequence[Omitted] = (),
) -> Message:
    """A message from outside, as the receiving side writes it."""
    text, html = with_notes(text, html, omitted)
    message = Message.objects.create(
        workspace=inbox.workspace,
        inbox=inbox,
        thread=thread or Thread.objects.create(workspace=inbox.workspace, inbox=inbox),
        direction="inbound",
        from_email="customer@example.com",
        from_name="Ann",
        to=[{"email": inbox.address, "name": None}],
        cc=[{"email": "boss@example.com", "name": "Boss"}],
        subject=subject,
        text=text,
        html=html,
        rfc_message_id="<abc@example.com>",
        references=["<first@example.com>"],
        in_reply_to="<first@example.com>",
        attachment_count=len(files),
        annotations=annotation_of(omitted),
    )
    for position, file in enumerate(files):
        message.enclosures.create(attachment=file, position=position, filename=file.filename)
    return message
