from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from attachments.models import Attachment
from messaging.models import Inbox
from project.contracts.agentsend.limits import LIMITS
from project.ids import new_id, read, spell
from tests.attachments.make import make_draft_with
from tests.contracts.agentsend.reach import (
    bytes_of,
    error_of,
    fetch,
    listed,
    make_received_file,
    sent,
    time_of,
    upload,
    uploaded,
)
from tests.make import api_with
from tests.messaging.make import make_file, make_reservation
from tests.people import Person

FIELDS = {"id", "filename", "contentType", "size", "url", "createdAt"}
MOST = 26_214_400


def test_r1_r2_an_upload_has_an_id_that_sending_takes(alice: Person, inbox: Inbox):
    id = uploaded(alice.api, b"%PDF-1.4 invoice", filename="invoice.pdf")
    message = sent(alice.api, inbox, attachmentIds=[id])
    assert [one["id"] for one in message["attachments"]] == [id]


def test_r1_a_file_that_came_in_is_there_too(alice: Person, inbox: Inbox):
    file = make_received_file(alice.workspace, b"%PDF-1.4 contract", "contract.pdf")
    found = alice.api.get(f"/attachments/{spell('att', file.pk)}").json()
    assert found["filename"] == "contract.pdf"


def test_r5_r7_it_takes_the_part_file_of_a_form_and_answers_with_the_bare_object(alice: Person):
    answer = upload(alice.api, b"%PDF-1.4 hello", "report.pdf")
    assert answer.status_code == 201
    assert set(answer.json()) == FIELDS


@pytest.mark.parametrize("scheme", ["x-api-key", "Authorization"])
def test_r6_it_takes_the_key_in_either_header(alice: Person, scheme: str):
    headers = {scheme: alice.key if scheme == "x-api-key" else f"Bearer {alice.key}"}
    file = SimpleUploadedFile("report.pdf", b"%PDF-1.4 hello")
    assert Client().post("/attachments", {"file": file}, headers=headers).status_code == 201


def test_r6_of_two_keys_the_bearer_is_read(alice: Person, charlie: Person):
    id = uploaded(alice.api)
    headers = {"Authorization": f"Bearer {alice.key}", "x-api-key": charlie.key}
    assert Client().get(f"/attachments/{id}", headers=headers).status_code == 200
    headers = {"Authorization": f"Bearer {charlie.key}", "x-api-key": alice.key}
    error_of(Client().get(f"/attachments/{id}", headers=headers), 404, "NOT_FOUND")


def test_r8_ids_are_unique_and_begin_with_att(alice: Person):
    ids = {uploaded(alice.api, b"the same bytes") for _ in range(5)}
    assert len(ids) == 5
    assert all(re.fullmatch(r"att_[0-9a-z]{26}", id) for id in ids)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("Übersicht 2026 (final).pdf", "Übersicht 2026 (final).pdf"),
        ("C:\\Users\\ann\\report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("folder/", "attachment"),
        ("   ", "attachment"),
    ],
)
def test_r9_it_keeps_the_name_without_its_path(alice: Person, given: str, kept: str):
    form = (
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{given}"\r\n'
        "Content-Type: application/pdf\r\n\r\nhello\r\n--b--\r\n"
    )
    answer = alice.api.post(
        "/attachments", form.encode(), content_type="multipart/form-data; boundary=b"
    )
    assert answer.status_code == 201, answer.content
    assert answer.json()["filename"] == kept
    id = answer.json()["id"]
    assert alice.api.get(f"/attachments/{id}").json()["filename"] == kept


