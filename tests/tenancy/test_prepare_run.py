from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from messaging.models import Inbox
from project.tenancy.models import ApiKey, User
from tests.make import api_of

pytestmark = pytest.mark.django_db


def test_the_first_start_tells_how_to_begin(settings, capsys: pytest.CaptureFixture[str]):
    settings.PUBLIC_URL = "http://127.0.0.1:8123"
    call_command("prepare_run")
    shown = capsys.readouterr().out
    assert "http://127.0.0.1:8123" in shown and "hello@acme.test" in shown
    signed_in = re.search(r"(\S+@acme\.test), password (\S+)", shown)
    assert signed_in
    assert User.objects.get(email=signed_in[1]).check_password(signed_in[2])
    secret = re.search(r"enc_\S+", shown)
    assert secret and api_of(secret[0]).get("/api/v1/inboxes").status_code == 200
    assert "/mail/outbox" in shown


def test_later_starts_make_nothing_and_show_no_secret(capsys: pytest.CaptureFixture[str]):
    call_command("prepare_run")
    capsys.readouterr()
    call_command("prepare_run")
    shown = capsys.readouterr().out
    assert "enc_" not in shown and ", password" not in shown
    assert "hello@acme.test" in shown and "bootstrap" in shown
    assert Inbox.objects.count() == ApiKey.objects.count() == 1


def test_it_says_where_mail_goes(settings, capsys: pytest.CaptureFixture[str]):
    settings.SMTP_URL = "smtp://relay.example.com"
    call_command("prepare_run")
    assert "relay" in capsys.readouterr().out


def test_it_uses_the_first_mail_domain(settings, capsys: pytest.CaptureFixture[str]):
    settings.MAIL_DOMAINS = ["office.local", "acme.test"]
    call_command("prepare_run")
    assert "hello@office.local" in capsys.readouterr().out
