"""POST, GET /v1/drafts/{id}/attachments; GET, DELETE …/{attachmentId}; PUT to the upload URL"""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.utils import timezone

from attachments.models import Attachment, Blob
from attachments.retention import purge
from drafts.models import Draft
from messaging.models import Message
from messaging.outbox.drain import deliver_due
from project.ids import spell_hex
from tests.contracts.kustomer.wire import (
    FILE,
    NOBODY,
    PDF,
    at,
    attach,
    draft_url,
    error_of,
    example,
    like,
    pointer_of,
    upload,
    write,
)
from tests.make import api_with
from tests.messaging.make import make_file, make_inbox


@pytest.fixture
def draft(alice, inbox, jane):
    return write(alice, jane)


def one(person, draft, made):
    return person.api.get(draft_url(draft, "attachments", made["data"]["id"]))


def test_r6_r7_r8_r9_r10_r11_r12_r13_the_tutorials_request_gets_the_tutorials_answer(alice, draft):
    request = example("create_attachment.request.json")
    answer = alice.api.post(draft_url(draft, "attachments"), request)
    assert answer.status_code == 201
    body = answer.json()
    fixed = tuple(f"/data/attributes/{name}" for name in request) + ("/data/type",)
    like(body, example("create_attachment.response.json"), fixed=fixed)
    data = body["data"]
    assert (data["type"], data["id"]) == ("attachment", spell_hex(Attachment.objects.get().pk))
    assert re.fullmatch("[0-9a-f]{24}", data["id"])
    assert {name: data["attributes"][name] for name in request} == request
    assert (data["attributes"]["uploaded"], data["attributes"]["redacted"]) == (False, False)
    assert data["relationships"] == {"draft": {"data": {"type": "draft", "id": draft["id"]}}}
    assert data["links"]["self"] == f"/v1/drafts/{draft['id']}/attachments/{data['id']}"
    assert data["links"]["related"].startswith("http://")
    meta = body["meta"]["upload"]
    assert (meta["method"], meta["url"]) == ("PUT", data["links"]["related"])
    assert not urlsplit(meta["url"]).path.endswith("/")


def test_the_upload_url_lives_for_60_minutes(alice, draft):
    made = attach(alice, draft)
    expires = int(parse_qs(urlsplit(made["data"]["links"]["related"]).query)["expires"][0])
    assert 3590 < expires - timezone.now().timestamp() <= 3600
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        assert upload(made["data"]["links"]["related"]).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        late = upload(made["data"]["links"]["related"])
    assert (late.status_code, late.json()["error"]["code"]) == (403, "link_expired")


@pytest.mark.parametrize("name", FILE)
def test_r7_each_field_is_required(alice, draft, name):
    answer = alice.api.post(
        draft_url(draft, "attachments"), {key: FILE[key] for key in FILE if key != name}
    )
    error = error_of(answer, 400, "bad_request")
    assert error["source"] == {"pointer": f"/{name}"}
    assert error["message"] == f"{name} is required."
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "n" * 256}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "a\tb"}, "/name"),
        ({"name": "a/b"}, "/name"),
        ({"name": "a\\b"}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": None}, "/name"),
        ({"contentType": "pdf"}, "/contentType"),
        ({"contentType": "a/b\r\nX: y"}, "/contentType"),
        ({"contentType": ""}, "/contentType"),
        ({"contentType": 7}, "/contentType"),
        ({"contentLength": 0}, "/contentLength"),
        ({"contentLength": -1}, "/contentLength"),
        ({"contentLength": "12"}, "/contentLength"),
        ({"contentLength": 1.5}, "/contentLength"),
        ({"contentLength": True}, "/contentLength"),
        ({"contentLength": None}, "/contentLength"),
    ],
)
def test_r7_what_does_not_fit_is_refused(alice, draft, fields, pointer):
    answer = alice.api.post(draft_url(draft, "attachments"), {**FILE, **fields})
    assert pointer_of(answer) == pointer
    assert not Attachment.objects.exists()


