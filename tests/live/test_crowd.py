"""Many senders at once: the door takes as many as it can, and stays small."""

from __future__ import annotations

import shutil
import smtplib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from messaging.receiving.door import MAX_CONNECTIONS
from tests.installation import Installation
from tests.live.office import digest_of
from tests.live.test_memory import MIB, MOST, forget_peaks, memory
from tests.services.servers import LOOPBACK, folder, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]

HELLO = "hello@acme.test"
BODY = b"\r\n" + b"x" * 76 + b"\r\n.. and more\r\n"
AT_ONCE, LINES = 30, 5 * MIB // len(BODY)


@pytest.fixture(scope="module")
def house(migrated_file: Path) -> Iterator[Installation]:
    """A door alone: no web and no worker, mail is only kept."""
    with folder("installation") as home, ExitStack() as stack:
        house = Installation(home, environment={})
        stack.callback(house.stop)
        shutil.copy(migrated_file, house.data / "enclose.sqlite3")
        house.bootstrap(workspace="Acme", inbox=HELLO)
        house.start_mail()
        yield house


def connect(house: Installation) -> smtplib.SMTP:
    return smtplib.SMTP(LOOPBACK, house.mail_port, timeout=60, local_hostname="client.test")


def greeting(house: Installation) -> int:
    try:
        with connect(house):
            return 220
    except smtplib.SMTPConnectError as refused:
        return refused.smtp_code


def send(client: smtplib.SMTP, raw: bytes) -> None:
    client.sendmail("ann@example.com", HELLO, raw)


def digests(house: Installation) -> Counter[str]:
    return Counter(one for (one,) in house.rows("SELECT sha256 FROM messaging_arrival"))


def test_whoever_is_one_too_many_comes_later_and_the_rest_is_served(house: Installation) -> None:
    before = digests(house)
    mails = [f"Subject: {number}\r\n\r\n".encode() for number in range(MAX_CONNECTIONS + 1)]
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(house)) for _ in range(MAX_CONNECTIONS)]
        assert [greeting(house) for _ in range(10)] == [421] * 10
        with ThreadPoolExecutor(20) as pool:
            list(pool.map(send, clients, mails))
    wait_until(lambda: greeting(house) == 220, what="a place")
    with connect(house) as late:
        send(late, mails[-1])
    assert digests(house) - before == Counter(map(digest_of, mails))


def test_great_mails_at_once_stay_small(house: Installation, note: Any) -> None:
    door = house.mail
    assert door
    before = digests(house)
    mails = [f"Subject: {number}\r\n".encode() + BODY * LINES for number in range(AT_ONCE)]
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(house)) for _ in mails]
        for client in clients:
            client.ehlo()
        forget_peaks([door.process.pid])
        idle = memory(door.process.pid, "VmRSS")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(send, clients, mails))
    above = memory(door.process.pid, "VmHWM") - idle
    note(f"{AT_ONCE} mails of 5 MB at once: {above / MIB:.1f} MiB above {idle / MIB:.0f}")
    assert digests(house) - before == Counter(map(digest_of, mails))
    assert above <= MOST
