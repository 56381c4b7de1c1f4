"""Grants: the inboxes that a key reaches, by every name that they have."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils import timezone

from messaging.inboxes import delete_inbox
from messaging.models import Inbox
from tests.contracts.nylas.wire import data_of, error_of
from tests.make import api_of, make_key
from tests.messaging.make import make_inbox
from tests.people import Person

URL = "/v3/grants"


def emails(answer) -> list[str]:
    return [row["email"] for row in data_of(answer)]


def test_r34_a_grant_has_its_keys(alice: Person, grant: Inbox):
    assert data_of(alice.api.get(f"{URL}/{grant.pk}")) == {
        "id": str(grant.pk),
        "provider": "imap",
        "grant_status": "valid",
        "email": "desk@acme.test",
        "name": "Acme",
        "scope": [],
        "settings": {},
        "created_at": int(grant.created_at.timestamp()),
        "updated_at": int(grant.updated_at.timestamp()),
    }


@pytest.mark.parametrize(
    "spelling",
    ["{id}", "grant:{id}", "{address}", "{upper}", "{quoted}", "email:{address}", "email:{upper}"],
)
def test_r24_a_grant_by_each_of_its_names(alice: Person, grant: Inbox, spelling: str):
    address = grant.address
    name = spelling.format(
        id=grant.pk, address=address, upper=address.upper(), quoted=quote(address, safe="")
    )
    assert data_of(alice.api.get(f"{URL}/{name}"))["id"] == str(grant.pk)
    assert data_of(alice.api.get(f"{URL}/{name}/messages")) == []


@pytest.mark.parametrize("name", ["me", "external:1", "nobody@acme.test", "grant:x", "0" * 36])
def test_r24_an_unknown_grant_is_a_404(alice: Person, grant: Inbox, name: str):
    for url in (f"{URL}/{name}", f"{URL}/{name}/messages"):
        error = error_of(alice.api.get(url), 404)
        assert error == {"type": "grant.not_found", "message": "grant not found"}


def test_r34_grants_come_with_limit_and_offset(alice: Person, grant: Inbox):
    made = [make_inbox(alice.workspace, address=f"g{n:02}@acme.test") for n in range(11)]
    addresses = [one.address for one in reversed(made)]
    body = alice.api.get(URL).json()
    assert (body["limit"], body["offset"]) == (10, 0)
    assert [row["email"] for row in body["data"]] == addresses[:10]
    rest = alice.api.get(URL, {"limit": 200, "offset": 10}).json()
    assert (rest["limit"], rest["offset"]) == (200, 10)
    assert [row["email"] for row in rest["data"]] == [addresses[10], "desk@acme.test"]
    assert "next_cursor" not in rest


def test_r34_the_filters_of_grants(alice: Person, grant: Inbox):
    old = make_inbox(alice.workspace, address="old@acme.test")
    Inbox.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=9))
    week_ago = int((timezone.now() - timedelta(days=7)).timestamp())
    assert emails(alice.api.get(URL, {"email": "DESK@acme.test"})) == ["desk@acme.test"]
    assert emails(alice.api.get(URL, {"since": week_ago})) == ["desk@acme.test"]
    assert emails(alice.api.get(URL, {"before": week_ago})) == ["old@acme.test"]
    assert emails(alice.api.get(URL, {"order_by": "asc"})) == ["old@acme.test", "desk@acme.test"]
    assert len(emails(alice.api.get(URL, {"sort_by": "updated_at"}))) == 2
    assert len(emails(alice.api.get(URL, {"provider": "imap", "grant_status": "valid"}))) == 2
    for nothing in ({"provider": "google"}, {"grant_status": "invalid"}, {"ip": "10.0.0.1"}):
        assert emails(alice.api.get(URL, nothing)) == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"offset": -1},
        {"sort_by": "name"},
        {"order_by": "up"},
        {"since": "x"},
    ],
)
def test_it_refuses(alice: Person, query: dict):
    (name,) = query
    assert error_of(alice.api.get(URL, query), 400)["message"].startswith(f"{name}: ")


def test_tenancy_of_grants(alice: Person, bob: Person, charlie: Person, grant: Inbox):
    assert emails(bob.api.get(URL)) == ["desk@acme.test"]
    assert emails(charlie.api.get(URL)) == []
    for name in (grant.pk, grant.address):
        assert error_of(charlie.api.get(f"{URL}/{name}"), 404)["type"] == "grant.not_found"
    other = make_inbox(alice.workspace, address="other@acme.test")
    bound = api_of(make_key(alice.workspace, inbox_ids=[other.pk])[1])
    assert emails(bound.get(URL)) == ["other@acme.test"]
    assert error_of(bound.get(f"{URL}/{grant.pk}"), 404)


def test_a_closed_inbox_is_no_grant(alice: Person, grant: Inbox):
    delete_inbox(inbox=grant)
    assert emails(alice.api.get(URL)) == []
    error_of(alice.api.get(f"{URL}/{grant.pk}"), 404)
