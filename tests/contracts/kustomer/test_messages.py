"""GET, PUT, PATCH /v1/messages/{id}; GET, POST /v1/customers/{id}/messages"""

from __future__ import annotations

import pytest

from messaging.models import Delivery, Message
from messaging.outbox.drain import deliver_due
from messaging.plain import read_html
from messaging.trash import trash_message
from project.ids import new_id, spell_hex
from project.tenancy.models import Workspace
from tests.contracts.kustomer.wire import (
    NOBODY,
    PDF,
    at,
    attach,
    draft_url,
    error_of,
    example,
    pointer_of,
    upload,
    write,
)
from tests.drafts.test_races import at_once
from tests.make import api_with
from tests.messaging.make import make_file, make_message, make_reservation


def url_of(message: Message) -> str:
    return f"/v1/messages/{spell_hex(message.pk)}"


def entry_of(file, **fields):
    known = {"_id": spell_hex(file.pk), "name": "receipt.png", "contentType": "image/png"}
    return {**known, "contentLength": 8911, **fields}


@pytest.fixture
def sent(alice, inbox, jane) -> Message:
    """A message with one file that has reached jane."""
    draft = write(alice, jane)
    upload(attach(alice, draft)["data"]["links"]["related"])
    alice.api.put(draft_url(draft), {"sendAt": at()})
    deliver_due()
    return Message.objects.get()


def test_a_message_is_shown(alice, sent, jane):
    data = alice.api.get(url_of(sent)).json()["data"]
    id, customer = spell_hex(sent.pk), spell_hex(jane.pk)
    attributes = data.pop("attributes")
    for name in ("sentAt", "createdAt", "updatedAt"):
        assert attributes.pop(name).endswith("Z")
    [row] = sent.enclosures.all()
    assert attributes == {
        "channel": "email",
        "app": "postmark",
        "direction": "out",
        "directionType": "initial-out",
        "status": "sent",
        "subject": "Your invoice",
        "preview": "See attached.",
        "size": 13,
        "externalId": None,
        "tags": [],
        "custom": {},
        "attachments": [
            {
                "_id": spell_hex(row.attachment_id),
                "name": "invoice.pdf",
                "contentType": "application/pdf",
                "contentLength": len(PDF),
            }
        ],
    }
    assert (data["type"], data["id"], data["links"]) == ("message", id, {"self": url_of(sent)})
    assert data["relationships"]["customer"]["data"] == {"type": "customer", "id": customer}


def test_r20_r21_the_tutorials_put_adds_a_file(alice, sent):
    body = example("add_attachments.request.json")
    file = make_file(alice.workspace, b"x" * 8911)
    body["attachments"][0]["_id"] = spell_hex(file.pk)
    answer = alice.api.put(url_of(sent), body)
    assert answer.status_code == 200
    first, second = answer.json()["data"]["attributes"]["attachments"]
    assert first["name"] == "invoice.pdf"
    assert second == {**body["attachments"][0], "inMail": False}
    assert alice.api.get(url_of(sent)).json() == answer.json()


def test_r21_the_source_id_is_kept_if_it_is_given(alice, sent):
    file = make_file(alice.workspace, b"x" * 8911)
    body = {"attachments": [entry_of(file, sourceId="ext-1")]}
    entry = alice.api.put(url_of(sent), body).json()["data"]["attributes"]["attachments"][1]
    assert entry == {**body["attachments"][0], "inMail": False}


