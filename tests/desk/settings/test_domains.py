"""Sender domains in the settings: keys made, checked, stopped, removed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.dkim.keys import make_signing_key
from messaging.models import SigningKey
from project.events.models import Event
from project.ids import spell
from project.tenancy.models import Domain
from tests.desk.settings.visit import SETTINGS, post, text_of
from tests.messaging.dkim.make import make_active_key, make_domain, publish
from tests.people import Person
from tests.services.name_server import NameServer

VERBS = ("check", "stop", "remove")


@pytest.fixture
def domain(alice: Person) -> Domain:
    return make_domain(alice.workspace)


def path_of(row: Domain | SigningKey) -> str:
    """The address of a page, below the settings."""
    if isinstance(row, Domain):
        return f"domains/{spell('dom', row.pk)}"
    return f"{path_of(row.domain)}/keys/{spell('dkm', row.pk)}"


def test_an_owner_makes_a_key_pastes_its_record_and_mail_is_signed(
    alice: Person, domain: Domain, name_server: NameServer
):
    assert "sender.example Not signed here" in text_of(alice.browser.get(f"{SETTINGS}/domains"))
    page = post(alice.browser, f"{path_of(domain)}/keys")
    key = SigningKey.objects.get()
    words = text_of(page)
    assert "Waits for its record" in words and key.record in words
    for string in key.record_strings:
        assert f"&quot;{string}&quot;" in words
    assert "New key" not in words
    words = text_of(post(alice.browser, f"{path_of(key)}/check"))
    assert f"There is no TXT record at {key.record_name} yet." in words
    publish(key, name_server)
    name_server.put("sender.example", "v=spf1 mx -all")
    words = text_of(post(alice.browser, f"{path_of(key)}/check"))
    assert "Signs" in words and "Its record was found, and is right." in words
    assert "v=spf1 mx -all" in words and "None was found: servers are not told" in words
    listed = text_of(alice.browser.get(f"{SETTINGS}/domains"))
    assert f"Signed with the key {key.selector}" in listed
    made = Event.objects.get(kind="signingkey.started")
    assert made.actor == alice.user.actor and made.subject_id == key.pk


def test_a_second_key_takes_over_and_the_first_stays_until_nothing_needs_it(
    alice: Person, domain: Domain, name_server: NameServer
):
    first = make_active_key(domain, name_server, selector="first")
    assert "takes the place of the one that signs" in text_of(
        alice.browser.get(f"{SETTINGS}/{path_of(domain)}")
    )
    post(alice.browser, f"{path_of(domain)}/keys")
    second = SigningKey.objects.get(state="new")
    publish(second, name_server)
    words = text_of(post(alice.browser, f"{path_of(second)}/check"))
    assert "Signs nothing new" in words and "may be on its way until" in words
    assert "Remove the key" not in words
    assert "may be on its way" in text_of(post(alice.browser, f"{path_of(first)}/remove"))
    past = timezone.now() - timedelta(days=8)
    SigningKey.objects.filter(pk=first.pk).update(retired_at=past)
    words = text_of(post(alice.browser, f"{path_of(first)}/remove"))
    assert "The key is removed." in words and list(SigningKey.objects.all()) == [second]


def test_signing_can_be_stopped(alice: Person, domain: Domain, name_server: NameServer):
    key = make_active_key(domain, name_server)
    words = text_of(post(alice.browser, f"{path_of(key)}/stop"))
    assert "Mail of sender.example is not signed here any more." in words
    key.refresh_from_db()
    assert key.state == "retired"


def test_no_page_shows_the_private_half(alice: Person, domain: Domain):
    key = make_signing_key(domain=domain)
    secret = SigningKey.objects.get().private_key.splitlines()[1]
    for path in ("domains", path_of(domain)):
        assert secret not in alice.browser.get(f"{SETTINGS}/{path}").text
    assert key.public_key in alice.browser.get(f"{SETTINGS}/{path_of(domain)}").text


def test_a_member_may_not_touch_it(bob: Person, domain: Domain):
    key = make_signing_key(domain=domain)
    for path in ("domains", path_of(domain)):
        assert bob.browser.get(f"{SETTINGS}/{path}").status_code == 403
    for path in (f"{path_of(domain)}/keys", *(f"{path_of(key)}/{verb}" for verb in VERBS)):
        assert post(bob.browser, path).status_code == 403
    assert list(SigningKey.objects.values_list("state", flat=True)) == ["new"]


def test_a_stranger_finds_nothing(
    alice: Person, charlie: Person, domain: Domain, name_server: NameServer
):
    key = make_signing_key(domain=domain)
    publish(key, name_server)
    own = make_domain(charlie.workspace, "charlie.example")
    assert "sender.example" not in text_of(charlie.browser.get(f"{SETTINGS}/domains"))
    assert charlie.browser.get(f"{SETTINGS}/{path_of(domain)}").status_code == 404
    below_own = f"{path_of(own)}/keys/{spell('dkm', key.pk)}"
    for path in (path_of(key), below_own):
        for verb in VERBS:
            assert post(charlie.browser, f"{path}/{verb}").status_code == 404
    assert post(charlie.browser, f"{path_of(domain)}/keys").status_code == 404
    assert list(SigningKey.objects.values_list("state", flat=True)) == ["new"]
