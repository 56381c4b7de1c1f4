"""Bodies that are broken, of the wrong kind or far too large, at every address that takes one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpResponse

from attachments.models import Attachment
from drafts.models import Draft
from messaging.models import Customer, Message
from project.api.parsers import MAX_JSON_BYTES, MultiPartParser
from tests.attachments.wire import send
from tests.contracts.addresses import NAMES, Address, Things, addresses_of
from tests.contracts.shapes import check_error
from tests.people import Person

pytestmark = pytest.mark.django_db
each_door = pytest.mark.parametrize("door", NAMES)

JSON = "application/json"
FORM = "multipart/form-data; boundary=frontier"
PART = b'--frontier\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\nhello'

BROKEN_JSON = {
    "no JSON": b"{nonsense",
    "cut off": b'{"to": ["ann@example.com"',
    "cut off in base64": b'{"attachments": [{"filename": "a.txt", "content": "' + b"QUJD" * 400,
    "not UTF-8": b'{"subject": "\xff"}',
    "two objects": b"{} {}",
    "NaN": b'{"contentLength": NaN}',
    "lone surrogate": b'{"subject": "\\ud800"}',
}
#: addresses that read no JSON: what needs no body, what takes a form only, what is not offered
NOT_JSON = {
    ("POST", "/v1/email/messages/<messages>/cancel"),
    ("POST", "/v3/grants/<grants>/drafts/<drafts>"),
    ("POST", "/v3/webhooks/rotate-secret/<webhooks>"),
    ("PUT", "/v3/webhooks/<webhooks>/rotate-secret"),
    ("POST", "/v1/webhooks/<webhooks>/rotate-secret"),
    ("POST", "/attachments"),
    ("POST", "/api/email/attachments"),
    ("POST", "/domains"),
    ("POST", "/domains/<domains>/verify"),
    ("POST", "/auth/auto-provision"),
}


def takers(door: str) -> Iterator[tuple[Address, str]]:
    """The addresses that read a JSON body."""
    for address in addresses_of(door):
        for method in {"POST", "PUT", "PATCH"} & set(address.methods):
            if (method, address.path) not in NOT_JSON:
                yield address, method


def post(
    person: Person, path: str, body: bytes, kind: str, method: str, *, length: int | None = None
) -> HttpResponse:
    """One request through the whole WSGI application; `length` is what it announces."""
    headers = {"CONTENT_TYPE": kind, "HTTP_AUTHORIZATION": f"Bearer {person.key}"}
    answer = send(method, path, body, length=length, **headers)
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Attachment, Draft, Message, Customer))


@each_door
@pytest.mark.parametrize("name", BROKEN_JSON)
def test_broken_json_is_refused_and_nothing_done(
    door: str, name: str, things: Things, alice: Person
) -> None:
    before = counts()
    for address, method in takers(door):
        answer = post(alice, address.with_ids(things), BROKEN_JSON[name], JSON, method)
        check_error(door, answer, 400, 422)
    assert counts() == before


@each_door
@pytest.mark.parametrize("body", [b"null", b"7", b'"text"', b"true"])
def test_json_that_is_no_object_is_refused(
    door: str, body: bytes, things: Things, alice: Person
) -> None:
    before = counts()
    for address, method in takers(door):
        check_error(door, post(alice, address.with_ids(things), body, JSON, method), 400, 422)
    assert counts() == before


@each_door
@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"metadata":' * 900 + b"1" + b"}" * 900,
        b'{"attachments":' + b"[" * 3_000 + b"]" * 3_000 + b"}",
    ],
    ids=["objects", "arrays", "metadata", "attachments"],
)
def test_deep_json_breaks_nothing(door: str, body: bytes, things: Things, alice: Person) -> None:
    for address, method in takers(door):
        answer = post(alice, address.with_ids(things), body, JSON, method)
        if answer.status_code >= 400:
            check_error(door, answer, 400, 404, 409, 413, 422)


@each_door
def test_an_announced_length_beyond_all_limits_is_refused_at_once(
    door: str, things: Things, alice: Person
) -> None:
    for address, method in takers(door):
        answer = post(
            alice, address.with_ids(things), b"{", JSON, method, length=MAX_JSON_BYTES + 1
        )
        check_error(door, answer, *((400, 413) if door == "nylas" else (413,)))


@each_door
def test_another_type_of_body_is_refused(door: str, things: Things, alice: Person) -> None:
    for address, method in takers(door):
        answer = post(alice, address.with_ids(things), b"to=ann", "text/plain", method)
        check_error(door, answer, 400, 415)


FORMS = [
    ("emailapi", "POST", "/api/email/attachments"),
    ("agentsend", "POST", "/attachments"),
    ("nylas", "POST", "/v3/grants/<grants>/drafts"),
    ("nylas", "PUT", "/v3/grants/<grants>/drafts/<drafts>"),
    ("nylas", "POST", "/v3/grants/<grants>/messages/send"),
]
BROKEN_FORMS = {
    "cut off in its file": (PART, FORM),
    "without a boundary": (PART + b"\r\n--frontier--\r\n", "multipart/form-data"),
    "with a wrong boundary": (PART, "multipart/form-data; boundary=other"),
    "with an odd boundary": (PART, "multipart/form-data; boundary=\N{SNOWMAN}"),
    "without any part": (b"--frontier--\r\n", FORM),
    "empty": (b"", FORM),
    "in a broken encoding": (
        PART.replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n!") + b"\r\n",
        FORM,
    ),
}


@pytest.mark.parametrize(("door", "method", "path"), FORMS)
@pytest.mark.parametrize("name", BROKEN_FORMS)
def test_a_broken_form_is_refused_and_nothing_done(
    door: str, method: str, path: str, name: str, things: Things, alice: Person
) -> None:
    body, kind = BROKEN_FORMS[name]
    address = next(one for one in addresses_of(door) if one.path == path)
    before = counts()
    check_error(door, post(alice, address.with_ids(things), body, kind, method), 400)
    assert counts() == before


@pytest.mark.parametrize(("door", "method", "path"), FORMS)
def test_a_form_that_ends_before_its_length_does_nothing(
    door: str, method: str, path: str, things: Things, alice: Person
) -> None:
    body = PART + b"\r\n--frontier--\r\n"
    address = next(one for one in addresses_of(door) if one.path == path)
    before = counts()
    given = {"length": len(body) + 100}
    check_error(door, post(alice, address.with_ids(things), body, FORM, method, **given), 400)
    assert counts() == before


def test_every_address_that_takes_forms_is_looked_at() -> None:
    found = {
        (door, address.path)
        for door in NAMES
        for address in addresses_of(door)
        if any(issubclass(parser, MultiPartParser) for parser in address.view.parser_classes)
        and {"POST", "PUT"} & set(address.methods)
    }
    assert found == {(door, path) for door, _, path in FORMS}
