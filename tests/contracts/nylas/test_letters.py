"""What a draft or message may say, and what is wrong with it."""

from __future__ import annotations

import pytest

from attachments.models import Attachment
from drafts.models import Draft
from messaging.models import Inbox
from project.ids import read_hex, spell_hex
from tests.contracts.nylas.wire import data_of, error_of, url_of
from tests.drafts.make import make_draft
from tests.people import Person


@pytest.fixture
def drafts(grant: Inbox) -> str:
    return url_of(grant, "drafts")


def test_r42_from_is_one_address_of_the_grant(alice: Person, drafts: str):
    for name in ("from", "from_"):
        own = [{"email": "desk+x@acme.test", "name": "X"}]
        assert data_of(alice.api.post(drafts, {name: own}))["from"] == own
    foreign = error_of(alice.api.post(drafts, {"from": [{"email": "x@evil.test"}]}), 400)
    assert foreign["type"] == "invalid_request_error"
    assert foreign["message"].startswith("from: x@evil.test is not an address of this inbox")
    two = [{"email": "desk@acme.test"}, {"email": "desk@acme.test"}]
    assert error_of(alice.api.post(drafts, {"from": two}), 400)["message"].startswith("from: ")
    draft = data_of(alice.api.post(drafts, {"from": own}))
    after = data_of(alice.api.put(f"{drafts}/{draft['id']}", {"from": []}))
    assert after["from"] == [{"email": "desk@acme.test", "name": "Acme"}]


def test_r29_a_name_may_be_missing(alice: Person, drafts: str):
    to = [{"email": "a@example.com"}, {"email": "b@example.com", "name": None, "more": 1}]
    assert data_of(alice.api.post(drafts, {"to": to}))["to"] == [
        {"email": "a@example.com", "name": ""},
        {"email": "b@example.com", "name": ""},
    ]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"to": [{}]}, "to[0].email: "),
        ({"to": [{"email": "no address"}]}, "to[0].email: Not a mail address"),
        ({"to": "a@b.c"}, "to: "),
        ({"to": ["a@b.c"]}, "to[0]: "),
        ({"subject": "a\nb"}, "subject: This may not contain NUL, CR, LF."),
        ({"subject": 5}, "subject: This must be a string."),
        ({"body": ["x"]}, "body: This must be a string."),
        ({"custom_headers": [{"name": "X-A", "value": "1\r\nBcc: x"}]}, "custom_headers.X-A: "),
        ({"custom_headers": [{"name": "X A", "value": "1"}]}, "custom_headers: "),
        ({"custom_headers": [{"name": "Bcc", "value": "x@y.z"}]}, "custom_headers.Bcc: "),
        ({"custom_headers": [{"name": "X-A"}]}, "custom_headers[0].value: "),
        (
            {"custom_headers": [{"name": "X-A", "value": "1"}, {"name": "x-a", "value": "2"}]},
            "custom_headers[1].name: This header is given twice.",
        ),
        ({"metadata": {"a": 1}}, "metadata.a: This must be a string."),
        ({"metadata": {"a": {"b": "c"}}}, "metadata.a: This must be a string."),
        ({"reply_to_message_id": "nothing"}, "reply_to_message_id: There is no"),
        ({"tracking_options": {"opens": "maybe"}}, "tracking_options.opens: "),
        ({"attachments": {}}, "attachments: Attachments come as a list."),
        ({"attachments": [{}]}, "attachments[0].content: The content, in base64, is required."),
        ({"attachments": ["x"]}, "attachments[0]: An attachment is an object."),
        ({"attachments": [{"content": ""}]}, "attachments[0].filename: This field is required."),
        (
            {"attachments": [{"content": "", "filename": ""}]},
            "attachments[0].filename: This may not be blank.",
        ),
        (
            {"attachments": [{"content": "", "filename": "a", "content_type": "nonsense"}]},
            "attachments[0].content_type: A content type looks like text/plain.",
        ),
        (
            {"attachments": [{"content": "", "filename": "a", "content_id": "a b"}]},
            "attachments[0].content_id: A Content-ID is visible ASCII without < and >.",
        ),
    ],
)
def test_r28_what_is_wrong_is_named(alice: Person, drafts: str, fields, message):
    error = error_of(alice.api.post(drafts, fields), 400)
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(message)
    assert not Draft.objects.exists()
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("metadata", "status"),
    [
        ({f"k{n}": "v" for n in range(50)}, 200),
        ({f"k{n}": "v" for n in range(51)}, 400),
        ({"k" * 40: "v"}, 200),
        ({"k" * 41: "v"}, 400),
        ({"k": "v" * 500}, 200),
        ({"k": "v" * 501}, 400),
    ],
)
def test_r61_metadata_has_limits(alice: Person, drafts: str, metadata, status):
    response = alice.api.post(drafts, {"metadata": metadata})
    if status == 400:
        assert error_of(response, 400)["message"].startswith("metadata")
    else:
        assert data_of(response)["metadata"] == metadata


