from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from project.api.times import spell_time
from project.ids import new_id, spell
from project.tenancy.models import ApiKey, IdempotencyRecord, digest_of
from tests.make import api_of, api_with, make_key
from tests.messaging.api.reach import error_of, listed
from tests.people import Person

URL = "/api/v1/keys"


def test_it_shows_the_secret_once(alice: Person):
    made = alice.api.post(URL, {"name": "shop", "scopes": ["send", "read"]})
    assert made.status_code == 201
    key = made.json()
    secret = key.pop("secret")
    assert key["hint"] == secret[-4:] and key["scopes"] == ["read", "send"]
    assert key["inbox_ids"] == [] and key["revoked_at"] is key["expires_at"] is None
    assert alice.api.get(f"{URL}/{key['id']}").json() == key
    assert ApiKey.objects.get(name="shop").sha256 == digest_of(secret)
    assert api_of(secret).get("/api/v1/messages").status_code == 200
    assert error_of(api_of(secret).get(URL), 403)["details"] == {"scope": "admin"}


def test_a_replayed_answer_has_no_secret(alice: Person):
    headers = {"Idempotency-Key": "k"}
    first = alice.api.post(URL, {"name": "shop"}, headers=headers).json()
    again = alice.api.post(URL, {"name": "shop"}, headers=headers)
    assert again["Idempotency-Replay"] == "true"
    secret = first.pop("secret")
    assert again.json() == first
    assert secret not in str(IdempotencyRecord.objects.values_list("answer"))


def test_it_binds_to_inboxes_and_to_a_time(alice: Person):
    inbox_id = spell("inb", new_id())
    until = spell_time(timezone.now() + timedelta(days=1))
    key = alice.api.post(URL, {"inbox_ids": [inbox_id], "expires_at": until}).json()
    assert key["inbox_ids"] == [inbox_id] and key["expires_at"] == until
    assert key["scopes"] == ["read", "draft", "send", "files", "admin"]


def test_it_revokes_at_once(alice: Person):
    key = alice.api.post(URL, {"name": "shop"}).json()
    api = api_of(key["secret"])
    assert api.get("/api/v1/messages").status_code == 200
    for _ in range(2):
        assert alice.api.delete(f"{URL}/{key['id']}").status_code == 204
        assert error_of(api.get("/api/v1/messages"), 401)["code"] == "revoked_key"
    assert alice.api.get(f"{URL}/{key['id']}").json()["revoked_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "read"}, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"secret": "chosen by me, no less"}, "secret"),
        ({"name": "x" * 256}, "name"),
    ],
)
def test_it_refuses(alice: Person, body: dict, field: str):
    error = error_of(alice.api.post(URL, body), 400)
    assert error["field"].startswith(field)


def test_it_needs_the_scope_admin(alice: Person, bob: Person):
    api = api_with(alice.workspace, "read", "draft", "send", "files")
    for answer in (api.get(URL), api.post(URL, {}), api.delete(f"{URL}/key_1")):
        assert error_of(answer, 403)["details"] == {"scope": "admin"}
    assert bob.browser.get(URL).status_code == 403
    assert alice.browser.get(URL).status_code == 200


def test_a_bound_key_makes_no_free_one(alice: Person):
    api = api_of(make_key(alice.workspace, inbox_ids=[new_id()])[1])
    for answer in (api.get(URL), api.post(URL, {}), api.delete(f"{URL}/key_1")):
        assert error_of(answer, 403)["code"] == "bound_key"


def test_a_stranger_sees_his_own(alice: Person, bob: Person, charlie: Person):
    assert {row["name"] for row in listed(alice.api.get(URL))} == {"alice", "bob"}
    assert [row["name"] for row in listed(charlie.api.get(URL))] == ["charlie"]
    one = f"{URL}/{spell('key', bob.api_key.pk)}"
    assert error_of(charlie.api.get(one), 404)
    assert error_of(charlie.api.delete(one), 404)
    assert bob.api.get(URL).status_code == 200
