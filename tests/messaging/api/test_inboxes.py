from __future__ import annotations

import pytest

from messaging.models import Delivery, Inbox
from project.ids import new_id, spell
from tests.make import api_of, api_with, make_key
from tests.messaging.api.reach import V1, error_of, listed, url
from tests.messaging.make import make_inbox, make_message
from tests.people import Person

URL = f"{V1}/inboxes"


def test_it_makes_an_inbox_with_its_folders(alice: Person, bob: Person):
    answer = alice.api.post(URL, {"address": "Sales@ACME.test", "name": "Sales"})
    assert answer.status_code == 201
    inbox = answer.json()
    assert inbox["id"].startswith("inb_") and inbox["created_at"].endswith("Z")
    assert inbox["address"] == "sales@acme.test" and inbox["name"] == "Sales"
    assert inbox["state"] == "active" and inbox["has_own_smtp"] is False
    assert bob.api.get(f"{URL}/{inbox['id']}").json() == inbox
    assert listed(bob.api.get(URL)) == [inbox]
    folders = listed(bob.api.get(f"{URL}/{inbox['id']}/folders"))
    assert {folder["role"] for folder in folders} == {"inbox", "sent", "archive", "trash"}


def test_it_makes_one_at_a_domain_of_the_workspace(alice: Person, charlie: Person):
    alice.workspace.domains.create(name="example.com")
    assert alice.api.post(URL, {"address": "a@example.com"}).status_code == 201
    foreign = charlie.api.post(URL, {"address": "b@example.com"})
    assert error_of(foreign, 422)["code"] == "domain_not_yours"


def test_it_answers_an_equal_request_once(alice: Person):
    headers = {"Idempotency-Key": "k"}
    first = alice.api.post(URL, {"address": "a@acme.test"}, headers=headers)
    again = alice.api.post(URL, {"address": "a@acme.test"}, headers=headers)
    assert again.json() == first.json() and again["Idempotency-Replay"] == "true"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "invalid_request", "address"),
        ({"address": "nonsense"}, 400, "invalid_address", "address"),
        ({"address": "hello@acme.test"}, 409, "address_taken", "address"),
        ({"address": "a@acme.test", "smtp_url": "http://x"}, 400, "invalid_smtp_url", "smtp_url"),
        ({"address": "a@acme.test", "state": "active"}, 400, "invalid_request", "state"),
    ],
)
def test_it_refuses(alice: Person, inbox: Inbox, body, status, code, field):
    error = error_of(alice.api.post(URL, body), status)
    assert (error["code"], error["field"]) == (code, field)


def test_an_address_belongs_to_one_workspace(charlie: Person, inbox: Inbox):
    answer = charlie.api.post(URL, {"address": "hello@acme.test"})
    assert error_of(answer, 409)["code"] == "address_taken"


def test_it_changes_name_and_way_out(alice: Person, inbox: Inbox):
    secret = "smtps://user:hunter2@mail.example.com"
    answer = alice.api.patch(url("inb", inbox.pk), {"smtp_url": secret})
    assert answer.json()["has_own_smtp"] is True and answer.json()["name"] == "Acme"
    assert "hunter2" not in answer.content.decode()
    inbox.refresh_from_db()
    assert inbox.smtp_url == secret
    changed = alice.api.patch(url("inb", inbox.pk), {"smtp_url": "", "name": "New"}).json()
    assert changed["has_own_smtp"] is False and changed["name"] == "New"
    assert error_of(alice.api.patch(url("inb", inbox.pk), {"address": "x@acme.test"}), 400)


def test_it_has_a_signature(alice: Person):
    made = alice.api.post(URL, {"address": "a@acme.test", "signature": "Ann\r\nAcme \n\n"}).json()
    assert made["signature"] == "Ann\nAcme"
    one = f"{URL}/{made['id']}"
    assert alice.api.patch(one, {"name": "A"}).json()["signature"] == "Ann\nAcme"
    assert alice.api.patch(one, {"signature": "x" * 10_000}).json()["signature"] == "x" * 10_000
    error = error_of(alice.api.patch(one, {"signature": "x" * 10_001}), 400)
    assert (error["code"], error["field"]) == ("signature_too_long", "signature")
    assert (error["limit"], error["actual"]) == (10_000, 10_001)
    assert alice.api.patch(one, {"signature": ""}).json()["signature"] == ""


def test_it_closes_an_inbox_and_frees_its_address(alice: Person, inbox: Inbox):
    message = make_message(inbox)
    assert error_of(alice.api.delete(url("inb", inbox.pk)), 409)["code"] == "inbox_in_use"
    Delivery.objects.update(state="done", due_at=None)
    assert alice.api.delete(url("inb", inbox.pk)).status_code == 204
    assert error_of(alice.api.get(url("inb", inbox.pk)), 404)
    assert listed(alice.api.get(URL)) == []
    assert alice.api.get(f"{V1}/messages/{spell('msg', message.pk)}").status_code == 200
    assert alice.api.post(URL, {"address": inbox.address}).status_code == 201


def test_only_administrators_make_change_and_close(alice: Person, bob: Person, inbox: Inbox):
    api = api_with(alice.workspace, "read", "draft", "send", "files")
    assert error_of(api.post(URL, {"address": "a@acme.test"}), 403)
    assert error_of(api.patch(url("inb", inbox.pk), {"name": "x"}), 403)
    assert error_of(api.delete(url("inb", inbox.pk)), 403)
    assert bob.browser.delete(url("inb", inbox.pk)).status_code == 403


def test_a_stranger_finds_none(charlie: Person, inbox: Inbox):
    assert listed(charlie.api.get(URL)) == []
    for call in (charlie.api.get, charlie.api.patch, charlie.api.delete):
        assert error_of(call(url("inb", inbox.pk)), 404)
    assert error_of(charlie.api.get(url("inb", new_id())), 404)


def test_a_bound_key_sees_its_own_and_makes_none(alice: Person, inbox: Inbox):
    other = make_inbox(alice.workspace)
    api = api_of(make_key(alice.workspace, inbox_ids=[other.pk])[1])
    assert [row["id"] for row in listed(api.get(URL))] == [spell("inb", other.pk)]
    assert error_of(api.get(url("inb", inbox.pk)), 404)
    assert error_of(api.get(url("inb", inbox.pk, "folders")), 404)
    assert error_of(api.post(URL, {"address": "a@acme.test"}), 403)["code"] == "bound_key"
