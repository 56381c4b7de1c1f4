"""The line to a relay: who it is, how it speaks, what it cannot do, and what it must never do."""

from __future__ import annotations

from hashlib import sha256

import pytest

from messaging.addresses import Address
from messaging.errors import InvalidHeader
from messaging.letter import Letter
from messaging.outbox import connection, drain, parcel
from messaging.outbox.drain import deliver_due
from messaging.outbox.smtp import stuff
from tests.messaging.make import (
    delivery_of,
    letter_to,
    make_file,
    make_inbox,
    make_message,
    outcomes,
)
from tests.messaging.outbox.steps import events_of, history_of, kept_of, state_of, trust, try_again
from tests.services.smtp_rules import EXTENSIONS, Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN = "ann@example.com"
MIB = 1024 * 1024


def without(*names):
    return tuple(each for each in EXTENSIONS if each.partition(" ")[0] not in names)


# The greeting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["421 4.3.2 Not now", "554 5.3.2 Not you"])
def test_a_relay_that_does_not_greet_is_tried_later(inbox, start_relay, reply):
    relay = start_relay(Rule(at="connect", reply=reply))
    message = make_message(inbox)
    deliver_due()
    delivery = delivery_of(message)
    assert (delivery.state, history_of(message)) == ("queued", [(1, "lost")])
    assert reply in delivery.reason
    assert outcomes(message) == {ANN: "pending"}
    assert events_of(message) == ["deferred"]
    relay.set_rules()
    try_again()
    assert outcomes(message) == {ANN: "accepted"}


def test_a_relay_that_greets_late_is_waited_for(inbox, start_relay):
    relay = start_relay(Rule(at="connect", delay=0.3))
    message = make_message(inbox)
    deliver_due()
    assert len(kept_of(relay, message)) == 1


def test_a_relay_that_greets_too_late_is_tried_later(inbox, start_relay, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.1)
    start_relay(Rule(at="connect", hold=True))
    message = make_message(inbox)
    deliver_due()
    assert (state_of(message), history_of(message)) == ("queued", [(1, "lost")])
    assert "timed out" in delivery_of(message).reason


def test_a_relay_that_is_not_there_is_tried_later_by_all(inbox, settings, monkeypatch):
    monkeypatch.setattr(drain, "DOWN_SECONDS", 15.0)
    settings.SMTP_URL = "smtp://127.0.0.1:1"
    messages = [make_message(inbox) for _ in range(40)]
    deliver_due()
    assert {state_of(message) for message in messages} == {"queued"}
    assert {delivery_of(message).attempts for message in messages} == {1}
    assert "refused" in delivery_of(messages[-1]).reason


# Silence ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["mail", "data"])
def test_a_server_that_falls_silent_before_the_dot_is_tried_again(
    inbox, start_relay, monkeypatch, at
):
    monkeypatch.setattr(connection, "REPLY_SECONDS", 0.1)
    relay = start_relay(Rule(at=at, hold=True))
    message = make_message(inbox)
    deliver_due()
    assert history_of(message) == [(1, "lost")]
    relay.holds.release_all()
    relay.set_rules()
    try_again()
    assert outcomes(message) == {ANN: "accepted"}
    assert len(relay.kept) == 1


def test_a_server_that_falls_silent_after_the_dot_leaves_a_doubt(inbox, start_relay, monkeypatch):
    monkeypatch.setattr(connection, "FINAL_REPLY_SECONDS", 0.1)
    relay = start_relay(Rule(at="dot", hold=True))
    message = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {ANN: "unknown"}
    assert history_of(message) == [(1, "unknown")]
    try_again()
    assert [mail.accepted for mail in relay.transactions] == []


def test_a_server_that_stops_reading_in_the_body_is_tried_again(inbox, start_relay, monkeypatch):
    monkeypatch.setattr(connection, "BLOCK_SECONDS", 0.3)
    relay = start_relay(Rule(at="body", after=100_000, hold=True))
    message = make_message(inbox, files=[make_file(inbox.workspace, bytes(10 * MIB))])
    deliver_due()
    assert history_of(message) == [(1, "lost")]
    assert outcomes(message) == {ANN: "pending"}
    relay.holds.release_all()
    assert relay.kept == []


@pytest.mark.parametrize("tls", ["", "implicit"])
def test_hanging_up_in_the_middle_of_the_mail_is_no_doubt(inbox, start_relay, monkeypatch, tls):
    """The server has not seen a dot, and we have not sent one: that is seen before it is."""
    relay = start_relay(Rule(at="body", after=10, drop="close"), tls=tls)
    if tls:
        trust(relay, monkeypatch)
    check = connection.Connection.check_listening

    def check_late(self):
        relay.wait_ended(1)
        check(self)

    monkeypatch.setattr(connection.Connection, "check_listening", check_late)
    message = make_message(inbox, files=[make_file(inbox.workspace, bytes(300_000))])
    deliver_due()
    assert history_of(message) == [(1, "lost")]
    assert outcomes(message) == {ANN: "pending"}


