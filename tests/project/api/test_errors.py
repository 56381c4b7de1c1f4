"""Every error under /api, /up and /dl has the native shape and a request id."""

import json
import re
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from project.api import errors
from project.errors import Refusal
from tests.make import api_of
from tests.people import Person

pytestmark = pytest.mark.urls("tests.project.api.sample")

STATUS_OF = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "too_large": 413,
    "unsupported": 415,
    "unprocessable": 422,
    "not_ready": 425,
    "too_many": 429,
    "unavailable": 503,
    "http404": 404,
    "denied": 403,
    "suspicious": 400,
}


def error_in(answer: Any, status: int) -> dict[str, Any]:
    """The error of an answer, which must have this status and the whole native shape."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = json.loads(answer.content)
    assert body.keys() == {"error"}
    assert body["error"].keys() >= {"code", "message", "request_id"}
    assert body["error"]["request_id"] == answer["X-Request-Id"]
    return body["error"]


@pytest.mark.parametrize(("name", "status"), STATUS_OF.items())
def test_it_spells_what_a_view_raises(alice: Person, name: str, status: int) -> None:
    error_in(alice.api.get(f"/api/v1/raising/{name}"), status)
    error_in(Client().get(f"/dl/{name}"), status)


def test_it_has_a_status_for_every_kind_of_refusal() -> None:
    assert set(Refusal.__subclasses__()) == set(errors.STATUSES)


def test_it_tells_what_a_refusal_knows(alice: Person) -> None:
    error = error_in(alice.api.get("/api/v1/raising/too_large"), 413)
    assert (error["limit"], error["actual"]) == (10, 11)
    assert error_in(alice.api.get("/api/v1/raising/invalid"), 400)["field"] == "a[0].b"
    conflict = error_in(alice.api.get("/api/v1/raising/conflict"), 409)
    assert conflict["current"] == 7 and conflict["details"] == {"current": 7}
    assert alice.api.get("/api/v1/raising/too_many")["Retry-After"] == "9"


@pytest.mark.parametrize("path", ["/api/v1/raising/bug", "/dl/bug"])
def test_it_tells_nothing_of_a_bug(
    alice: Person, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = api_of(alice.key)
    client.raise_request_exception = False
    answer = client.get(path)
    error_in(answer, 500)
    assert b"secret" not in answer.content
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/", "/api/v9/x", "/up/x/y", "/dl/x/y"])
def test_it_spells_unknown_paths(db: None, settings: Any, path: str, debug: bool) -> None:
    settings.DEBUG = debug
    assert error_in(Client().get(path), 404)["code"] == "not_found"


def test_it_leaves_other_paths_to_pages(db: None) -> None:
    answer = Client().get("/nothing")
    assert answer.status_code == 404 and answer["Content-Type"].startswith("text/html")
    assert answer["X-Request-Id"]


def test_it_spells_a_method_that_a_plain_view_refuses(db: None) -> None:
    answer = Client().post("/dl/200")
    error_in(answer, 405)
    assert answer["Allow"] == "GET"


def test_it_spells_a_bare_status(db: None) -> None:
    error_in(Client().get("/dl/416"), 416)


def test_it_refuses_a_strange_host(db: None) -> None:
    error = error_in(Client().get("/api/v1/domains", headers={"Host": "evil.example"}), 400)
    assert error["code"] == "bad_host"


def test_it_spells_a_csrf_failure(db: None) -> None:
    error_in(Client(enforce_csrf_checks=True).post("/dl/200"), 403)


@pytest.mark.parametrize("given", ["abc-1", "A.b:c=+/_", "x" * 128])
def test_it_returns_the_request_id_it_was_given(db: None, given: str) -> None:
    assert Client().get("/livez", headers={"X-Request-Id": given})["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "ü", '"'])
def test_it_makes_a_request_id_of_its_own(db: None, given: str) -> None:
    made = Client().get("/livez", headers={"X-Request-Id": given})["X-Request-Id"]
    assert re.fullmatch(r"req_[0-9a-z]{26}", made)


def test_it_says_406(alice: Person) -> None:
    error_in(alice.api.get("/api/v1/domains", headers={"Accept": "image/png"}), 406)


def test_it_says_415(alice: Person) -> None:
    answer = alice.api.post("/api/v1/domains", b"a=1", content_type="text/csv")
    assert error_in(answer, 415)["code"] == "unsupported_media_type"


def test_it_says_429(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("project.api.throttling.REQUESTS_PER_WINDOW", 2)
    answers = [alice.api.get("/api/v1/domains") for _ in range(4)]
    error = error_in(answers[3], 429)
    assert error["code"] == "too_many_requests"
    assert 1 <= int(answers[3]["Retry-After"]) <= 61


def test_it_lets_a_door_spell_its_own(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: HttpRequest, problem: errors.Problem) -> HttpResponse:
        return HttpResponse(f"own {problem.status}", status=problem.status)

    monkeypatch.setitem(errors._doors, "/api/email", answer)
    assert Client().get("/api/email/x").content == b"own 404"
    assert Client().get("/api/email").content == b"own 404"
    assert Client().get("/api/emails").json()["error"]["code"] == "not_found"
