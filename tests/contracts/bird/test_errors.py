"""Every row of the table of errors, provoked."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from messaging.models import Inbox
from project.api import throttling
from tests.contracts.bird.wire import BATCHES, MESSAGES, error_of, letter, post
from tests.make import api_of, api_with, make_key
from tests.people import Person

pytestmark = pytest.mark.django_db


def test_the_envelope_is_complete(alice: Person, inbox: Inbox, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://mail.example.com"
    answer = post(alice.api, {"filename": "a.pdf", "content": "?"})
    error = error_of(answer, 422)
    assert error == {
        "type": "validation_error",
        "code": "E01001",
        "name": "ValidationError",
        "message": "Request validation failed.",
        "doc_url": "https://mail.example.com/api/v1/docs/bird#E01001",
        "request_id": answer["X-Request-Id"],
        "param": "attachments[0].content",
        "details": [
            {
                "param": "attachments[0].content",
                "message": "must be base64: the standard alphabet, with padding and "
                "without a data: prefix",
            }
        ],
    }
    assert error["request_id"].startswith("req_") and len(error["request_id"]) == 30


def test_the_documents_of_errors_are_there(client: Any, alice: Person, inbox: Inbox) -> None:
    url = error_of(post(alice.api, to=[]), 422)["doc_url"].partition("#")[0]
    assert client.get("/" + url.split("/", 3)[3]).status_code == 200


def expect(answer: Any, status: int, kind: str, name: str, code: str) -> dict[str, Any]:
    error = error_of(answer, status)
    assert (error["type"], error["name"], error["code"]) == (kind, name, code)
    assert "details" not in error
    return error


@pytest.mark.parametrize("path", [MESSAGES, BATCHES])
@pytest.mark.parametrize("body", [b"{", b"", b'{"from": "\xff"}', b"[" * 5000, b"nonsense"])
def test_400_for_what_is_no_json(path: str, body: bytes, alice: Person, inbox: Inbox) -> None:
    answer = alice.api.generic("POST", path, body, content_type="application/json")
    if body or path == MESSAGES:
        if body:
            expect(answer, 400, "bad_request_error", "InvalidRequest", "E01002")
        else:
            assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_400_for_another_type_of_body(kind: str, alice: Person, inbox: Inbox) -> None:
    answer = alice.api.generic("POST", MESSAGES, b"from=me", content_type=kind)
    error = expect(answer, 400, "bad_request_error", "InvalidRequest", "E01002")
    assert "application/json" in error["message"]


def test_401_without_a_good_key(alice: Person) -> None:
    key, revoked = make_key(alice.workspace)
    key.revoked_at = timezone.now()
    key.save()
    for api in (APIClient(), api_of("bk_us1_x"), api_of(revoked), api_of("")):
        answer = api.get(MESSAGES)
        expect(answer, 401, "auth_error", "Unauthorized", "E90401")
        assert answer["WWW-Authenticate"] == "Bearer"


def test_403_without_the_scope(alice: Person, inbox: Inbox) -> None:
    answer = post(api_with(alice.workspace, "read", "draft", "files"))
    error = expect(answer, 403, "permission_error", "Forbidden", "E90403")
    assert "send" in error["message"]


def test_404_at_no_address(alice: Person) -> None:
    for path in ("/v1/email", "/v1/email/", f"{MESSAGES}/", "/v1/email/templates"):
        for api in (alice.api, APIClient()):
            answer = api.get(path)
            error = expect(answer, 404, "not_found_error", "NotFound", "E90404")
            assert error["message"] == "There is nothing at this address."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", MESSAGES, {"GET", "POST"}),
        ("DELETE", f"{MESSAGES}/em_1", {"GET"}),
        ("GET", BATCHES, {"POST"}),
        ("GET", f"{MESSAGES}/em_1/cancel", {"POST"}),
        ("PATCH", "/v1/email/suppressions/sup_1", {"DELETE"}),
    ],
)
def test_405_for_another_method(method: str, path: str, allowed: set[str], alice: Person) -> None:
    answer = alice.api.generic(method, path)
    expect(answer, 405, "bad_request_error", "MethodNotAllowed", "E90405")
    assert set(answer["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == allowed


def test_422_for_json_of_another_shape(alice: Person, inbox: Inbox) -> None:
    for body in (b"[]", b"7", b"null", b'"x"'):
        answer = alice.api.generic("POST", MESSAGES, body, content_type="application/json")
        expect(answer, 422, "validation_error", "ValidationError", "E01001")


def test_429_with_the_time_to_wait(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling, "REQUESTS_PER_WINDOW", 1)
    answers = [alice.api.get(MESSAGES) for _ in range(3)]  # a window may end among them
    limited = next(answer for answer in answers if answer.status_code == 429)
    error = expect(limited, 429, "rate_limit_error", "RateLimited", "E90429")
    assert 1 <= int(limited["Retry-After"]) <= 61
    assert error["message"]


def test_500_says_nothing_of_itself(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("project.contracts.bird.submissions.send_message", break_down)
    api = APIClient(raise_request_exception=False, HTTP_AUTHORIZATION=f"Bearer {alice.key}")
    error = expect(
        api.post(MESSAGES, letter(), headers={"Idempotency-Key": "1"}),
        *(500, "internal_error", "InternalError", "E90500"),
    )
    assert "secret" not in str(error)
    monkeypatch.undo()
    assert api.post(MESSAGES, letter(), headers={"Idempotency-Key": "1"}).status_code == 202


def test_only_so_many_details_are_told(alice: Person, inbox: Inbox) -> None:
    body = [letter(to=["bad"] * 50) for _ in range(10)]
    assert len(error_of(alice.api.post(BATCHES, body), 422)["details"]) == 100


def test_every_answer_has_its_request_id(alice: Person, inbox: Inbox) -> None:
    answers = [post(alice.api), alice.api.get(MESSAGES), alice.api.options(MESSAGES)]
    ids = [answer["X-Request-Id"] for answer in answers]
    assert len(set(ids)) == 3 and all(id.startswith("req_") for id in ids)


def test_head_says_what_get_would(alice: Person, inbox: Inbox) -> None:
    answer = alice.api.head(MESSAGES)
    assert (answer.status_code, answer.content) == (200, b"")
