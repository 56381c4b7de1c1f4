"""What holds at every address: keys, bodies, errors, rates."""

from __future__ import annotations

from unittest.mock import patch

import pytest
import time_machine
from django.test import Client

from messaging.models import Inbox, Message
from project import errors
from project.contracts.agentsend.errors import AGENTSEND
from project.contracts.agentsend.views import attachments
from project.ids import new_id, spell
from tests.attachments.wire import send as send_raw
from tests.contracts.agentsend.reach import LETTER, error_of, listed, messages_of, upload
from tests.make import api_of, make_key
from tests.people import Person

SOME = str(new_id())
ADDRESSES = [
    ("GET", "/attachments"),
    ("POST", "/attachments"),
    ("GET", "/attachments/att_x"),
    ("DELETE", "/attachments/att_x"),
    ("GET", "/inboxes"),
    ("POST", "/inboxes"),
    ("GET", f"/inboxes/{SOME}"),
    ("DELETE", f"/inboxes/{SOME}"),
    ("GET", f"/inboxes/{SOME}/messages"),
    ("POST", f"/inboxes/{SOME}/messages"),
    ("GET", f"/inboxes/{SOME}/threads"),
    ("GET", "/messages/msg_x"),
    ("DELETE", "/messages/msg_x"),
    ("GET", "/threads/thr_x"),
    ("GET", "/threads/thr_x/messages"),
    ("GET", "/webhooks"),
    ("POST", "/webhooks"),
    ("GET", "/webhooks/wh_x"),
    ("PUT", "/webhooks/wh_x"),
    ("DELETE", "/webhooks/wh_x"),
    ("GET", "/domains"),
    ("POST", "/domains"),
    ("GET", "/domains/dom_x"),
    ("DELETE", "/domains/dom_x"),
    ("POST", "/domains/dom_x/verify"),
]


@pytest.mark.parametrize(("method", "path"), ADDRESSES)
def test_r6_every_address_needs_a_key(db: None, method: str, path: str):
    error = error_of(Client().generic(method, path), 401, "UNAUTHORIZED")
    assert "x-api-key" in error["message"]
    for headers in ({"x-api-key": "ask_unknown"}, {"Authorization": "Bearer ask_unknown"}):
        error_of(Client().generic(method, path, headers=headers), 401, "UNAUTHORIZED")


def test_r6_keys_may_begin_with_ask(alice: Person):
    make_key(alice.workspace, secret="ask_0123456789")
    for headers in ({"x-api-key": "ask_0123456789"}, {"Authorization": "Bearer ask_0123456789"}):
        assert Client().get("/inboxes", headers=headers).status_code == 200


def test_json_may_be_announced_without_a_body(alice: Person, inbox: Inbox):
    api, kind = alice.api, {"content_type": "application/json"}
    id = upload(api).json()["id"]
    message = api.post(messages_of(inbox), LETTER).json()
    webhook = api.post("/webhooks", {"url": "https://a.example.com"}).json()
    reads = [
        "/attachments",
        f"/attachments/{id}",
        "/inboxes",
        f"/inboxes/{inbox.pk}",
        messages_of(inbox),
        f"/inboxes/{inbox.pk}/threads",
        f"/messages/{message['id']}",
        f"/threads/{message['threadId']}",
        f"/threads/{message['threadId']}/messages",
        "/webhooks",
        f"/webhooks/{webhook['id']}",
        "/domains",
        "/health",
    ]
    for path in reads:
        assert api.get(path, CONTENT_TYPE="application/json").status_code == 200, path
        assert api.generic("GET", path, **kind).status_code == 200, path
    deletions = [
        f"/attachments/{id}",
        f"/messages/{message['id']}",
        f"/webhooks/{webhook['id']}",
        f"/inboxes/{inbox.pk}",
    ]
    for path in deletions:
        assert api.generic("DELETE", path, **kind).status_code == 204, path


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"\xff", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"to=a", "application/x-www-form-urlencoded"),
        (b"hello", "text/plain"),
        (b"--b--", "multipart/form-data; boundary=b"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    alice: Person, inbox: Inbox, body: bytes, kind: str
):
    for path in ("/inboxes", messages_of(inbox), "/webhooks"):
        error_of(alice.api.post(path, body, content_type=kind), 400, "VALIDATION_ERROR")
    assert not Message.objects.exists() and Inbox.objects.count() == 1


