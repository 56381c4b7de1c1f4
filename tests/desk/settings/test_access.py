"""Who gets into the settings, and to what in them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from messaging.models import Inbox
from project.events.models import WebhookEndpoint
from project.ids import new_id, spell
from project.tenancy.models import ApiKey, Invitation, Member
from tests.desk.settings.visit import SETTINGS, text_of
from tests.events.make import make_endpoint, make_events, queue_all
from tests.make import make_member, make_user
from tests.messaging.make import make_inbox, make_message
from tests.people import Person
from tests.workspaces.make import invite

PAGES = ["inboxes", "inboxes/new", "keys", "keys/new", "webhooks", "webhooks/new", "members",
         "workspace", "you"]  # fmt: skip
OF_ONE = ["inbox", "inbox/relay", "inbox/close", "inbox/test/message", "key/revoke", "webhook",
          "webhook/delete", "webhook/deliveries/delivery", "member/remove"]  # fmt: skip
DEEDS = ["inbox/test", "inbox", "inbox/relay", "inbox/close", "key/revoke", "webhook",
         "webhook/turn", "webhook/test", "webhook/secret", "webhook/delete",
         "webhook/deliveries/delivery/replay", "member/role", "member/remove", "invitation/link",
         "invitation/renew", "invitation/withdraw"]  # fmt: skip


@pytest.fixture
def things(alice: Person) -> dict[str, str]:
    """One of each that Alice's workspace has, by where its pages are."""
    inbox = make_inbox(alice.workspace)
    message = make_message(inbox)
    endpoint = make_endpoint(alice.workspace)
    make_events(alice.workspace, "message.sent")
    queue_all()
    bob = make_member(workspace=alice.workspace, user=make_user(email="bob2@acme.test"))
    return {
        "inbox": f"inboxes/{spell('inb', inbox.pk)}",
        "message": spell("msg", message.pk),
        "key": f"keys/{spell('key', alice.api_key.pk)}",
        "webhook": f"webhooks/{spell('whk', endpoint.pk)}",
        "delivery": spell("whd", endpoint.deliveries.latest("pk").pk),
        "member": f"members/{spell('mbr', Member.objects.get(user=bob).pk)}",
        "invitation": f"members/invitations/{spell('inv', invite(alice).pk)}",
    }


def at(things: dict[str, str], path: str) -> str:
    return f"{SETTINGS}/{'/'.join(things.get(word, word) for word in path.split('/'))}"


def rows() -> list[Any]:
    """All that could be changed, as it is."""
    models = (Inbox, ApiKey, WebhookEndpoint, Member, Invitation)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("path", PAGES)
def test_an_owner_sees_every_page_and_none_is_kept_by_the_browser(alice: Person, path: str):
    answer = alice.browser.get(f"{SETTINGS}/{path}")
    assert answer.status_code == 200
    assert answer.text.count("<h1") == 1 and 'aria-current="page"' in answer.text
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("path", OF_ONE)
def test_an_owner_sees_what_is_theirs(alice: Person, things: dict[str, str], path: str):
    answer = alice.browser.get(at(things, path))
    assert answer.status_code == 200 and answer.text.count("<h1") == 1


def test_an_operator_comes_in_as_well(alice: Person):
    browser = Client()
    browser.force_login(make_member(workspace=alice.workspace, role="operator"))
    assert "API keys" in text_of(browser.get(f"{SETTINGS}/keys"))


@pytest.mark.parametrize("role", ["member", "auditor"])
@pytest.mark.parametrize("path", [*PAGES[:-1], *OF_ONE])
def test_who_does_not_run_the_workspace_is_told_who_does(
    alice: Person, things: dict[str, str], path: str, role: str
):
    browser = Client()
    browser.force_login(make_member(workspace=alice.workspace, role=role))
    answer = browser.get(at(things, path))
    assert answer.status_code == 403
    assert "belong to the owners and operators of Acme" in text_of(answer)
    assert alice.user.email not in text_of(answer)


@pytest.mark.parametrize("path", [*DEEDS, "inboxes/new", "keys/new", "webhooks/new", "members"])
def test_bob_changes_nothing(alice: Person, bob: Person, things: dict[str, str], path: str):
    before = rows()
    fields = {"own": "no", "on": "no", "role": "owner", "name": "x", "scopes": "admin"}
    assert bob.browser.post(at(things, path), fields).status_code == 403
    assert rows() == before


def test_bob_finds_his_own_page(bob: Person):
    answer = bob.browser.get(SETTINGS, follow=True)
    assert answer.redirect_chain == [(f"{SETTINGS}/you", 302)]
    assert answer.status_code == 200 and f"{SETTINGS}/keys" not in answer.text


@pytest.mark.parametrize("path", OF_ONE)
def test_what_is_alices_does_not_exist_for_charlie(
    charlie: Person, things: dict[str, str], path: str
):
    assert charlie.browser.get(at(things, path)).status_code == 404


@pytest.mark.parametrize("path", DEEDS)
def test_charlie_changes_nothing_of_alices(charlie: Person, things: dict[str, str], path: str):
    before = rows()
    fields = {"own": "no", "on": "no", "role": "owner", "name": "x", "url": "https://c.example"}
    assert charlie.browser.post(at(things, path), fields).status_code == 404
    assert rows() == before


@pytest.mark.parametrize("path", DEEDS)
def test_nothing_is_done_without_the_token_of_the_form(
    alice: Person, things: dict[str, str], path: str
):
    before = rows()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    assert browser.post(at(things, path), {"role": "owner"}).status_code == 403
    assert rows() == before


def test_nothing_is_done_by_looking(alice: Person, things: dict[str, str]):
    before = rows()
    for path in DEEDS:
        assert alice.browser.get(at(things, path)).status_code in (200, 302, 405)
    assert rows() == before


def test_an_id_that_nothing_has_is_404(alice: Person):
    for kind, prefix in (("inboxes", "inb"), ("webhooks", "whk")):
        assert alice.browser.get(f"{SETTINGS}/{kind}/{spell(prefix, new_id())}").status_code == 404
        assert alice.browser.get(f"{SETTINGS}/{kind}/nonsense").status_code == 404


def test_who_is_not_signed_in_signs_in_first(db: None):
    answer = Client().get(f"{SETTINGS}/keys")
    assert answer.status_code == 302 and "/accounts/login/" in answer["Location"]
