"""Drafts: written, found, changed, deleted."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from drafts.models import Draft
from messaging.models import Inbox
from project.contracts.nylas.drafts import OneDraft
from tests.attachments.statements import verbs_of
from tests.contracts.nylas.wire import (
    ICS,
    JACOB,
    PNG,
    data_of,
    download,
    error_of,
    file_of,
    file_part,
    message_part,
    send_form,
    url_of,
)
from tests.make import api_with
from tests.messaging.make import make_inbox
from tests.people import Person

BIRTHDAY = {
    "subject": "Happy Birthday from Nylas!",
    "body": 'Wishing you the happiest of birthdays. <img src="cid:123456hbd"> \n Fondly, \n Nylas',
    "to": [JACOB],
    "attachments": [
        file_of(PNG, "nylas-hbd.png", content_type='image/png; name="nylas-hbd.png"')
        | {"content_id": "123456hbd"},
        file_of(ICS, "invite.ics", content_type="application/ics", content_id="7890bdnyl"),
    ],
}


@pytest.fixture
def drafts(grant: Inbox) -> str:
    return url_of(grant, "drafts")


def test_r26_r30_r32_a_draft_is_spelt_whole(alice: Person, grant: Inbox, drafts: str):
    draft = data_of(alice.api.post(drafts, BIRTHDAY))
    first, second = draft.pop("attachments")
    id, date, created = draft.pop("id"), draft.pop("date"), draft.pop("created_at")
    assert len(id) == 24 and id.isalnum()
    assert isinstance(date, int) and date >= created > 1_700_000_000
    assert draft == {
        "grant_id": str(grant.pk),
        "object": "draft",
        "subject": BIRTHDAY["subject"],
        "body": BIRTHDAY["body"],
        "snippet": "Wishing you the happiest of birthdays. Fondly, Nylas",
        "from": [{"email": "desk@acme.test", "name": "Acme"}],
        "to": [JACOB],
        "cc": [],
        "bcc": [],
        "reply_to": [],
        "thread_id": "",
        "folders": ["DRAFTS"],
        "unread": False,
        "starred": False,
        "metadata": {},
        "reply_to_message_id": "",
    }
    assert len(first.pop("id")) == len(second.pop("id")) == 24
    assert first == {
        "grant_id": str(grant.pk),
        "filename": "nylas-hbd.png",
        "content_type": 'image/png; name="nylas-hbd.png"',
        "size": len(PNG),
        "content_id": "123456hbd",
        "content_disposition": 'inline; filename="nylas-hbd.png"',
        "is_inline": True,
    }
    assert second == {
        "grant_id": str(grant.pk),
        "filename": "invite.ics",
        "content_type": 'application/ics; name="invite.ics"',
        "size": len(ICS),
        "content_id": "7890bdnyl",
        "content_disposition": 'attachment; filename="invite.ics"',
        "is_inline": False,
    }


def test_r37_what_was_written_is_found_listed_and_deleted(alice: Person, grant: Inbox, drafts: str):
    draft = data_of(alice.api.post(drafts, BIRTHDAY))
    assert data_of(alice.api.get(f"{drafts}/{draft['id']}")) == draft
    assert data_of(alice.api.get(drafts)) == [draft]
    assert [download(alice.api, grant, draft, place) for place in (0, 1)] == [PNG, ICS]
    gone = alice.api.delete(f"{drafts}/{draft['id']}")
    assert gone.status_code == 200
    assert gone.json() == {"request_id": gone["X-Request-Id"]}
    assert data_of(alice.api.get(drafts)) == []
    for again in (alice.api.get, alice.api.delete, alice.api.post, alice.api.put):
        error = error_of(again(f"{drafts}/{draft['id']}"), 404)
        assert error == {"type": "not_found_error", "message": "requested object not found"}


def test_r37_an_empty_draft_is_one(alice: Person, drafts: str):
    draft = data_of(alice.api.post(drafts, {}))
    assert (draft["to"], draft["body"], draft["subject"]) == ([], "", "")
    assert draft["attachments"] == []


def test_r27_r65_r13_drafts_come_in_pages_the_newest_first(alice: Person, drafts: str):
    ids = [data_of(alice.api.post(drafts, {"subject": f"{n}"}))["id"] for n in range(3)]
    first = alice.api.get(drafts, {"limit": 2}).json()
    assert [one["id"] for one in first["data"]] == [ids[2], ids[1]]
    last = alice.api.get(drafts, {"limit": 2, "page_token": first["next_cursor"]}).json()
    assert [one["id"] for one in last["data"]] == [ids[0]]
    assert "next_cursor" not in last


def test_r5_r70_select_keeps_the_grant_id(alice: Person, grant: Inbox, drafts: str):
    draft = data_of(alice.api.post(drafts, BIRTHDAY))
    chosen = data_of(alice.api.get(f"{drafts}/{draft['id']}", {"select": "id,attachments,none"}))
    assert chosen == {name: draft[name] for name in ("id", "grant_id", "attachments")}
    listed = data_of(alice.api.get(f"{drafts}?select=id&select=subject"))
    assert listed == [{name: draft[name] for name in ("id", "grant_id", "subject")}]


# Changing ---------------------------------------------------------------------------------------


def test_r43_put_changes_what_is_given_and_nothing_else(alice: Person, drafts: str):
    whole = {
        **BIRTHDAY,
        "cc": [{"email": "c@example.com"}],
        "metadata": {"key1": "a", "camelKey": "b"},
        "reply_to": [{"email": "r@example.com", "name": "R"}],
    }
    before = data_of(alice.api.post(drafts, whole))
    after = data_of(alice.api.put(f"{drafts}/{before['id']}", {"subject": "s2"}))
    assert after.pop("date") >= before["date"]
    assert after == {**{k: v for k, v in before.items() if k != "date"}, "subject": "s2"}
    changed = data_of(
        alice.api.put(f"{drafts}/{before['id']}", {"metadata": {"key2": "c"}, "cc": []})
    )
    assert (changed["metadata"], changed["cc"]) == ({"key2": "c"}, [])
    assert changed["reply_to"] == whole["reply_to"]


def test_r44_put_of_attachments_is_the_whole_list(alice: Person, grant: Inbox, drafts: str):
    before = data_of(alice.api.post(drafts, BIRTHDAY))
    url = f"{drafts}/{before['id']}"
    logo = file_of(PNG, "pic.png", content_type='image/png; name="logo.png"')
    after = data_of(alice.api.put(url, {"attachments": [logo]}))
    assert [one["filename"] for one in after["attachments"]] == ["pic.png"]
    assert after["attachments"][0]["content_type"] == 'image/png; name="logo.png"'
    assert after["subject"] == before["subject"]
    assert download(alice.api, grant, after) == PNG
    old = url_of(grant, "attachments", before["attachments"][0]["id"])
    assert error_of(alice.api.get(old, {"message_id": before["id"]}), 404)
    kept = data_of(alice.api.put(url, {"subject": "s3"}))
    assert kept["attachments"] == after["attachments"]
    assert data_of(alice.api.put(url, {"attachments": []}))["attachments"] == []


def test_r44_a_form_with_an_empty_message_changes_the_files_only(
    alice: Person, grant: Inbox, drafts: str
):
    before = data_of(alice.api.post(drafts, BIRTHDAY))
    url = f"{drafts}/{before['id']}"
    after = data_of(
        send_form(
            alice.api, url, message_part("{}"), file_part("file0", ICS, "new.ics"), method="PUT"
        )
    )
    assert (after["subject"], after["body"]) == (before["subject"], before["body"])
    assert [one["filename"] for one in after["attachments"]] == ["new.ics"]
    assert download(alice.api, grant, after) == ICS
    kept = data_of(send_form(alice.api, url, message_part({"subject": "x"}), method="PUT"))
    assert kept["attachments"] == after["attachments"]


def test_r43_an_empty_put_changes_nothing(alice: Person, drafts: str):
    before = data_of(alice.api.post(drafts, BIRTHDAY))
    after = data_of(alice.api.put(f"{drafts}/{before['id']}", {}))
    assert {**after, "date": 0} == {**before, "date": 0}


def test_r53_a_new_body_decides_anew_what_is_inline(alice: Person, drafts: str):
    before = data_of(alice.api.post(drafts, BIRTHDAY))
    url = f"{drafts}/{before['id']}"
    after = data_of(alice.api.put(url, {"body": '<img src="cid:7890bdnyl">'}))
    assert [one["is_inline"] for one in after["attachments"]] == [False, True]
    assert [one["id"] for one in after["attachments"]] == [
        one["id"] for one in before["attachments"]
    ]
    assert after["attachments"][1]["content_disposition"] == 'inline; filename="invite.ics"'


def test_r43_a_refused_put_changes_nothing(alice: Person, drafts: str):
    before = data_of(alice.api.post(drafts, BIRTHDAY))
    bad = {"subject": "other", "attachments": [{"filename": "a.txt", "content": "!"}]}
    assert (
        "attachments[0].content"
        in error_of(alice.api.put(f"{drafts}/{before['id']}", bad), 400)["message"]
    )
    assert data_of(alice.api.get(f"{drafts}/{before['id']}")) == before


def test_r43_a_change_is_made_on_what_another_one_left(alice: Person, drafts: str, monkeypatch):
    before = data_of(alice.api.post(drafts, {"subject": "a", "starred": True}))
    true_rewrite, calls = OneDraft._rewrite, []

    def overtaken(*given):
        calls.append(given)
        if len(calls) == 1:
            cc = [{"email": "c@example.com", "name": None}]
            Draft.objects.update(version=F("version") + 1, cc=cc)
        return true_rewrite(*given)

    monkeypatch.setattr(OneDraft, "_rewrite", overtaken)
    after = data_of(alice.api.put(f"{drafts}/{before['id']}", {"subject": "b"}))
    assert (after["subject"], after["cc"]) == ("b", [{"email": "c@example.com", "name": ""}])
    assert after["starred"] is True
    assert len(calls) == 2


# Who --------------------------------------------------------------------------------------------


def test_bob_sees_what_charlie_does_not(alice: Person, bob: Person, charlie: Person, drafts: str):
    draft = data_of(alice.api.post(drafts, BIRTHDAY))
    assert data_of(bob.api.get(f"{drafts}/{draft['id']}")) == draft
    for method in ("get", "put", "delete", "post"):
        ask = getattr(charlie.api, method)
        assert error_of(ask(f"{drafts}/{draft['id']}"), 404)["type"] == "grant.not_found"
    assert error_of(charlie.api.post(drafts, {}), 404)["type"] == "grant.not_found"


def test_another_grant_does_not_have_the_draft(alice: Person, drafts: str):
    other = url_of(make_inbox(alice.workspace), "drafts")
    draft = data_of(alice.api.post(drafts, BIRTHDAY))
    assert error_of(alice.api.get(f"{other}/{draft['id']}"), 404)["type"] == "not_found_error"
    assert data_of(alice.api.get(other)) == []


def test_r28_scopes_are_needed(alice: Person, drafts: str):
    reader = api_with(alice.workspace, "read")
    assert error_of(reader.post(drafts, {}), 403)["type"] == "insufficient_scopes"
    draft = data_of(api_with(alice.workspace, "draft").post(drafts, {}))
    writer = api_with(alice.workspace, "draft")
    assert error_of(writer.post(f"{drafts}/{draft['id']}"), 403)["type"] == "insufficient_scopes"


# Statements -------------------------------------------------------------------------------------


def test_a_draft_with_a_file_takes_as_few_statements_as_a_native_one(alice: Person, drafts: str):
    api = alice.api
    api.post(drafts, {})
    with CaptureQueriesContext(connection) as queries:
        data_of(api.post(drafts, {"to": [JACOB], "attachments": [file_of(b"foo", "foo.txt")]}))
    assert verbs_of(queries) == [
        "SELECT",  # the key
        "SELECT",  # the grant
        "SELECT",  # bytes that are here already
        "UPDATE",  # the bytes that the workspace stores
        "INSERT",  # the blob
        "INSERT",  # the attachment
        "INSERT",  # its events
        "SELECT",  # messages that wait for it
        "INSERT",  # the draft
        "INSERT",  # what it carries
    ]


def test_a_list_takes_the_same_statements_for_any_number(
    alice: Person, drafts: str, django_assert_num_queries
):
    api = alice.api
    for count in (1, 4):
        for _ in range(count):
            api.post(drafts, BIRTHDAY)
        with django_assert_num_queries(4):  # key, grant, drafts, files
            assert data_of(api.get(drafts))