@pytest.mark.parametrize("name", ["_id", "name", "contentType", "contentLength"])
def test_r21_r29_each_field_is_required(alice, sent, name):
    file = make_file(alice.workspace)
    body = {"attachments": [entry_of(file), entry_of(file)]}
    del body["attachments"][1][name]
    assert pointer_of(alice.api.put(url_of(sent), body)) == f"/attachments/1/{name}"
    assert sent.enclosures.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"_id": NOBODY}, "_id"),
        ({"_id": "x"}, "_id"),
        ({"_id": 7}, "_id"),
        ({"_id": spell_hex(new_id())}, "_id"),
        ({"name": ""}, "name"),
        ({"contentType": "png"}, "contentType"),
        ({"contentLength": -1}, "contentLength"),
        ({"contentLength": "7"}, "contentLength"),
        ({"sourceId": 7}, "sourceId"),
    ],
)
def test_r29_a_wrong_entry_is_refused_and_none_is_added(alice, sent, fields, field):
    file = make_file(alice.workspace)
    body = {"attachments": [entry_of(file), entry_of(file, **fields)]}
    assert pointer_of(alice.api.put(url_of(sent), body)) == f"/attachments/1/{field}"
    assert sent.enclosures.count() == 1


def test_r29_a_file_of_others_is_unknown(alice, charlie, sent):
    body = {"attachments": [entry_of(make_file(charlie.workspace))]}
    assert pointer_of(alice.api.put(url_of(sent), body)) == "/attachments/0/_id"


def test_r29_the_id_of_the_creation_is_the_right_one(alice, sent, jane):
    made = alice.api.post(
        "/v1/attachments",
        {"name": "receipt.png", "contentType": "image/png", "contentLength": 8911},
    ).json()["data"]
    draft = write(alice, jane)
    drafted = attach(alice, draft)["data"]
    entries = [
        {"_id": one["id"], **{name: one["attributes"][name] for name in FIELDS}}
        for one in (made, drafted)
    ]
    answer = alice.api.patch(url_of(sent), {"attachments": entries})
    assert [one["_id"] for one in answer.json()["data"]["attributes"]["attachments"]][1:] == [
        made["id"],
        drafted["id"],
    ]
    # and it outlives the draft it was made for
    assert alice.api.delete(draft_url(draft)).status_code == 204
    assert alice.api.get(f"/v1/attachments/{drafted['id']}").status_code == 200


FIELDS = ("name", "contentType", "contentLength")


def test_r25_entries_are_merged_and_none_is_dropped(alice, sent):
    a, b = make_file(alice.workspace, b"a"), make_file(alice.workspace, b"bb")
    for entries in ([entry_of(a)], [entry_of(b)], [entry_of(a, name="new.png")], []):
        answer = alice.api.put(url_of(sent), {"attachments": entries})
        assert answer.status_code == 200
    listed = answer.json()["data"]["attributes"]["attachments"]
    assert [(one["name"], one["contentLength"]) for one in listed] == [
        ("invoice.pdf", len(PDF)),
        ("new.png", 1),
        ("receipt.png", 2),
    ]
    assert Message.objects.get().attachment_count == 3


def test_the_mail_stays_what_was_sent(alice, sent):
    row = sent.enclosures.get()
    body = {
        "attachments": [entry_of(row.attachment), entry_of(make_file(alice.workspace))],
        "subject": "Another",
        "preview": "Other words",
        "externalId": "ext-9",
        "custom": {"a": 1},
        "tags": ["red"],
        "direction": "in",
    }
    before = alice.api.get(url_of(sent)).json()["data"]["attributes"]["updatedAt"]
    attributes = alice.api.put(url_of(sent), body).json()["data"]["attributes"]
    assert attributes["updatedAt"] > before
    for name in ("subject", "preview", "externalId", "custom", "tags"):
        assert attributes[name] == body[name]
    assert attributes["direction"] == "out"
    assert [one["name"] for one in attributes["attachments"]] == ["receipt.png", "receipt.png"]
    message = Message.objects.get()
    assert (message.subject, message.tags, message.metadata) == (
        "Your invoice",
        ["red"],
        {"a": 1},
    )
    rows = message.enclosures.values_list("filename", "in_mail")
    assert list(rows) == [("invoice.pdf", True), ("receipt.png", False)]
    deliver_due()
    assert Delivery.objects.get().attempts == 1


