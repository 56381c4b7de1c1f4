"""PATCH /api/v1/drafts/{id}"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drafts.services import send_draft
from messaging.models import Customer, Delivery, Message
from project.events.models import Event
from project.ids import spell
from tests.attachments.statements import verbs_of
from tests.drafts.make import again, base64, error_of, limits_of, make_draft, names_of, url_of
from tests.make import api_of, api_with, make_key
from tests.messaging.make import make_file, make_inbox, make_reservation

LATER = timezone.now() + timedelta(days=1)


def scheduled(inbox, **fields):
    draft = make_draft(inbox, **fields)
    return send_draft(draft=draft, limits=limits_of(draft), send_at=LATER)


def test_only_what_is_sent_changes(alice, inbox):
    file = make_file(alice.workspace)
    draft = make_draft(inbox, subject="Old", html="<p>x</p>", tags=["a"], files=[file])
    before = alice.api.get(url_of(draft)).json()
    response = alice.api.patch(url_of(draft), {"subject": "New", "html": None})
    assert response.status_code == 200
    body = response.json()
    assert response["ETag"] == '"2"'
    for one in (before, body):
        one["attachments"][0].pop("download_url")
        one.pop("updated_at")
    assert body == {**before, "subject": "New", "html": None, "version": 2}


def test_nothing_sent_is_a_write_too(alice, inbox):
    draft = make_draft(inbox)
    assert alice.api.patch(url_of(draft), {}).json()["version"] == 2


def test_bob_may_and_charlie_may_not(alice, bob, charlie, inbox):
    draft = make_draft(inbox)
    assert bob.api.patch(url_of(draft), {"subject": "x"}).status_code == 200
    assert charlie.api.patch(url_of(draft), {"subject": "y"}).status_code == 404
    assert again(draft).subject == "x"


def test_it_takes_three_statements(alice, inbox):
    draft = make_draft(inbox)
    api = alice.api
    api.get(url_of(draft))
    with CaptureQueriesContext(connection) as queries:
        api.patch(url_of(draft), {"subject": "x", "to": ["bo@example.com"]})
    assert verbs_of(queries) == ["SELECT", "SELECT", "SELECT", "UPDATE"]  # the key is the first


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"subjct": "x"}, "subjct"),
        ({"to": ["x"]}, "to[0]"),
        ({"subject": "a\nb"}, "subject"),
        ({"headers": {"Subject": "x"}}, "headers.Subject"),
        ({"version": 0}, "version"),
        ({"version": "1"}, "version"),
        ({"attachments": "att_x"}, "attachments"),
        ({"send_at": None}, "send_at"),
        ({"state": "open"}, "state"),
    ],
)
def test_it_refuses_what_has_the_wrong_shape(alice, inbox, fields, field):
    draft = make_draft(inbox)
    response = alice.api.patch(url_of(draft), fields)
    assert response.status_code == 400
    assert error_of(response)["field"] == field
    assert again(draft).version == 1


def test_it_does_not_know_foreign_things(alice, charlie, inbox):
    draft = make_draft(inbox)
    theirs = make_inbox(charlie.workspace)
    customer = Customer.objects.create(workspace=charlie.workspace)
    file = make_file(charlie.workspace)
    for fields in (
        {"inbox_id": spell("inb", theirs.pk)},
        {"customer_id": spell("cus", customer.pk)},
        {"attachments": [spell("att", file.pk)]},
    ):
        assert alice.api.patch(url_of(draft), fields).status_code == 404
    assert again(draft).version == 1


# Versions ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("road", ["header", "body", "both"])
def test_it_writes_on_the_version_that_was_read(alice, inbox, road):
    draft = make_draft(inbox)
    headers = {} if road == "body" else {"If-Match": '"1"'}
    fields = {} if road == "header" else {"version": 1}
    first = alice.api.patch(url_of(draft), {**fields, "subject": "a"}, headers=headers)
    assert (first.status_code, first.json()["version"]) == (200, 2)
    second = alice.api.patch(url_of(draft), {**fields, "subject": "b"}, headers=headers)
    assert second.status_code == 409
    assert error_of(second)["code"] == "version_conflict"
    assert error_of(second)["current"] == 2
    assert again(draft).subject == "a"


def test_a_version_from_the_future_is_none(alice, inbox):
    response = alice.api.patch(url_of(make_draft(inbox)), {"version": 9})
    assert (response.status_code, error_of(response)["current"]) == (409, 1)


def test_header_and_body_must_agree(alice, inbox):
    response = alice.api.patch(
        url_of(make_draft(inbox)), {"version": 1}, headers={"If-Match": '"2"'}
    )
    assert response.status_code == 400


# Who sends --------------------------------------------------------------------------------------


def test_another_inbox_sends_as_itself(alice, inbox):
    other = make_inbox(alice.workspace, address="other@acme.test")
    draft = make_draft(inbox)
    alice.api.patch(url_of(draft), {"from": "desk+x@acme.test"})
    body = alice.api.patch(url_of(draft), {"inbox_id": spell("inb", other.pk)}).json()
    assert body["from"] == {"email": "other@acme.test", "name": None}


def test_another_sender_finds_its_inbox(alice, inbox):
    other = make_inbox(alice.workspace, address="other@acme.test")
    body = alice.api.patch(url_of(make_draft(inbox)), {"from": "other+x@acme.test"}).json()
    assert body["inbox_id"] == spell("inb", other.pk)
    body = alice.api.patch(url_of(make_draft(other)), {"from": None}).json()
    assert body["inbox_id"] == spell("inb", other.pk)


def test_a_sender_of_another_inbox_than_the_named_is_refused(alice, inbox):
    other = make_inbox(alice.workspace, address="other@acme.test")
    draft = make_draft(inbox)
    fields = {"inbox_id": spell("inb", other.pk), "from": "desk@acme.test"}
    response = alice.api.patch(url_of(draft), fields)
    assert (response.status_code, error_of(response)["code"]) == (422, "not_sender")


def test_it_may_have_no_inbox_but_not_through_a_bound_key(alice, inbox):
    draft = make_draft(inbox)
    key, secret = make_key(alice.workspace)
    key.inbox_ids = [inbox.pk.hex]
    key.save()
    assert api_of(secret).patch(url_of(draft), {"inbox_id": None}).status_code == 400
    assert alice.api.patch(url_of(draft), {"inbox_id": None}).json()["from"] is None


# Files ------------------------------------------------------------------------------------------


def test_a_list_of_files_replaces_the_old_one(alice, inbox):
    kept, gone = (make_file(alice.workspace, name.encode(), filename=name) for name in ("k", "g"))
    draft = make_draft(inbox, files=[gone, kept])
    entries = [{"filename": "new", "content": base64(b"new")}, spell("att", kept.pk)]
    body = alice.api.patch(url_of(draft), {"attachments": entries}).json()
    assert [file["filename"] for file in body["attachments"]] == ["new", "k"]
    assert [file["position"] for file in body["attachments"]] == [0, 1]
    assert names_of(draft) == ["new", "k"]
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert gone.expires_at is not None
    assert kept.expires_at is None


def test_an_empty_list_takes_all_away(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    assert alice.api.patch(url_of(draft), {"attachments": []}).json()["attachments"] == []
    assert names_of(draft) == []


def test_a_form_brings_files_too(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    form = {"draft": '{"version": 1}', "file": SimpleUploadedFile("foo.txt", b"foo")}
    response = alice.api.patch(url_of(draft), form, format="multipart")
    assert response.status_code == 200
    assert names_of(draft) == ["foo.txt"]


# What is on its way -----------------------------------------------------------------------------


def test_editing_a_scheduled_draft_sends_the_edited_one_at_the_same_time(alice, inbox):
    draft = scheduled(inbox)
    old = draft.message_id
    body = alice.api.patch(url_of(draft), {"subject": "New", "version": 2}).json()
    assert (body["state"], body["version"], body["error"]) == ("scheduled", 3, None)
    message = Message.objects.get()
    assert message.pk != old
    assert body["message_id"] == spell("msg", message.pk)
    assert message.subject == "New"
    assert Delivery.objects.get().due_at == LATER


def test_editing_the_files_of_a_scheduled_draft_changes_what_is_sent(alice, inbox):
    draft = scheduled(inbox, files=[make_file(alice.workspace, filename="old")])
    entries = [{"filename": "new", "content": base64(b"new")}]
    body = alice.api.patch(url_of(draft), {"attachments": entries}).json()
    assert body["state"] == "scheduled"
    assert [one.filename for one in Message.objects.get().enclosures.all()] == ["new"]


def test_a_waiting_draft_that_loses_what_it_waited_for_leaves(alice, inbox):
    draft = make_draft(inbox, files=[make_reservation(alice.workspace)])
    draft = send_draft(draft=draft, limits=limits_of(draft))
    assert alice.api.get(url_of(draft)).json()["state"] == "waiting"
    body = alice.api.patch(url_of(draft), {"attachments": []}).json()
    assert body["state"] == "dispatched"
    assert Delivery.objects.get().state == "queued"


def test_an_edit_after_which_it_cannot_be_sent_stays_and_says_so(alice, inbox):
    draft = scheduled(inbox)
    body = alice.api.patch(url_of(draft), {"to": [], "subject": "New"}).json()
    assert (body["state"], body["send_at"], body["message_id"]) == ("open", None, None)
    assert (body["subject"], body["to"], body["version"]) == ("New", [], 3)
    assert body["error"]["code"] == "check_failed"
    assert "recipient" in body["error"]["message"]
    assert not Message.objects.exists()
    assert Event.objects.filter(kind="draft.failed", subject_id=draft.pk).exists()


def test_what_has_been_sent_cannot_be_edited(alice, inbox):
    draft = make_draft(inbox)
    draft = send_draft(draft=draft, limits=limits_of(draft))
    response = alice.api.patch(url_of(draft), {"subject": "New"})
    assert (response.status_code, error_of(response)["code"]) == (409, "too_late")
    assert again(draft).subject == "Hello"
    assert Message.objects.count() == 1


def test_what_a_worker_is_sending_cannot_be_edited(alice, inbox):
    draft = scheduled(inbox)
    Delivery.objects.update(state="data", claim=draft.pk)
    response = alice.api.patch(url_of(draft), {"subject": "New"})
    assert (response.status_code, error_of(response)["code"]) == (409, "too_late")
    assert Message.objects.get().subject == "Hello"


def test_editing_what_is_on_its_way_needs_the_scope_to_send(alice, inbox):
    api = api_with(alice.workspace, "draft")
    draft = scheduled(inbox)
    for answer in (
        api.patch(url_of(draft), {"subject": "New"}),
        api.delete(url_of(draft)),
        api.post(url_of(draft, "attachments"), {"filename": "a", "size": 1}),
    ):
        assert (answer.status_code, error_of(answer)["details"]) == (403, {"scope": "send"})
    assert api.patch(url_of(make_draft(inbox)), {"subject": "New"}).status_code == 200
