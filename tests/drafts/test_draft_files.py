"""POST /drafts/{id}/attachments; PATCH, DELETE /drafts/{id}/attachments/{att}"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from attachments.models import Attachment
from drafts.services import attach_files, send_draft
from messaging.enclosures import Enclosure
from messaging.models import Message
from project.ids import new_id, spell
from tests.attachments.make import PNG
from tests.drafts.make import (
    again,
    base64,
    error_of,
    limits_of,
    make_draft,
    names_of,
    url_of,
)
from tests.make import api_with
from tests.messaging.make import make_file, make_reservation

LATER = timezone.now() + timedelta(days=1)


def files_named(workspace, *names: str) -> list[Attachment]:
    return [make_file(workspace, name.encode(), filename=name) for name in names]


# Attach -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["text", "id", "content", "size", "form"])
def test_it_takes_every_shape(alice, inbox, shape):
    draft, url = (made := make_draft(inbox)), url_of(made, "attachments")
    file = spell("att", make_file(alice.workspace, b"foo", filename="foo.txt").pk)
    body = {
        "text": file,
        "id": {"id": file},
        "content": {"filename": "foo.txt", "content": base64(b"foo")},
        "size": {"filename": "foo.txt", "size": 3},
    }
    response = (
        alice.api.post(url, {"file": SimpleUploadedFile("foo.txt", b"foo")}, format="multipart")
        if shape == "form"
        else alice.api.post(url, body[shape])
    )
    assert response.status_code == 201, response.json()
    entry = response.json()
    assert entry["id"].startswith("att_")
    assert (entry["filename"], entry["inline"], entry["position"]) == ("foo.txt", False, 0)
    assert ("upload" in entry) == (shape == "size")
    assert response["ETag"] == '"2"'
    assert again(draft).version == 2
    assert names_of(draft) == ["foo.txt"]


def test_it_comes_behind_the_others(alice, inbox):
    draft = make_draft(inbox, files=files_named(alice.workspace, "a", "b"))
    entry = alice.api.post(url_of(draft, "attachments"), {"filename": "c", "size": 1}).json()
    assert entry["position"] == 2
    assert names_of(draft) == ["a", "b", "c"]


def test_it_may_be_inline_in_json_and_in_a_form(alice, inbox):
    draft = make_draft(inbox)
    url = url_of(draft, "attachments")
    entry = alice.api.post(url, {"filename": "a.png", "size": 1, "inline": True}).json()
    assert entry["content_id"].endswith("@acme.test")
    form = {
        "file": SimpleUploadedFile("dot.png", PNG),
        "inline": "true",
        "content_id": "dot@x",
        "filename": "b.png",
    }
    entry = alice.api.post(url, form, format="multipart").json()
    assert (entry["inline"], entry["content_id"], entry["filename"]) == (True, "dot@x", "b.png")


def test_bob_attaches_and_charlie_does_not(alice, bob, charlie, inbox):
    draft = make_draft(inbox)
    theirs = spell("att", make_file(charlie.workspace).pk)
    url = url_of(draft, "attachments")
    assert bob.api.post(url, {"filename": "a", "size": 1}).status_code == 201
    assert charlie.api.post(url, {"filename": "a", "size": 1}).status_code == 404
    assert bob.api.post(url, {"id": theirs}).status_code == 404
    assert names_of(draft) == ["a"]


def test_it_needs_the_scope(alice, inbox):
    draft = make_draft(inbox, files=files_named(alice.workspace, "a"))
    api = api_with(alice.workspace, "read", "files", "send")
    one = url_of(draft, "attachments", draft.files[0].attachment)
    for answer in (
        api.post(url_of(draft, "attachments"), {"filename": "a", "size": 1}),
        api.patch(one, {}),
        api.delete(one),
    ):
        assert error_of(answer)["details"] == {"scope": "draft"}


def test_a_file_is_attached_once(alice, inbox):
    file = make_file(alice.workspace)
    draft = make_draft(inbox, files=[file])
    response = alice.api.post(url_of(draft, "attachments"), spell("att", file.pk))
    assert (response.status_code, error_of(response)["code"]) == (409, "already_attached")


def test_the_same_key_attaches_once(alice, inbox):
    draft = make_draft(inbox)
    for _ in range(2):
        response = alice.api.post(
            url_of(draft, "attachments"),
            {"filename": "a", "content": base64(b"a")},
            headers={"Idempotency-Key": "k"},
        )
        assert response.status_code == 201
    assert names_of(draft) == ["a"]


def test_it_keeps_to_the_version(alice, inbox):
    draft = make_draft(inbox)
    url = url_of(draft, "attachments")
    stale = alice.api.post(url, {"filename": "a", "size": 1}, headers={"If-Match": '"7"'})
    assert error_of(stale)["current"] == 1
    assert alice.api.post(url, {"filename": "a", "size": 1, "version": 7}).status_code == 409
    assert alice.api.post(url, {"filename": "a", "size": 1, "version": 1}).status_code == 201
    form = {"file": SimpleUploadedFile("foo.txt", b"foo"), "version": "1"}
    assert alice.api.post(url, form, format="multipart").status_code == 409


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "content"),
        ([], 400, None),
        (7, 400, None),
        ("att_x", 404, "id"),
        ({"id": 7}, 400, "id"),
        ({"id": spell("att", new_id())}, 404, None),
        ({"id": spell("att", new_id()), "size": 3}, 400, "size"),
        ({"filename": "a", "content": "!!!"}, 400, "content"),
        ({"filename": "a\r\nb", "content": "Zm9v"}, 400, "filename"),
        ({"filename": "a", "size": 3, "content_id": "<a>b"}, 400, "content_id"),
        ({"filename": "a", "size": 26 * 1024 * 1024}, 413, "size"),
        ({"filename": "a", "content": "Zm9v", "sha256": "0" * 64}, 422, "sha256"),
    ],
)
def test_it_refuses_bad_entries(alice, inbox, body, status, field):
    draft = make_draft(inbox)
    response = alice.api.post(url_of(draft, "attachments"), body)
    assert response.status_code == status, response.json()
    assert field is None or error_of(response)["field"].endswith(field)
    assert again(draft).version == 1


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"other": SimpleUploadedFile("a", b"a")},
        {"file": SimpleUploadedFile("a", b"a"), "unknown": "1"},
        {"file": SimpleUploadedFile("a", b"a"), "content_id": "a b"},
        {"file": [SimpleUploadedFile("a", b"a"), SimpleUploadedFile("b", b"b")]},
    ],
)
def test_it_refuses_bad_forms(alice, inbox, form):
    draft = make_draft(inbox)
    response = alice.api.post(url_of(draft, "attachments"), form, format="multipart")
    assert response.status_code == 400
    assert not Attachment.objects.exists()


def test_attaching_to_a_scheduled_draft_sends_it_with_the_file(alice, inbox):
    draft = make_draft(inbox)
    send_draft(draft=draft, limits=limits_of(draft), send_at=LATER)
    alice.api.post(url_of(draft, "attachments"), {"filename": "a", "content": base64(b"a")})
    assert [one.filename for one in Message.objects.get().enclosures.all()] == ["a"]
    assert alice.api.get(url_of(draft)).json()["state"] == "scheduled"


def test_it_cannot_be_attached_to_what_was_sent(alice, inbox):
    draft = make_draft(inbox, files=files_named(alice.workspace, "a"))
    send_draft(draft=draft, limits=limits_of(draft))
    one = url_of(draft, "attachments", draft.files[0].attachment)
    for answer in (
        alice.api.post(url_of(draft, "attachments"), {"filename": "a", "size": 1}),
        alice.api.patch(one, {"inline": True}),
        alice.api.delete(one),
    ):
        assert (answer.status_code, error_of(answer)["code"]) == (409, "too_late")


def test_an_attached_file_cannot_be_deleted_until_it_is_detached(alice, inbox):
    file = make_file(alice.workspace)
    draft = make_draft(inbox, files=[file])
    url = f"/api/v1/attachments/{spell('att', file.pk)}"
    response = alice.api.delete(url)
    assert response.status_code == 409
    assert error_of(response)["details"][0]["id"] == spell("drf", draft.pk)
    alice.api.delete(url_of(draft, "attachments", file))
    assert alice.api.delete(url).status_code == 204


# Edit -------------------------------------------------------------------------------------------


def test_it_turns_a_plain_file_into_an_inline_one_and_back(alice, inbox):
    draft = make_draft(inbox, files=(files := files_named(alice.workspace, "a", "b")))
    url = url_of(draft, "attachments", files[1])
    entry = alice.api.patch(url, {"inline": True}).json()
    content_id = entry["content_id"]
    assert (entry["inline"], entry["position"]) == (True, 1)
    assert content_id.endswith("@acme.test")
    entry = alice.api.patch(url, {"inline": False}).json()
    assert (entry["inline"], entry["content_id"]) == (False, content_id)
    assert alice.api.patch(url, {"content_id": None}).json()["content_id"] is None
    assert again(draft).version == 4


def test_it_renames_a_file_in_this_draft_only(alice, inbox):
    file = make_file(alice.workspace, filename="a.pdf")
    draft, other = make_draft(inbox, files=[file]), make_draft(inbox, files=[file])
    url = url_of(draft, "attachments", file)
    assert alice.api.patch(url, {"filename": "../b.pdf"}).json()["filename"] == "b.pdf"
    assert (names_of(draft), names_of(other)) == (["b.pdf"], ["a.pdf"])
    assert alice.api.patch(url, {"filename": None}).json()["filename"] == "a.pdf"


@pytest.mark.parametrize(("place", "order"), [(0, "cab"), (1, "acb"), (2, "abc")])
def test_it_moves_a_file(alice, inbox, place, order):
    draft = make_draft(inbox, files=(files := files_named(alice.workspace, *"abc")))
    entry = alice.api.patch(
        url_of(draft, "attachments", files[2]), {"position": place, "version": 1}
    ).json()
    assert entry["position"] == place
    assert "".join(names_of(draft)) == order
    assert [file.position for file in again(draft).files] == [0, 1, 2]


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"position": 2}, 422, "position"),
        ({"position": -1}, 400, "position"),
        ({"position": "0"}, 400, "position"),
        ({"content_id": "a\r\nb"}, 400, "content_id"),
        ({"content_id": "x@y"}, 422, "attachments[1].content_id"),
        ({"filename": "a\nb"}, 400, "filename"),
        ({"filename": "a" * 256}, 400, "filename"),
        ({"name": "a"}, 400, "name"),
        ({"version": 9}, 409, "version"),
    ],
)
def test_it_refuses_bad_changes(alice, inbox, fields, status, field):
    one, two = files_named(alice.workspace, "a", "b")
    draft = make_draft(inbox, files=[Enclosure(one, content_id="x@y"), two])
    response = alice.api.patch(url_of(draft, "attachments", two), fields)
    assert response.status_code == status
    assert error_of(response)["field"] == field
    assert again(draft).version == 1


def test_it_does_not_know_files_of_others(alice, charlie, inbox):
    draft = make_draft(inbox, files=(files := files_named(alice.workspace, "a", "b"))[:1])
    one, other = (url_of(draft, "attachments", file) for file in files)
    for api, url in ((alice.api, other), (charlie.api, one)):
        assert api.patch(url, {"inline": True}).status_code == 404
        assert api.delete(url).status_code == 404
    assert error_of(alice.api.delete(other))["code"] == "not_attached"
    assert alice.api.delete(url_of(draft, "attachments", "att_x")).status_code == 404


# Detach -----------------------------------------------------------------------------------------


def test_it_takes_a_file_away_and_closes_the_gap(alice, bob, inbox):
    draft = make_draft(inbox, files=(files := files_named(alice.workspace, *"abc")))
    response = bob.api.delete(url_of(draft, "attachments", files[1]))
    assert (response.status_code, response["ETag"]) == (204, '"2"')
    assert names_of(draft) == ["a", "c"]
    assert [file.position for file in again(draft).files] == [0, 1]
    files[1].refresh_from_db()
    assert files[1].expires_at is not None


def test_a_file_that_another_draft_needs_stays_held(alice, inbox):
    file = make_file(alice.workspace)
    draft, _ = (make_draft(inbox, files=[file]) for _ in range(2))
    alice.api.delete(url_of(draft, "attachments", file))
    file.refresh_from_db()
    assert file.expires_at is None


def test_detaching_keeps_to_the_version(alice, inbox):
    file = make_file(alice.workspace)
    draft = make_draft(inbox, files=[file])
    url = url_of(draft, "attachments", file)
    response = alice.api.delete(url, headers={"If-Match": '"3"'})
    assert (response.status_code, error_of(response)["current"]) == (409, 1)
    assert alice.api.delete(url, headers={"If-Match": '"1"'}).status_code == 204


def test_detaching_a_late_file_lets_a_waiting_draft_go(alice, inbox):
    late = make_reservation(alice.workspace)
    draft = make_draft(inbox, files=[late])
    send_draft(draft=draft, limits=limits_of(draft))
    assert alice.api.delete(url_of(draft, "attachments", late)).status_code == 204
    assert alice.api.get(url_of(draft)).json()["state"] == "dispatched"
    assert not Message.objects.get().enclosures.exists()


def test_several_files_are_attached_at_once(alice, inbox):
    draft = make_draft(inbox)
    files = files_named(alice.workspace, "a", "b")
    attached = attach_files(
        draft=draft, enclosures=[Enclosure(file) for file in files], limits=limits_of(draft)
    )
    assert (attached.version, names_of(draft)) == (2, ["a", "b"])