# What the server says ---------------------------------------------------------------------------


def test_words_that_no_database_takes_are_put_down_all_the_same(inbox, start_relay):
    start_relay(Rule(at="dot", reply="550 5.7.1 \0\udcff\udc80 no"))
    message = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {ANN: "refused"}


def test_words_that_no_database_takes_at_the_greeting(inbox, start_relay):
    start_relay(Rule(at="connect", reply="554 \0 no"))
    message = make_message(inbox)
    deliver_due()
    assert history_of(message) == [(1, "lost")]


@pytest.mark.parametrize("at", ["mail", "rcpt"])
def test_a_server_that_refuses_and_hangs_up_has_refused(inbox, start_relay, one_connection, at):
    """The rest of a pipelined group gets no answer: the refusal counts, and nobody else pays."""
    relay = start_relay(Rule(at=at, match="spam|eve", reply="554 5.7.1 Blocked"), hang_up_rule(at))
    spammer = make_inbox(inbox.workspace, address="spam@acme.test")
    before = make_message(inbox)
    message = make_message(spammer, letter_to("eve@example.com"))
    after = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {"eve@example.com": "refused"}
    assert [len(kept_of(relay, one)) for one in (before, after)] == [1, 1]


def hang_up_rule(at):
    """Drop the connection at the command after the refused one."""
    if at == "mail":
        return Rule(at="rcpt", match="^eve", drop="close")
    return Rule(at="data", match="eve", drop="close")


# What it cannot do ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "missing",
    [("PIPELINING",), ("SIZE",), ("8BITMIME",), ("SMTPUTF8",), ("PIPELINING", "SIZE", "8BITMIME")],
)
def test_it_speaks_as_the_server_does(inbox, start_relay, one_connection, missing):
    relay = start_relay(extensions=without(*missing))
    content = bytes(range(256)) * 4096
    messages = [
        make_message(inbox),
        make_message(inbox, files=[make_file(inbox.workspace, content)]),
        make_message(inbox, letter_to("a@b.test", "c@d.test")),
    ]
    deliver_due()
    assert [len(kept_of(relay, message)) for message in messages] == [1, 1, 1]
    assert [mail.faults for mail in relay.kept] == [[], [], []]
    assert [mail.size for mail in relay.kept] == [message.size for message in messages]
    assert relay.connections == 1
    declares = any(word.startswith("SIZE=") for word in relay.kept[0].parameters)
    assert declares == ("SIZE" not in missing)


def test_it_tells_the_servers_limit_from_a_failure(inbox, start_relay):
    relay = start_relay(extensions=("PIPELINING", "SIZE 100000"))
    message = make_message(inbox, files=[make_file(inbox.workspace, bytes(100_000))])
    small = make_message(inbox)
    deliver_due()
    assert outcomes(message) == {ANN: "refused"}
    assert [row.code for row in delivery_of(message).recipients.all()] == [552]
    assert events_of(message) == ["failed"]
    assert [mail.started for mail in relay.transactions if mail.reply.startswith("552")] == [False]
    assert outcomes(small) == {ANN: "accepted"}


def eml(line=b"text"):
    return b"From: a@b.test\r\nSubject: inner\r\n\r\n" + line + b"\r\n"


def test_it_refuses_for_the_server_what_that_cannot_carry(inbox, start_relay):
    relay = start_relay(extensions=without("8BITMIME"))
    inner = make_file(inbox.workspace, eml("é".encode()), filename="inner.eml")
    message = make_message(inbox, files=[inner])
    deliver_due()
    (row,) = delivery_of(message).recipients.all()
    assert (row.state, row.code) == ("refused", None)
    assert "8BITMIME" in row.reply
    assert relay.kept == []
    assert events_of(message) == ["failed"]


def test_it_declares_8_bits(inbox, start_relay):
    relay = start_relay()
    inner = make_file(inbox.workspace, eml("é".encode()), filename="inner.eml")
    make_message(inbox, files=[inner])
    deliver_due()
    (mail,) = relay.kept
    assert "BODY=8BITMIME" in mail.parameters
    assert mail.faults == []
    assert eml("é".encode()) in mail.data


@pytest.mark.parametrize("has_it", [True, False])
def test_an_address_that_is_not_ascii_needs_a_server_for_it(inbox, start_relay, has_it):
    relay = start_relay(extensions=EXTENSIONS if has_it else without("SMTPUTF8"))
    letter = Letter(to=(Address(ANN),), bcc=(Address("jörg@example.com"),), text="x")
    message = make_message(inbox, letter)
    deliver_due()
    (mail,) = relay.kept
    if has_it:
        assert set(outcomes(message).values()) == {"accepted"}
        assert "SMTPUTF8" in mail.parameters
    else:
        assert outcomes(message) == {ANN: "accepted", "jörg@example.com": "refused"}
        assert "SMTPUTF8" not in mail.parameters
        assert mail.accepted == [ANN]


