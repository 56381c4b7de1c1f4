"""POST, GET /v1/customers/{id}/drafts; GET, PUT, DELETE /v1/drafts/{id}"""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drafts.models import Draft
from messaging.models import Delivery, Message
from messaging.outbox.drain import deliver_due
from project.ids import spell_hex
from tests.contracts.kustomer.wire import (
    EMAIL,
    NOBODY,
    at,
    attach,
    draft_url,
    drafts_of,
    error_of,
    pointer_of,
    write,
)
from tests.make import api_with
from tests.messaging.make import make_inbox, make_message

HEX = re.compile(r"[0-9a-f]{24}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_r1_r5_a_draft_is_made_for_a_customer_and_has_an_id(alice, inbox, jane):
    answer = alice.api.post(drafts_of(jane), EMAIL)
    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/json"
    data = answer.json()["data"]
    id, customer = data["id"], spell_hex(jane.pk)
    assert HEX.fullmatch(id)
    assert spell_hex(Draft.objects.get().pk) == id
    attributes = data["attributes"]
    assert TIME.fullmatch(attributes.pop("createdAt"))
    assert TIME.fullmatch(attributes.pop("updatedAt"))
    assert data == {
        "type": "draft",
        "id": id,
        "attributes": {
            "channel": "email",
            "status": "draft",
            "error": None,
            "to": [{"email": "jane@example.com"}],
            "from": {"email": "agent@acme.test", "name": "Acme"},
            "cc": [],
            "bcc": [],
            "subject": "Your invoice",
            "body": "See attached.",
            "htmlBody": None,
            "replyTo": None,
            "headers": [],
            "app": "postmark",
            "auto": False,
            "scheduled": False,
            "sendAt": None,
            "attachmentCount": 0,
        },
        "relationships": {
            "customer": {
                "data": {"type": "customer", "id": customer},
                "links": {"self": f"/v1/customers/{customer}"},
            },
            "attachments": {"data": [], "links": {"self": f"/v1/drafts/{id}/attachments"}},
            "message": {"data": None},
        },
        "links": {"self": f"/v1/drafts/{id}"},
    }


def test_r2_without_a_time_it_neither_leaves_nor_is_scheduled(alice, inbox, jane):
    for none in ({}, {"sendAt": None}, {"sendAt": ""}, {"scheduled": False}):
        draft = write(alice, jane, **none)
        assert draft["attributes"]["status"] == "draft"
        assert alice.api.get(draft_url(draft)).json()["data"]["attributes"]["sendAt"] is None
    deliver_due()
    assert not Message.objects.exists()
    assert not Delivery.objects.exists()


def test_r3_the_fields_of_the_channel_are_kept_and_sent(alice, inbox, jane):
    fields = {
        "to": [{"email": "a@example.com", "name": "A", "more": 1}, "B <b@example.com>"],
        "cc": "c@example.com",
        "bcc": {"email": "d@example.com"},
        "from": {"email": "agent@acme.test", "name": "Agnes"},
        "subject": "S" * 998,
        "body": "b" * 10_240,
        "htmlBody": "h" * 524_288,
        "replyTo": "answers@acme.test",
        "headers": [{"name": "X-Order", "value": "7"}],
        "app": "gmail",
        "auto": True,
        "source": "rule",
        "lang": "en",
        "shortcuts": ["s"],
        "kbArticles": [{"id": 1}],
        "templateType": "t",
        "template": {"a": [None]},
        "payload": {"x": {"y": True}},
        "unknown": "ignored",
    }
    draft = write(alice, jane, **fields)
    wanted = {
        **fields,
        "to": [{"email": "a@example.com", "name": "A"}, {"email": "b@example.com", "name": "B"}],
        "cc": [{"email": "c@example.com"}],
        "bcc": [{"email": "d@example.com"}],
    }
    del wanted["unknown"]
    again = alice.api.get(draft_url(draft)).json()["data"]
    assert again == draft
    assert {name: draft["attributes"][name] for name in wanted} == wanted
    assert "unknown" not in draft["attributes"]
    sent = alice.api.put(draft_url(draft), {"sendAt": at()})
    assert sent.status_code == 200
    message = Message.objects.get()
    assert (message.from_name, message.headers) == ("Agnes", {"X-Order": "7"})
    assert message.reply_to == [{"email": "answers@acme.test", "name": None}]
    assert {one.email for one in message.recipients} == {f"{x}@example.com" for x in "abcd"}
    assert message.annotations["kustomer"]["payload"] == {"x": {"y": True}}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"channel": None}, "/channel"),
        ({"channel": "sms"}, "/channel"),
        ({"channel": "carrier pigeon"}, "/channel"),
        ({"channel": 7}, "/channel"),
        ({"to": "nonsense"}, "/to"),
        ({"to": ["a@example.com", {"name": "x"}]}, "/to/1/email"),
        ({"to": [{"email": "x@"}]}, "/to/0/email"),
        ({"to": [f"a{n}@example.com" for n in range(1001)]}, "/to"),
        ({"cc": [7]}, "/cc/0"),
        ({"from": "ceo@example.com"}, "/from"),
        ({"from": {"email": 7}}, "/from/email"),
        ({"subject": "s" * 999}, "/subject"),
        ({"subject": "a\r\nBcc: x@example.com"}, "/subject"),
        ({"body": "b" * 10_241}, "/body"),
        ({"body": "a\0b"}, "/body"),
        ({"body": 7}, "/body"),
        ({"htmlBody": "ä" * 262_144 + "h"}, "/htmlBody"),
        ({"replyTo": "x"}, "/replyTo"),
        ({"headers": {"X-A": "1"}}, "/headers"),
        ({"headers": [{"name": "X-A", "value": "1\r\nBcc: x@example.com"}]}, "/headers/0"),
        ({"headers": [{"name": "X-A", "value": "1"}, {"name": "Bcc", "value": "x"}]}, "/headers/1"),
        ({"headers": [{"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"}]}, "/headers"),
        ({"auto": "perhaps"}, "/auto"),
        ({"payload": {"a": "\0"}}, "/payload"),
        ({"payload": "x" * 16_385}, "/payload"),
        ({"app": "a" * 256}, "/app"),
        ({"conversation": "x"}, "/conversation"),
        ({"conversation": NOBODY}, "/conversation"),
        ({"customer": NOBODY}, "/customer"),
        ({"sendAt": "tomorrow"}, "/sendAt"),
        ({"sendAt": 1777647600}, "/sendAt"),
        ({"sendAt": "2099-01-01T00:00:00.000Z", "scheduled": True}, "/sendAt"),
        ({"scheduled": True}, "/sendAt"),
    ],
)
def test_r3_r19_what_does_not_fit_is_refused_and_nothing_is_kept(
    alice, inbox, jane, fields, pointer
):
    draft = write(alice, jane)
    before = Draft.objects.values().get()
    for answer in (
        alice.api.post(drafts_of(jane), {**EMAIL, **fields}),
        alice.api.put(draft_url(draft), {"subject": "Changed", **fields}),
    ):
        assert pointer_of(answer) == pointer
    assert Draft.objects.values().get() == before
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"to": [f"a{n}@example.com" for n in range(1000)]},
        {"htmlBody": "ä" * 262_144},
        {"payload": "x" * 16_384},
        {"app": "a" * 255},
    ],
)
def test_r3_what_just_fits_is_taken(alice, inbox, jane, fields):
    draft = write(alice, jane, **fields)
    assert alice.api.put(draft_url(draft), fields).status_code == 200


