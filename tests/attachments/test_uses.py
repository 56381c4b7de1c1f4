"""GET /api/v1/attachments/{id}/uses, and what the models that use files owe this app"""

from __future__ import annotations

from attachments.checks import check_uses
from attachments.models import Attachment
from attachments.uses import needed
from project.ids import spell
from tests.attachments.make import make_attachment, make_draft_with, make_sent
from tests.messaging.make import make_inbox, make_message


def url_of(attachment: Attachment) -> str:
    return f"/api/v1/attachments/{spell('att', attachment.pk)}/uses"


def test_it_names_drafts_and_messages_newest_first(alice, bob):
    attachment = make_attachment(alice.workspace)
    draft = make_draft_with(attachment)
    message = make_message(make_inbox(alice.workspace), files=[attachment])
    body = bob.api.get(url_of(attachment)).json()
    assert [(use["kind"], use["id"]) for use in body["data"]] == [
        ("message", spell("msg", message.pk)),
        ("draft", spell("drf", draft.pk)),
    ]
    assert all(use["at"].endswith("Z") for use in body["data"])
    assert body["next"] is None


def test_it_is_empty_for_a_file_that_nothing_carries(alice):
    assert alice.api.get(url_of(make_attachment(alice.workspace))).json()["data"] == []


def test_it_tells_a_stranger_nothing(alice, charlie):
    assert charlie.api.get(url_of(make_attachment(alice.workspace))).status_code == 404


def test_a_list_can_leave_used_files_out(alice):
    used = make_attachment(alice.workspace, filename="used.txt")
    make_attachment(alice.workspace, filename="unused.txt")
    make_draft_with(used)
    body = alice.api.get("/api/v1/attachments", {"unused": "true"}).json()
    assert [row["filename"] for row in body["data"]] == ["unused.txt"]


def test_bytes_are_needed_by_drafts_and_by_messages_that_keep_their_files(alice):
    files = [make_attachment(alice.workspace, filename=f"{number}") for number in range(3)]
    make_draft_with(files[0])
    message = make_message(make_inbox(alice.workspace), files=[files[1]])
    ids = [file.pk for file in files]
    assert needed(ids) == {files[0].pk, files[1].pk}
    make_sent(message)
    assert needed(ids) == {files[0].pk, files[1].pk}
    type(message).objects.filter(pk=message.pk).update(files_until=message.created_at)
    assert needed(ids) == {files[0].pk}


def test_every_model_that_points_at_files_says_when_it_needs_them():
    assert Attachment._meta.related_objects
    assert check_uses() == []


def test_a_model_that_does_not_say_so_is_an_error_of_the_project(monkeypatch):
    relation = Attachment._meta.related_objects[0]
    monkeypatch.delattr(type(relation.related_model.objects.all()), "needing_bytes")
    monkeypatch.delattr(type(relation.related_model._default_manager), "needing_bytes", False)
    assert [error.id for error in check_uses()] == ["attachments.E001"]
