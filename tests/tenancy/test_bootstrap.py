from __future__ import annotations

import json
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from messaging.models import Inbox
from project.ids import read, read_uuid
from project.tenancy.models import ApiKey, Scope, User, Workspace
from tests.make import api_of
from tests.messaging.api.reach import V1, listed

pytestmark = pytest.mark.django_db


def bootstrap(workspace: str, inbox: str, *more: str) -> dict[str, str | None]:
    out = StringIO()
    call_command("bootstrap", "--workspace", workspace, "--inbox", inbox, *more, stdout=out)
    facts: dict[str, str | None] = json.loads(out.getvalue())
    return facts


def test_it_makes_all_that_somebody_needs():
    facts = bootstrap("Acme", "Hello@acme.test", "--json")
    assert list(facts) == [
        "workspace",
        "user",
        "password",
        "api_key",
        "inbox_id",
        "grant_id",
        "address",
    ]
    assert facts["workspace"] == "Acme" and facts["address"] == "hello@acme.test"
    assert read("inb", str(facts["inbox_id"])) == read_uuid(str(facts["grant_id"]))
    assert UUID(str(facts["grant_id"])) == Inbox.objects.get().pk
    assert ApiKey.objects.get().scopes == Scope.values
    (inbox,) = listed(api_of(str(facts["api_key"])).get(f"{V1}/inboxes"))
    assert inbox["id"] == facts["inbox_id"]
    form = {"login": facts["user"], "password": facts["password"]}
    assert Client().post("/accounts/login/", form).status_code == 302
    assert User.objects.get(email=facts["user"]).is_superuser


def test_it_finds_what_is_there_and_makes_a_new_key():
    first = bootstrap("Acme", "hello@acme.test", "--json")
    again = bootstrap("Acme", "hello@acme.test", "--json")
    assert again["password"] is None and again["api_key"] != first["api_key"]
    for name in ("workspace", "user", "inbox_id", "grant_id", "address"):
        assert again[name] == first[name]
    assert Workspace.objects.count() == User.objects.count() == Inbox.objects.count() == 1


def test_it_stores_a_key_of_the_operators_choosing():
    chosen = "bk_us1_chosen-by-the-operator"
    for _ in range(2):
        facts = bootstrap("Acme", "hello@acme.test", "--json", "--api-key", chosen)
        assert facts["api_key"] == chosen
    assert api_of(chosen).get(f"{V1}/inboxes").status_code == 200
    assert ApiKey.objects.count() == 1


def test_it_makes_the_domain_the_workspaces_own():
    bootstrap("Acme", "hello@mail.example.com", "--json")
    assert Workspace.objects.get().domains.get().name == "mail.example.com"
    with pytest.raises(CommandError, match="neither a domain of this workspace"):
        bootstrap("Other", "hi@mail.example.com", "--json")
    assert Workspace.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("Other", "hello@acme.test"), "another workspace"),
        (("Acme", "nonsense"), "Not a mail address"),
        (("Acme", "a@acme.test", "--api-key", "short"), "at least"),
        (("Other", "b@acme.test", "--api-key", "the key of the Acme workspace"), "another key"),
    ],
)
def test_it_refuses_and_changes_nothing(arguments: tuple[str, ...], words: str):
    bootstrap("Acme", "hello@acme.test", "--json", "--api-key", "the key of the Acme workspace")
    with pytest.raises(CommandError, match=words):
        bootstrap(*arguments, "--json")
    assert Workspace.objects.count() == Inbox.objects.count() == ApiKey.objects.count() == 1


def test_it_tells_people_the_same(capsys: pytest.CaptureFixture[str]):
    call_command("bootstrap", "--workspace", "Acme", "--inbox", "hello@acme.test")
    shown = capsys.readouterr().out
    assert "owner@acme.test" in shown and "hello@acme.test" in shown and "enc_" in shown
