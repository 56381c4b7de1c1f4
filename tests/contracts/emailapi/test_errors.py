"""The envelope of everything that goes wrong, wherever it does."""

from __future__ import annotations

import pytest
from django.test import Client

from attachments.errors import StorageFull
from project.api.errors import STATUSES
from project.contracts.emailapi import views
from project.contracts.emailapi.errors import CONTRACT
from project.errors import Refusal
from tests.attachments.wire import send as send_raw
from tests.contracts.emailapi.wire import FILES, SEND, error_of, post_file

pytestmark = pytest.mark.django_db(transaction=True)

BASE = "/api/email"


def test_r32_an_error_has_two_keys_and_a_code_with_a_message(alice):
    response = alice.api.get(f"{FILES}/att_1")
    assert response["Content-Type"] == "application/json"
    assert error_of(response, 404) == {
        "code": "ATTACHMENT_NOT_FOUND",
        "message": "Attachment not found or expired",
    }


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/attachments/", "/attachments/a/b", "/send/", "/messages"]
)
def test_r32_an_address_that_there_is_not(alice, path):
    assert error_of(alice.api.get(f"{BASE}{path}"), 404) == {
        "code": "NOT_FOUND",
        "message": "There is nothing at this address",
    }


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/attachments", "GET, POST, HEAD, OPTIONS"),
        ("POST", "/attachments/att_1", "GET, DELETE, HEAD, OPTIONS"),
        ("DELETE", "/attachments/att_1/download", "GET, HEAD, OPTIONS"),
        ("GET", "/send", "POST, OPTIONS"),
        ("DELETE", "/messages/msg_1", "GET, HEAD, OPTIONS"),
    ],
)
def test_r32_a_method_that_there_is_not(alice, method, path, allowed):
    response = alice.api.generic(method, f"{BASE}{path}")
    assert error_of(response, 405) == {
        "code": "METHOD_NOT_ALLOWED",
        "message": "This method is not allowed here",
    }
    assert response["Allow"] == allowed


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic YTpi"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/attachments"),
        ("POST", "/attachments"),
        ("GET", "/attachments/att_1"),
        ("DELETE", "/attachments/att_1"),
        ("GET", "/attachments/att_1/download"),
        ("POST", "/send"),
        ("GET", "/messages/msg_1"),
    ],
)
def test_r3_r32_without_a_good_key_nothing_is_done(db, header, method, path):
    headers = {"Authorization": header} if header else {}
    response = Client().generic(method, f"{BASE}{path}", headers=headers)
    assert error_of(response, 401) == {
        "code": "UNAUTHORIZED",
        "message": "A valid API key is required: Authorization: Bearer YOUR_API_KEY",
    }
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_r3_a_session_is_no_key(alice):
    assert error_of(alice.browser.get(FILES), 401)["code"] == "UNAUTHORIZED"


def test_r32_too_many_requests(alice, monkeypatch):
    monkeypatch.setattr("project.api.throttling.REQUESTS_PER_WINDOW", 1)
    alice.api.get(FILES)
    response = alice.api.get(FILES)
    error = error_of(response, 429)
    assert error == {
        "code": "RATE_LIMITED",
        "message": "Too many requests; try again later",
        "retryAfter": int(response["Retry-After"]),
    }
    assert 1 <= error["retryAfter"] <= 61


def test_r32_a_fault_of_ours(alice, monkeypatch):
    def fails(*words: object, **named: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(views, "read_window", fails)
    api = alice.api
    api.raise_request_exception = False
    assert error_of(api.get(FILES), 500) == {
        "code": "INTERNAL_ERROR",
        "message": "Something went wrong here",
    }


def test_r32_no_room(alice, monkeypatch):
    def fails(*words: object, **named: object) -> None:
        raise StorageFull

    monkeypatch.setattr(views, "put_offer", fails)
    assert error_of(post_file(alice.api), 503)["code"] == "SERVICE_UNAVAILABLE"


def test_r32_a_body_that_is_cut_off(alice):
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\nfoo'
    for path, type in ((FILES, "multipart/form-data; boundary=x"), (SEND, "application/json")):
        answer = send_raw(
            "POST",
            path,
            body,
            length=len(body) + 9,
            CONTENT_TYPE=type,
            HTTP_AUTHORIZATION=f"Bearer {alice.key}",
        )
        assert answer.status == 400
        assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_r32_a_host_that_is_not_served(alice):
    response = alice.api.get(FILES, HTTP_HOST="evil.example")
    assert error_of(response, 400)["code"] == "VALIDATION_ERROR"


def test_a_revoked_key_is_none(alice):
    alice.api_key.delete()
    assert error_of(alice.api.get(FILES), 401)["code"] == "UNAUTHORIZED"


def test_every_kind_of_refusal_has_an_answer():
    kinds = list(Refusal.__subclasses__())
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        statuses = [status for one, status in STATUSES.items() if issubclass(kind, one)]
        assert any(one in CONTRACT.rows for one in (*kind.__mro__, *statuses)), kind
