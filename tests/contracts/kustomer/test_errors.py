"""Every row of the table of errors, and where it is answered"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from project.contracts.kustomer.errors import KUSTOMER
from project.contracts.kustomer.views import customers
from tests.contracts.kustomer.wire import EMAIL, NOBODY, drafts_of, error_of
from tests.make import api_of, make_key

URL = "/v1/customers"


def body(status: int, code: str, title: str, message: str, **more):
    entry = {"status": str(status), "code": code, "title": title, "message": message}
    return {"errors": [{**entry, "detail": message, "meta": {}, **more}]}


def test_no_key(db):
    answer = Client().get(URL)
    message = "Send an API key as `Authorization: Bearer KEY`."
    assert (answer.status_code, answer.json()) == (
        401,
        body(401, "unauthorized", "Unauthorized", message),
    )
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_revoked_or_expired_key(alice):
    now = timezone.now()
    revoked, secret = make_key(alice.workspace)
    revoked.revoked_at = now
    revoked.save()
    _, old = make_key(alice.workspace, expires_at=now - timedelta(days=1))
    for key in ("x", secret, old):
        error_of(api_of(key).get(URL), 401, "unauthorized")


def test_an_unknown_id(alice):
    answer = alice.api.get(f"{URL}/{NOBODY}")
    message = f"There is no customer '{NOBODY}' here."
    assert (answer.status_code, answer.json()) == (
        404,
        body(404, "not_found", "Not Found", message),
    )


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/nothing", "/v1/customers/", "/v1/conversations/1", "/v1/drafts"]
)
def test_an_unknown_path(alice, path):
    answer = alice.api.get(path)
    message = "There is nothing at this address."
    assert (answer.status_code, answer.json()) == (
        404,
        body(404, "not_found", "Not Found", message),
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", URL),
        ("POST", f"{URL}/{NOBODY}"),
        ("PATCH", f"{URL}/id={NOBODY}"),
        ("PUT", f"{URL}/{NOBODY}/drafts"),
        ("POST", f"/v1/drafts/{NOBODY}"),
        ("DELETE", f"/v1/messages/{NOBODY}"),
        ("GET", "/v1/attachments"),
        ("PUT", f"/v1/drafts/{NOBODY}/attachments"),
    ],
)
def test_a_wrong_method(alice, method, path):
    answer = alice.api.generic(method, path)
    error = error_of(answer, 405, "method_not_allowed")
    assert error["title"] == "Method Not Allowed"
    assert method not in answer["Allow"]


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "7", "{'a': 1}", "\xff"])
def test_json_that_is_none(alice, text):
    answer = alice.api.post(URL, text.encode("latin-1"), content_type="application/json")
    assert error_of(answer, 400, "bad_request")["title"] == "Bad Request"


@pytest.mark.parametrize("kind", ["text/plain", "application/vnd.api+json", "multipart/form-data"])
def test_another_media_type(alice, jane, inbox, kind):
    kind = f"{kind}; boundary=x" if "multipart" in kind else kind
    for path in (URL, drafts_of(jane), "/v1/attachments"):
        answer = alice.api.post(path, b"{}", content_type=kind)
        assert error_of(answer, 415, "unsupported_media_type")["title"] == "Unsupported Media Type"


def test_a_body_beyond_40_mib(alice):
    answer = alice.api.generic("POST", URL, b" " * (40 * 1024 * 1024 + 1))
    error_of(answer, 415, "unsupported_media_type")
    answer = alice.api.generic(
        "POST", URL, b" " * (40 * 1024 * 1024 + 1), content_type="application/json"
    )
    error = error_of(answer, 413, "payload_too_large")
    assert error["meta"] == {"limit": 41_943_040, "actual": 41_943_041}


def test_a_bug(alice, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("secret")

    monkeypatch.setattr(customers, "answer_page", fail)
    alice_api = alice.api
    alice_api.raise_request_exception = False
    answer = alice_api.get(URL)
    error = error_of(answer, 500, "internal_error")
    assert (error["title"], "secret" in str(error)) == ("Internal Server Error", False)


def test_whatever_is_accepted_the_answer_is_json(alice):
    answer = alice.api.get(URL, HTTP_ACCEPT="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    answer = alice.api.get(f"{URL}/x", HTTP_ACCEPT="application/vnd.api+json")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")


def test_a_key_in_the_other_header_will_do(alice):
    assert Client().get(URL, HTTP_X_API_KEY=alice.key).status_code == 200


def test_a_steps_name_is_escaped_in_a_pointer(alice, inbox, jane):
    fields = {**EMAIL, "headers": [{"name": "a/b~c", "value": "x"}]}
    error = error_of(alice.api.post(drafts_of(jane), fields), 400, "bad_request")
    assert error["source"]["pointer"] == "/headers/0"


def test_every_row_says_its_own_status():
    for kind, row in KUSTOMER.rows.items():
        if isinstance(kind, int) and kind not in (408, 411):
            assert row.status == kind
