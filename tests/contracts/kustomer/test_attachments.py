"""POST /v1/attachments, GET /v1/attachments/{id}, and the form behind `meta.upload.url`"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from attachments.models import Attachment, Blob
from attachments.retention import delete_attachment, purge
from project.ids import spell_hex
from tests.contracts.kustomer.wire import FILE, NOBODY, PDF, error_of, pointer_of, upload
from tests.make import api_with

URL = "/v1/attachments"
LINK = "https://files.example.com/a.pdf"


def make(person, **fields):
    answer = person.api.post(URL, {**FILE, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def post_form(made, content=PDF, *, url="", **more):
    """Send the form of an answer, its file last."""
    form = made["meta"]["upload"]
    parts = urlsplit(url or form["url"])
    file = SimpleUploadedFile("other.pdf", content, content_type="text/plain")
    return Client().post(f"{parts.path}?{parts.query}", {**form["fields"], "file": file, **more})


def test_it_is_announced_with_a_form_for_its_bytes(alice):
    made = make(alice)
    data, meta = made["data"], made["meta"]["upload"]
    org = spell_hex(alice.workspace.pk)
    assert (data["type"], data["id"]) == ("attachment", spell_hex(Attachment.objects.get().pk))
    assert {name: data["attributes"][name] for name in FILE} == FILE
    assert data["attributes"]["uploaded"] is False
    assert data["relationships"]["org"]["data"] == {"type": "org", "id": org}
    assert data["links"] == {"self": f"{URL}/{data['id']}"}
    wanted = {"key", "Content-Type", "X-Amz-Meta-Attachment-Id", "Policy", "X-Amz-Signature"}
    assert wanted <= set(meta["fields"])
    assert all(isinstance(text, str) for text in meta["fields"].values())
    assert meta["fields"]["X-Amz-Meta-Attachment-Id"] == data["id"]
    assert meta["url"].startswith("http://")


def test_the_form_brings_the_bytes_without_a_key(alice):
    made = make(alice)
    answer = post_form(made)
    assert (answer.status_code, answer.content) == (204, b"")
    got = alice.api.get(f"{URL}/{made['data']['id']}").json()
    assert "meta" not in got
    assert {name: got["data"]["attributes"][name] for name in FILE} == FILE
    assert got["data"]["attributes"]["uploaded"] is True
    download = upload(got["data"]["links"]["related"], b"", method="GET")
    assert b"".join(download.streaming_content) == PDF
    assert Blob.objects.get().sha256 == sha256(PDF).hexdigest()


def test_a_look_gives_a_fresh_form(alice):
    made = make(alice)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        late = post_form(made)
        assert (late.status_code, late.json()["error"]["code"]) == (403, "link_expired")
        fresh = alice.api.get(f"{URL}/{made['data']['id']}").json()
        assert post_form(fresh).status_code == 204


def test_the_same_bytes_again_are_fine_and_others_are_not(alice):
    made = make(alice)
    assert [post_form(made).status_code for _ in range(2)] == [204, 204]
    assert post_form(made, PDF[::-1]).status_code == 409


@pytest.mark.parametrize(("content", "status"), [(PDF[:-1], 400), (PDF + b"x", 413), (b"", 400)])
def test_another_number_of_bytes_is_refused(alice, content, status):
    made = make(alice)
    assert post_form(made, content).status_code == status
    assert not Blob.objects.exists()


def test_a_wrong_form_is_refused(alice):
    made = make(alice)
    url = made["meta"]["upload"]["url"]
    assert post_form(made, url=f"{url}0").status_code == 403
    assert post_form(made, url=url.replace("length=12", "length=13")).status_code == 403
    assert post_form(made, url=url.replace("/form?", "?")).status_code == 405
    parts = urlsplit(url)
    there = f"{parts.path}?{parts.query}"
    missing = Client().post(there, made["meta"]["upload"]["fields"])
    assert (missing.status_code, missing.json()["error"]["field"]) == (400, "file")
    assert Client().post(there, {}, content_type="application/json").status_code == 415
    assert Client().get(there).status_code == 405
    assert upload(url).status_code == 405
    put = url.replace("/form?", "?")
    assert upload(put).status_code == 403  # a form's signature is for forms
    assert not Blob.objects.exists()


def test_a_file_elsewhere_is_registered(alice):
    made = make(alice, externalUrl=LINK)
    assert "meta" not in made
    assert made["data"]["attributes"]["uploaded"] is True
    assert made["data"]["links"]["related"] == LINK
    assert alice.api.get(f"{URL}/{made['data']['id']}").json() == made
    [row] = alice.api.get("/api/v1/attachments").json()["data"]
    assert (row["state"], row["download_url"], row["sha256"]) == ("linked", LINK, None)
    content = alice.api.get(f"/api/v1/attachments/{row['id']}/content")
    assert (content.status_code, LINK in content.json()["error"]["message"]) == (409, True)


@pytest.mark.parametrize(
    "url",
    [
        "http://files.example.com/a.pdf",
        "https://user:secret@files.example.com/a.pdf",
        "https://user@files.example.com/a.pdf",
        "https://",
        "https:///a.pdf",
        "https://[::1/a.pdf",
        "https://files.example.com:port/",
        "https://files.example.com/a b",
        "https://files.example.com/a\nb",
        "ftp://files.example.com",
        "files.example.com",
        "javascript:alert(1)",
        f"https://files.example.com/{'a' * 2048}",
        7,
    ],
)
def test_an_address_that_is_no_plain_https_is_refused(alice, url):
    assert pointer_of(alice.api.post(URL, {**FILE, "externalUrl": url})) == "/externalUrl"
    assert not Attachment.objects.exists()


def test_an_address_has_at_most_2048_characters(alice):
    longest = LINK + "a" * (2048 - len(LINK))
    assert make(alice, externalUrl=longest)["data"]["links"]["related"] == longest
    answer = alice.api.post(URL, {**FILE, "externalUrl": f"{longest}a"})
    assert pointer_of(answer) == "/externalUrl"


def test_a_registered_file_goes_like_any_other(alice):
    for _ in range(2):
        make(alice, externalUrl=LINK)
    first, second = Attachment.objects.all()
    delete_attachment(attachment=first)
    purge(at=timezone.now() + timedelta(days=31))
    states = Attachment.objects.values_list("state", "external_url")
    assert set(states) == {("gone", "")}
    gone = alice.api.get(f"{URL}/{spell_hex(second.pk)}").json()["data"]
    assert (gone["attributes"]["redacted"], "related" in gone["links"]) == (True, False)


@pytest.mark.parametrize("name", FILE)
def test_each_field_is_required(alice, name):
    body = {key: FILE[key] for key in FILE if key != name}
    assert pointer_of(alice.api.post(URL, body)) == f"/{name}"
    assert pointer_of(alice.api.post(URL, {**body, "externalUrl": LINK})) == f"/{name}"


def test_25_mib_may_be_announced_and_not_a_byte_more(alice):
    make(alice, contentLength=26_214_400)
    error_of(alice.api.post(URL, {**FILE, "contentLength": 26_214_401}), 413, "payload_too_large")


def test_what_is_never_uploaded_is_dropped_after_a_day(alice):
    made = make(alice)
    for hours, state in ((23, "reserved"), (25, "gone")):
        purge(at=timezone.now() + timedelta(hours=hours))
        assert Attachment.objects.get().state == state
    assert post_form(made).status_code == 410


def test_bob_may_and_charlie_finds_nothing(alice, bob, charlie):
    made = make(bob)
    here = made["data"]["links"]["self"]
    assert alice.api.get(here).status_code == 200
    error_of(charlie.api.get(here), 404, "not_found")
    error_of(alice.api.get(f"{URL}/{NOBODY}"), 404, "not_found")
    error_of(alice.api.get(f"{URL}/x"), 404, "not_found")


def test_scopes(alice):
    error_of(api_with(alice.workspace, "read", "draft").post(URL, FILE), 403, "forbidden")