def test_a_length_that_is_none_is_refused_in_the_words_of_the_contract(alice, draft):
    answer = alice.api.post(draft_url(draft, "attachments"), {**FILE, "contentLength": 0})
    assert answer.json() == {
        "errors": [
            {
                "status": "400",
                "code": "bad_request",
                "title": "Bad Request",
                "message": "contentLength must be a positive integer.",
                "detail": "contentLength must be a positive integer.",
                "source": {"pointer": "/contentLength"},
                "meta": {},
            }
        ]
    }


def test_25_mib_may_be_announced_and_not_a_byte_more(alice, draft):
    made = attach(alice, draft, contentLength=26_214_400, name="n" * 255)
    assert made["data"]["attributes"]["contentLength"] == 26_214_400
    answer = alice.api.post(draft_url(draft, "attachments"), {**FILE, "contentLength": 26_214_401})
    error = error_of(answer, 413, "payload_too_large")
    assert error["source"] == {"pointer": "/contentLength"}
    assert error["meta"] == {"limit": 26_214_400, "actual": 26_214_401}


def test_r14_the_url_alone_takes_the_bytes(alice, draft):
    made = attach(alice, draft)
    answer = upload(made["data"]["links"]["related"])
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == f'"{sha256(PDF).hexdigest()}"'
    assert Blob.objects.get().sha256 == sha256(PDF).hexdigest()


def test_r15_what_is_complete_is_told_from_what_is_not(alice, draft):
    made = attach(alice, draft)
    before = one(alice, draft, made).json()
    assert before["data"]["attributes"]["uploaded"] is False
    assert before["meta"]["upload"]["url"] == before["data"]["links"]["related"]
    assert upload(before["data"]["links"]["related"]).status_code == 200
    after = one(alice, draft, made).json()
    assert after["data"]["attributes"]["uploaded"] is True
    assert "meta" not in after
    download = upload(after["data"]["links"]["related"], b"", method="GET")
    assert b"".join(download.streaming_content) == PDF
    assert download["Content-Disposition"] == 'attachment; filename="invoice.pdf"'
    expires = int(parse_qs(urlsplit(after["data"]["links"]["related"]).query)["expires"][0])
    assert 3590 < expires - timezone.now().timestamp() <= 3600


def test_r22_a_draft_has_no_attachments_until_they_are_made(alice, draft):
    data = alice.api.get(draft_url(draft)).json()["data"]
    assert data["relationships"]["attachments"]["data"] == []
    made = [attach(alice, draft, name=name)["data"]["id"] for name in ("a.pdf", "b.pdf")]
    data = alice.api.get(draft_url(draft)).json()["data"]
    assert data["attributes"]["attachmentCount"] == 2
    wanted = [{"type": "attachment", "id": id} for id in made]
    assert data["relationships"]["attachments"]["data"] == wanted
    page = alice.api.get(draft_url(draft, "attachments"), {"pageSize": 1}).json()
    assert [row["id"] for row in page["data"]] == made[:1]
    assert page["meta"]["total"] == 2
    assert page["links"]["next"] == f"{draft_url(draft, 'attachments')}?page=2&pageSize=1"


def test_r23_the_metadata_alone_brings_no_bytes(alice, draft):
    attach(alice, draft)
    assert not Blob.objects.exists()
    assert Attachment.objects.get().state == "reserved"


def test_r24_r26_a_put_never_drops_attachments(alice, draft):
    made = attach(alice, draft)
    upload(made["data"]["links"]["related"])
    fields = {"subject": "New", "attachments": [], "relationships": {"attachments": []}}
    data = alice.api.put(draft_url(draft), fields).json()["data"]
    assert data["attributes"]["attachmentCount"] == 1
    data = alice.api.put(draft_url(draft), {"sendAt": at(days=1)}).json()["data"]
    assert data["attributes"]["attachmentCount"] == 1
    late = attach(alice, draft, name="late.pdf")
    upload(late["data"]["links"]["related"])
    alice.api.put(draft_url(draft), {"sendAt": at()})
    deliver_due()
    names = Message.objects.get().enclosures.values_list("filename", flat=True)
    assert list(names) == ["invoice.pdf", "late.pdf"]