@pytest.mark.parametrize(
    ("filename", "given", "kept"),
    [
        ("a.pdf", "application/pdf", "application/pdf"),
        ("a.bin", "image/png", "image/png"),
        ("a.zip", "application/octet-stream", "application/zip"),
        ("a.csv", "application/octet-stream", "text/csv"),
        (
            "a.docx",
            "application/octet-stream",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("a.exe", "application/x-msdownload", "application/x-msdownload"),
    ],
)
def test_r10_it_keeps_the_type_or_takes_it_from_the_name(
    alice: Person, filename: str, given: str, kept: str
):
    assert upload(alice.api, b"\x00\x01", filename, given).json()["contentType"] == kept


def test_r10_a_part_without_a_type_gets_that_of_its_name(alice: Person):
    part = b'Content-Disposition: form-data; name="file"; filename="a.csv"'
    form = b"--b\r\n" + part + b"\r\n\r\n1,2\r\n--b--\r\n"
    answer = alice.api.post("/attachments", form, content_type="multipart/form-data; boundary=b")
    assert answer.json()["contentType"] == "text/csv"


@pytest.mark.parametrize("size", [0, 1, 204_800])
def test_r11_size_is_a_number_of_bytes(alice: Person, size: int):
    found = upload(alice.api, b"x" * size).json()
    assert found["size"] == size and type(found["size"]) is int


def test_r4_r12_the_url_is_good_for_an_hour(alice: Person):
    with time_machine.travel("2026-05-01T08:15:00Z", tick=False) as clock:
        url = upload(alice.api, b"%PDF-1.4 hello").json()["url"]
        clock.shift(timedelta(minutes=59, seconds=59))
        assert bytes_of(fetch(url)) == b"%PDF-1.4 hello"
        clock.shift(timedelta(seconds=1))
        answer = fetch(url)
        assert answer.status_code == 403 and answer.json()["error"]["code"] == "link_expired"


def test_r12_an_altered_url_is_refused(alice: Person):
    url = upload(alice.api).json()["url"]
    for other in (
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("expires=1", "expires=2"),
    ):
        answer = fetch(other)
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "signature_invalid"
    path = urlsplit(url).path
    assert Client().get(path).status_code == 403


def test_r13_created_at_is_iso_8601_in_utc(alice: Person):
    before = timezone.now().replace(tzinfo=None) - timedelta(milliseconds=1)
    made = time_of(upload(alice.api).json()["createdAt"])
    assert before <= made <= timezone.now().replace(tzinfo=None)


def test_r14_every_attachment_object_has_the_six_fields(alice: Person):
    first = upload(alice.api).json()
    found = alice.api.get(f"/attachments/{first['id']}").json()
    rows = listed(alice.api.get("/attachments"))
    assert set(first) == set(found) == set(rows[0]) == FIELDS
    del first["url"], found["url"], rows[0]["url"]
    assert first == found == rows[0]


def test_r17_every_look_gives_a_fresh_url(alice: Person):
    with time_machine.travel("2026-05-01T08:15:00Z", tick=False) as clock:
        id = uploaded(alice.api)
        urls = []
        for _ in range(3):
            urls.append(alice.api.get(f"/attachments/{id}").json()["url"])
            clock.shift(timedelta(seconds=1))
        signatures = [parse_qs(urlsplit(url).query)["signature"][0] for url in urls]
        assert len(set(signatures)) == 3
        clock.shift(timedelta(minutes=59, seconds=57))
        assert [fetch(url).status_code for url in urls] == [403, 200, 200]
        fresh = alice.api.get(f"/attachments/{id}").json()["url"]
        assert fetch(fresh).status_code == 200


def test_r18_the_url_needs_no_key_and_gives_the_bytes(alice: Person):
    content = bytes(range(256)) * 4096
    url = upload(alice.api, content, "report.pdf", "application/pdf").json()["url"]
    assert url.startswith("http://127.0.0.1:8000/dl/att_") and ".pdf?" in url
    for _ in range(2):  # as often as one likes
        answer = fetch(url)
        assert bytes_of(answer) == content
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Length"] == str(len(content))
    assert answer["Content-Disposition"] == 'attachment; filename="report.pdf"'
    parts = urlsplit(url)
    head = Client().head(f"{parts.path}?{parts.query}")
    assert head.status_code == 200 and head["Content-Length"] == str(len(content))


def test_r23_25_mb_pass_and_a_byte_more_does_not(alice: Person):
    whole = upload(alice.api, b"x" * MOST)
    assert whole.status_code == 201 and whole.json()["size"] == MOST
    error = error_of(upload(alice.api, b"x" * (MOST + 1)), 413, "ATTACHMENT_TOO_LARGE")
    assert "26,214,401" in error["message"] and "26,214,400" in error["message"]
    assert Attachment.objects.count() == 1


def test_r23_a_form_beyond_all_bounds_gets_the_same_code(alice: Person):
    answer = alice.api.post(
        "/attachments",
        b"",
        content_type="multipart/form-data; boundary=b",
        CONTENT_LENGTH=str(129 * 1024 * 1024),
    )
    error_of(answer, 413, "ATTACHMENT_TOO_LARGE")


def test_r26_it_takes_a_form_as_browsers_write_it(alice: Person):
    boundary = "----WebKitFormBoundaryabcdefghijklmnop"
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="report.pdf"\r\n'
        f"Content-Type: application/pdf\r\n\r\n%PDF\r\n\r\n--{boundary}--\r\n"
    )
    answer = alice.api.post(
        "/attachments", form.encode(), content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert answer.status_code == 201
    assert bytes_of(fetch(answer.json()["url"])) == b"%PDF\r\n"


def test_it_ignores_other_parts(alice: Person):
    form = {
        "note": "hello",
        "other": SimpleUploadedFile("b.txt", b"other"),
        "file": SimpleUploadedFile("a.txt", b"mine"),
    }
    answer = alice.api.post("/attachments", form, format="multipart")
    assert bytes_of(fetch(answer.json()["url"])) == b"mine"
    assert Attachment.objects.count() == 1


def test_it_refuses_a_form_without_a_file(alice: Person):
    for form in ({}, {"other": SimpleUploadedFile("b.txt", b"other")}):
        answer = alice.api.post("/attachments", form, format="multipart")
        error = error_of(answer, 400, "VALIDATION_ERROR")
        assert list(error["details"]) == ["file"]


def test_it_refuses_two_files_rather_than_lose_one(alice: Person):
    form = {"file": [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]}
    answer = alice.api.post("/attachments", form, format="multipart")
    assert "2 such parts" in error_of(answer, 400, "VALIDATION_ERROR")["message"]
    assert not Attachment.objects.exists()


def test_it_refuses_a_text_in_place_of_a_file(alice: Person):
    answer = alice.api.post("/attachments", {"file": "just text"}, format="multipart")
    assert "file name" in error_of(answer, 400, "VALIDATION_ERROR")["message"]


def test_it_refuses_a_broken_form_and_other_bodies(alice: Person):
    for body, kind in (
        (b"--b\r\nnonsense", "multipart/form-data"),
        (b'{"file": "a"}', "application/json"),
        (b"file=a", "application/x-www-form-urlencoded"),
    ):
        error_of(alice.api.post("/attachments", body, content_type=kind), 400, "VALIDATION_ERROR")


def test_it_lists_page_by_page_newest_first(alice: Person):
    ids = [uploaded(alice.api, filename=f"{number}.txt") for number in range(3)]
    assert [one["id"] for one in listed(alice.api.get("/attachments"))] == ids[::-1]
    page = alice.api.get("/attachments?limit=1&offset=1").json()
    assert page["total"] == 3 and [one["id"] for one in page["data"]] == [ids[1]]
    assert alice.api.get("/attachments?offset=3").json() == {"data": [], "total": 3}


def test_it_deletes_what_nothing_has(alice: Person):
    found = upload(alice.api).json()
    answer = alice.api.delete(f"/attachments/{found['id']}")
    assert answer.status_code == 204 and answer.content == b""
    error_of(alice.api.get(f"/attachments/{found['id']}"), 404, "NOT_FOUND")
    error_of(alice.api.delete(f"/attachments/{found['id']}"), 404, "NOT_FOUND")
    assert fetch(found["url"]).status_code == 404
    assert listed(alice.api.get("/attachments")) == []


def test_it_does_not_delete_what_a_message_or_a_draft_has(alice: Person, inbox: Inbox):
    id = uploaded(alice.api)
    message = sent(alice.api, inbox, attachmentIds=[id])
    error_of(alice.api.delete(f"/attachments/{id}"), 409, "ATTACHMENT_IN_USE")
    inbox.messages.get().deliveries.update(state="done", due_at=None)
    error_of(alice.api.delete(f"/attachments/{id}"), 409, "ATTACHMENT_IN_USE")
    alice.api.delete(f"/messages/{message['id']}")
    assert alice.api.get(f"/attachments/{id}").status_code == 200
    assert alice.api.delete(f"/attachments/{id}").status_code == 204
    other = make_file(alice.workspace)
    make_draft_with(other)
    answer = alice.api.delete(f"/attachments/{spell('att', other.pk)}")
    error_of(answer, 409, "ATTACHMENT_IN_USE")


def test_it_shows_files_whose_bytes_are_elsewhere_or_to_come_and_none_that_are_gone(alice: Person):
    linked = make_file(alice.workspace)
    url = "https://files.example.com/a.pdf"
    Attachment.objects.filter(pk=linked.pk).update(state="linked", blob=None, external_url=url)
    late = make_reservation(alice.workspace)
    gone = make_file(alice.workspace)
    Attachment.objects.filter(pk=gone.pk).update(
        state="gone", blob=None, reason_code="expired", reason="It expired.", gone_at=timezone.now()
    )
    assert alice.api.get(f"/attachments/{spell('att', linked.pk)}").json()["url"] == url
    found = alice.api.get(f"/attachments/{spell('att', late.pk)}").json()
    assert set(found) == FIELDS and fetch(found["url"]).status_code == 425
    answer = alice.api.get(f"/attachments/{spell('att', gone.pk)}")
    assert error_of(answer, 404, "NOT_FOUND")["message"] == "It expired."
    assert len(listed(alice.api.get("/attachments"))) == 2


@pytest.mark.parametrize(
    "id", ["att_x", "x", "msg_01j9zxkp4qbc7n3m8td5e6fvg2", "%00", "att_" + "z" * 99]
)
def test_it_knows_no_other_id(alice: Person, id: str):
    error_of(alice.api.get(f"/attachments/{id}"), 404, "NOT_FOUND")
    error_of(alice.api.delete(f"/attachments/{id}"), 404, "NOT_FOUND")


def test_the_words_of_a_404(alice: Person):
    assert alice.api.get("/attachments/att_x").json() == {
        "error": {"code": "NOT_FOUND", "message": "Attachment 'att_x' not found", "status": 404}
    }


def test_bob_shares_the_files_and_charlie_sees_none(alice: Person, bob: Person, charlie: Person):
    id = uploaded(alice.api)
    assert bob.api.get(f"/attachments/{id}").json()["id"] == id
    assert len(listed(bob.api.get("/attachments"))) == 1
    error_of(charlie.api.get(f"/attachments/{id}"), 404, "NOT_FOUND")
    error_of(charlie.api.delete(f"/attachments/{id}"), 404, "NOT_FOUND")
    assert listed(charlie.api.get("/attachments")) == []
    assert bob.api.delete(f"/attachments/{id}").status_code == 204


def test_it_needs_the_scope(alice: Person):
    reader = api_with(alice.workspace, "read")
    id = uploaded(alice.api)
    assert reader.get(f"/attachments/{id}").status_code == 200
    assert "files" in error_of(upload(reader), 403, "FORBIDDEN")["message"]
    error_of(reader.delete(f"/attachments/{id}"), 403, "FORBIDDEN")


def test_a_key_makes_an_upload_happen_once(alice: Person):
    once = {"Idempotency-Key": "k1"}
    first = upload(alice.api, b"a", **once)
    again = upload(alice.api, b"a", **once)
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert Attachment.objects.count() == 1
    error_of(upload(alice.api, b"b", **once), 409, "IDEMPOTENCY_KEY_REUSED")


def test_unused_uploads_expire_after_30_days(alice: Person):
    file = Attachment.objects.get(pk=read("att", uploaded(alice.api)))
    assert file.expires_at and file.expires_at - file.created_at == timedelta(days=30)
    assert LIMITS.max_file_bytes == MOST


def test_a_foreign_id_is_as_unknown_as_none(alice: Person):
    id = spell("att", new_id())
    assert id in error_of(alice.api.get(f"/attachments/{id}"), 404, "NOT_FOUND")["message"]
