"""POST and OPTIONS /api/v1/uploads"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from django.utils import timezone
from django.utils.http import parse_http_date

from attachments.models import Attachment, Upload
from attachments.services import RESERVATION_LIFE
from project.events.models import Event
from project.ids import spell
from tests.attachments.make import make_draft_with
from tests.attachments.tus.client import (
    FOOBAR,
    UPLOADS,
    ask,
    bytes_of,
    code_of,
    encoded,
    file_of,
    make_upload,
    metadata,
    offset_of,
    patch,
    settle,
    start,
    upload_at,
    url_of,
)
from tests.make import make_key

MINUTE = timedelta(minutes=1)


def test_it_reserves_a_file_and_says_where_its_bytes_go(alice):
    given = metadata(filename="Über.pdf", filetype="application/pdf")
    answer = start(alice, 6, Upload_Metadata=given)
    assert answer.status == 201
    upload = upload_at(answer.headers["Location"])
    assert answer.headers["Location"] == url_of(upload)
    assert answer.headers["Enclose-Attachment"] == spell("att", upload.pk)
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    expires = parse_http_date(answer.headers["Upload-Expires"])
    assert abs(expires - (timezone.now() + RESERVATION_LIFE).timestamp()) < 60
    body = answer.json()
    assert (body["id"], body["offset"], body["length"]) == (spell("upl", upload.pk), 0, 6)
    there = alice.api.get(f"/api/v1/attachments/{body['attachment']['id']}").json()
    names = ("filename", "content_type", "size", "state")
    assert [there[name] for name in names] == ["Über.pdf", "application/pdf", 6, "reserved"]


def test_a_draft_can_carry_it_at_once_and_waits_for_its_bytes(alice):
    answer = start(alice)
    id = answer.headers["Enclose-Attachment"]
    draft = alice.api.post("/api/v1/drafts", {"attachments": [id]}).json()
    assert [file["state"] for file in draft["attachments"]] == ["reserved"]
    check = f"/api/v1/drafts/{draft['id']}/check"
    assert "waiting" in {found["severity"] for found in alice.api.get(check).json()["findings"]}
    upload = upload_at(answer.headers["Location"])
    patch(alice, upload, FOOBAR)
    settle(upload)
    assert "waiting" not in {found["severity"] for found in alice.api.get(check).json()["findings"]}


@pytest.mark.parametrize(
    ("pairs", "name", "content_type"),
    [
        ({}, "attachment", "application/octet-stream"),
        ({"filename": "a.txt", "filetype": ""}, "a.txt", "text/plain"),
        ({"name": "a.txt", "type": "text/csv"}, "a.txt", "text/csv"),
        ({"filename": "../../a.txt", "color": "blue"}, "a.txt", "text/plain"),
    ],
)
def test_it_takes_name_and_type_from_the_metadata(alice, pairs, name, content_type):
    upload = upload_at(start(alice, Upload_Metadata=metadata(**pairs)).headers["Location"])
    file = file_of(upload)
    assert (file.filename, file.content_type) == (name, content_type)


def test_it_gives_the_metadata_back_as_they_were(alice):
    given = f"filename {encoded('a.txt')},is_confidential,color {encoded('blue')}"
    upload = upload_at(start(alice, Upload_Metadata=given).headers["Location"])
    assert ask(alice, "HEAD", url_of(upload)).headers["Upload-Metadata"] == given


def test_the_first_bytes_may_come_with_it(alice):
    answer = start(alice, 6, b"foo")
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "3")
    upload = upload_at(answer.headers["Location"])
    assert patch(alice, upload, b"bar", offset=3).status == 204
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


def test_so_may_all_of_them(alice):
    answer = start(alice, 6, FOOBAR)
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "6")
    upload = upload_at(answer.headers["Location"])
    settle(upload)
    assert bytes_of(file_of(upload)) == FOOBAR


def test_what_comes_of_them_before_a_cut_counts(alice):
    answer = ask(alice, "POST", UPLOADS, b"foo", length=6, Upload_Length="6")
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "3")


def test_an_empty_file_is_whole_at_once(alice):
    answer = start(alice, 0)
    assert answer.status == 201
    upload = upload_at(answer.headers["Location"])
    settle(upload)
    file = file_of(upload)
    assert (file.state, file.sha256) == ("ready", sha256(b"").hexdigest())
    assert Event.objects.filter(kind="attachment.ready").count() == 1


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Upload_Length": None}, "Upload-Length"),
        ({"Upload_Length": "-1"}, "Upload-Length"),
        ({"Upload_Length": "six"}, "Upload-Length"),
        ({"Upload_Length": "\N{SUPERSCRIPT TWO}"}, "Upload-Length"),
        ({"Upload_Length": None, "Upload_Defer_Length": "1"}, "Upload-Length"),
        ({"Upload_Metadata": "filename !!!"}, "Upload-Metadata"),
        ({"Upload_Metadata": "filename /w=="}, "Upload-Metadata"),  # 0xff is no UTF-8
        ({"Upload_Metadata": ",,"}, "Upload-Metadata"),
        ({"Upload_Metadata": "a YQ==,a YQ=="}, "Upload-Metadata"),
        ({"Upload_Metadata": "a " + "A" * 4096}, "Upload-Metadata"),
        ({"Upload_Metadata": f"filename {encoded('a' * 256)}"}, "filename"),
        ({"Upload_Metadata": "filename YQA="}, "filename"),  # a NUL
        ({"Upload_Metadata": f"filetype {encoded('nonsense')}"}, "content_type"),
        ({"Upload_Metadata": f"sha256 {encoded('nonsense')}"}, "sha256"),
    ],
)
def test_it_refuses_nonsense_by_the_name_of_the_field(alice, headers, field):
    answer = ask(alice, "POST", **{"Upload_Length": "6", **headers})
    assert (answer.status, answer.json()["error"]["field"]) == (400, field)
    assert not Attachment.objects.exists()


def test_it_refuses_bytes_of_another_kind(alice):
    answer = start(alice, 6, b"{}", Content_Type="application/json")
    assert (answer.status, code_of(answer)) == (415, "not_a_piece")
    assert not Upload.objects.exists()


def test_it_refuses_a_file_beyond_the_limit_of_the_workspace(alice):
    alice.workspace.max_file_bytes = 5
    alice.workspace.save()
    answer = start(alice, 6)
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (413, "file_too_large")
    assert (error["limit"], error["actual"], error["field"]) == (5, 6, "Upload-Length")
    assert start(alice, 5).status == 201


@pytest.mark.parametrize("given", [None, "0.2.2", "1.0.0, 0.2.2"])
@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_it_speaks_one_version_of_tus(alice, method, given):
    upload = make_upload(alice.workspace)
    url = UPLOADS if method == "POST" else url_of(upload)
    answer = ask(alice, method, url, Tus_Resumable=given, Upload_Length="6", Upload_Offset="0")
    assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert code_of(answer) == "unknown_tus_version"
    assert Upload.objects.get() == upload


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE", "OPTIONS"])
def test_it_wants_a_key_with_the_scope(alice, method):
    upload = make_upload(alice.workspace)
    url = UPLOADS if method == "POST" else url_of(upload)
    stranger = ask(alice, method, url, Authorization="Bearer enc_unknown")
    assert (stranger.status, stranger.headers["Tus-Resumable"]) == (401, "1.0.0")
    _, secret = make_key(alice.workspace, scopes=["read", "draft", "send", "admin"])
    answer = ask(alice, method, url, Authorization=f"Bearer {secret}")
    assert (answer.status, code_of(answer)) == (403, "missing_scope")
    assert Upload.objects.get() == upload


def test_files_is_all_the_scope_it_wants(alice):
    _, secret = make_key(alice.workspace, scopes=["files"])
    only = {"Authorization": f"Bearer {secret}"}
    upload = upload_at(start(alice, **only).headers["Location"])
    assert patch(alice, upload, FOOBAR, **only).status == 204
    assert ask(alice, "HEAD", url_of(upload), **only).status == 200
    assert ask(alice, "DELETE", url_of(upload), **only).status == 204


def test_the_same_request_with_a_key_for_it_begins_one_upload(alice):
    words = {"Idempotency_Key": "once", "Upload_Metadata": metadata(filename="a.txt")}
    first, again = start(alice, 6, b"foo", **words), start(alice, 6, b"foo", **words)
    assert (first.status, again.status) == (201, 201)
    assert first.headers["Location"] == again.headers["Location"]
    assert again.headers["Idempotency-Replay"] == "true"
    assert again.headers["Upload-Offset"] == "3"
    assert Upload.objects.count() == 1
    other = start(alice, 7, **words)
    assert (other.status, code_of(other)) == (409, "idempotency_key_reused")


@pytest.mark.parametrize("is_one", [False, True])
def test_it_tells_what_it_can_do(alice, is_one):
    url = url_of(make_upload(alice.workspace)) if is_one else UPLOADS
    answer = ask(alice, "OPTIONS", url, Tus_Resumable=None)
    assert answer.status == 204
    told = {name: text for name, text in answer.headers.items() if name.startswith("Tus-")}
    assert told == {
        "Tus-Resumable": "1.0.0",
        "Tus-Version": "1.0.0",
        "Tus-Extension": "creation,creation-with-upload,expiration,checksum,termination",
        "Tus-Max-Size": str(25 * 1024 * 1024),
        "Tus-Checksum-Algorithm": "sha1,sha256",
    }


def test_a_held_reservation_is_not_given_up_for_its_upload(alice):
    upload = make_upload(alice.workspace)
    make_draft_with(file_of(upload))
    patch(alice, upload, b"foo")
    assert file_of(upload).is_held
    assert offset_of(alice, upload) == 3