@pytest.mark.parametrize(("content", "status"), [(PDF[:-1], 400), (PDF + b"x", 413), (b"", 400)])
def test_r28_another_number_of_bytes_is_refused(alice, draft, content, status):
    made = attach(alice, draft)
    assert upload(made["data"]["links"]["related"], content).status_code == status
    assert one(alice, draft, made).json()["data"]["attributes"]["uploaded"] is False
    assert not Blob.objects.exists()


def test_r28_a_wrong_url_or_method_fails(alice, draft):
    url = attach(alice, draft)["data"]["links"]["related"]
    for method in ("POST", "GET", "DELETE"):
        answer = upload(url, PDF, method=method)
        assert (answer.status_code, "PUT" in answer["Allow"]) == (405, True)
    assert upload(f"{url}0").status_code == 403
    assert upload(url.replace("length=12", "length=13"), PDF + b"x").status_code == 403
    assert upload(url.partition("?")[0]).status_code == 403
    assert upload(url.replace("/up/att_", "/up/att_0")).status_code == 404
    assert not Blob.objects.exists()


def test_the_same_bytes_again_are_fine_and_others_are_not(alice, draft):
    url = attach(alice, draft)["data"]["links"]["related"]
    assert [upload(url).status_code for _ in range(2)] == [200, 200]
    assert upload(url, PDF[::-1]).status_code == 409
    assert Blob.objects.get().sha256 == sha256(PDF).hexdigest()


def test_an_attachment_is_removed_with_its_bytes(alice, draft):
    made = attach(alice, draft)
    url = made["data"]["links"]["related"]
    upload(url)
    here = draft_url(draft, "attachments", made["data"]["id"])
    assert alice.api.delete(here).status_code == 204
    error_of(alice.api.get(here), 404, "not_found")
    error_of(alice.api.delete(here), 404, "not_found")
    assert upload(url).status_code == 404
    data = alice.api.get(draft_url(draft)).json()["data"]
    assert data["attributes"]["attachmentCount"] == 0
    purge(at=timezone.now() + timedelta(hours=2))
    assert not Blob.objects.exists()


def test_a_deleted_draft_takes_its_bytes_along(alice, draft):
    ready, reserved = attach(alice, draft), attach(alice, draft)
    upload(ready["data"]["links"]["related"])
    assert alice.api.delete(draft_url(draft)).status_code == 204
    purge(at=timezone.now() + timedelta(hours=2))
    assert not Blob.objects.exists()
    assert not Attachment.objects.filter(deleted_at=None).exists()
    assert upload(reserved["data"]["links"]["related"]).status_code == 404


def test_what_was_uploaded_by_itself_outlives_its_draft(alice, draft):
    file = make_file(alice.workspace)
    from attachments.limits import Limits
    from drafts.services import attach_files
    from messaging.enclosures import Enclosure

    attach_files(
        draft=Draft.objects.in_full().get(),
        enclosures=[Enclosure(file)],
        limits=Limits.for_workspace(alice.workspace),
    )
    assert alice.api.delete(draft_url(draft)).status_code == 204
    file.refresh_from_db()
    assert (file.state, file.deleted_at) == ("ready", None)


def test_bob_may_and_charlie_finds_nothing(alice, bob, charlie, draft):
    made = attach(bob, draft)
    all, here = draft_url(draft, "attachments"), made["data"]["links"]["self"]
    for url in (all, here):
        assert bob.api.get(url).status_code == 200
        error_of(charlie.api.get(url), 404, "not_found")
    error_of(charlie.api.post(all, FILE), 404, "not_found")
    error_of(charlie.api.delete(here), 404, "not_found")
    assert bob.api.delete(here).status_code == 204
    error_of(alice.api.get(draft_url(draft, "attachments", NOBODY)), 404, "not_found")
    error_of(alice.api.get(draft_url(draft, "attachments", "x")), 404, "not_found")


def test_scopes_and_bound_keys(alice, draft):
    reader = api_with(alice.workspace, "read")
    error_of(reader.post(draft_url(draft, "attachments"), FILE), 403, "forbidden")
    other = make_inbox(alice.workspace)
    alice.api_key.inbox_ids = [str(other.pk)]
    alice.api_key.save()
    error_of(alice.api.get(draft_url(draft)), 404, "not_found")
    error_of(alice.api.post(draft_url(draft, "attachments"), FILE), 404, "not_found")