@pytest.mark.parametrize(("name", "limit"), [("label", 2048), ("domain_name", 253)])
def test_r62_tracking_options_have_limits(alice: Person, drafts: str, name, limit):
    good = {"tracking_options": {name: "x" * limit}}
    assert data_of(alice.api.post(drafts, good))
    bad = {"tracking_options": {name: "x" * (limit + 1)}}
    message = error_of(alice.api.post(drafts, bad), 400)["message"]
    assert message == (
        f"tracking_options.{name}: This has {limit + 1} characters; at most {limit} are taken."
    )


def test_r77_r76_options_and_metadata_are_kept(alice: Person, drafts: str):
    options = {"opens": True, "links": True, "thread_replies": True, "label": "l"}
    fields = {"tracking_options": options, "metadata": {"camelKey1": "v"}, "starred": True}
    draft = data_of(alice.api.post(drafts, fields))
    assert (draft["metadata"], draft["starred"]) == ({"camelKey1": "v"}, True)
    row = Draft.objects.get(pk=read_hex(draft["id"]))
    assert row.annotations["nylas"]["tracking_options"] == options


def test_r43_r77_null_takes_options_away(alice: Person, drafts: str):
    fields = {"tracking_options": {"opens": True}, "metadata": {"a": "b"}, "subject": "s"}
    draft = data_of(alice.api.post(drafts, {**fields, "to": [{"email": "a@b.cc"}]}))
    after = data_of(alice.api.put(f"{drafts}/{draft['id']}", dict.fromkeys([*fields, "to"])))
    assert (after["subject"], after["metadata"], after["to"]) == ("", {}, [])
    assert Draft.objects.get().annotations["nylas"]["tracking_options"] == {}


def test_r79_of_two_bodies_the_one_that_is_asked_for_stays(alice: Person, grant, drafts):
    for is_plain, left in ((True, ("t", None)), (False, (None, "<p>h</p>"))):
        row = make_draft(grant, text="t", html="<p>h</p>")
        url = f"{drafts}/{spell_hex(row.pk)}"
        data_of(alice.api.put(url, {"is_plaintext": is_plain}))
        row.refresh_from_db()
        assert (row.text, row.html) == left


def test_r79_a_plain_draft_has_no_html(alice: Person, drafts: str):
    draft = data_of(alice.api.post(drafts, {"body": "a < b", "is_plaintext": True}))
    row = Draft.objects.get(pk=read_hex(draft["id"]))
    assert (row.text, row.html, draft["body"]) == ("a < b", None, "a < b")
    data_of(alice.api.put(f"{drafts}/{draft['id']}", {"body": "c"}))
    row.refresh_from_db()
    assert (row.text, row.html) == ("c", None)
    data_of(alice.api.put(f"{drafts}/{draft['id']}", {"is_plaintext": False}))
    row.refresh_from_db()
    assert (row.text, row.html) == (None, "c")


def test_r40_unknown_keys_are_ignored(alice: Person, drafts: str):
    fields = {"subject": "s", "colour": 1, "signature_id": "x", "template": {}, "send_at": 5}
    assert data_of(alice.api.post(drafts, fields))["subject"] == "s"