def test_r3_the_channel_is_required_and_so_is_somebody_to_write_to(alice, inbox, jane):
    answer = alice.api.post(drafts_of(jane), {"subject": "x"})
    assert pointer_of(answer) == "/channel"
    assert answer.json()["errors"][0]["message"] == "channel is required."
    jane.addresses.all().delete()
    assert pointer_of(alice.api.post(drafts_of(jane), EMAIL)) == "/to"
    assert pointer_of(alice.api.post(drafts_of(jane), {**EMAIL, "to": []})) == "/to"
    assert write(alice, jane, to="x@example.com")["attributes"]["to"] == [
        {"email": "x@example.com"}
    ]


def test_each_problem_has_an_entry(alice, inbox, jane):
    answer = alice.api.post(drafts_of(jane), {"channel": "sms", "body": 7, "auto": "x"})
    assert answer.status_code == 400
    assert [one["source"]["pointer"] for one in answer.json()["errors"]] == [
        "/channel",
        "/body",
        "/auto",
    ]


def test_without_a_sender_there_is_no_draft(alice, jane):
    assert pointer_of(alice.api.post(drafts_of(jane), EMAIL)) == "/from"


def test_the_first_sender_is_the_default(alice, inbox, jane):
    make_inbox(alice.workspace, address="second@acme.test")
    assert write(alice, jane)["attributes"]["from"]["email"] == "agent@acme.test"
    draft = write(alice, jane, **{"from": "second@acme.test"})
    assert draft["attributes"]["from"] == {"email": "second@acme.test"}
    draft = alice.api.put(draft_url(draft), {"from": "Agnes <agent+x@acme.test>"}).json()["data"]
    assert draft["attributes"]["from"] == {"email": "agent+x@acme.test", "name": "Agnes"}


