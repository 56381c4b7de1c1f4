"""Speaking with the contract in tests."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from typing import Any

import msgspec
from rest_framework.test import APIClient

from messaging.mime.assembly import assemble
from messaging.models import Inbox, Message
from project.ids import read_hex

BOUNDARY = "form-data-encoder-ujko53boj5jifzfp"
JACOB = {"email": "jacob.doe@example.com", "name": "Jacob Doe"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ICS = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"


def url_of(grant: Inbox | str, *rest: str) -> str:
    """Where something of a grant is."""
    named = grant if isinstance(grant, str) else str(grant.pk)
    return "/".join(["/v3/grants", named, *rest])


def base64(content: bytes) -> str:
    return b64encode(content).decode()


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


def file_of(content: bytes, filename: str = "a.txt", **said: Any) -> dict[str, Any]:
    """A file as JSON has it."""
    return {"filename": filename, "content": base64(content), **said}


def form_part(name: str, content: bytes, *, head: str = "", lines: Iterable[str] = ()) -> bytes:
    """A part of a form; `head` is what stands behind the name."""
    disposition = f'Content-Disposition: form-data; name="{name}"{head}'
    return "\r\n".join([disposition, *lines, "", ""]).encode() + content


def file_part(
    name: str, content: bytes, filename: str, content_type: str = "application/octet-stream"
) -> bytes:
    return form_part(
        name, content, head=f'; filename="{filename}"', lines=[f"Content-Type: {content_type}"]
    )


def message_part(message: Mapping[str, Any] | str, name: str = "message") -> bytes:
    text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
    return form_part(name, text.encode())


def form_of(*parts: bytes) -> bytes:
    """The body of a form, as the Node library writes it: with an empty line too many at its end."""
    head = f"--{BOUNDARY}\r\n".encode()
    body = b"".join(head + part + b"\r\n" for part in parts)
    return body + f"--{BOUNDARY}--\r\n\r\n".encode()


def send_form(api: APIClient, url: str, *parts: bytes, method: str = "POST", **headers: Any) -> Any:
    """Send parts as one form."""
    return api.generic(
        method,
        url,
        form_of(*parts),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
        headers=headers,
    )


def data_of(response: Any, status: int = 200) -> Any:
    """The data of an answer in the envelope."""
    body = response.json()
    assert response.status_code == status, body
    assert body["request_id"] == response["X-Request-Id"]
    return body["data"]


def error_of(response: Any, status: int) -> dict[str, str]:
    """The error of an answer, which has the shape that the libraries can read."""
    body = response.json()
    assert response.status_code == status, body
    assert response["Content-Type"] == "application/json"
    assert body.keys() == {"request_id", "error"}
    assert body["request_id"] == response["X-Request-Id"] != ""
    assert body["error"].keys() == {"type", "message"}
    assert all(isinstance(text, str) and text for text in body["error"].values())
    return dict(body["error"])


def download(api: APIClient, grant: Inbox, carrier: Mapping[str, Any], place: int = 0) -> bytes:
    """The bytes of a file that a message or draft has."""
    url = url_of(grant, "attachments", carrier["attachments"][place]["id"], "download")
    response = api.get(url, {"message_id": carrier["id"]})
    assert response.status_code == 200
    return response.getvalue()


def mail_of(spelt: Mapping[str, Any]) -> EmailMessage:
    """The mail that a message becomes, as a reader has it."""
    message = Message.objects.in_full().get(pk=read_hex(spelt["id"]))
    source = b"".join(assemble(message).blocks())
    mail = message_from_bytes(source, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
