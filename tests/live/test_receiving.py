"""Mail from outside, through the real door, into the inbox, and out by the API."""

from __future__ import annotations

import random
import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.live.office import Office
from tests.services.servers import LOOPBACK, wait_until

pytestmark = pytest.mark.slow

CONTENT = random.Random(7).randbytes(2_000_000)


def letter(number: int, content: bytes = CONTENT) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "ann@example.com", "hello@acme.test"
    mail["Subject"] = f"Mail {number}"
    mail["Message-ID"] = f"<{number}@example.com>"
    mail.set_content("See the file.\n.\n..\nEnd.\n")
    mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"é {number}.pdf")
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def deliver(office: Office, raw: bytes, *to: str) -> None:
    port = office.installation.mail_port
    with smtplib.SMTP(LOOPBACK, port, timeout=60, local_hostname="client.test") as client:
        client.sendmail("ann@example.com", list(to) or ["hello@acme.test"], raw)


def inbound(office: Office) -> list[dict[str, Any]]:
    return office.messages(direction="inbound")


def subjects(office: Office) -> list[str]:
    return sorted(one["subject"] for one in inbound(office))


@pytest.fixture
def office(open_office: Any) -> Office:
    office: Office = open_office()
    office.installation.start_mail()
    return office


def test_a_mail_comes_in_and_its_file_comes_out(office: Office) -> None:
    raw = letter(1)
    deliver(office, raw, "Hello+news@ACME.test", "hello@acme.test")
    (message,) = wait_until(lambda: inbound(office), what="the message")
    whole = office.message(message["id"])
    assert whole["text"] == "See the file.\r\n.\r\n..\r\nEnd.\r\n"
    (file,) = whole["attachments"]
    assert (file["filename"], file["size"]) == ("é 1.pdf", len(CONTENT))
    assert file["sha256"] == sha256(CONTENT).hexdigest()
    url = f"{office.installation.url}/api/v1/messages/{message['id']}"
    assert office.session.get(f"{url}/attachments/{file['id']}/content").content == CONTENT
    assert office.session.get(f"{url}/raw").content == raw
    rows = office.installation.rows("SELECT recipient, mail_from, via FROM messaging_arrival")
    assert sorted(rows) == [
        ("Hello+news@ACME.test", "ann@example.com", "smtp"),
        ("hello@acme.test", "ann@example.com", "smtp"),
    ]


def test_strangers_are_refused_at_once_and_long_lines_are_not(office: Office) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        deliver(office, letter(1), "nobody@acme.test")
    assert refused.value.recipients["nobody@acme.test"][0] == 550
    line = b"x" * 1_000_000
    deliver(office, b"Subject: long\r\n\r\n" + line + b"\r\n\x00\x01 bare\nline\r\n")
    (message,) = wait_until(lambda: inbound(office), what="the message")
    text = office.message(message["id"])["text"]
    assert text.startswith(line.decode())
    assert "bare\nline" in text


def test_two_mails_in_one_breath(office: Office) -> None:
    """A client that does not wait for replies (RFC 2920)."""
    address = (LOOPBACK, office.installation.mail_port)
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<hello@acme.test>\r\nDATA\r\n"
    with socket.create_connection(address, timeout=30) as client, client.makefile("rb") as replies:
        replies.readline()
        client.sendall(b"HELO client.test\r\n" + envelope)
        assert [replies.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        client.sendall(b"Subject: one\r\n\r\n.\r\n" + envelope)
        assert [replies.readline()[:3] for _ in range(4)] == [b"250", b"250", b"250", b"354"]
        client.sendall(b"Subject: two\r\n\r\n.\r\nQUIT\r\n")
        assert [replies.readline()[:3] for _ in range(2)] == [b"250", b"221"]
    wait_until(lambda: subjects(office) == ["one", "two"], what="both")


def test_a_mail_beyond_the_limit_is_refused_and_the_conversation_goes_on(office: Office) -> None:
    address = (LOOPBACK, office.installation.mail_port)
    with smtplib.SMTP(*address, timeout=120, local_hostname="client.test") as client:
        client.helo()
        client.mail("a@example.com")
        client.rcpt("hello@acme.test")
        code, words = client.data(b"Subject: big\r\n\r\n" + b"x\r\n" * 21_000_000)
        assert (code, b"62914560" in words) == (552, True)
        client.sendmail("a@example.com", ["hello@acme.test"], b"Subject: small\r\n\r\n")
    wait_until(lambda: subjects(office) == ["small"], what="the small one")


def test_kills_lose_nothing_that_was_kept(office: Office, pytestconfig: pytest.Config) -> None:
    """The door and the worker die at random moments; a sender that heard no 250 tries again."""
    heard: set[int] = set()
    house, chance = office.installation, random.Random(3)
    content = CONTENT[:200_000]

    def send(number: int) -> None:
        raw = letter(number, content + bytes([number % 256]))

        def kept() -> bool:
            try:
                deliver(office, raw)
            except (OSError, smtplib.SMTPException):
                return False
            heard.add(number)
            return True

        wait_until(kept, what="250", timeout=120)

    with ThreadPoolExecutor(4) as senders:
        done = [senders.submit(send, number) for number in range(40)]
        for _ in range(5):
            enough = min(len(heard) + chance.randint(3, 8), 40)
            wait_until(partial(has, heard, enough), what="some mails", timeout=120)
            house.kill_mail()
            house.kill_worker()
            house.start_worker()
            house.start_mail()
        for one in done:
            one.result()
    house.change("UPDATE messaging_arrival SET due_at = received_at WHERE due_at IS NOT NULL")
    wait_until(lambda: len(inbound(office)) == 40, what="all mails", timeout=120)
    found = {one["subject"]: one["attachments"][0]["sha256"] for one in inbound(office)}
    assert found == {
        f"Mail {number}": sha256(content + bytes([number % 256])).hexdigest()
        for number in range(40)
    }


def test_what_cannot_be_kept_is_put_off_and_comes_later(office: Office) -> None:
    arrivals = Path(office.installation.data) / "files" / "arrivals"
    deliver(office, letter(1))
    wait_until(lambda: subjects(office) == ["Mail 1"], what="the first")
    away = arrivals.rename(arrivals.with_name("away"))
    arrivals.write_bytes(b"not a folder")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        deliver(office, letter(2))
    assert refused.value.smtp_code == 451
    arrivals.unlink()
    away.rename(arrivals)
    deliver(office, letter(2))
    wait_until(lambda: subjects(office) == ["Mail 1", "Mail 2"], what="the second")


def test_it_ends_when_asked_and_not_in_the_middle_of_a_mail(office: Office) -> None:
    door = office.installation.mail
    assert door is not None
    address = (LOOPBACK, office.installation.mail_port)
    with smtplib.SMTP(*address, timeout=30, local_hostname="client.test") as client:
        client.helo()
        client.mail("a@example.com")
        client.rcpt("hello@acme.test")
        client.putcmd("data")
        assert client.getreply()[0] == 354
        client.send(b"Subject: in the middle\r\n")
        door.terminate()
        wait_until(lambda: not listens(*address), what="the door to close")
        client.send(b"\r\ntext\r\n.\r\n")
        assert client.getreply()[0] == 250
    door.wait(timeout=40)
    office.installation.mail = None
    wait_until(lambda: subjects(office) == ["in the middle"], what="the mail")


def has(mails: set[int], count: int) -> bool:
    return len(mails) >= count


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0
