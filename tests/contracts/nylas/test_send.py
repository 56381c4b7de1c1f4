"""Sending: drafts, and messages without one."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attachments.models import Attachment
from messaging.models import Delivery, Inbox, Message
from project.ids import read_hex
from tests.attachments.statements import verbs_of
from tests.contracts.nylas.wire import (
    ICS,
    JACOB,
    PNG,
    data_of,
    digest,
    download,
    error_of,
    file_of,
    file_part,
    mail_of,
    message_part,
    send_form,
    url_of,
)
from tests.drafts.make import make_draft
from tests.make import api_with
from tests.messaging.make import make_reservation
from tests.people import Person

DAY = 24 * 60 * 60


@pytest.fixture
def send(grant: Inbox) -> str:
    return url_of(grant, "messages", "send")


@pytest.fixture
def drafts(grant: Inbox) -> str:
    return url_of(grant, "drafts")


# Drafts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, "{}"])
def test_r38_r14_a_sent_draft_is_a_message(alice: Person, grant, drafts, body):
    written = {
        "subject": "s",
        "body": '<img src="cid:x">',
        "to": [JACOB],
        "bcc": [{"email": "b@example.com"}],
        "metadata": {"key1": "v"},
        "starred": True,
        "tracking_options": {"opens": True},
        "custom_headers": [{"name": "X-A", "value": "1"}],
        "attachments": [file_of(PNG, "a.png", content_id="x"), file_of(ICS, "b.ics")],
    }
    draft = data_of(alice.api.post(drafts, written))
    given = {"content_type": "application/json", "data": body} if body else {}
    response = alice.api.generic("POST", f"{drafts}/{draft['id']}", given.pop("data", ""), **given)
    sent = data_of(response)
    assert response.json()["grant_id"] == str(grant.pk)
    assert sent["object"] == "message"
    kept = ("subject", "body", "to", "bcc", "metadata", "starred", "attachments", "from", "snippet")
    assert {name: sent[name] for name in kept} == {name: draft[name] for name in kept}
    assert sent["id"] != draft["id"]
    assert len(sent["folders"]) == 1 and sent["thread_id"]
    assert error_of(alice.api.get(f"{drafts}/{draft['id']}"), 404)
    assert error_of(alice.api.post(f"{drafts}/{draft['id']}"), 404)
    assert data_of(alice.api.get(drafts)) == []
    assert Delivery.objects.filter(message=read_hex(sent["id"]), state="queued").exists()
    mail = mail_of(sent)
    assert mail["X-A"] == "1" and mail["Bcc"] is None
    files = {part.get_filename(): part for part in mail.walk() if part.get_filename()}
    assert digest(files["a.png"].get_content()) == digest(PNG)
    assert files["a.png"]["Content-ID"] == "<x>"
    assert files["a.png"].get_content_disposition() == "inline"
    assert files["b.ics"].get_content_disposition() == "attachment"
    row = Message.objects.get(pk=read_hex(sent["id"]))
    assert row.annotations["nylas"]["tracking_options"] == {"opens": True}


def test_r38_a_draft_without_recipients_stays_a_draft(alice: Person, drafts: str):
    draft = data_of(alice.api.post(drafts, {"subject": "s"}))
    error = error_of(alice.api.post(f"{drafts}/{draft['id']}"), 400)
    assert error["type"] == "invalid_request_error"
    assert data_of(alice.api.get(f"{drafts}/{draft['id']}"))["subject"] == "s"
    assert not Message.objects.exists()


def test_p1_a_draft_waits_for_a_file_that_is_on_its_way(alice: Person, grant, drafts):
    file = make_reservation(alice.workspace)
    row = make_draft(grant, files=[file])
    draft = data_of(alice.api.get(drafts))[0]
    url = url_of(grant, "attachments", draft["attachments"][0]["id"], "download")
    error = error_of(alice.api.get(url, {"message_id": draft["id"]}), 423)
    assert error["type"] == "resource_blocked"
    sent = data_of(alice.api.post(f"{drafts}/{draft['id']}"))
    assert Message.objects.get(pk=read_hex(sent["id"])).draft == row
    assert [one.state for one in Delivery.objects.all()] == ["waiting"]


# Messages ---------------------------------------------------------------------------------------


def test_r40_r31_a_message_as_the_python_library_sends_it(alice: Person, grant, send):
    written = {
        "subject": "s",
        "body": "<p>Hello <b>you</b></p>",
        "to": [JACOB],
        "tracking_options": {"opens": True, "links": True, "thread_replies": True, "label": "l"},
        "custom_headers": [{"name": "X-A", "value": "1"}],
        "metadata": {"key1": "v"},
        "attachments": [file_of(PNG, "a.png", size=len(PNG), content_type="image/png")],
        "from": [{"email": "desk@acme.test", "name": "Desk"}],
    }
    response = alice.api.post(send, written)
    sent = data_of(response)
    assert response.json().keys() == {"request_id", "grant_id", "data"}
    assert isinstance(sent.pop("date"), int) and isinstance(sent.pop("created_at"), int)
    id, thread_id, (folder,) = sent.pop("id"), sent.pop("thread_id"), sent.pop("folders")
    file = sent["attachments"][0].pop("id")
    assert all(len(one) == 24 for one in (id, thread_id, folder, file))
    assert sent == {
        "grant_id": str(grant.pk),
        "object": "message",
        "subject": "s",
        "body": "<p>Hello <b>you</b></p>",
        "snippet": "Hello you",
        "from": [{"email": "desk@acme.test", "name": "Desk"}],
        "to": [JACOB],
        "cc": [],
        "bcc": [],
        "reply_to": [],
        "unread": False,
        "starred": False,
        "attachments": [
            {
                "grant_id": str(grant.pk),
                "filename": "a.png",
                "content_type": 'image/png; name="a.png"',
                "size": len(PNG),
                "content_id": "",
                "content_disposition": 'attachment; filename="a.png"',
                "is_inline": False,
            }
        ],
        "metadata": {"key1": "v"},
        "reply_to_message_id": "",
    }
    mail = mail_of({"id": id})
    assert (mail["X-A"], mail["From"], mail["Subject"]) == ("1", "Desk <desk@acme.test>", "s")
    assert mail.get_body(("html",)).get_content().strip() == "<p>Hello <b>you</b></p>"
    row = Message.objects.get(pk=read_hex(id))
    assert row.annotations["nylas"]["tracking_options"] == written["tracking_options"]


def test_r40_a_form_is_the_same(alice: Person, grant, send):
    big = bytes(range(256)) * 13_000
    sent = data_of(
        send_form(
            alice.api,
            send,
            message_part({"to": [JACOB], "body": '<img src="cid:pic">'}),
            file_part("file0", big, "big.bin"),
            file_part("pic", PNG, "pic.png", "image/png"),
        )
    )
    assert [one["is_inline"] for one in sent["attachments"]] == [False, True]
    assert digest(download(alice.api, grant, sent)) == digest(big)
    files = {one.get_filename(): one for one in mail_of(sent).walk() if one.get_filename()}
    assert digest(files["big.bin"].get_content()) == digest(big)
    assert files["pic.png"]["Content-ID"] == "<pic>"


@pytest.mark.parametrize("to", [{}, {"to": []}, {"to": None}, {"cc": [JACOB]}])
def test_r40_to_is_required(alice: Person, send: str, to):
    error = error_of(alice.api.post(send, {"subject": "s", **to}), 400)
    assert error == {"type": "invalid_request_error", "message": "The to parameter is required."}


def test_r59_r60_a_refused_message_leaves_nothing(alice: Person, send: str):
    bad = {"to": [JACOB], "attachments": [file_of(PNG, "a.png")], "from": [{"email": "x@y.zz"}]}
    assert error_of(alice.api.post(send, bad), 400)["message"].startswith("from: ")
    assert not Message.objects.exists()
    assert not Attachment.objects.exists()


def test_r45_an_answer_is_in_the_thread(alice: Person, send: str, drafts: str):
    first = data_of(alice.api.post(send, {"to": [JACOB], "subject": "a"}))
    reply = {"to": [JACOB], "subject": "Re: a", "reply_to_message_id": first["id"]}
    second = data_of(alice.api.post(send, reply))
    assert second["thread_id"] == first["thread_id"]
    assert second["reply_to_message_id"] == first["id"]
    one, two = mail_of(first), mail_of(second)
    assert two["In-Reply-To"] == one["Message-ID"]
    assert two["References"] == one["Message-ID"]
    draft = data_of(alice.api.post(drafts, {**reply, "reply_to_message_id": second["id"]}))
    assert draft["thread_id"] == first["thread_id"]
    assert draft["reply_to_message_id"] == second["id"]
    third = data_of(alice.api.post(f"{drafts}/{draft['id']}"))
    assert third["thread_id"] == first["thread_id"]
    assert third["reply_to_message_id"] == second["id"]
    references = mail_of(third)["References"].split()
    assert references == [one["Message-ID"], two["Message-ID"]]
    loose = data_of(alice.api.post(drafts, reply))
    after = data_of(alice.api.put(f"{drafts}/{loose['id']}", {"reply_to_message_id": ""}))
    assert (after["thread_id"], after["reply_to_message_id"]) == ("", "")


def test_r45_an_answered_message_must_be_there(alice: Person, charlie: Person, send: str):
    for id in ("x", "0" * 24):
        bad = {"to": [JACOB], "reply_to_message_id": id}
        error = error_of(alice.api.post(send, bad), 400)
        assert error["message"].startswith("reply_to_message_id: There is no")


def test_r79_plain_text_has_no_html_part(alice: Person, send: str):
    sent = data_of(alice.api.post(send, {"to": [JACOB], "body": "a <b> c", "is_plaintext": True}))
    assert (sent["body"], sent["snippet"]) == ("a <b> c", "a <b> c")
    assert mail_of(sent).get_content_type() == "text/plain"


def test_r78_headers_of_ones_own_are_in_the_mail(alice: Person, send: str):
    headers = [{"name": "X-A", "value": "1"}, {"name": "List-Id", "value": "Ü <l.example.com>"}]
    sent = data_of(alice.api.post(send, {"to": [JACOB], "custom_headers": headers}))
    assert {name: mail_of(sent)[name] for name in ("X-A", "List-Id")} == {
        "X-A": "1",
        "List-Id": "Ü <l.example.com>",
    }
    for bad in ({"name": "X-A\r\nBcc", "value": "x"}, {"name": "X-A", "value": "x\r\nBcc: y"}):
        error = error_of(alice.api.post(send, {"to": [JACOB], "custom_headers": [bad]}), 400)
        assert error["message"].startswith("custom_headers")
    assert Message.objects.count() == 1


def test_r31_starred_is_kept(alice: Person, send: str):
    assert data_of(alice.api.post(send, {"to": [JACOB], "starred": True}))["starred"] is True


def test_r69_fields_in_the_answer_of_a_send(alice: Person, send: str):
    written = {"to": [JACOB], "custom_headers": [{"name": "X-A", "value": "é"}]}
    sent = data_of(alice.api.post(f"{send}?fields=include_headers", written))
    assert {"name": "X-A", "value": "é"} in sent["headers"]
    tracked = data_of(alice.api.post(f"{send}?fields=include_tracking_options", written))
    assert tracked["tracking_options"]["opens"] is False
    for wrong in ("raw_mime", "nothing"):
        error = error_of(alice.api.post(f"{send}?fields={wrong}", written), 400)
        assert error["message"].startswith("fields: ")


# Schedules --------------------------------------------------------------------------------------


def test_r72_r74_a_schedule_says_so_twice(alice: Person, grant, send):
    at = int(time.time()) + DAY
    written = {"to": [JACOB], "send_at": at, "attachments": [file_of(PNG)]}
    response = alice.api.post(send, written)
    data, body = data_of(response, 202), response.json()
    beside = {"schedule_id": data["id"], "send_at": at, "use_draft": False}
    assert {name: data[name] for name in beside} == beside
    assert {name: body[name] for name in beside} == beside
    assert body["grant_id"] == str(grant.pk)
    assert Delivery.objects.get().due_at.timestamp() == at
    assert Message.objects.get().pk == read_hex(data["schedule_id"])


@pytest.mark.parametrize(
    ("ahead", "more", "status"),
    [
        (55, {}, 400),
        (62, {}, 202),
        (30 * DAY - 5, {}, 202),
        (30 * DAY + 5, {}, 400),
        (90 * DAY, {"use_draft": True}, 202),
        (-DAY, {"use_draft": True}, 400),
        (10**12, {"use_draft": True}, 400),
    ],
)
def test_r71_send_at_has_bounds(alice: Person, send: str, ahead, more, status):
    at = int(time.time()) + ahead
    response = alice.api.post(send, {"to": [JACOB], "send_at": at, **more})
    if status == 202:
        assert data_of(response, 202)["use_draft"] is bool(more)
    else:
        message = error_of(response, 400)["message"]
        assert message.startswith("send_at: This is a time from ") and str(at) in message
        assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"use_draft": True}, "use_draft: This goes with send_at only."),
        ({"send_at": "soon"}, "send_at: "),
        ({"send_at": [1]}, "send_at: "),
    ],
)
def test_r71_use_draft_goes_with_send_at_only(alice: Person, send: str, fields, message):
    error = error_of(alice.api.post(send, {"to": [JACOB], **fields}), 400)
    assert error["message"].startswith(message)


# How often, and who -----------------------------------------------------------------------------


def test_r63_sends_of_a_grant_have_a_rate(alice: Person, send: str, settings):
    settings.NYLAS_JSON_SENDS_PER_SECOND = 0
    settings.NYLAS_MULTIPART_SENDS_PER_SECOND = 2
    message = message_part({"to": [JACOB]})
    answers = [send_form(alice.api, send, message) for _ in range(8)]
    refused = [one for one in answers if one.status_code == 429]
    assert error_of(refused[0], 429) == {
        "type": "rate_limit_error",
        "message": "Too many requests, please try again shortly.",
    }
    assert int(refused[0]["Retry-After"]) in (1, 2)
    assert data_of(alice.api.post(send, {"to": [JACOB]}))


def test_r75_a_send_with_a_key_happens_once(alice: Person, send: str):
    files = [file_of(PNG)]
    written = {"to": [JACOB], "attachments": files}
    first = alice.api.post(send, written, headers={"Idempotency-Key": "k"})
    again = alice.api.post(send, written, headers={"Idempotency-Key": "k"})
    assert again["Idempotent-Response"] == "true"
    assert data_of(first) == data_of(again)
    assert Message.objects.count() == 1
    other = {**written, "attachments": [file_of(PNG + b"x")]}
    error = error_of(alice.api.post(send, other, headers={"Idempotency-Key": "k"}), 409)
    assert error["type"] == "invalid_idempotent_request"


def test_a_send_with_a_file_takes_few_statements(alice: Person, send: str):
    api = alice.api
    api.post(send, {"to": [JACOB]})
    with CaptureQueriesContext(connection) as queries:
        data_of(api.post(send, {"to": [JACOB], "attachments": [file_of(b"foo")]}))
    assert verbs_of(queries) == [
        "SELECT",  # the key
        "SELECT",  # the grant
        "SELECT",  # bytes that are here already
        "UPDATE",  # the bytes that the workspace stores
        "INSERT",  # the blob
        "INSERT",  # the attachment
        "INSERT",  # its events
        "SELECT",  # messages that wait for it
        "SELECT",  # which recipients are inboxes of ours, and which are suppressed
        "SELECT",  # the folder
        "INSERT",  # the thread
        "INSERT",  # the message
        "INSERT",  # how it is carried
        "INSERT",  # the delivery
        "INSERT",  # the recipients
        "INSERT",  # the event
    ]


def test_strangers_and_readers_do_not_send(alice: Person, bob: Person, charlie: Person, send: str):
    assert data_of(bob.api.post(send, {"to": [JACOB]}))
    assert error_of(charlie.api.post(send, {"to": [JACOB]}), 404)["type"] == "grant.not_found"
    writer = api_with(alice.workspace, "read", "draft")
    assert error_of(writer.post(send, {"to": [JACOB]}), 403)["type"] == "insufficient_scopes"