def test_a_conversation_is_answered(alice, inbox, jane):
    first = make_message(inbox)
    thread = spell_hex(first.thread_id)
    draft = write(alice, jane, conversation=thread)
    assert draft["relationships"]["conversation"] == {
        "data": {"type": "conversation", "id": thread},
        "links": {"self": f"/v1/conversations/{thread}"},
    }
    alice.api.put(draft_url(draft), {"sendAt": at()})
    answer = Message.objects.latest("pk")
    assert (answer.thread_id, answer.in_reply_to) == (first.thread_id, first.rfc_message_id)


def test_a_put_changes_what_is_sent_and_nothing_else(alice, inbox, jane):
    draft = write(alice, jane, cc=["a@example.com"], lang="en", payload={"a": 1})
    answer = alice.api.put(
        draft_url(draft), {"channel": "email", "cc": ["b@example.com"], "payload": None}
    )
    assert answer.status_code == 200
    changed = answer.json()["data"]
    assert changed["attributes"].pop("updatedAt") >= draft["attributes"].pop("updatedAt")
    draft["attributes"]["cc"] = [{"email": "b@example.com"}]
    del draft["attributes"]["payload"]
    assert changed == draft
    patched = alice.api.patch(draft_url(draft), {"subject": None, "body": None})
    assert patched.json()["data"]["attributes"]["subject"] == ""


def test_the_channel_does_not_change(alice, inbox, jane):
    draft = write(alice, jane)
    assert pointer_of(alice.api.put(draft_url(draft), {"channel": "note"})) == "/channel"


def test_the_customer_may_be_named(alice, inbox, jane):
    fields = {**EMAIL, "customer": spell_hex(jane.pk)}
    draft = alice.api.post(drafts_of(jane), fields).json()["data"]
    answer = alice.api.put(draft_url(draft), {"customer": spell_hex(jane.pk)})
    assert answer.status_code == 200


def test_drafts_are_listed_newest_first_page_by_page(alice, inbox, jane):
    ids = [write(alice, jane)["id"] for _ in range(3)]
    url = drafts_of(jane)
    page = alice.api.get(url, {"pageSize": 2}).json()
    assert [one["id"] for one in page["data"]] == [ids[2], ids[1]]
    assert page["meta"] == {"page": 1, "pageSize": 2, "total": 3, "totalPages": 2}
    assert page["links"] == {
        "self": f"{url}?page=1&pageSize=2",
        "first": f"{url}?page=1&pageSize=2",
        "prev": None,
        "next": f"{url}?page=2&pageSize=2",
    }
    last = alice.api.get(page["links"]["next"]).json()
    assert [one["id"] for one in last["data"]] == [ids[0]]
    assert last["links"]["next"] is None
    assert last["links"]["prev"] == page["links"]["self"]


def test_what_has_left_is_not_listed(alice, inbox, jane):
    scheduled = write(alice, jane, sendAt=at(days=1), scheduled=True)
    written = write(alice, jane)
    sent = write(alice, jane, sendAt=at())
    listed = alice.api.get(drafts_of(jane)).json()
    assert [one["id"] for one in listed["data"]] == [written["id"], scheduled["id"]]
    assert listed["meta"]["total"] == 2
    error_of(alice.api.get(draft_url(sent)), 404, "not_found")


def test_a_draft_is_deleted(alice, inbox, jane):
    draft = write(alice, jane, sendAt=at(days=1), scheduled=True)
    assert alice.api.delete(draft_url(draft)).status_code == 204
    error_of(alice.api.get(draft_url(draft)), 404, "not_found")
    error_of(alice.api.delete(draft_url(draft)), 404, "not_found")
    assert not Message.objects.exists()


