"""What no honest client sends, to every address: refused in the door's shape, never with 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import HttpResponse
from rest_framework.test import APIClient

from tests.contracts.addresses import NAMES, Address, Things, addresses_of
from tests.contracts.shapes import check_error
from tests.openapi.test_odd_input import BODIES, FORM, HEADERS, PARTS, QUERIES, TIMES, TYPES, VALUES
from tests.people import Person

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.every_case]
each_door = pytest.mark.parametrize("door", NAMES)

HERE = "<here>"
ODD = [*VALUES, *map(json.dumps, TIMES)]
SHARE = 6  # each part of a request gets every sixth, the next part others
FILE = {"filename": "a.txt", "content": "aGVsbG8=", "content_type": "text/plain"}
ADDRESS = {"email": "ann@example.com", "name": "Ann"}
BIRD_SEND = {
    "from": ADDRESS | {"email": "alice@acme.test"},
    "to": [ADDRESS, "Bob <bob@example.com>"],
    "cc": ["cc@example.com"],
    "bcc": [ADDRESS],
    "subject": "Hello",
    "html": "<p>Hello</p>",
    "text": "Hello",
    "reply_to": ["alice@acme.test"],
    "headers": {"X-One": "1"},
    "tags": [{"name": "one", "value": "1"}],
    "metadata": {"one": "1"},
    "parameters": None,
    "template": None,
    "track_opens": False,
    "track_clicks": False,
    "category": "transactional",
    "ip_pool_id": "ipp_shared",
    "attachments": [FILE | {"content_id": "one"}],
    "scheduled_at": None,
}
NYLAS_LETTER = {
    "subject": "Hello",
    "body": "<p>Hello</p>",
    "to": [ADDRESS],
    "cc": [ADDRESS],
    "bcc": [ADDRESS],
    "reply_to": [ADDRESS],
    "from": [ADDRESS | {"email": "alice@acme.test"}],
    "attachments": [
        FILE | {"size": 5, "content_id": "one", "is_inline": True, "content_disposition": "inline"}
    ],
    "starred": True,
    "reply_to_message_id": None,
    "tracking_options": {"opens": True, "links": True, "thread_replies": True, "label": "one"},
    "custom_headers": [{"name": "X-One", "value": "1"}],
    "metadata": {"key1": "one"},
    "is_plaintext": False,
    "send_at": None,
    "use_draft": False,
}
KUSTOMER_DRAFT = {
    "channel": "email",
    "to": [ADDRESS],
    "from": "alice@acme.test",
    "cc": [ADDRESS],
    "bcc": "bcc@example.com",
    "subject": "Hello",
    "body": "Hello",
    "htmlBody": "<p>Hello</p>",
    "replyTo": "alice@acme.test",
    "headers": [{"name": "X-One", "value": "1"}],
    "app": "postmark",
    "conversation": None,
    "customer": None,
    "auto": False,
    "source": "one",
    "shortcuts": ["one"],
    "payload": {"one": 1},
    "sendAt": None,
    "scheduled": False,
}
KUSTOMER_CUSTOMER = {
    "name": "Ann",
    "company": "Acme",
    "externalId": "one",
    "username": "ann",
    "emails": [{"email": "new@example.com", "type": "home", "verified": True}],
    "phones": [{"phone": "+15550100", "type": "work", "verified": False}],
    "tags": ["one"],
    "locale": "en_US",
    "timeZone": "Europe/Berlin",
    "custom": {"one": 1},
}
KUSTOMER_FILE = {"name": "a.pdf", "contentType": "application/pdf", "contentLength": 3}
KUSTOMER_MESSAGE = {
    "attachments": [{"_id": "507f1f77bcf86cd799439011", **KUSTOMER_FILE, "sourceId": "one"}],
    "subject": "Hello",
    "preview": "Hello",
    "externalId": "one",
    "custom": {"one": 1},
    "tags": ["one"],
    "channel": "email",
    "direction": "in",
    "sentAt": "2026-05-01T10:00:00.000Z",
    "from": ADDRESS,
    "to": [ADDRESS],
    "body": "Hello",
    "conversation": None,
}
WEBHOOK = {
    "url": "https://hooks.example.com/in",
    "events": ["message.sent"],
    "description": "one",
    "isActive": True,
}
NYLAS_WEBHOOK = {
    "webhook_url": "https://hooks.example.com/in",
    "trigger_types": ["message.created"],
    "description": "one",
    "notification_email_addresses": ["ops@example.com"],
}
BIRD_WEBHOOK = {
    "url": "https://hooks.example.com/in",
    "events": ["email.delivered"],
    "description": "one",
    "filter": None,
    "destination": {"type": "webhook"},
}
TIME = "2026-05-01T10:00:00.000Z"
BODIES_OF: dict[tuple[str, str], Any] = {
    ("POST", "/v1/customers"): KUSTOMER_CUSTOMER,
    ("PATCH", "/v1/customers/<customers>"): KUSTOMER_CUSTOMER,
    ("POST", "/v1/customers/<customers>/drafts"): KUSTOMER_DRAFT,
    ("PUT", "/v1/drafts/<drafts>"): KUSTOMER_DRAFT,
    ("POST", "/v1/drafts/<drafts>/attachments"): KUSTOMER_FILE,
    ("POST", "/v1/attachments"): KUSTOMER_FILE | {"externalUrl": "https://files.example.com/a"},
    ("POST", "/v1/customers/<customers>/messages"): KUSTOMER_MESSAGE,
    ("PUT", "/v1/messages/<messages>"): KUSTOMER_MESSAGE,
    ("POST", "/api/email/send"): {
        "from": "alice@acme.test",
        "to": ["ann@example.com"],
        "cc": "cc@example.com",
        "bcc": "bcc@example.com",
        "subject": "Hello",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "replyTo": "alice@acme.test",
        "headers": {"X-One": "1"},
        "attachments": [
            {"filename": "a.txt", "content": "aGVsbG8=", "contentType": "text/plain"},
            {"id": "att_01hx9k2v3w4x5y6z7a8b9c0d1e"},
        ],
    },
    ("POST", "/inboxes"): {
        "address": "new@acme.test",
        "displayName": "New",
        "domainId": None,
        "prefix": None,
    },
    ("POST", "/inboxes/<inboxes>/messages"): {
        "to": ["ann@example.com"],
        "cc": ["cc@example.com"],
        "bcc": [],
        "subject": "Hello",
        "bodyText": "Hello",
        "bodyHtml": "<p>Hello</p>",
        "threadId": None,
        "attachmentIds": ["att_01hx9k2v3w4x5y6z7a8b9c0d1e"],
    },
    ("POST", "/webhooks"): WEBHOOK,
    ("PUT", "/webhooks/<webhooks>"): WEBHOOK,
    ("POST", "/v3/grants/<grants>/drafts"): NYLAS_LETTER,
    ("PUT", "/v3/grants/<grants>/drafts/<drafts>"): NYLAS_LETTER,
    ("POST", "/v3/grants/<grants>/messages/send"): NYLAS_LETTER,
    ("PUT", "/v3/grants/<grants>/messages/<messages>"): {
        "unread": True,
        "starred": False,
        "folders": ["one"],
        "metadata": {"key1": "one"},
    },
    ("PUT", "/v3/grants/<grants>/threads/<threads>"): {
        "unread": True,
        "starred": False,
        "folders": ["one"],
    },
    ("POST", "/v3/grants/<grants>/folders"): {"name": "New", "parent_id": None},
    ("PUT", "/v3/grants/<grants>/folders/<folders>"): {"name": "New"},
    ("PUT", "/v3/grants/<grants>/messages/clean"): {
        "message_id": ["one"],
        "ignore_links": True,
        "ignore_images": True,
        "images_as_markdown": True,
        "ignore_tables": True,
        "remove_conclusion_phrases": True,
        "html_as_markdown": False,
    },
    ("POST", "/v1/email/messages"): BIRD_SEND,
    ("POST", "/v1/email/batches"): {"messages": [BIRD_SEND]},
    ("POST", "/v1/email/suppressions"): {"email": "no@example.com"},
    ("POST", "/v3/webhooks"): NYLAS_WEBHOOK,
    ("PUT", "/v3/webhooks/<webhooks>"): NYLAS_WEBHOOK | {"status": "pause"},
    ("POST", "/v1/webhooks"): BIRD_WEBHOOK,
    ("PATCH", "/v1/webhooks/<webhooks>"): BIRD_WEBHOOK | {"status": "paused"},
    ("POST", "/v1/webhooks/<webhooks>/replay"): {"since": TIME, "until": TIME},
}
SAME_AS_PUT = {"/v1/customers/<customers>", "/v1/drafts/<drafts>", "/v1/messages/<messages>"}
ROTATION = "/v3/webhooks/<webhooks>/rotate-secret"

QUERIES_OF = {
    "kustomer": ["page", "pageSize"],
    "emailapi": ["limit", "offset", "search"],
    "agentsend": ["limit", "offset", "status"],
    "nylas": [
        *["limit", "offset", "page_token", "select", "fields", "message_id", "metadata_pair"],
        *["subject", "any_email", "to", "from", "cc", "bcc", "in", "unread", "starred", "type"],
        *["thread_id", "received_before", "received_after", "has_attachment", "hard_delete"],
        *["latest_message_before", "earliest_message_date", "sort_by", "order_by", "email"],
    ],
    "bird": [
        *["limit", "starting_after", "ending_before", "status", "category", "tag", "to", "from"],
        *["created_after", "created_before", "sort", "order", "url", "include_total"],
        *["before", "after"],
    ],
}


class Questioner:
    """Asks each question in the house as it was, and keeps the answers that are wrong."""

    def __init__(self, door: str, client: APIClient, things: Things) -> None:
        self.door = door
        self.client = client
        self.client.raise_request_exception = False
        self.things = things
        self.wrong: list[str] = []

    def ask(self, method: str, path: str, **words: Any) -> None:
        with transaction.atomic():
            answer = self.client.generic(method, path, **words)
            body = b"".join(answer) if answer.streaming else answer.content
            transaction.set_rollback(True)
        if answer.status_code < 400:
            return
        try:
            headers = dict(answer.headers.items())
            check_error(self.door, HttpResponse(body, status=answer.status_code, headers=headers))
            assert answer.status_code < 500
        except (AssertionError, KeyError, ValueError) as problem:
            question = f"{method} {path[:200]} {str(words)[:300]}"
            why = (getattr(answer, "exc_info", None) or (None, problem))[1]
            self.wrong.append(f"{answer.status_code}: {question}: {str(why)[:300]}")


@pytest.fixture
def asked(door: str, things: Things, alice: Person) -> Iterator[Questioner]:
    questioner = Questioner(door, alice.api, things)
    yield questioner
    assert not questioner.wrong, "\n".join(questioner.wrong)


def writing(door: str) -> Iterator[tuple[Address, str]]:
    for address in addresses_of(door):
        for method in ("POST", "PUT", "PATCH"):
            if method in address.methods:
                yield address, method


def marked(value: Any) -> Iterator[Any]:
    """The value again and again, with a mark in the place of each part of it in turn."""
    yield HERE
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: other} for other in marked(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from (value[:place] + [other] + value[place + 1 :] for other in marked(inner))


def test_every_body_is_looked_at() -> None:
    """What is left out reads none, or the same as its PUT or PATCH does."""
    reading = {(method, one.path) for door in NAMES for one, method in writing(door)}
    left_out = {(method, path) for method, path in reading - BODIES_OF.keys()}
    assert BODIES_OF.keys() <= reading
    assert {path for method, path in left_out if method != "POST"} == SAME_AS_PUT | {ROTATION}
    assert {path for method, path in left_out if method == "POST"} == {
        "/api/email/attachments",
        "/attachments",
        "/auth/auto-provision",
        "/domains",
        "/domains/<domains>/verify",
        "/v1/email/messages/<messages>/cancel",
        "/v3/grants/<grants>/drafts/<drafts>",
        "/v3/webhooks/rotate-secret/<webhooks>",
        "/v1/webhooks/<webhooks>/rotate-secret",
        "/v1/webhooks/<webhooks>/test",  # which calls somebody
    }


@each_door
def test_it_survives_odd_values_in_every_field(asked: Questioner) -> None:
    visits = [
        (method, address.with_ids(asked.things), json.dumps(body))
        for address, method in writing(asked.door)
        if (method, address.path) in BODIES_OF
        for body in marked(BODIES_OF[method, address.path])
    ]
    for turn, (method, path, text) in enumerate(visits):
        for value in ODD[turn % SHARE :: SHARE]:
            data = text.replace(json.dumps(HERE), value).encode("utf-8", "surrogatepass")
            asked.ask(method, path, data=data, content_type="application/json")


@each_door
def test_it_survives_odd_bodies(asked: Questioner) -> None:
    for address, method in writing(asked.door):
        path = address.with_ids(asked.things)
        for body in BODIES:
            asked.ask(method, path, data=body, content_type="application/json")
        for content_type in TYPES:
            asked.ask(method, path, data=b"{}", content_type=content_type)
        for part in PARTS:
            asked.ask(method, path, data=part, content_type=FORM)


@each_door
def test_it_survives_odd_queries(asked: Questioner) -> None:
    visits = [
        (address.with_ids(asked.things).partition("?")[0], name)
        for address in addresses_of(asked.door)
        if "GET" in address.methods
        for name in QUERIES_OF[asked.door]
    ]
    for turn, (path, name) in enumerate(visits):
        for value in QUERIES[turn % SHARE :: SHARE]:
            asked.ask("GET", path, QUERY_STRING=f"{name}={value}")


@each_door
def test_it_survives_odd_ids(asked: Questioner) -> None:
    odd = ["%00", "%FF", "é", "att_", "att_" + "z" * 26, "x" * 9_000, "%2F", "%0A", ".", "0" * 24]
    for address in addresses_of(asked.door):
        nouns = address.words
        for place in range(len(nouns)):
            whole = address.with_ids(asked.things).split("/")
            marks = [n for n, part in enumerate(address.path.split("/")) if "<" in part]
            for id in odd:
                parts = [*whole]
                parts[marks[place]] = quote(id, safe="%") if not id.startswith("%") else id
                for method in address.methods:
                    asked.ask(method, "/".join(parts))


@each_door
def test_it_survives_odd_headers(asked: Questioner) -> None:
    odd = [(name, value) for name, values in HEADERS.items() for value in values]
    visits = [(one, method) for one in addresses_of(asked.door) for method in one.methods]
    for turn, (address, method) in enumerate(visits):
        words: dict[str, Any] = {} if method == "GET" else {"data": b"{}"}
        for name, value in odd[turn % SHARE :: SHARE]:
            path = address.with_ids(asked.things)
            kind = {"content_type": "application/json"}
            asked.ask(method, path, headers={name: value}, **kind, **words)