def test_an_international_domain_goes_in_a_labels(inbox, start_relay):
    relay = start_relay(extensions=without("SMTPUTF8"))
    message = make_message(inbox, letter_to("ann@bücher.example"))
    deliver_due()
    assert relay.kept[0].accepted == ["ann@xn--bcher-kva.example"]
    assert outcomes(message) == {"ann@bücher.example": "accepted"}


def test_a_crowd_of_recipients_goes_in_one_mail(inbox, start_relay):
    relay = start_relay(Rule(at="rcpt", match="^r99@", reply="550 No"))
    message = make_message(inbox, letter_to(*(f"r{n}@example.com" for n in range(250))))
    deliver_due()
    (mail,) = relay.kept
    assert len(mail.accepted) == 249
    assert mail.faults == []
    assert list(outcomes(message).values()).count("accepted") == 249


# Bytes ------------------------------------------------------------------------------------------


def test_dots_and_bytes_arrive_as_they_were(inbox, start_relay):
    relay = start_relay()
    lines = [b".", b"..", b".x", b"", b".", b"x" * 900 + b".", b".end"]
    inner = b"From: a@b.test\r\n\r\n" + b"\r\n".join(lines * 2000) + b"\r\n.\r\n"
    assert len(inner) > 2 * 256 * 1024
    file = make_file(inbox.workspace, inner, filename="inner.eml")
    message = make_message(inbox, files=[file])
    deliver_due()
    (mail,) = kept_of(relay, message)
    assert inner in mail.data
    assert mail.size == message.size
    assert mail.faults == []


@pytest.mark.parametrize(
    "blocks",
    [
        [b".a\r\n"],
        [b"a\r\n", b".b\r\n"],
        [b"a\r", b"\n.b\r\n"],
        [b"a\r\n.", b"\r\n"],
        [b"a\r\n", b".", b"\r\n", b".", b".\r\n"],
        [b"a", b".b", b"\r\n"],
        [b"\r", b"\n", b".", b"\r", b"\n.", b"x"],
        [b"a\n.b\r.c\r\n"],
    ],
)
def test_dots_are_doubled_across_blocks(blocks):
    whole = b"\r\n" + b"".join(blocks)
    assert b"\r\n" + b"".join(stuff(blocks)) == whole.replace(b"\r\n.", b"\r\n..")


# Which relay ------------------------------------------------------------------------------------


def test_an_inbox_with_a_relay_of_its_own_uses_that(inbox, start_relay, start_sink):
    relay, own = start_relay(), start_sink()
    special = make_inbox(inbox.workspace, smtp_url=own.url)
    usual, other = make_message(inbox), make_message(special)
    deliver_due()
    assert [mail.message_id for mail in relay.kept] == [usual.rfc_message_id]
    assert [mail.message_id for mail in own.kept] == [other.rfc_message_id]
    assert delivery_of(other).history.get().relay == f"127.0.0.1:{own.port}"


def test_a_relay_that_is_down_holds_up_only_its_own(inbox, start_relay):
    relay = start_relay()
    special = make_inbox(inbox.workspace, smtp_url="smtp://127.0.0.1:1")
    stuck = [make_message(special) for _ in range(5)]
    well = [make_message(inbox) for _ in range(5)]
    deliver_due()
    assert {state_of(message) for message in stuck} == {"queued"}
    assert len(relay.kept) == len(well)


# The next mail ----------------------------------------------------------------------------------


def test_a_mail_that_cannot_be_written_is_nobody_elses_trouble(
    inbox, start_relay, one_connection, monkeypatch
):
    """Its turn comes while the mail before it waits for its dot."""
    relay = start_relay()
    before, message, after = (make_message(inbox) for _ in range(3))
    assemble = parcel.assemble

    def refuse(one, **words):
        if one.pk == message.pk:
            raise InvalidHeader("It cannot be written.")
        return assemble(one, **words)

    monkeypatch.setattr(parcel, "assemble", refuse)
    deliver_due()
    assert [len(kept_of(relay, one)) for one in (before, after)] == [1, 1]
    assert history_of(message) == [(1, "lost")]
    assert delivery_of(message).reason == "The mail could not be read: It cannot be written."


def test_no_file_is_opened_between_the_commit_and_the_dot(
    inbox, start_relay, one_connection, monkeypatch
):
    """A storage that hangs there would leave a mail in doubt whose dot has not been sent."""
    relay = start_relay()
    first, second = (
        make_message(inbox, files=[make_file(inbox.workspace, content)]) for content in (b"1", b"2")
    )
    opener = parcel.opener
    arrived, digest = [], sha256(b"2").hexdigest()

    def look_late(attachment):
        if attachment.sha256 == digest and not arrived:
            arrived.append(bool(relay.wait_kept(1, timeout=5)))
        return opener(attachment)

    monkeypatch.setattr(parcel, "opener", look_late)
    deliver_due()
    assert arrived == [True]
    assert [len(kept_of(relay, one)) for one in (first, second)] == [1, 1]
    assert relay.connections == 1
