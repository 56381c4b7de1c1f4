"""An inbox that sends to a sink, and the ways to drive the outbox by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.core.management.sql import emit_post_migrate_signal
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from messaging.models import Delivery, Inbox, Recipient
from messaging.models.message import OPEN
from messaging.outbox import drain
from tests.messaging.make import make_inbox
from tests.people import Person
from tests.services.sinks import StartSink
from tests.services.smtp_rules import Rule, Rules
from tests.services.smtp_sink import SmtpSink


@pytest.fixture(scope="package", autouse=True)
def quick_flushes(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Nobody here asks for permissions and content types, which every flush makes anew."""
    with patch("django.core.management.commands.flush.emit_post_migrate_signal"):
        yield
    with django_db_blocker.unblock():
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace)


@pytest.fixture
def relay(sink: SmtpSink, settings: Settings) -> SmtpSink:
    """The installation's relay."""
    settings.SMTP_URL = sink.url
    return sink


@pytest.fixture
def door(sink: SmtpSink, settings: Settings) -> SmtpSink:
    """What listens where the installation's own door would."""
    settings.MAIL_PORT = sink.port
    return sink


@pytest.fixture
def start_relay(start_sink: StartSink, settings: Settings) -> Callable[..., SmtpSink]:
    """Start a relay of the installation that speaks as told."""

    def start(*rules: Rule, **speech: Any) -> SmtpSink:
        relay = start_sink(*rules, like=Rules(**speech))
        settings.SMTP_URL = relay.url
        return relay

    return start


@pytest.fixture
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """All mail goes one after the other, each envelope behind the dot before it."""
    monkeypatch.setattr(drain, "CONNECTIONS", 1)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Work is looked for all the time, relays that were down are tried again at once."""
    monkeypatch.setattr(drain, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(drain, "DOWN_SECONDS", 0.0)
    yield
    drain.stopping.clear()


@pytest.fixture(autouse=True)
def nothing_is_forgotten(db: None) -> Iterator[None]:
    """After every test: nobody is left whom no clock would ever look at again, and nobody lost."""
    yield
    left = Recipient.objects.filter(state__in=("pending", "deferred"))
    forgotten = left.exclude(delivery__state__in=(*OPEN, "canceled"))
    # a rehearsal of "try again later" ends with that
    assert not forgotten.exclude(rehearsed__isnull=False, state="deferred").exists()
    assert not Delivery.objects.open().exclude(recipients__in=left).exists()
    claimed = Delivery.objects.filter(state__in=("claimed", "data"))
    assert not claimed.filter(claim=None).exists()
    assert not Delivery.objects.filter(state="done", done_at=None).exists()