def test_a_body_of_another_type_is_told_which_is_taken(alice: Person):
    answer = alice.api.post("/inboxes", b"hello", content_type="text/plain")
    message = error_of(answer, 400, "VALIDATION_ERROR")["message"]
    assert "text/plain" in message and "application/json" in message
    answer = alice.api.post("/attachments", {"file": "hello"})
    message = error_of(answer, 400, "VALIDATION_ERROR")["message"]
    assert "application/json" in message and "multipart/form-data" in message


def test_a_body_beyond_all_bounds_is_refused(alice: Person):
    answer = alice.api.post(
        "/inboxes", b"", content_type="application/json", CONTENT_LENGTH=str(41 * 1024 * 1024)
    )
    error_of(answer, 413, "BODY_TOO_LARGE")


def test_a_body_that_breaks_off_does_nothing(alice: Person):
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhel'
    answer = send_raw(
        "POST",
        "/attachments",
        form,
        length=len(form) + 20,
        CONTENT_TYPE="multipart/form-data; boundary=b",
        HTTP_X_API_KEY=alice.key,
    )
    assert answer.status == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert listed(alice.api.get("/attachments")) == []


@pytest.mark.parametrize(
    "path",
    [
        "/attachments/att_x/content",
        "/attachments/",
        "/inboxes/",
        f"/inboxes/{SOME}/drafts",
        "/messages",
        "/threads",
        "/webhooks/wh_x/secret",
        "/domains/dom_x/more",
        "/auth/login",
        "/auth",
        "/health/more",
    ],
)
def test_an_unknown_path_is_a_404_in_its_shape(alice: Person, path: str):
    error = error_of(alice.api.get(path), 404, "NOT_FOUND")
    assert error["message"] == "There is nothing at this address."


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/attachments"),
        ("PATCH", "/inboxes"),
        ("POST", "/attachments/att_x"),
        ("PATCH", "/webhooks/wh_x"),
        ("POST", f"/inboxes/{SOME}/threads"),
        ("DELETE", "/threads/thr_x"),
        ("POST", "/health"),
    ],
)
def test_another_method_is_a_405_in_its_shape(alice: Person, method: str, path: str):
    answer = alice.api.generic(method, path)
    error_of(answer, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer["Allow"]


def test_storage_that_does_not_answer_is_a_503(alice: Person):
    with patch.object(attachments, "put_offer", side_effect=errors.Unavailable("No storage.")):
        error_of(upload(alice.api), 503, "SERVICE_UNAVAILABLE")


def test_another_host_is_refused_in_its_shape(alice: Person):
    error_of(alice.api.get("/inboxes", HTTP_HOST="elsewhere.example"), 400, "VALIDATION_ERROR")


def test_a_query_with_nul_is_refused(alice: Person, inbox: Inbox):
    error_of(alice.api.get(f"{messages_of(inbox)}?status=%00"), 400, "VALIDATION_ERROR")


def test_100_requests_a_minute_pass_and_one_more_does_not(alice: Person, bob: Person, charlie):
    with time_machine.travel("2026-05-01T08:15:20Z", tick=False):
        other = api_of(make_key(alice.workspace)[1])
        for _ in range(50):
            assert alice.api.get("/inboxes").status_code == 200
            assert other.get("/inboxes").status_code == 200
        for api in (alice.api, bob.api, other):  # of one account
            answer = api.get("/inboxes")
            error_of(answer, 429, "RATE_LIMIT_EXCEEDED")
            assert answer["Retry-After"] == "41"
        assert charlie.api.get("/inboxes").status_code == 200
        assert alice.api.get("/api/v1/inboxes").status_code == 200
        assert alice.api.get("/health").status_code == 200
    with time_machine.travel("2026-05-01T08:16:01Z", tick=False):
        assert alice.api.get("/inboxes").status_code == 200


def test_the_rate_is_a_setting(alice: Person, settings):
    settings.AGENTSEND_REQUESTS_PER_MINUTE = 1
    with time_machine.travel("2026-05-02T08:15:20Z", tick=False):
        assert alice.api.get("/inboxes").status_code == 200
        error_of(alice.api.get("/inboxes"), 429, "RATE_LIMIT_EXCEEDED")
        settings.AGENTSEND_REQUESTS_PER_MINUTE = 0
        assert alice.api.get("/inboxes").status_code == 200


def test_every_kind_of_refusal_has_a_row():
    kinds = [kind for kind in errors.Refusal.__subclasses__() if kind.__module__ == errors.__name__]
    assert len(kinds) == 12 and set(kinds) <= set(AGENTSEND.rows)


def test_an_id_of_another_kind_is_unknown(alice: Person):
    error = error_of(alice.api.get(f"/messages/{spell('att', new_id())}"), 404, "NOT_FOUND")
    assert error["message"].endswith("not found")
