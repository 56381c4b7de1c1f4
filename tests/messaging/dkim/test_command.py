"""`manage.py dkim`, as operators use it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from messaging.models import SigningKey
from project.events.models import Event
from project.ids import spell
from project.tenancy.models import Domain
from tests.messaging.dkim.make import publish
from tests.services.name_server import NameServer


def say(*words: str) -> str:
    said = StringIO()
    call_command("dkim", *words, stdout=said)
    return said.getvalue()


def test_a_key_is_made_found_stopped_and_each_step_has_a_name(
    domain: Domain, name_server: NameServer
):
    made = say("make", "Sender.Example", "--selector", "mail", "--by", "Olga")
    key = SigningKey.objects.get()
    id = spell("dkm", key.pk)
    assert made == f"{id}\n{key.zone_line}\n" and say("show", id) == f"{key.zone_line}\n"
    with pytest.raises(CommandError, match="There is no TXT record at mail._domainkey"):
        say("find", id)
    publish(key, name_server)
    assert "is right. The key is active." in say("find", id)
    assert say("list") == f"{id}  active  mail._domainkey.sender.example\n"
    say("stop", id, "--by", "Olga")
    with pytest.raises(CommandError, match="may be on its way until"):
        say("remove", id, "--by", "Olga")
    rows = Event.objects.in_order().values_list("kind", "actor")
    assert list(rows) == [
        ("signingkey.created", "Olga"),
        ("signingkey.started", ""),
        ("signingkey.stopped", "Olga"),
    ]


def test_an_operator_can_start_one_that_dns_does_not_show(domain: Domain):
    say("make", "sender.example", "--by", "Olga")
    id = spell("dkm", SigningKey.objects.get().pk)
    assert say("start", id, "--by", "Olga") == f"{id} signs.\n"
    assert SigningKey.objects.get().state == "active"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("make", "other.example", "--by", "Olga"), "No workspace has the domain other.example"),
        (("make", "sender.example", "--selector", "a b", "--by", "Olga"), "A selector is made of"),
        (("show", "dkm_x"), "dkm_x"),
        (("show", "dkm_00000000000000000000000000"), "dkm_0000"),
    ],
)
def test_what_cannot_be_done_is_said(domain: Domain, words: tuple[str, ...], said: str):
    with pytest.raises(CommandError, match=said):
        say(*words)
    assert not SigningKey.objects.exists()
