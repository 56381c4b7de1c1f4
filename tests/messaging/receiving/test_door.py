"""The door for mail in conversations that go wrong; nothing is kept here."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from attachments.errors import StorageFull
from messaging.receiving import door
from tests.services.servers import LOOPBACK, wait_until


@dataclass
class Served:
    """A door that listens, and what it was to keep."""

    port: int
    doors: door.Doors
    kept: list[dict[str, object]]

    def client(self) -> smtplib.SMTP:
        return smtplib.SMTP(LOOPBACK, self.port, timeout=20, local_hostname="client.test")


def certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "door.test")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    path = folder / "door.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    loop, doors, kept = asyncio.new_event_loop(), door.Doors(), []
    monkeypatch.setattr(door, "inbox_at", lambda address: address)
    monkeypatch.setattr(door, "has_room", lambda inbox: "full" not in inbox)
    monkeypatch.setattr(door, "keep_arrivals", lambda **facts: kept.append(facts))
    tls = certificate(tmp_path)

    def make() -> door.SmtpDoor:
        return door.SmtpDoor(doors, loop=loop, hostname="door.test", timeout=1, tls_context=tls)

    server = loop.run_until_complete(loop.create_server(make, LOOPBACK, 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield Served(server.sockets[0].getsockname()[1], doors, kept)
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=10)
    loop.close()


def test_a_connection_counts_once_also_when_it_turns_to_tls(served: Served) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    for _ in range(3):
        with served.client() as client:
            client.starttls(context=trusting)
            client.sendmail("a@example.com", ["b@acme.test"], "Subject: x\r\n\r\n")
            assert served.doors.open == 1
        wait_until(lambda: served.doors.open == 0, what="the end of the connection")
    assert len(served.kept) == 3


def test_whoever_comes_when_it_is_full_is_told_and_not_counted(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MAX_CONNECTIONS", 1)
    with served.client():
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            served.client()
        assert refused.value.smtp_code == 421
        assert served.doors.open == 1
    wait_until(lambda: served.doors.open == 0, what="the end of the connection")
    served.client().quit()


def test_without_a_place_for_it_no_mail_is_begun(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise StorageFull

    with served.client() as client:
        client.helo()
        client.mail("a@example.com")
        client.rcpt("b@acme.test")
        with monkeypatch.context() as patch:
            patch.setattr(door, "open_incoming", full)
            assert client.docmd("DATA")[0] == 451
        assert client.noop()[0] == 250


def test_who_has_no_room_does_not_keep_others_from_their_mail(served: Served) -> None:
    with served.client() as client:
        client.helo()
        client.mail("a@example.com")
        code, words = client.rcpt("full@acme.test")
        assert (code, words[:5]) == (452, b"4.2.2")
        client.rcpt("b@acme.test")
        assert client.data(b"Subject: x\r\n\r\nx\r\n")[0] == 250
    assert [one["envelope"] for one in served.kept] == [[("b@acme.test", "b@acme.test")]]


@pytest.mark.parametrize("trouble", [StorageFull, OSError])
def test_a_mail_that_cannot_be_written_is_heard_to_its_end_and_put_off(
    served: Served, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    def fail(self: object, chunk: bytes) -> None:
        raise trouble

    with served.client() as client:
        client.helo()
        client.mail("a@example.com")
        client.rcpt("b@acme.test")
        with monkeypatch.context() as patch:
            patch.setattr("attachments.incoming.Incoming.write", fail)
            assert client.data(b"MAIL FROM:<evil@example.com>\r\n" * 1000)[0] == 451
        assert client.noop()[0] == 250
    assert served.kept == []


def test_a_slow_sender_is_not_cut_off_while_it_sends(served: Served) -> None:
    pause = threading.Event()
    with served.client() as client:
        client.helo()
        client.mail("a@example.com")
        client.rcpt("b@acme.test")
        client.putcmd("data")
        assert client.getreply()[0] == 354
        for _ in range(5):  # longer than the door's patience with silence, and never silent so long
            client.send(b"X: y\r\n")
            pause.wait(0.4)
        client.send(b"\r\n.\r\n")
        assert client.getreply()[0] == 250
