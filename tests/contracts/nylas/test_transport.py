"""What holds at every address: who is let in, how a grant is named, how a no is said."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client
from rest_framework.test import APIClient

from attachments.errors import AttachmentGone, StorageFull
from messaging.models import Inbox
from project import errors
from project.api.errors import problem_of
from project.contracts.nylas.errors import NYLAS, GrantNotFound, JsonTooLarge
from tests.contracts.nylas.wire import (
    JACOB,
    PNG,
    base64,
    data_of,
    error_of,
    file_part,
    message_part,
    send_form,
    url_of,
)
from tests.make import make_key
from tests.messaging.make import make_inbox
from tests.people import Person

UNAUTHORIZED = {"type": "unauthorized", "message": "Unauthorized"}
UNKNOWN = {"type": "not_found_error", "message": "requested object not found"}


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer nothing"}, {"Authorization": "Basic eDp5"}, {"api_key": "x"}],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_r21_no_key_no_entry(grant: Inbox, headers, method):
    response = getattr(APIClient(), method)(url_of(grant, "drafts"), headers=headers)
    assert error_of(response, 401) == UNAUTHORIZED
    assert response["WWW-Authenticate"] == "Bearer"


def test_r21_a_bad_key_with_a_large_form_is_a_401(grant: Inbox):
    stranger = APIClient(HTTP_AUTHORIZATION="Bearer nothing")
    content = b"\0" * 3_200_000
    response = send_form(
        stranger, url_of(grant, "drafts"), message_part("{}"), file_part("file0", content, "a")
    )
    assert error_of(response, 401) == UNAUTHORIZED


def test_r24_a_grant_has_many_names(alice: Person, grant: Inbox):
    for named in (
        *(str(grant.pk), str(grant.pk).upper(), grant.pk.hex, f"grant:{grant.pk}"),
        *("desk@acme.test", "Desk@ACME.test", "desk%40acme.test", "email:desk@ACME.test"),
        quote(f"email:{grant.address}", safe=""),
    ):
        draft = data_of(alice.api.post(f"/v3/grants/{named}/drafts", {}))
        assert draft["grant_id"] == str(grant.pk)


@pytest.mark.parametrize(
    "named",
    [
        *("me", "external:1", "0199c3a5-b7d2-7c41-a5f0-3e8b5d2f6a1c", "grant:desk@acme.test"),
        *("other@acme.test", "x", "email:", ":", "@", "é@ü.test", "%00", "a" * 3000),
    ],
)
def test_r24_an_unknown_grant_is_a_404(alice: Person, grant: Inbox, named):
    error = error_of(alice.api.get(f"/v3/grants/{named}/drafts"), 404)
    assert error == {"type": "grant.not_found", "message": "grant not found"}


def test_r24_a_key_for_another_inbox_does_not_know_the_grant(alice: Person, grant: Inbox):
    other = make_inbox(alice.workspace)
    _, secret = make_key(alice.workspace, inbox_ids=[other.pk])
    bound = APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert error_of(bound.get(url_of(grant, "drafts")), 404)["type"] == "grant.not_found"
    assert data_of(bound.get(url_of(other, "drafts"))) == []


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "x"])
def test_r22_other_bodies_are_refused(alice: Person, grant: Inbox, content_type):
    for url in (url_of(grant, "drafts"), url_of(grant, "messages", "send")):
        response = alice.api.generic("POST", url, "a=b", content_type=content_type)
        assert error_of(response, 415) == {
            "type": "invalid_request_error",
            "message": "request must be of content-type multipart/form-data or application/json",
        }


@pytest.mark.parametrize(
    "path",
    [
        *("/v3", "/v3/", "/v3/nothing", "/v3/grants/x/nothing", "/v3/grants/x/drafts/"),
        *("/v3/grants/x/drafts/a%2Fb", "/v3/grants/x/attachments/v0%3Aa%2Fb%3D"),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_r2_r11_r12_an_unknown_path_is_a_json_404(alice: Person, path, method):
    assert error_of(getattr(alice.api, method)(path), 404) == UNKNOWN


def test_r2_a_wrong_method_is_a_405(alice: Person, grant: Inbox):
    for method, path in (
        *(("PATCH", "drafts"), ("DELETE", "drafts"), ("GET", "messages/send")),
        *(("POST", "attachments/x"), ("PUT", "attachments/x/download")),
    ):
        error = error_of(alice.api.generic(method, url_of(grant, path)), 405)
        assert error["type"] == "invalid_request_error"
        assert method in error["message"] or "not allowed" in error["message"]


def test_r2_a_bug_is_a_json_500(alice: Person, grant: Inbox, monkeypatch):
    def broken(*given, **named):
        raise RuntimeError("secret")

    monkeypatch.setattr("project.contracts.nylas.drafts.create_draft", broken)
    client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {alice.key}"})
    response = client.post(url_of(grant, "drafts"), "{}", content_type="application/json")
    error = error_of(response, 500)
    assert error["type"] == "api_error"
    assert "secret" not in error["message"]


def test_r2_a_wrong_host_is_a_json_400(alice: Person, grant: Inbox, settings):
    settings.ALLOWED_HOSTS = ["good.test"]
    response = alice.api.get(url_of(grant, "drafts"), headers={"Host": "bad.test"})
    assert error_of(response, 400)["type"] == "invalid_request_error"


def test_r2_a_broken_form_is_a_json_400(alice: Person, grant: Inbox):
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=é"):
        response = alice.api.generic(
            "POST", url_of(grant, "drafts"), "--x\r\n", content_type=content_type
        )
        assert error_of(response, 400)["type"] == "invalid_request_error"


def test_r2_a_full_storage_is_a_json_503(alice: Person, grant: Inbox, monkeypatch):
    def full(**named):
        raise StorageFull

    monkeypatch.setattr("project.contracts.nylas.writing.put_entries", full)
    file = {"filename": "a", "content": base64(PNG)}
    error = error_of(alice.api.post(url_of(grant, "drafts"), {"attachments": [file]}), 503)
    assert error["type"] == "api_error"


def test_r16_the_request_id_is_the_callers_if_there_is_one(alice: Person, grant: Inbox):
    url = url_of(grant, "drafts")
    for response in (
        alice.api.get(url, headers={"X-Request-Id": "5fa64c92-e840"}),
        alice.api.get(f"{url}/x", headers={"X-Request-Id": "5fa64c92-e840"}),
    ):
        assert response.json()["request_id"] == response["X-Request-Id"] == "5fa64c92-e840"


def test_r25_unknown_parameters_are_ignored(alice: Person, grant: Inbox):
    url = url_of(grant, "drafts")
    assert data_of(alice.api.get(f"{url}?query_imap=True&shared_from=x")) == []
    assert data_of(alice.api.post(f"{url}?x=y", {"to": [JACOB]}))["to"] == [JACOB]


def spelt(refusal: Exception, rf) -> tuple[int, str, str]:
    status, body = NYLAS.spell(rf.get("/v3/x"), problem_of(refusal))
    return status, body["error"]["type"], body["error"]["message"]


@pytest.mark.parametrize(
    ("refusal", "answer"),
    [
        (errors.Invalid("No.", field="html"), (400, "invalid_request_error", "body: No.")),
        (errors.Unprocessable("No."), (400, "invalid_request_error", "No.")),
        (errors.Conflict("No."), (409, "invalid_request_error", "No.")),
        (errors.TooLarge("No."), (413, "invalid_request_error", "No.")),
        (errors.UnsupportedType("No."), (415, "invalid_request_error", "No.")),
        (
            JsonTooLarge(actual=6_060_096, limit=3),
            (
                400,
                "invalid_request_error",
                "max size of attachments for json is 3MB, received '6060096'",
            ),
        ),
        (errors.Unauthenticated("No."), (401, "unauthorized", "Unauthorized")),
        (errors.Forbidden("No."), (403, "insufficient_scopes", "No.")),
        (errors.NotFound("No."), (404, "not_found_error", "requested object not found")),
        (GrantNotFound("No."), (404, "grant.not_found", "grant not found")),
        (errors.Gone("No."), (404, "not_found_error", "No.")),
        (AttachmentGone(code="x", reason="Gone.", at=None), (404, "not_found_error", "Gone.")),
        (errors.NotReady("No."), (423, "resource_blocked", "No.")),
        (errors.TooMany("No.", retry_after=1), (429, "rate_limit_error", "No.")),
        (errors.Unavailable("No."), (503, "api_error", "No.")),
    ],
)
def test_r28_r17_every_kind_of_refusal_has_its_row(refusal, answer, rf):
    assert spelt(refusal, rf) == answer
