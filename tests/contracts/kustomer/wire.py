"""Speaking with this door in a word."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from django.utils import timezone

from messaging.models import Customer
from project.api.times import spell_time
from project.ids import spell_hex
from tests.people import Person

EXAMPLES = Path(__file__).parent / "examples"
EMAIL = {"channel": "email", "subject": "Your invoice", "body": "See attached."}
FILE = {"name": "invoice.pdf", "contentType": "application/pdf", "contentLength": 12}
PDF = b"%PDF-1.4 abc"
NOBODY = "0" * 24


def example(name: str) -> Any:
    return json.loads((EXAMPLES / name).read_text())


def drafts_of(customer: Customer) -> str:
    return f"/v1/customers/{spell_hex(customer.pk)}/drafts"


def draft_url(draft: dict[str, Any], *rest: str) -> str:
    return "/".join([f"/v1/drafts/{draft['id']}", *rest])


def write(person: Person, customer: Customer, **fields: Any) -> dict[str, Any]:
    """A draft, as the door answers it."""
    answer = person.api.post(drafts_of(customer), {**EMAIL, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]


def attach(person: Person, draft: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The answer to an announced file."""
    answer = person.api.post(draft_url(draft, "attachments"), {**FILE, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def upload(url: str, content: bytes = PDF, *, method: str = "PUT") -> Any:
    """Send bytes to a URL exactly as it is, with nothing else."""
    parts = urlsplit(url)
    return Client().generic(method, f"{parts.path}?{parts.query}", content, content_type="")


def error_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The one error of an answer, whose shape is looked at."""
    assert answer.status_code == status, answer.content
    errors = answer.json()["errors"]
    assert len(errors) == 1, errors
    error = errors[0]
    assert (error["status"], error["code"]) == (str(status), code), error
    assert error["title"] and error["message"] == error["detail"] and "meta" in error
    assert set(error) <= {"status", "code", "title", "message", "detail", "source", "meta"}
    assert answer["Content-Type"] == "application/json"
    return error


def pointer_of(answer: Any) -> str:
    return error_of(answer, 400, "bad_request")["source"]["pointer"]


def at(**ahead: float) -> str:
    return str(spell_time(moment(**ahead)))


def moment(**ahead: float) -> datetime:
    """A time from now, in whole milliseconds."""
    now = timezone.now() + timedelta(**ahead)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def like(answer: Any, example: Any, *, fixed: tuple[str, ...] = (), path: str = "") -> None:
    """Assert that an answer has every key of an example, of the same type, some the same."""
    if isinstance(example, dict):
        for name, value in example.items():
            assert name in answer, f"{path}/{name}"
            like(answer[name], value, fixed=fixed, path=f"{path}/{name}")
        return
    assert type(answer) is type(example), path
    if path in fixed:
        assert answer == example, path