@pytest.mark.django_db(transaction=True)
def test_two_puts_at_once_both_stand(alice, sent):
    url, files = url_of(sent), [make_file(alice.workspace, bytes([n])) for n in range(2)]
    notes = ({"externalId": "x"}, {"subject": "New"})
    answers = at_once(
        *(
            lambda body=body: alice.api.put(url, body)
            for body in (
                {"attachments": [entry_of(file)], **note}
                for file, note in zip(files, notes, strict=True)
            )
        )
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    attributes = alice.api.get(url).json()["data"]["attributes"]
    assert (attributes["externalId"], attributes["subject"]) == ("x", "New")
    assert len(attributes["attachments"]) == 3


def test_a_file_without_bytes_may_be_noted(alice, sent):
    file = make_reservation(alice.workspace, size=5)
    listed = alice.api.put(url_of(sent), {"attachments": [entry_of(file)]}).json()
    assert listed["data"]["attributes"]["attachments"][1]["contentLength"] == 5
    assert listed["data"]["attributes"]["status"] == "sent"


def test_a_message_that_is_not_final_takes_no_files(alice, inbox, jane):
    draft = write(alice, jane, sendAt=at())
    message = Message.objects.get()
    assert draft["attributes"]["status"] == "sent"
    body = {"attachments": [entry_of(make_file(alice.workspace))]}
    error_of(alice.api.put(url_of(message), body), 409, "conflict")
    assert message.enclosures.count() == 0
    deliver_due()
    assert alice.api.put(url_of(message), body).status_code == 200


def test_what_is_scheduled_or_waits_is_not_there_yet(alice, inbox, jane):
    write(alice, jane, sendAt=at(days=1), scheduled=True)
    waiting = write(alice, jane)
    attach(alice, waiting)
    alice.api.put(draft_url(waiting), {"sendAt": at()})
    for message in Message.objects.all():
        error_of(alice.api.get(url_of(message)), 404, "not_found")
    assert messages_of(alice, jane)["meta"]["total"] == 0


def test_a_failed_message_says_so(alice, sent):
    for state, status in (("refused", "error"), ("unknown", "error"), ("delivered", "sent")):
        sent.deliveries.get().recipients.update(state=state)
        assert alice.api.get(url_of(sent)).json()["data"]["attributes"]["status"] == status


# Of a customer ----------------------------------------------------------------------------------


def messages_of(person, customer):
    answer = person.api.get(f"/v1/customers/{spell_hex(customer.pk)}/messages")
    assert answer.status_code == 200
    return answer.json()


def record(person, customer, **fields):
    answer = person.api.post(f"/v1/customers/{spell_hex(customer.pk)}/messages", fields)
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]


def test_a_message_is_recorded_and_not_delivered(alice, inbox, jane):
    file = make_file(alice.workspace, b"x" * 8911)
    data = record(
        alice,
        jane,
        channel="email",
        app="gmail",
        direction="in",
        subject="Help",
        preview="Where is it?",
        sentAt="2026-01-31T09:00:00Z",
        externalId="m1",
        tags=["a"],
        custom={"b": 1},
        attachments=[entry_of(file)],
    )
    attributes = data["attributes"]
    assert (attributes["direction"], attributes["directionType"]) == ("in", "initial-in")
    assert (attributes["status"], attributes["app"]) == ("received", "gmail")
    assert (attributes["subject"], attributes["preview"]) == ("Help", "Where is it?")
    assert attributes["sentAt"] == "2026-01-31T09:00:00.000Z"
    assert (attributes["externalId"], attributes["tags"]) == ("m1", ["a"])
    assert attributes["attachments"] == [entry_of(file, inMail=False)]
    message = Message.objects.get()
    assert (message.from_email, message.to[0]["email"]) == ("jane@example.com", inbox.address)
    assert (message.folder.role, message.direction) == ("inbox", "inbound")
    assert not Delivery.objects.exists()