def test_bob_may_and_charlie_finds_nothing(alice, bob, charlie, inbox, jane):
    draft = write(alice, jane)
    urls = (drafts_of(jane), draft_url(draft))
    for url in urls:
        assert bob.api.get(url).status_code == 200
        error_of(charlie.api.get(url), 404, "not_found")
    error_of(charlie.api.post(drafts_of(jane), EMAIL), 404, "not_found")
    for method in (charlie.api.put, charlie.api.patch, charlie.api.delete):
        error_of(method(draft_url(draft), {"subject": "x"}), 404, "not_found")
    assert bob.api.put(draft_url(draft), {"subject": "x"}).status_code == 200
    assert bob.api.delete(draft_url(draft)).status_code == 204


def test_scopes(alice, inbox, jane):
    draft = write(alice, jane)
    reader, writer = api_with(alice.workspace, "read"), api_with(alice.workspace, "read", "draft")
    error_of(reader.post(drafts_of(jane), EMAIL), 403, "forbidden")
    error_of(reader.put(draft_url(draft), {}), 403, "forbidden")
    error_of(reader.delete(draft_url(draft)), 403, "forbidden")
    assert writer.post(drafts_of(jane), EMAIL).status_code == 201
    assert writer.put(draft_url(draft), {"subject": "x"}).status_code == 200
    error_of(writer.post(drafts_of(jane), {**EMAIL, "sendAt": at()}), 403, "forbidden")
    error_of(writer.put(draft_url(draft), {"sendAt": at()}), 403, "forbidden")
    alice.api.put(draft_url(draft), {"sendAt": at(days=1)})
    error_of(writer.put(draft_url(draft), {"subject": "y"}), 403, "forbidden")
    error_of(writer.delete(draft_url(draft)), 403, "forbidden")


def test_a_note_is_recorded_and_there_is_one_in_a_conversation(alice, inbox, jane):
    thread = spell_hex(make_message(inbox).thread_id)
    note = write(alice, jane, channel="note", conversation=thread)
    assert (note["attributes"]["app"], note["attributes"]["to"]) == (None, [])
    second = {**EMAIL, "channel": "note", "conversation": thread}
    error_of(alice.api.post(drafts_of(jane), second), 409, "conflict")
    assert pointer_of(alice.api.put(draft_url(note), {"sendAt": at(days=1)})) == "/sendAt"
    done = alice.api.put(draft_url(note), {"sendAt": at()}).json()["data"]
    assert done["attributes"]["status"] == "sent"
    message = Message.objects.latest("pk")
    assert (message.channel, message.deliveries.count()) == ("note", 0)
    assert done["relationships"]["message"]["data"]["id"] == spell_hex(message.pk)
    assert alice.api.post(drafts_of(jane), second).status_code == 201


def test_the_rate_is_counted_for_each_customer_and_client(alice, bob, inbox, jane, settings):
    settings.KUSTOMER_DRAFTS_PER_MINUTE = 2
    other = jane.workspace.customers.create()
    assert [alice.api.post(drafts_of(jane), EMAIL).status_code for _ in range(2)] == [201, 201]
    answer = alice.api.post(drafts_of(jane), EMAIL)
    error = error_of(answer, 429, "too_many_requests")
    assert 1 <= int(answer["Retry-After"]) <= 61
    assert error["meta"] == {"limit": 2}
    assert alice.api.get(drafts_of(jane)).status_code == 200
    assert bob.api.post(drafts_of(jane), EMAIL).status_code == 201
    assert alice.api.post(drafts_of(other), {**EMAIL, "to": "x@example.com"}).status_code == 201
    settings.KUSTOMER_DRAFTS_PER_MINUTE = 0
    assert alice.api.post(drafts_of(jane), EMAIL).status_code == 201


def test_lists_take_as_many_queries_for_many_as_for_few(alice, inbox, jane):
    counts = []
    for _ in range(2):
        for time in ({}, {"sendAt": at(days=1), "scheduled": True}):
            attach(alice, write(alice, jane, **time))
        with CaptureQueriesContext(connection) as queries:
            assert alice.api.get(drafts_of(jane)).status_code == 200
            assert alice.api.get("/v1/customers").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 16
