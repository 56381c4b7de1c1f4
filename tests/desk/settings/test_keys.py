"""API keys in the settings: made, shown once, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from project.ids import spell
from project.tenancy.models import ApiKey
from tests.desk.settings.visit import SETTINGS, errors_at, post, text_of
from tests.make import api_of, make_key
from tests.messaging.make import make_inbox
from tests.people import Person


def secret_in(page) -> str:
    found = re.search(r'<input id="secret"[^>]* value="([^"]+)"', page.text)
    assert found
    return found.group(1)


def test_the_secret_is_shown_once_and_works(alice: Person):
    browser = alice.browser
    page = post(browser, "keys/new", name="shop", scopes=["read", "send"], days="30")
    secret = secret_in(page)
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert api_of(secret).get("/api/v1/messages").status_code == 200
    key = ApiKey.objects.get(name="shop")
    assert key.scopes == ["read", "send"] and key.workspace == alice.workspace
    left = key.expires_at - timezone.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    for path in ("keys", "keys/new", f"keys/{spell('key', key.pk)}/revoke"):
        assert secret not in browser.get(f"{SETTINGS}/{path}").text
    assert not [name for name, value in browser.session.items() if secret in str(value)]


def test_it_is_bound_to_inboxes_of_the_workspace(alice: Person, charlie: Person):
    one, other, foreign = (make_inbox(one) for one in (alice.workspace,) * 2 + (charlie.workspace,))
    id = spell("inb", one.pk)
    page = post(alice.browser, "keys/new", name="a", scopes="read", inboxes=[id])
    assert ApiKey.objects.get(name="a").bound_inbox_ids == [one.pk]
    answer = api_of(secret_in(page)).get("/api/v1/inboxes").json()
    assert [row["id"] for row in answer["data"]] == [id]
    listed = text_of(alice.browser.get(f"{SETTINGS}/keys"))
    assert f"For {one.address}." in listed
    refused = post(
        alice.browser, "keys/new", name="b", scopes="read", inboxes=[spell("inb", foreign.pk)]
    )
    assert refused.status_code == 422 and errors_at(refused, "inboxes")
    assert not ApiKey.objects.filter(name="b").exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"days": "9999"}, "days"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(alice: Person, fields: dict, field: str):
    count = ApiKey.objects.count()
    page = post(alice.browser, "keys/new", **{"name": "x", "scopes": ["read"], **fields})
    assert page.status_code == 422 and errors_at(page, field)
    assert ApiKey.objects.count() == count


def test_every_scope_is_explained_and_only_reading_is_chosen(alice: Person):
    page = alice.browser.get(f"{SETTINGS}/keys/new")
    for scope in ("read", "draft", "send", "files", "admin"):
        assert re.search(rf"{scope}: [A-Z].+\.", text_of(page))
    assert re.findall(r'value="(\w+)"[^>]*checked', page.text) == ["read"]


def test_revoking_is_asked_for_and_ends_it_at_once(alice: Person):
    key, secret = make_key(alice.workspace, name="old shop")
    path = f"keys/{spell('key', key.pk)}/revoke"
    assert "is refused from this moment on" in text_of(alice.browser.get(f"{SETTINGS}/{path}"))
    assert api_of(secret).get("/api/v1/messages").status_code == 200
    page = text_of(post(alice.browser, path))
    assert "No longer in force old shop" in page
    assert api_of(secret).get("/api/v1/messages").status_code == 401


def test_the_list_tells_who_was_here_and_until_when(alice: Person, charlie: Person):
    ago = timezone.now() - timedelta(days=1)
    make_key(alice.workspace, name="ended", expires_at=ago)
    make_key(alice.workspace, name="fresh", used=False)
    page = text_of(alice.browser.get(f"{SETTINGS}/keys"))
    alive, _, ended = page.partition("No longer in force")
    assert "fresh" in alive and "Never used." in alive and "Last used" in alive
    assert f"ended …{ApiKey.objects.get(name='ended').hint} Ended" in ended
    assert "charlie" not in page
