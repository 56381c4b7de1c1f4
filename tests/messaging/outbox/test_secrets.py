"""Secrets on the line to a relay: TLS that trusts no stranger, and a login."""

from __future__ import annotations

import pytest

from messaging.outbox.drain import deliver_due
from tests.messaging.make import delivery_of, make_file, make_message, outcomes
from tests.messaging.outbox.steps import history_of, kept_of, trust, try_again

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"
MIB = 1024 * 1024


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_it_speaks_tls(inbox, start_relay, monkeypatch, tls, one_connection):
    relay = start_relay(tls=tls)
    trust(relay, monkeypatch)
    messages = [
        make_message(inbox),
        make_message(inbox, files=[make_file(inbox.workspace, bytes(3 * MIB))]),
        make_message(inbox),
    ]
    deliver_due()
    assert [len(kept_of(relay, message)) for message in messages] == [1, 1, 1]
    assert {mail.tls for mail in relay.kept} == {True}
    assert relay.connections == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_it_trusts_no_stranger(inbox, start_relay, tls):
    relay = start_relay(tls=tls)
    message = make_message(inbox)
    deliver_due()
    assert relay.transactions == []
    assert history_of(message) == [(1, "lost")]
    assert "certificate" in delivery_of(message).reason


def test_it_never_falls_back_to_the_clear(inbox, start_relay, settings):
    relay = start_relay()
    settings.SMTP_URL = f"smtp+starttls://user:secret@127.0.0.1:{relay.port}"
    message = make_message(inbox)
    deliver_due()
    assert relay.transactions == []
    assert history_of(message) == [(1, "lost")]
    assert "STARTTLS" in delivery_of(message).reason


@pytest.mark.parametrize("tls", ["", "starttls"])
def test_it_signs_in(inbox, start_relay, monkeypatch, tls):
    relay = start_relay(login=("user", "s3cret"), tls=tls)
    if tls:
        trust(relay, monkeypatch)
    message = make_message(inbox)
    deliver_due()
    assert [mail.user for mail in kept_of(relay, message)] == ["user"]


def test_a_wrong_password_is_no_reason_to_give_up(inbox, start_relay, settings):
    relay = start_relay(login=("user", "s3cret"))
    settings.SMTP_URL = relay.url.replace("s3cret", "wrong")
    message = make_message(inbox)
    deliver_due()
    delivery = delivery_of(message)
    assert (delivery.state, history_of(message)) == ("queued", [(1, "lost")])
    assert "535" in delivery.reason
    assert "wrong" not in delivery.reason.replace("Wrong", "")
    settings.SMTP_URL = relay.url
    try_again()
    assert outcomes(message) == {ANN: "accepted"}