def test_a_conversation_is_recorded(alice, inbox, jane):
    first = record(alice, jane, direction="in", subject="Help", body="Where is it?")
    thread = first["relationships"]["conversation"]["data"]["id"]
    second = record(alice, jane, conversation=thread, body="On its way.")
    third = record(alice, jane, conversation=thread, body="Here.")
    fourth = record(alice, jane, conversation=thread, direction="in", body="Thanks")
    kinds = [one["attributes"]["directionType"] for one in (first, second, third, fourth)]
    assert kinds == ["initial-in", "response-out", "followup-out", "response-in"]
    page = messages_of(alice, jane)
    ids = [one["id"] for one in (fourth, third, second, first)]
    assert [one["id"] for one in page["data"]] == ids
    assert page["data"][1] == third
    assert second["attributes"]["status"] == "sent"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"channel": "sms"}, "/channel"),
        ({"direction": "up"}, "/direction"),
        ({"from": "ceo@example.com"}, "/from"),
        ({"to": "x"}, "/to"),
        ({"sentAt": "yesterday"}, "/sentAt"),
        ({"conversation": NOBODY}, "/conversation"),
        (
            {
                "attachments": [
                    {"_id": NOBODY, "name": "a", "contentType": "a/b", "contentLength": 1}
                ]
            },
            "/attachments/0/_id",
        ),
    ],
)
def test_what_does_not_fit_is_not_recorded(alice, inbox, jane, fields, pointer):
    url = f"/v1/customers/{spell_hex(jane.pk)}/messages"
    assert pointer_of(alice.api.post(url, {"subject": "x", **fields})) == pointer
    assert not Message.objects.exists()


def test_who_wrote_must_be_known(alice, inbox):
    nobody = Workspace.objects.get(pk=alice.workspace.pk).customers.create()
    url = f"/v1/customers/{spell_hex(nobody.pk)}/messages"
    assert pointer_of(alice.api.post(url, {"direction": "in"})) == "/from"
    answer = alice.api.post(url, {"direction": "in", "from": "new@example.com"})
    assert answer.status_code == 201


def test_bob_may_and_charlie_finds_nothing(alice, bob, charlie, sent, jane):
    assert bob.api.get(url_of(sent)).status_code == 200
    assert bob.api.put(url_of(sent), {"tags": ["b"]}).status_code == 200
    assert messages_of(bob, jane)["meta"]["total"] == 1
    for method in (charlie.api.get, charlie.api.put, charlie.api.patch):
        error_of(method(url_of(sent), {}), 404, "not_found")
    url = f"/v1/customers/{spell_hex(jane.pk)}/messages"
    for method in (charlie.api.get, charlie.api.post):
        error_of(method(url, {}), 404, "not_found")


def test_scopes(alice, sent, jane):
    writer = api_with(alice.workspace, "read", "draft", "files")
    assert writer.get(url_of(sent)).status_code == 200
    error_of(writer.put(url_of(sent), {}), 403, "forbidden")
    error_of(writer.post(f"/v1/customers/{spell_hex(jane.pk)}/messages", {}), 403, "forbidden")


def test_a_list_takes_as_many_queries_for_many_as_for_few(
    alice, inbox, jane, django_assert_max_num_queries
):
    for _ in range(5):
        make_message(inbox)
    Message.objects.update(customer=jane)
    deliver_due()
    with django_assert_max_num_queries(9):
        assert messages_of(alice, jane)["meta"]["total"] == 5


def test_what_another_door_has_put_into_the_trash_is_not_there(alice, sent, jane):
    trash_message(message=sent)
    listed = alice.api.get(f"/v1/customers/{spell_hex(jane.pk)}/messages").json()
    assert listed["data"] == []
    error_of(alice.api.get(url_of(sent)), 404, "not_found")


@pytest.mark.parametrize("html", ["<p>Hi <![x</p>", "<" * 60 + "b>" * 60])
def test_a_mail_with_odd_html_does_not_spoil_the_list(alice, inbox, sent, jane, html):
    Message.objects.filter(pk=sent.pk).update(text=None, html=html)
    (row,) = alice.api.get(f"/v1/customers/{spell_hex(jane.pk)}/messages").json()["data"]
    assert row["attributes"]["size"] == len(read_html(html))
