"""An inbox that sends to a sink, and the ways to drive the outbox by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from messaging.models import Delivery, Inbox, Recipient
from messaging.models.message import OPEN
from messaging.outbox import drain
from tests.messaging.make import make_inbox
from tests.people import Person
from tests.services.smtp_sink import SmtpSink


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace)


@pytest.fixture
def relay(sink: SmtpSink, settings: Settings) -> SmtpSink:
    """The installation's relay."""
    settings.SMTP_URL = sink.url
    return sink


@pytest.fixture
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """All mail goes one after the other, each envelope behind the dot before it."""
    monkeypatch.setattr(drain, "CONNECTIONS", 1)


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connections without work are not kept, relays that were down are tried again at once."""
    monkeypatch.setattr(drain, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(drain, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(drain, "DOWN_SECONDS", 0.0)
    yield
    drain.stopping.clear()


@pytest.fixture(autouse=True)
def nothing_is_forgotten(db: None) -> Iterator[None]:
    """After every test: nobody is left whom no clock would ever look at again, and nobody lost."""
    yield
    left = Recipient.objects.filter(state__in=("pending", "deferred"))
    assert not left.exclude(delivery__state__in=(*OPEN, "canceled")).exists()
    assert not Delivery.objects.open().exclude(recipients__in=left).exists()
    claimed = Delivery.objects.filter(state__in=("claimed", "data"))
    assert not claimed.filter(claim=None).exists()
    assert not Delivery.objects.filter(state="done", done_at=None).exists()
