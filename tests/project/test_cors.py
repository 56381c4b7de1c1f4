"""What a browser of another origin is told; tests/browser/test_other_origin.py has a real one."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from project.environment import Environment
from tests.people import Person

APP = "https://app.example.com"
DOORS = [
    "/api/v1/attachments",
    "/v1/customers",
    "/v1/email/messages",
    "/api/email/attachments",
    "/attachments",
    "/v3/grants/one/messages",
    "/up/att_1",
    "/dl/att_1.pdf",
]


@pytest.fixture(autouse=True)
def app_is_named(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [APP]


def preflight(path: str, *, origin: str = APP, method: str = "PUT", headers: str = "") -> Any:
    return Client().options(
        path,
        HTTP_ORIGIN=origin,
        HTTP_ACCESS_CONTROL_REQUEST_METHOD=method,
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS=headers,
    )


def words(answer: Any, name: str) -> set[str]:
    return {word.strip().lower() for word in answer.get(name, "").split(",")}


@pytest.mark.parametrize("path", DOORS)
def test_every_door_lets_a_named_origin_ask(path: str) -> None:
    answer = preflight(path)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == APP
    assert words(answer, "Access-Control-Allow-Methods") >= {
        "get", "head", "post", "put", "patch", "delete",
    }  # fmt: skip
    assert words(answer, "Access-Control-Allow-Headers") >= {
        "authorization", "x-api-key", "content-type", "idempotency-key", "if-match", "if-range",
        "if-none-match", "range", "x-request-id", "tus-resumable", "upload-length",
        "upload-metadata", "upload-offset", "upload-checksum", "x-http-method-override",
    }  # fmt: skip
    assert "Access-Control-Allow-Credentials" not in answer
    assert "origin" in words(answer, "Vary")


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("origin", ["https://evil.example", f"{APP}.evil.example", "null", ""])
def test_no_door_lets_another_origin_ask(path: str, origin: str) -> None:
    answer = preflight(path, origin=origin)
    assert not any(name.lower().startswith("access-control-") for name in answer.headers)


@pytest.mark.parametrize(
    "path", ["/", "/mail/outbox", "/admin/", "/accounts/login/", "/livez", "/readyz", "/nowhere"]
)
def test_pages_are_closed_to_all_others(path: str, db: None) -> None:
    assert "Access-Control-Allow-Origin" not in preflight(path)
    assert "Access-Control-Allow-Origin" not in Client().get(path, HTTP_ORIGIN=APP)


def test_no_origin_is_named_by_default(settings: Any) -> None:
    from project import settings as real

    assert real.CORS_ALLOWED_ORIGINS == []
    settings.CORS_ALLOWED_ORIGINS = []
    assert "Access-Control-Allow-Origin" not in preflight("/api/v1/attachments")


@pytest.mark.parametrize("path", DOORS)
def test_an_error_can_be_read_as_well(path: str, db: None) -> None:
    answer = Client().patch(path, HTTP_ORIGIN=APP)
    assert answer.status_code in (401, 403, 404, 405)
    assert answer["Access-Control-Allow-Origin"] == APP
    assert words(answer, "Access-Control-Expose-Headers") >= {
        "x-request-id", "etag", "idempotency-replay", "idempotent-response", "content-disposition",
        "content-range", "retry-after", "location", "upload-offset", "upload-length",
        "upload-expires", "upload-metadata", "tus-resumable", "tus-version", "tus-extension",
        "tus-max-size", "tus-checksum-algorithm", "enclose-attachment",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path", "words", "status"),
    [
        ("get", "/api/v1/drafts", {"HTTP_AUTHORIZATION": "Bearer no"}, 401),
        ("get", "/api/v1/nowhere", {}, 404),
        ("delete", "/api/v1/drafts", {}, 405),
        ("post", "/api/v1/drafts", {"content_type": "application/json", "data": b"{"}, 400),
        ("post", "/api/v1/drafts", {"data": b"{}", "CONTENT_LENGTH": str(2**26)}, 413),
        ("get", "/api/v1/drafts", {"HTTP_HOST": "elsewhere.example"}, 400),
    ],
)
def test_so_can_each_kind_of_error(
    alice: Person, method: str, path: str, words: dict[str, Any], status: int
) -> None:
    given = {"HTTP_AUTHORIZATION": f"Bearer {alice.key}", "content_type": "application/json"}
    answer = Client().generic(method.upper(), path, **{**given, **words}, HTTP_ORIGIN=APP)
    assert answer.status_code == status
    assert answer["Access-Control-Allow-Origin"] == APP


def test_so_can_an_error_of_ours(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("drafts.api.DraftViewSet.initial", break_down)
    client = Client(raise_request_exception=False)
    answer = client.get("/api/v1/drafts", HTTP_ORIGIN=APP)
    assert answer.status_code == 500
    assert answer["Access-Control-Allow-Origin"] == APP


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", []),
        ("https://App.Example.com/", [APP]),
        (
            "https://a.example, http://127.0.0.1:5173",
            ["https://a.example", "http://127.0.0.1:5173"],
        ),
    ],
)
def test_origins_are_spelt_as_browsers_do(
    monkeypatch: pytest.MonkeyPatch, text: str, origins: list[str]
) -> None:
    monkeypatch.setenv("CORS_ORIGINS", text)
    assert Environment().origins("CORS_ORIGINS") == origins


@pytest.mark.parametrize("text", ["*", "app.example.com", "https://a.example/app", "ftp://a.b"])
def test_what_is_no_origin_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CORS_ORIGINS", text)
    with pytest.raises(ImproperlyConfigured, match="CORS_ORIGINS"):
        Environment().origins("CORS_ORIGINS")
