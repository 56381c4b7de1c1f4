import smtplib
import socket
import ssl
import threading
import time

import pytest

from tests.services.servers import LOOPBACK
from tests.services.smtp_record import data_faults
from tests.services.smtp_rules import Rule, Rules

LETTER = b"Message-ID: <one@enclose.test>\r\nSubject: Hi\r\n\r\n.dot\r\n..two\r\nend\r\n"
ALICE, BOB, EVE = "alice@acme.test", "bob@acme.test", "eve@acme.test"


class Wire:
    """A client that says exactly what it is told."""

    def __init__(self, port):
        self.socket = socket.create_connection((LOOPBACK, port), timeout=10)
        self.file = self.socket.makefile("rb")

    def say(self, words):
        self.socket.sendall(words)

    def reply(self):
        lines = [self.file.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self.file.readline())
        return lines[-1].decode().strip()

    def close(self):
        self.file.close()
        self.socket.close()

    def replies(self, count):
        return [self.reply()[:3] for _ in range(count)]


def letter(client, *, to=(BOB,), data=LETTER):
    return client.sendmail(ALICE, list(to), data)


def test_it_keeps_exactly_what_was_sent(sink):
    with smtplib.SMTP(LOOPBACK, sink.port) as client:
        letter(client, to=[BOB, EVE])
    (transaction,) = sink.wait_ended(1)
    assert transaction.data == LETTER
    assert (transaction.sender, transaction.accepted) == (ALICE, [BOB, EVE])
    assert transaction.message_id == "<one@enclose.test>"
    assert transaction.kept and transaction.dot and transaction.reply == "250 2.0.0 Kept"
    assert transaction.parameters == [f"size={len(LETTER)}"]
    assert transaction.began <= transaction.started_at <= transaction.dot_at <= transaction.ended
    assert transaction.faults == []


def test_it_serves_a_group_that_rides_behind_the_dot(sink):
    wire = Wire(sink.port)
    envelope = b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<c@x>\r\nDATA\r\n"
    wire.reply()
    wire.say(b"EHLO me\r\n")
    wire.reply()
    wire.say(envelope)
    assert wire.replies(4) == ["250", "250", "250", "354"]
    wire.say(b"one\r\n.\r\n" + envelope)
    assert wire.replies(5) == ["250", "250", "250", "250", "354"]
    wire.say(b".\r\nQUIT\r\n")
    assert wire.replies(2) == ["250", "221"]
    assert [message.data for message in sink.wait_ended(2)] == [b"one\r\n", b""]
    assert [message.faults for message in sink.kept] == [[], []]


def test_it_takes_only_crlf_dot_crlf_for_the_end(sink):
    wire = Wire(sink.port)
    wire.reply()
    wire.say(b"HELO me\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n")
    assert wire.replies(4)[-1] == "354"
    for piece in (b"a\n.\n", b"b\n.\r", b"\nc\r\n.", b".\r\nd\r\n.", b"\r", b"\n"):
        wire.say(piece)
    assert wire.reply().startswith("250")
    assert sink.kept[0].data == b"a\n.\nb\n.\r\nc\r\n.\r\nd\r\n"


