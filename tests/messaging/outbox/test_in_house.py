"""Mail for the installation's own inboxes: in at its own door, while there is no relay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from messaging.addresses import Address
from messaging.models import Captured, Delivery, Inbox
from messaging.outbox.drain import deliver_due
from messaging.outbox.provider import ProviderTransport
from messaging.outbox.rehearsal import RehearsalTransport
from messaging.outbox.relay import Relay
from messaging.outbox.smtp import SmtpTransport
from messaging.outbox.transport import LOCAL, REHEARSAL, RELAY, own_door, route_of, transport_of
from messaging.outbox.tray import TrayTransport
from messaging.suppressions import suppress
from tests.messaging.make import delivery_of, letter_to, make_inbox, make_message, outcomes
from tests.messaging.outbox.steps import events_of, history_of, state_of, try_again
from tests.services.servers import free_port
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN, DESK = "ann@example.com", "desk@acme.test"


@pytest.fixture
def desk(inbox: Inbox) -> Inbox:
    return make_inbox(inbox.workspace, address=DESK)


@pytest.mark.parametrize(
    ("bind", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("192.0.2.7", "192.0.2.7"),
        ("localhost", "localhost"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "::1"),
        ("::1", "::1"),
    ],
)
def test_the_door_is_called_where_it_listens(settings, bind, host):
    settings.BIND, settings.MAIL_PORT = bind, 2525
    assert own_door() == Relay(host=host, port=2525, security="smtp")


def test_a_route_without_a_relay_has_a_way_of_its_own(inbox):
    assert transport_of(inbox, LOCAL) == SmtpTransport(own_door())
    assert transport_of(inbox, RELAY) == transport_of(inbox) == TrayTransport()
    assert transport_of(inbox, REHEARSAL) == RehearsalTransport()


def test_with_a_way_out_every_route_takes_that(inbox, settings):
    special = make_inbox(inbox.workspace, smtp_url="smtp://own.example.com")
    settings.SMTP_URL = "smtp://relay.example.com"
    for route in (RELAY, LOCAL):
        assert transport_of(inbox, route).name == "relay.example.com:25"
        assert transport_of(special, route).name == "own.example.com:25"
    settings.PROVIDER_BACKEND = "anymail.backends.test.EmailBackend"
    for route in (RELAY, LOCAL):
        assert transport_of(inbox, route) == ProviderTransport(settings.PROVIDER_BACKEND)
        assert transport_of(special, route).name == "own.example.com:25"
    assert transport_of(inbox, REHEARSAL) == RehearsalTransport()


@pytest.mark.parametrize(
    ("email", "route"),
    [
        (DESK, LOCAL),
        ("Desk@ACME.test", LOCAL),
        ("desk+news@acme.test", LOCAL),
        ("desk+a+b@acme.test", LOCAL),
        ("desk2@acme.test", RELAY),
        ("desk@acme.test.example", RELAY),
        ("+desk@acme.test", RELAY),
    ],
)
def test_a_sub_address_stays_in_the_house_with_its_inbox(inbox, email, route):
    assert route_of(inbox, Address(email), frozenset({DESK})) == route


def test_it_parts_own_inboxes_from_the_world(inbox, desk, door):
    message = make_message(inbox, letter_to("Desk@acme.test", ANN, DESK, "desk+x@acme.test"))
    deliver_due()
    (mail,) = door.kept
    assert mail.accepted == ["Desk@acme.test", DESK, "desk+x@acme.test"]
    assert mail.sender == inbox.address
    assert mail.message_id == message.rfc_message_id
    assert Captured.objects.get().recipients == [ANN]
    assert set(outcomes(message).values()) == {"accepted"}
    assert events_of(message) == ["sent", "sent"]


def test_bcc_is_in_the_envelope_alone(inbox, desk, door):
    letter = replace(letter_to(inbox.address), bcc=(Address(DESK),))
    make_message(inbox, letter)
    deliver_due()
    (mail,) = door.kept
    assert mail.accepted == [inbox.address, DESK]
    assert DESK.encode() not in mail.data


def test_a_suppressed_inbox_is_not_named_at_the_door(inbox, desk, door):
    suppress(workspace=inbox.workspace, email=DESK)
    message = make_message(inbox, letter_to(inbox.address, DESK))
    deliver_due()
    assert [mail.accepted for mail in door.kept] == [[inbox.address]]
    assert outcomes(message) == {inbox.address: "accepted", DESK: "suppressed"}


def test_an_inbox_that_closed_meanwhile_is_refused(inbox, desk, door):
    door.set_rules(Rule(at="rcpt", match="^desk@", reply="550 5.1.1 No such inbox here"))
    message = make_message(inbox, letter_to(DESK, inbox.address))
    deliver_due()
    assert outcomes(message) == {DESK: "refused", inbox.address: "accepted"}
    assert events_of(message) == ["partial"]


def test_a_door_that_is_down_defers_and_is_tried_again(inbox, desk, sink, settings):
    settings.MAIL_PORT = free_port()
    message = make_message(inbox, letter_to(DESK, ANN))
    deliver_due()
    assert outcomes(message) == {DESK: "pending", ANN: "accepted"}
    local = Delivery.objects.get(message=message, route=LOCAL)
    assert local.state == "queued" and str(settings.MAIL_PORT) in local.reason
    assert "deferred" in events_of(message)
    settings.MAIL_PORT = sink.port
    try_again()
    assert len(sink.kept) == 1
    assert outcomes(message) == {DESK: "accepted", ANN: "accepted"}


def test_a_door_that_is_full_defers(inbox, desk, door):
    door.set_rules(Rule(at="connect", reply="421 4.3.2 Too many connections", times=1))
    message = make_message(inbox, letter_to(DESK))
    deliver_due()
    assert (state_of(message), history_of(message)) == ("queued", [(1, "lost")])
    assert "Too many connections" in delivery_of(message).reason
    try_again()
    assert outcomes(message) == {DESK: "accepted"}


def test_a_lost_answer_leaves_a_doubt_as_anywhere(inbox, desk, door):
    door.set_rules(Rule(at="kept", drop="close", times=1))
    message = make_message(inbox, letter_to(DESK))
    deliver_due()
    try_again()
    assert outcomes(message) == {DESK: "unknown"}
    assert len(door.kept) == 1
