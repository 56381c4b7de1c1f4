"""Addresses of the native door."""

from typing import Any
from uuid import UUID

from messaging.models import Message
from project.ids import spell

V1 = "/api/v1"


def url(prefix: str, id: UUID, *rest: str) -> str:
    """Where a thing is, and what is below it."""
    nouns = {"msg": "messages", "inb": "inboxes", "cus": "customers", "thr": "threads"}
    return "/".join([V1, nouns[prefix], spell(prefix, id), *rest])


def url_of(message: Message, *rest: str) -> str:
    return url("msg", message.pk, *rest)


def listed(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list."""
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def subjects(answer: Any) -> list[str]:
    return [row["subject"] for row in listed(answer)]


def error_of(answer: Any, status: int) -> dict[str, Any]:
    """What went wrong; fails if it is not of this status."""
    assert answer.status_code == status, answer.content
    error: dict[str, Any] = answer.json()["error"]
    assert error["request_id"] == answer["X-Request-Id"]
    return error