def test_it_names_pipelining_that_was_not_offered(start_sink):
    sink = start_sink(like=Rules(extensions=("8BITMIME",)))
    wire = Wire(sink.port)
    wire.reply()
    wire.say(b"EHLO me\r\n")
    wire.reply()
    wire.say(b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nbody")
    assert wire.replies(3)[-1] == "354"
    wire.close()
    (transaction,) = sink.wait_ended(1)
    assert transaction.faults == [
        "pipelined without PIPELINING",
        "pipelined without PIPELINING",
        "bytes came with DATA before its reply",
    ]
    assert (transaction.dot, transaction.kept, transaction.data) == (False, False, b"body")


@pytest.mark.parametrize(
    ("data", "parameters", "faults"),
    [
        (b"a\r\n", ["SIZE=3"], []),
        (b"a\nb\r\n", [], ["bare CR or LF"]),
        (b"x" * 999 + b"\r\n", [], ["a line of more than 998 bytes"]),
        (b"\xc3\xa9\r\n", [], ["8-bit bytes without BODY=8BITMIME"]),
        (b"\xc3\xa9\r\n", ["BODY=8BITMIME"], []),
        (b"abc\r\n", ["SIZE=4"], ["SIZE=4 but 5 bytes came"]),
    ],
)
def test_it_judges_data_strictly(data, parameters, faults):
    assert data_faults(data, parameters) == faults


def test_it_refuses_recipients_by_pattern_and_by_function(start_sink):
    sink = start_sink(
        Rule(at="rcpt", match="^bob@", reply="550 5.1.1 Unknown"),
        Rule(at="rcpt", when=lambda address: address == EVE, times=1, reply="451 4.3.0 Later"),
    )
    with smtplib.SMTP(LOOPBACK, sink.port) as client:
        assert letter(client, to=[ALICE, BOB, EVE]) == {
            BOB: (550, b"5.1.1 Unknown"),
            EVE: (451, b"4.3.0 Later"),
        }
        assert list(letter(client, to=[ALICE, BOB, EVE])) == [BOB]
    first, second = sink.wait_ended(2)
    assert first.refused == [(BOB, "550 5.1.1 Unknown"), (EVE, "451 4.3.0 Later")]
    assert second.accepted == [ALICE, EVE]


@pytest.mark.parametrize(
    ("at", "reply", "kept"),
    [
        ("mail", "451 4.3.0 Later", False),
        ("data", "554 5.6.0 Never", False),
        ("dot", "552 5.3.4 Too big", False),
        ("kept", "451 4.3.0 A lie", True),
    ],
)
def test_it_answers_as_told_at_each_point(sink, at, reply, kept):
    sink.set_rules(Rule(at=at, reply=reply))
    with (
        smtplib.SMTP(LOOPBACK, sink.port) as client,
        pytest.raises(smtplib.SMTPResponseException) as refusal,
    ):
        letter(client)
    assert refusal.value.smtp_code == int(reply[:3])
    (transaction,) = sink.wait_ended(1)
    assert (transaction.reply, transaction.kept) == (reply, kept)
    assert bool(sink.kept) is kept


@pytest.mark.parametrize("reply", ["421 4.3.2 Busy", "554 5.3.2 No"])
def test_it_greets_with_a_refusal(sink, reply):
    sink.set_rules(Rule(at="connect", reply=reply))
    with pytest.raises(smtplib.SMTPConnectError) as refusal:
        smtplib.SMTP(LOOPBACK, sink.port)
    assert refusal.value.smtp_code == int(reply[:3])


def test_it_greets_late(sink):
    sink.set_rules(Rule(at="connect", delay=0.2))
    began = time.monotonic()
    smtplib.SMTP(LOOPBACK, sink.port).quit()
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(
    ("at", "dot", "kept"),
    [("body", False, False), ("dot", True, False), ("kept", True, True)],
)
def test_it_drops_the_connection_around_the_dot(sink, at, dot, kept, how):
    sink.set_rules(Rule(at=at, after=30, drop=how, times=1))
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        letter(smtplib.SMTP(LOOPBACK, sink.port))
    (transaction,) = sink.wait_ended(1)
    assert (transaction.dot, transaction.kept, transaction.reply) == (dot, kept, "")
    assert transaction.data == (LETTER if dot else LETTER[:30])
    with smtplib.SMTP(LOOPBACK, sink.port) as client:
        letter(client)
    assert len(sink.kept) == 1 + kept


@pytest.mark.parametrize("at", ["connect", "mail", "rcpt", "data", "body", "dot", "kept"])
def test_it_holds_a_client_at_each_point(sink, at):
    sink.set_rules(Rule(at=at, hold=True, after=10))
    client = threading.Thread(target=lambda: letter(smtplib.SMTP(LOOPBACK, sink.port)))
    client.start()
    sink.wait_held(at)
    assert len(sink.kept) == (at == "kept")
    assert sink.transactions == []
    sink.release(at)
    client.join()
    assert len(sink.wait_kept(1)) == 1


def test_it_reads_slowly(start_sink):
    sink = start_sink(like=Rules(bytes_per_second=20_000))
    began = time.monotonic()
    with smtplib.SMTP(LOOPBACK, sink.port) as client:
        letter(client, data=LETTER + b"x\r\n" * 2000)
    assert 0.2 < time.monotonic() - began < 3


def test_it_refuses_what_is_over_its_size(start_sink):
    sink = start_sink(like=Rules(extensions=("SIZE 50",)))
    with smtplib.SMTP(LOOPBACK, sink.port) as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<a@x> SIZE=51")[0] == 552
        assert client.docmd("MAIL FROM:<a@x>")[0] == 250
        client.rcpt(BOB)
        assert client.data(LETTER)[0] == 552
    assert sink.kept == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_it_wants_tls_and_a_login(start_sink, tls, mechanism):
    sink = start_sink(like=Rules(tls=tls, login=("alice", "secret")))
    context = ssl.create_default_context(cafile=sink.certificate)
    if tls == "implicit":
        client = smtplib.SMTP_SSL(LOOPBACK, sink.port, context=context)
    else:
        client = smtplib.SMTP(LOOPBACK, sink.port)
        client.ehlo()
        assert client.docmd("MAIL FROM:<a@x>")[0] == 530
        client.starttls(context=context)
    client.ehlo()
    assert client.esmtp_features["auth"] == " PLAIN LOGIN"
    assert client.docmd("MAIL FROM:<a@x>")[0] == 530
    client.user, client.password = "alice", "wrong"
    with pytest.raises(smtplib.SMTPAuthenticationError):
        client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
    client.password = "secret"
    client.auth(mechanism, getattr(client, f"auth_{mechanism.lower()}"))
    letter(client)
    client.quit()
    (transaction,) = sink.wait_ended(1)
    assert (transaction.user, transaction.tls) == ("alice", True)
    scheme = {"starttls": "smtp+starttls", "implicit": "smtps"}[tls]
    assert sink.url == f"{scheme}://alice:secret@{LOOPBACK}:{sink.port}"


def test_it_is_away_and_comes_back_at_the_same_port(start_sink):
    first = start_sink()
    first.stop()
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP(LOOPBACK, first.port)
    second = start_sink(port=first.port)
    with smtplib.SMTP(LOOPBACK, first.port) as client:
        letter(client)
    assert len(second.kept) == 1


def test_it_draws_the_same_lots_in_any_order(start_sink):
    def refused(addresses):
        sink = start_sink(Rule(at="rcpt", chance=0.3, reply="451 4.0.0 Later"), like=Rules(seed=5))
        with smtplib.SMTP(LOOPBACK, sink.port) as client:
            for address in addresses:
                client.ehlo()
                client.mail(ALICE)
                client.rcpt(address)
        return {address for part in sink.transactions for address, _ in part.refused}

    addresses = [f"{number}@acme.test" for number in range(200)]
    drawn = refused(addresses)
    assert 40 <= len(drawn) <= 80
    assert refused(reversed(addresses)) == drawn


def test_its_rules_are_json_and_back():
    rules = Rules(
        rules=(Rule(at="rcpt", match="^x", reply="550 5.1.1 No"), Rule(at="body", after=9)),
        login=("a", "b"),
        seed=3,
    )
    assert Rules.read(rules.write()) == rules
    with pytest.raises(ValueError, match="no such point"):
        Rules.read('{"rules": [{"at": "lunch"}]}')
    with pytest.raises(ValueError, match="another process"):
        Rules(rules=(Rule(at="rcpt", when=bool),)).write()


def test_it_keeps_durably_and_obeys_as_a_process(start_sink_process):
    sink = start_sink_process(Rule(at="rcpt", match="bob", reply="550 5.1.1 No"))
    with smtplib.SMTP(LOOPBACK, sink.port) as client:
        letter(client, to=[BOB, EVE])
        sink.set_rules(Rule(at="kept", hold=True))
        thread = threading.Thread(target=letter, args=[client])
        thread.start()
        sink.wait_held("kept")
        first, second = sink.wait_kept(2)
        assert (first.reply, second.reply) == ("250 2.0.0 Kept", "")
        sink.release("kept")
        thread.join()
    sink.stop()
    first, second = sink.transactions
    assert first.refused == [(BOB, "550 5.1.1 No")]
    assert first.data == second.data == LETTER
    assert second.reply == "250 2.0.0 Kept" and second.ended >= second.dot_at
