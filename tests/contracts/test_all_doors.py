"""What is the same at every door: who may in, what is not there, which methods there are.

Every address is visited, as the URL maps have them, and every error must have its door's shape.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.test import APIClient

from project.contracts.doors import DOORS
from project.ids import spell
from tests.contracts.addresses import (
    METHODS,
    NAMES,
    Address,
    Things,
    addresses_of,
    contract_of,
)
from tests.contracts.shapes import check_error
from tests.make import api_of, make_key
from tests.people import Person

pytestmark = pytest.mark.django_db
each_door = pytest.mark.parametrize("door", NAMES)

#: addresses that need no key
OPEN = {"/health", "/auth/auto-provision"}

#: addresses that answer the same whoever asks
ALIKE = {"/v3/webhooks/ip-addresses"}

#: addresses at which there never is anything
NEVER = {"/domains/<domains>"}

#: addresses that give the bytes of a file
DOWNLOADS = {
    "/api/email/attachments/<attachments>/download",
    "/v3/grants/<grants>/attachments/<attachments>/download",
    "/v1/email/messages/<messages>/attachments/<attachments>",
}

#: bodies that are right, where a wrong one would be refused before the foreign id is looked up
FILE = {"name": "a.pdf", "contentType": "application/pdf", "contentLength": 3}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/v1/drafts/<drafts>/attachments"): FILE,
    ("POST", "/v1/customers/<customers>/drafts"): {"channel": "note", "body": "Hello"},
}


def ask(api: APIClient, method: str, path: str, body: Any = None) -> HttpResponse:
    """One request; JSON where the method has a body."""
    given = {} if body is None and method in ("POST", "PUT", "PATCH") else body
    answer: HttpResponse = api.generic(
        method,
        path,
        data=b"" if given is None else json.dumps(given).encode(),
        content_type="application/json",
    )
    return answer


def visits(door: str) -> Iterator[tuple[Address, str]]:
    """Each address of a door with each of its methods."""
    for address in addresses_of(door):
        for method in address.methods:
            yield address, method


def test_every_door_is_looked_at() -> None:
    assert set(NAMES) == {door.name for door in DOORS}
    for name in NAMES:
        assert addresses_of(name), name
        for address in addresses_of(name):
            assert address.path.startswith(contract_of(name).prefixes), address


@each_door
@pytest.mark.parametrize("given", ["none", "unknown", "other scheme", "revoked", "expired"])
def test_without_a_good_key_nobody_comes_in(door: str, given: str, things: Things) -> None:
    key, secret = make_key(things.workspace)
    if given in ("revoked", "expired"):
        setattr(key, {"revoked": "revoked_at", "expired": "expires_at"}[given], timezone.now())
        key.save()
    headers = {
        "none": {},
        "unknown": {"HTTP_AUTHORIZATION": "Bearer bk_us1_nobody"},
        "other scheme": {"HTTP_AUTHORIZATION": f"Basic {secret}"},
    }.get(given, {"HTTP_AUTHORIZATION": f"Bearer {secret}"})
    for address, method in visits(door):
        if address.path in OPEN:
            continue
        answer = ask(APIClient(**headers), method, address.with_ids(things))
        body = check_error(door, answer, 401)
        assert answer["WWW-Authenticate"] == "Bearer", address
        assert secret not in str(body)


@each_door
def test_x_api_key_is_as_good(door: str, things: Things, alice: Person) -> None:
    address = next(one for one in addresses_of(door) if "GET" in one.methods)
    answer = ask(APIClient(HTTP_X_API_KEY=alice.key), "GET", address.with_ids(things))
    assert answer.status_code == 200, answer.content


@each_door
def test_a_key_without_scopes_may_nothing(door: str, things: Things) -> None:
    _, secret = make_key(things.workspace, scopes=[])
    for address, method in visits(door):
        if address.path not in OPEN:
            check_error(door, ask(api_of(secret), method, address.with_ids(things)), 403)


@each_door
def test_what_is_a_strangers_is_not_there(door: str, things: Things, charlie: Person) -> None:
    for address, method in visits(door):
        if address.words:
            body = BODIES.get((method, address.path))
            answer = ask(charlie.api, method, address.with_ids(things), body)
            said = check_error(door, answer, 404)
            assert "alice" not in str(said), address


@each_door
def test_a_colleague_sees_it(door: str, things: Things, bob: Person) -> None:
    for address in addresses_of(door):
        if "GET" in address.methods and address.path not in OPEN | NEVER:
            answer = ask(bob.api, "GET", address.with_ids(things))
            assert answer.status_code == 200, (address, answer.content)


@each_door
def test_no_list_shows_what_is_a_strangers(door: str, things: Things, charlie: Person) -> None:
    known = [things.inbox, things.customer, things.file, things.draft, things.message]
    texts = {"alice@acme.test", *(one.pk.hex[:24] for one in known)}
    texts |= {str(one.pk) for one in known} | {spell("", one.pk)[1:] for one in known}
    for address in addresses_of(door):
        if "GET" in address.methods and not address.words:
            answer = ask(charlie.api, "GET", address.path)
            assert answer.status_code == 200, (address, answer.content)
            assert [text for text in texts if text in answer.content.decode()] == [], address


@each_door
def test_a_mistyped_id_is_not_there(door: str, things: Things, alice: Person) -> None:
    for address, method in visits(door):
        if address.path.endswith(">"):
            ending = "0" if address.with_ids(things).partition("?")[0][-1] != "0" else "1"
            path = address.with_ids(things, ending=ending)
            answer = ask(alice.api, method, path, BODIES.get((method, address.path)))
            check_error(door, answer, 404)


@each_door
@pytest.mark.parametrize("ending", ["/no/such/address", "/%00/-/-/-", "/\N{SNOWMAN}/-", "//"])
def test_an_unknown_address_is_answered_in_the_doors_words(
    door: str, ending: str, alice: Person
) -> None:
    for prefix in contract_of(door).prefixes:
        for api in (alice.api, APIClient()):
            check_error(door, ask(api, "GET", prefix + ending), 404)
            check_error(door, ask(api, "POST", prefix + ending), 404)


@each_door
def test_a_trailing_slash_is_another_address(door: str, things: Things, alice: Person) -> None:
    for address in addresses_of(door):
        if not address.path.endswith("=<customers>"):
            check_error(door, ask(alice.api, "GET", address.with_ids(things, ending="/")), 404)


@each_door
def test_another_method_is_refused_and_the_right_ones_named(
    door: str, things: Things, alice: Person
) -> None:
    for address in addresses_of(door):
        for method in (*METHODS, "TRACE", "BREW"):
            if method not in address.methods:
                answer = ask(alice.api, method, address.with_ids(things), {})
                check_error(door, answer, 405)
                allowed = set(answer["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
                assert allowed == set(address.methods), address


@pytest.mark.parametrize("door", ["emailapi", "nylas", "bird"])
def test_a_range_outside_the_file_is_told_in_the_doors_words(
    door: str, things: Things, alice: Person
) -> None:
    """Not every door takes ranges; the others give the whole file."""
    address = next(one for one in addresses_of(door) if one.path in DOWNLOADS)
    answer = alice.api.get(address.with_ids(things), HTTP_RANGE="bytes=900000-")
    if answer.status_code != 200:
        check_error(door, answer, 400 if door == "bird" else 416)
        assert answer["Content-Range"] == f"bytes */{things.file.size}"


@each_door
def test_head_says_what_get_would(door: str, things: Things, alice: Person) -> None:
    for address in addresses_of(door):
        if "GET" in address.methods:
            path = address.with_ids(things)
            answer = ask(alice.api, "HEAD", path)
            assert answer.status_code == ask(alice.api, "GET", path).status_code, address
            assert answer["X-Request-Id"]


@each_door
def test_options_says_which_methods_there_are(door: str, things: Things, alice: Person) -> None:
    for address in addresses_of(door):
        answer = ask(alice.api, "OPTIONS", address.with_ids(things))
        assert answer.status_code == 200, address
        allowed = set(answer["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
        assert allowed == set(address.methods), address
        assert answer.json()  # type: ignore[attr-defined]


@each_door
def test_a_bug_is_a_500_that_says_nothing_of_itself(
    door: str, things: Things, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr("project.api.views.ApiView.workspace", property(break_down))
    monkeypatch.setattr("messaging.api.mailbox.MailboxView.inboxes", property(break_down))
    api = APIClient(raise_request_exception=False, HTTP_AUTHORIZATION=f"Bearer {alice.key}")
    broken = 0
    for address in addresses_of(door):
        if "GET" in address.methods and address.path not in OPEN | ALIKE:
            said = check_error(door, ask(api, "GET", address.with_ids(things)), 500)
            assert "secret" not in str(said)
            broken += 1
    assert broken


@each_door
def test_a_host_that_is_not_ours_is_refused(door: str) -> None:
    for prefix in contract_of(door).prefixes:
        check_error(door, APIClient().get(prefix, HTTP_HOST="elsewhere.example"), 400)


@each_door
def test_the_callers_request_id_comes_back(door: str, alice: Person) -> None:
    prefix = contract_of(door).prefixes[0]
    answer = alice.api.get(f"{prefix}/no/such", HTTP_X_REQUEST_ID="trace-1/a=b")
    assert answer["X-Request-Id"] == "trace-1/a=b"
