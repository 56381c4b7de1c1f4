"""Signing keys in the back office: made and decided about by operators."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.urls import reverse

from messaging.dkim.keys import make_signing_key
from messaging.models import SigningKey
from project.events.models import Event
from project.tenancy.models import Domain
from tests.backoffice.people import act, browser_of, list_of, make_officer, page_of
from tests.messaging.dkim.make import make_domain, publish
from tests.people import Person
from tests.services.name_server import NameServer

ADD = reverse("admin:messaging_signingkey_add")


@pytest.fixture
def domain(alice: Person) -> Domain:
    return make_domain(alice.workspace)


def test_an_operator_makes_a_key_for_a_domain_within_reach(alice: Person, domain: Domain):
    browser = browser_of(make_officer("operator", alice.workspace))
    answer = browser.post(ADD, {"domain": domain.pk, "selector": "mail"}, follow=True)
    key = SigningKey.objects.get()
    assert answer.status_code == 200 and (key.selector, key.state) == ("mail", "new")
    page = browser.get(page_of(key)).text
    assert key.record in page and key.record_strings[1] in page
    assert key.private_key.splitlines()[1] not in page
    refused = browser.post(ADD, {"domain": domain.pk, "selector": "more"})
    assert "that waits for its record" in refused.text and SigningKey.objects.count() == 1


def test_nobody_makes_one_beyond_their_reach(alice: Person, charlie: Person, domain: Domain):
    stranger = browser_of(make_officer("operator", charlie.workspace))
    answer = stranger.post(ADD, {"domain": domain.pk, "selector": "mail"})
    assert "Select a valid choice" in answer.text and "sender.example" not in answer.text
    auditor = browser_of(make_officer("auditor", alice.workspace))
    assert auditor.post(ADD, {"domain": domain.pk, "selector": "mail"}).status_code == 403
    assert not SigningKey.objects.exists()


def test_deeds_change_keys_within_reach_and_the_log_has_why(
    alice: Person, charlie: Person, domain: Domain, name_server: NameServer
):
    key = make_signing_key(domain=domain)
    operator = make_officer("operator", alice.workspace)
    stranger = browser_of(make_officer("operator", charlie.workspace))
    assert act(stranger, SigningKey, "start", key) is None
    assert SigningKey.objects.get().state == "new"
    publish(key, name_server)
    browser = browser_of(operator)
    job = act(browser, SigningKey, "check", key, reason="the record is there")
    assert job and SigningKey.objects.get().state == "active"
    told = Event.objects.get(kind="signingkey.handled")
    assert told.actor == operator.actor and told.workspace_id == alice.workspace.pk
    assert told.payload["reason"] == "the record is there" and told.subject_id == key.pk
    act(browser, SigningKey, "stop", key)
    assert SigningKey.objects.get().state == "retired"
    refused = act(browser, SigningKey, "remove", key)
    assert refused and "may be on its way" in refused.rows.get().words


def test_an_operator_decides_where_dns_cannot_be_asked(alice: Person, domain: Domain):
    key = make_signing_key(domain=domain)
    act(browser_of(make_officer("operator", alice.workspace)), SigningKey, "start", key)
    assert SigningKey.objects.get().state == "active"


def test_a_key_that_cannot_be_read_is_shown_and_can_be_stopped(
    alice: Person, domain: Domain, settings
):
    key = make_signing_key(domain=domain)
    browser = browser_of(make_officer("operator", alice.workspace))
    act(browser, SigningKey, "start", key)
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    for page in (list_of(SigningKey), page_of(key)):
        assert key.selector in browser.get(page).text
    act(browser, SigningKey, "stop", key)
    assert SigningKey.objects.values_list("state", flat=True).get() == "retired"
