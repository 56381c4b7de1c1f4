"""The life of a signing key, against a real name server."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.db import connection
from django.db.models import ProtectedError
from django.utils import timezone

from messaging.dkim.errors import (
    DnsSilent,
    InvalidSelector,
    KeyNeeded,
    KeyNotActive,
    KeyNotNew,
    KeyWaiting,
    SelectorTaken,
)
from messaging.dkim.keys import (
    check_signing_key,
    make_signing_key,
    need_of,
    remove_signing_key,
    start_signing_key,
    stop_signing_key,
)
from messaging.models import SigningKey
from project.events.models import Event
from project.tenancy.models import Domain
from tests.messaging.dkim.make import make_active_key, publish
from tests.services.name_server import NameServer

WEEK = timedelta(days=7)


def states(domain: Domain) -> dict[str, str]:
    return dict(SigningKey.objects.filter(domain=domain).values_list("selector", "state"))


def test_a_new_key_signs_nothing_and_its_record_fits_into_dns(domain: Domain):
    key = make_signing_key(domain=domain)
    assert key.state == "new" and need_of(key) == ""
    assert key.record_name == f"{key.selector}._domainkey.sender.example"
    first, second = key.record_strings
    assert len(first) == 255 and 0 < len(second) < 255
    assert first + second == key.record == f"v=DKIM1; k=rsa; p={key.public_key}"
    assert key.zone_line == f'{key.record_name}. IN TXT ( "{first}" "{second}" )'
    public = load_der_public_key(base64.b64decode(key.public_key))
    assert public.key_size == 2048


def test_the_private_half_is_unreadable_in_the_database(domain: Domain):
    key = make_signing_key(domain=domain)
    with connection.cursor() as cursor:
        cursor.execute("SELECT private_key FROM messaging_signingkey")
        (stored,) = cursor.fetchone()
    assert "PRIVATE" not in stored
    assert "BEGIN PRIVATE KEY" in SigningKey.objects.get(pk=key.pk).private_key


def test_it_signs_from_when_its_record_has_been_seen(domain: Domain, name_server: NameServer):
    key = make_signing_key(domain=domain)
    seen = check_signing_key(key=key)
    assert seen.problem == f"There is no TXT record at {key.record_name} yet."
    assert states(domain) == {key.selector: "new"}
    publish(key, name_server)
    seen = check_signing_key(key=key)
    assert seen.problem == "" and seen.state == "active"
    kinds = Event.objects.in_order().values_list("kind", flat=True)
    assert list(kinds) == ["signingkey.created", "signingkey.started"]


def test_a_record_that_is_not_the_keys_own_is_told(domain: Domain, name_server: NameServer):
    key = make_signing_key(domain=domain)
    name = key.record_name
    for records, words in (
        ([["v=DKIM1; k=rsa; p=MIIB"]], "has another key"),
        ([["v=DKIM1; k=rsa; p="]], "has another key"),
        ([[f"v=DKIM1; k=ed25519; p={key.public_key[:200]}", key.public_key[200:]]], "not one of"),
        ([key.record_strings, ["v=DKIM1; p=x"]], "There are 2 TXT records"),
    ):
        name_server.records[name] = records
        assert words in check_signing_key(key=key).problem
    assert states(domain) == {key.selector: "new"}
    name_server.records[name] = [["p=" + key.public_key[:199] + " ", key.public_key[199:] + ";"]]
    assert check_signing_key(key=key).state == "active"


def test_spf_and_dmarc_of_the_domain_are_looked_at_as_well(domain: Domain, name_server: NameServer):
    key = make_signing_key(domain=domain)
    name_server.records["sender.example"] = [["v=spf1 mx -all"], ["v=spf10 x"], ["a=1"]]
    name_server.put("_dmarc.sender.example", "v=DMARC1; p=", "reject")
    found = check_signing_key(key=key).found
    assert found == {"dkim": [], "spf": ["v=spf1 mx -all"], "dmarc": ["v=DMARC1; p=reject"]}


def test_silence_of_dns_changes_nothing(domain: Domain, name_server: NameServer):
    key = make_active_key(domain, name_server)
    name_server.silent.add(key.record_name)
    with pytest.raises(DnsSilent, match="No name server answers"):
        check_signing_key(key=key)
    key.refresh_from_db()
    assert key.state == "active" and key.problem == ""


def test_a_record_that_has_gone_is_told_and_the_key_goes_on(
    domain: Domain, name_server: NameServer
):
    key = make_active_key(domain, name_server)
    name_server.records.clear()
    assert check_signing_key(key=key).problem.startswith("There is no TXT record")
    assert states(domain) == {key.selector: "active"}


def test_a_new_key_takes_the_place_of_the_old_one_once_it_is_seen(
    domain: Domain, name_server: NameServer
):
    old = make_active_key(domain, name_server, selector="old")
    new = make_signing_key(domain=domain, selector="new")
    check_signing_key(key=new)
    assert states(domain) == {"old": "active", "new": "new"}
    publish(new, name_server)
    check_signing_key(key=new)
    assert states(domain) == {"old": "retired", "new": "active"}
    with pytest.raises(KeyNeeded, match="may be on its way until"):
        remove_signing_key(key=old)
    SigningKey.objects.filter(pk=old.pk).update(retired_at=timezone.now() - WEEK)
    remove_signing_key(key=old)
    assert states(domain) == {"new": "active"}


def test_what_an_operator_says_counts_without_dns(domain: Domain):
    key = make_signing_key(domain=domain)
    start_signing_key(key=key)
    assert states(domain) == {key.selector: "active"}
    with pytest.raises(KeyNotNew):
        start_signing_key(key=key)


def test_a_key_that_was_stopped_does_not_come_back(domain: Domain, name_server: NameServer):
    key = make_active_key(domain, name_server)
    with pytest.raises(KeyNeeded, match="It signs"):
        remove_signing_key(key=key)
    stop_signing_key(key=key)
    check_signing_key(key=key)
    assert states(domain) == {key.selector: "retired"}
    with pytest.raises(KeyNotActive):
        stop_signing_key(key=key)
    with pytest.raises(KeyNotNew):
        start_signing_key(key=key)


def test_a_domain_has_one_new_key_at_a_time_and_no_selector_twice(domain: Domain):
    key = make_signing_key(domain=domain, selector="one")
    with pytest.raises(KeyWaiting):
        make_signing_key(domain=domain, selector="two")
    start_signing_key(key=key)
    with pytest.raises(SelectorTaken):
        make_signing_key(domain=domain, selector="one")
    remove_signing_key(key=make_signing_key(domain=domain, selector="two"))
    assert states(domain) == {"one": "active"}


@pytest.mark.parametrize("selector", ["a b", "a.b", "-a", "a-", "Ä", "A", "a" * 64, "a;b", "a\n"])
def test_a_selector_is_a_label_of_dns(domain: Domain, selector: str):
    with pytest.raises(InvalidSelector):
        make_signing_key(domain=domain, selector=selector)


def test_a_domain_with_keys_cannot_go_unnoticed(domain: Domain):
    make_signing_key(domain=domain)
    with pytest.raises(ProtectedError):
        domain.delete()
