"""Sending one message."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from messaging.models import Inbox, Message
from project.api.times import spell_time
from project.ids import spell
from project.tenancy.services import create_key
from tests.contracts.bird.wire import (
    MESSAGES,
    PDF,
    PNG,
    delivered,
    error_of,
    file,
    get,
    letter,
    listed,
    params_of,
    parts_of,
    post,
    row,
    send,
)
from tests.make import api_of, api_with, make_key
from tests.messaging.make import make_inbox
from tests.people import Person

pytestmark = pytest.mark.django_db

WHOLE = {
    "id",
    *("from", "to", "cc", "bcc", "subject", "category", "reply_to", "status"),
    *("accepted_count", "processed_count", "delivered_count", "bounced_count"),
    *("complained_count", "deferred_count", "rejected_count"),
    *("processing_latency_ms", "delivery_latency_ms", "total_latency_ms"),
    *("open_count", "click_count", "tags", "metadata", "parameters", "attachments"),
    *("track_opens", "track_clicks", "created_at", "thread_id", "in_reply_to_message_id"),
    "delivered_at",
}


def test_r1_r3_r4_it_sends_with_its_files(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(), text="Attached.")
    assert set(message) == WHOLE
    assert re.fullmatch("em_[0-9a-hjkmnp-tv-z]{26}", message["id"])
    assert (message["status"], message["accepted_count"]) == ("accepted", 1)
    assert message["from"] == {"email": "hello@acme.test"}
    assert message["to"] == [{"email": "ann@example.com"}]
    mail = delivered(message["id"])
    assert parts_of(mail) == [("invoice.pdf", "application/pdf", None, PDF)]
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain and plain.get_content().strip() == "Attached."
    assert html and html.get_content().strip() == "<p>Attached.</p>"
    assert get(alice.api, message["id"])["status"] == "delivered"


def test_r2_a_key_may_look_like_the_vendors(alice: Person, inbox: Inbox) -> None:
    _, secret = create_key(workspace=alice.workspace, name="b", secret="bk_us1_" + "k" * 40)
    assert secret.startswith("bk_us1_")
    assert api_of(secret).post(MESSAGES, letter()).status_code == 202
    assert error_of(api_of("bk_us1_unknown").post(MESSAGES, letter()), 401)["type"] == "auth_error"


def test_r4_files_change_nothing_about_the_rest(alice: Person, inbox: Inbox) -> None:
    fields: dict[str, Any] = {
        "tags": [{"name": "category", "value": "invoice"}],
        "metadata": {"order": 4711, "lines": [1.5, None, "x"]},
        "category": "transactional",
        "track_opens": True,
    }
    bare, loaded = send(alice.api, **fields), send(alice.api, file(), **fields)
    one_off = {"id", "created_at", "thread_id", "attachments"}
    assert {k: v for k, v in bare.items() if k not in one_off} == {
        k: v for k, v in loaded.items() if k not in one_off
    }
    for name, value in fields.items():
        assert loaded[name] == value
        assert get(alice.api, loaded["id"])[name] == value


def test_every_shape_of_an_address(alice: Person, inbox: Inbox) -> None:
    message = send(
        alice.api,
        to=["Ann <ann@example.com>", {"email": "bob@example.com", "name": "Bob"}, "c@example.com"],
        cc=[{"email": "dan@example.com"}],
        bcc=["eve@example.com"],
        reply_to=["Desk <desk@acme.test>"],
        **{"from": {"email": "hello@acme.test", "name": "Acme"}},
    )
    assert message["from"] == {"email": "hello@acme.test", "name": "Acme"}
    assert message["to"] == [
        {"email": "ann@example.com", "name": "Ann"},
        {"email": "bob@example.com", "name": "Bob"},
        {"email": "c@example.com"},
    ]
    assert message["cc"] == [{"email": "dan@example.com"}]
    assert message["bcc"] == [{"email": "eve@example.com"}]
    assert message["reply_to"] == [{"email": "desk@acme.test", "name": "Desk"}]
    assert message["accepted_count"] == 5
    mail = delivered(message["id"])
    assert mail["From"] == "Acme <hello@acme.test>"
    assert mail["Reply-To"] == "Desk <desk@acme.test>"
    assert mail["Bcc"] is None


def many(count: int) -> list[str]:
    return [f"p{n}@example.com" for n in range(count)]


TAGS = [{"name": f"n{n}", "value": "v"} for n in range(20)]
HEADERS = {f"X-{n}": "v" for n in range(25)}
LONGEST = {
    "to": many(50),
    "cc": many(50),
    "bcc": many(50),
    "reply_to": many(25),
    "subject": "s" * 998,
    "html": "h" * 524_288,
    "text": "t" * 524_288,
    "headers": HEADERS,
    "tags": TAGS,
    "metadata": {"m": "x" * (2048 - 8)},
    "parameters": {"m": "x" * (16_384 - 8)},
    "ip_pool_id": "ipp_shared",
    "from": {"email": "hello@acme.test", "name": "n" * 256},
}


@pytest.mark.parametrize("name", LONGEST)
def test_every_limit_is_reached(name: str, alice: Person, inbox: Inbox) -> None:
    answer = alice.api.post(MESSAGES, letter(**{name: LONGEST[name]}))
    assert answer.status_code == 202, answer.content


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"from": ...}, "from"),
        ({"from": "nobody"}, "from"),
        ({"from": {"name": "Ann"}}, "from.email"),
        ({"from": {"email": "hello@acme.test", "name": "n" * 257}}, "from.name"),
        ({"from": {"email": "hello@acme.test", "name": ""}}, "from.name"),
        ({"from": {"email": "hello@acme.test", "name": "a\nb"}}, "from.name"),
        ({"to": ...}, "to"),
        ({"to": []}, "to"),
        ({"to": "ann@example.com"}, "to"),
        ({"to": many(51)}, "to"),
        ({"to": ["ann@example.com", "bad"]}, "to[1]"),
        ({"to": ["ann@example.com", {"email": "bad"}]}, "to[1].email"),
        ({"to": [f"{'n' * 990} <a@b.example>"]}, "to[0]"),
        ({"to": [7]}, "to[0]"),
        ({"cc": many(51)}, "cc"),
        ({"bcc": many(51)}, "bcc"),
        ({"reply_to": []}, "reply_to"),
        ({"reply_to": many(26)}, "reply_to"),
        ({"subject": ...}, "subject"),
        ({"subject": ""}, "subject"),
        ({"subject": "s" * 999}, "subject"),
        ({"subject": "a\r\nBcc: x"}, "subject"),
        ({"subject": 7}, "subject"),
        ({"html": ...}, "html"),
        ({"html": ""}, "html"),
        ({"html": "h" * 524_289}, "html"),
        ({"text": "t" * 524_289}, "text"),
        ({"headers": {**HEADERS, "X-25": "v"}}, "headers"),
        ({"headers": {"X-A": "v" * 999}}, "headers.X-A"),
        ({"headers": {"X-A": "v\r\nBcc: x"}}, "headers.X-A"),
        ({"headers": {"X-A": 7}}, "headers"),
        ({"headers": {"List-Unsubscribe": "<mailto:u@acme.test>"}}, "headers.List-Unsubscribe"),
        ({"tags": [*TAGS, {"name": "n20", "value": "v"}]}, "tags"),
        ({"tags": [{"name": "n" * 33, "value": "v"}]}, "tags[0].name"),
        ({"tags": [{"name": "n", "value": "v" * 65}]}, "tags[0].value"),
        ({"tags": [{"name": "ü", "value": "v"}]}, "tags[0].name"),
        ({"tags": [{"name": "n", "value": "1"}, {"name": "n", "value": "2"}]}, "tags"),
        ({"tags": ["n:v"]}, "tags[0]"),
        ({"metadata": {"m": "x" * (2048 - 7)}}, "metadata"),
        ({"metadata": {"content": "A" * 70_000}}, "metadata"),
        ({"metadata": {"m": "\0"}}, "metadata"),
        ({"metadata": []}, "metadata"),
        ({"parameters": {"m": "x" * (16_384 - 7)}}, "parameters"),
        ({"parameters": {"bird": 1}}, "parameters"),
        ({"template": {"slug": "welcome"}}, "template"),
        ({"category": "news"}, "category"),
        ({"ip_pool_id": "ipp_1"}, "ip_pool_id"),
        ({"track_opens": "perhaps"}, "track_opens"),
        ({"scheduled_at": "tomorrow"}, "scheduled_at"),
        ({"scheduled_at": "2026-01-01T00:00:00"}, "scheduled_at"),
        ({"attachments": "none"}, "attachments"),
        ({"attachments": ["a.pdf"]}, "attachments[0]"),
    ],
)
def test_a_field_that_is_wrong_is_named(
    fields: dict[str, Any], param: str, alice: Person, inbox: Inbox
) -> None:
    answer = alice.api.post(MESSAGES, letter(**fields))
    assert params_of(answer) == [param]
    assert error_of(answer, 422)["param"] == param
    assert not Message.objects.exists()


def test_all_that_is_wrong_is_told_at_once(alice: Person, inbox: Inbox) -> None:
    wrong = {"filename": "", "content": "", "content_id": "ä"}
    answer = post(alice.api, file(), wrong, to=["bad"], subject=...)
    error = error_of(answer, 422)
    assert (error["name"], error["code"]) == ("ValidationError", "E01001")
    assert error["message"] == "Request validation failed."
    assert "param" not in error
    assert sorted(params_of(answer)) == [
        "attachments[1].content",
        "attachments[1].content_id",
        "attachments[1].filename",
        "subject",
        "to[0]",
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Content-Type"),
        *("Content-Transfer-Encoding", "DKIM-Signature", "Received", "Return-Path"),
    ],
)
def test_headers_that_are_ours_are_refused(name: str, alice: Person, inbox: Inbox) -> None:
    assert params_of(alice.api.post(MESSAGES, letter(headers={name: "x"}))) == [f"headers.{name}"]


def test_headers_of_the_senders_own_are_in_the_mail(alice: Person, inbox: Inbox) -> None:
    body = letter(
        category="transactional",
        headers={"X-Order": "4711", "List-Unsubscribe": "<mailto:u@acme.test>"},
    )
    message = alice.api.post(MESSAGES, body).json()
    mail = delivered(message["id"])
    assert (mail["X-Order"], mail["List-Unsubscribe"]) == ("4711", "<mailto:u@acme.test>")


def test_what_is_answered_is_named_by_headers(alice: Person, inbox: Inbox) -> None:
    first = row(send(alice.api)["id"])
    body = letter(headers={"in-reply-to": first.rfc_message_id})
    second = alice.api.post(MESSAGES, body).json()
    assert second["thread_id"] == spell("thr", first.thread_id)
    assert second["in_reply_to_message_id"] == spell("em", first.pk)
    mail = delivered(second["id"])
    assert mail["In-Reply-To"] == mail["References"] == first.rfc_message_id
    headers = {"In-Reply-To": "<b@elsewhere.test>", "References": "<a@x.test> <b@elsewhere.test>"}
    third = alice.api.post(MESSAGES, letter(headers=headers)).json()
    assert third["thread_id"] != second["thread_id"]
    mail = delivered(third["id"])
    assert {name: mail[name] for name in headers} == headers


@pytest.mark.parametrize(
    "headers", [{"In-Reply-To": "b"}, {"In-Reply-To": "<a@b> <c@d>"}, {"References": ""}]
)
def test_what_is_answered_must_be_message_ids(
    headers: dict[str, str], alice: Person, inbox: Inbox
) -> None:
    answer = alice.api.post(MESSAGES, letter(headers=headers))
    assert params_of(answer) == [f"headers.{name}" for name in headers]


def test_unknown_fields_and_nulls_are_passed_over(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, cc=None, attachments=None, metadata=None, surprise={"a": [1]})
    assert (message["cc"], message["attachments"], message["metadata"]) == ([], [], {})


def test_a_send_is_marketing_unless_it_says_otherwise(alice: Person, inbox: Inbox) -> None:
    assert send(alice.api)["category"] == "marketing"
    assert send(alice.api, category="transactional")["category"] == "transactional"


def test_who_sends_must_be_of_the_workspace(alice: Person, inbox: Inbox, charlie: Person) -> None:
    make_inbox(charlie.workspace, address="other@acme.test")
    for sender in ("other@acme.test", "hello@elsewhere.test"):
        error = error_of(post(alice.api, **{"from": sender}), 422)
        assert (error["name"], error["param"]) == ("DomainNotVerified", "from")
    assert send(alice.api, **{"from": "Hello <HELLO+news@acme.test>"})["from"]["name"] == "Hello"


def test_a_bound_key_sends_from_its_inbox_only(alice: Person, inbox: Inbox) -> None:
    other = make_inbox(alice.workspace, address="other@acme.test")
    api = api_of(make_key(alice.workspace, inbox_ids=[other.pk])[1])
    assert error_of(post(api), 422)["name"] == "DomainNotVerified"
    mine = send(api, **{"from": "other@acme.test"})
    hidden = send(alice.api)
    assert [one["id"] for one in listed(api)] == [mine["id"]]
    assert error_of(api.get(f"{MESSAGES}/{hidden['id']}"), 404)["type"] == "not_found_error"


def test_only_a_sending_key_sends(alice: Person, inbox: Inbox) -> None:
    reader = api_with(alice.workspace, "read")
    assert error_of(post(reader), 403)["type"] == "permission_error"
    assert listed(reader) == []


def test_colleagues_see_it_and_strangers_do_not(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
) -> None:
    message = send(alice.api, file())
    assert get(bob.api, message["id"])["id"] == message["id"]
    assert listed(charlie.api) == []
    assert error_of(charlie.api.get(f"{MESSAGES}/{message['id']}"), 404)["code"] == "E90404"


@pytest.mark.parametrize(
    "domain",
    [
        *("example.com", "example.net", "example.org", "example.edu", "test.com"),
        *("acme.test", "an.example", "an.invalid", "my.localhost", "localhost.invalid"),
    ],
)
def test_reserved_domains_are_refused_where_that_is_set(
    domain: str, alice: Person, inbox: Inbox, settings: Settings
) -> None:
    send(alice.api, to=[f"ann@{domain}"])
    settings.BIRD_REFUSES_RESERVED_DOMAINS = True
    assert params_of(post(alice.api, to=[f"ann@{domain}"])) == ["to[0]"]
    assert params_of(post(alice.api, to=["a@real.nl"], bcc=[f"b@{domain}"])) == ["bcc[0]"]
    send(alice.api, to=["delivered@messagebird.dev"], reply_to=[f"ann@{domain}"])


def test_it_is_scheduled_between_30_seconds_and_30_days(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 5, 1, 10, tzinfo=timezone.get_current_timezone())
    monkeypatch.setattr("project.contracts.bird.serializers.sends.timezone.now", lambda: now)
    for span in (timedelta(seconds=29.999), timedelta(days=30, seconds=0.001)):
        assert params_of(post(alice.api, scheduled_at=spell_time(now + span))) == ["scheduled_at"]
    for span in (timedelta(seconds=30), timedelta(days=30)):
        at = spell_time(now + span)
        assert send(alice.api, scheduled_at=at)["scheduled_at"] == at


def test_a_scheduled_one_is_accepted_and_then_scheduled(alice: Person, inbox: Inbox) -> None:
    at = spell_time(timezone.now() + timedelta(hours=1))
    message = send(alice.api, file(), scheduled_at=at)
    assert message["status"] == "accepted"
    assert get(alice.api, message["id"])["status"] == "scheduled"
    kept = row(message["id"])
    assert spell_time(kept.send_at) == at
    assert kept.files_until == kept.send_at + timedelta(days=30)


def test_the_files_bytes_are_kept_once_and_whole(alice: Person, inbox: Inbox) -> None:
    message = send(alice.api, file(PNG * 9000, "a.png"), file(PDF))
    kept = [one.attachment for one in row(message["id"]).enclosures.all()]
    assert [one.sha256 for one in kept] == [
        sha256(PNG * 9000).hexdigest(),
        sha256(PDF).hexdigest(),
    ]
    assert [spell("ea", one.pk) for one in kept] == [one["id"] for one in message["attachments"]]
