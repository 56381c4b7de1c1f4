"""Mail comes in while something is missing: it is put off, kept by nobody, and comes later."""

from __future__ import annotations

import os
import random
import smtplib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache, partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
import requests

from attachments.s3 import ATTEMPTS, SILENCE_SECONDS
from tests.live.office import Office, digest_of
from tests.live.outages import Disk, Line, small_disk, stopped
from tests.live.test_receiving import deliver, has, inbound, letter
from tests.services.postgresql import PostgreSQL
from tests.services.servers import LOOPBACK, wait_until
from tests.services.swift import S3Server

pytestmark = pytest.mark.slow

long = pytest.mark.skipif(not os.environ.get("CI"), reason="long: only with CI set")

MIB = 1024 * 1024
HELLO = "hello@acme.test"
LET_WAITS_PASS = "UPDATE messaging_arrival SET due_at = received_at WHERE due_at IS NOT NULL"


def content(number: int) -> bytes:
    return random.Random(number).randbytes(2 * MIB)


@cache  # each call of `letter` writes other boundaries
def mail(number: int) -> bytes:
    return letter(number, content(number))


def send(office: Office, number: int) -> int:
    """What the sender of a mail hears at its end, all before it having gone well."""
    try:
        deliver(office, mail(number))
    except smtplib.SMTPDataError as refused:
        return refused.smtp_code
    return 250


@cache
def door(office: Office) -> str:
    """Where the inbox takes mail over HTTP."""
    (inbox,) = office.ask("GET", "/inboxes")["data"]
    return f"{office.installation.url}/api/v1/inboxes/{inbox['id']}/raw"


def post(office: Office, number: int) -> tuple[int, str]:
    """What is answered to a mail over HTTP: the status, and the code of an error."""
    words = {"Content-Type": "message/rfc822"}
    answer = office.session.post(door(office), data=mail(number), headers=words, timeout=120)
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def rows(office: Office) -> int:
    ((count,),) = office.installation.rows("SELECT count(*) FROM messaging_arrival")
    return int(count)


def is_put_off(office: Office, reason: str) -> bool:
    """Whether a worker has found a mail unreadable for this reason, and waits."""
    question = "SELECT problem FROM messaging_arrival WHERE state = 'received'"
    return any(problem.startswith(reason) for (problem,) in office.installation.rows(question))


def wait_for(office: Office, *numbers: int) -> None:
    """Wait until these mails are there, whole, each once, and no other."""
    expected = Counter((f"Mail {number}", digest_of(content(number))) for number in numbers)

    def are_there() -> bool:
        found = [(one["subject"], one["attachments"][0]["sha256"]) for one in inbound(office)]
        assert not Counter(found) - expected
        return Counter(found) == expected

    office.installation.change(LET_WAITS_PASS)
    wait_until(are_there, what="all mails", timeout=60, pause=0.2)


def begin(client: smtplib.SMTP) -> None:
    client.ehlo()
    assert client.mail("ann@example.com")[0] == 250


@pytest.fixture
def disk() -> Iterator[Disk]:
    with small_disk(size=64 * MIB) as disk:
        yield disk


@pytest.mark.sqlite_only
def test_a_full_disk_puts_mail_off(disk: Disk, open_office: Any) -> None:
    office: Office = open_office(files="disk")
    house = office.installation
    (house.data / "files").symlink_to(disk.path)
    house.start_mail()
    with disk.filled(but=MIB):
        assert send(office, 1) == 451
        assert post(office, 2) == (503, "storage_full")
        assert rows(office) == 0
        assert disk.files() == []
    with disk.filled(but=len(mail(3)) + MIB):  # for the mail, and not for its file beside it
        assert send(office, 3) == 250
        wait_until(lambda: is_put_off(office, "StorageFull"), what="a worker put off", timeout=60)
    assert send(office, 1) == 250
    assert post(office, 2) == (202, "")
    wait_for(office, 1, 2, 3)
    assert rows(office) == 3


@pytest.fixture
def line(swift: S3Server) -> Iterator[Line]:
    """The way to the storage."""
    with closing(Line(int(swift.endpoint.rpartition(":")[2]))) as line:
        yield line


def open_beyond(line: Line, open_office: Any) -> Office:
    """An office without a worker whose storage is at the end of a line."""
    way = {"AWS_ENDPOINT_URL_S3": f"http://{LOOPBACK}:{line.port}"}
    office: Office = open_office(files="s3", workers=0, environment=way)
    office.installation.start_mail()
    return office


@pytest.mark.sqlite_only
def test_a_storage_that_is_down_puts_mail_off(line: Line, open_office: Any) -> None:
    office = open_beyond(line, open_office)
    assert send(office, 1) == 250
    with line.cut():
        office.installation.start_worker()
        assert send(office, 2) == 451
        assert post(office, 3) == (503, "storage_unavailable")
        assert rows(office) == 1
        wait_until(
            lambda: is_put_off(office, "StorageUnavailable"), what="a worker without storage"
        )
    assert send(office, 2) == 250
    assert post(office, 3) == (202, "")
    wait_for(office, 1, 2, 3)
    assert rows(office) == 3


@long
@pytest.mark.sqlite_only
def test_a_storage_that_hangs_holds_up_nobody_for_ever(
    line: Line, open_office: Any, note: Any
) -> None:
    """Also when all who could keep a mail wait for it, the door says who has an inbox."""
    office = open_beyond(line, open_office)
    house, senders = office.installation, 9
    start = monotonic()
    with line.dead(), ThreadPoolExecutor(senders + 1) as pool:
        heard = [pool.submit(send, office, number) for number in range(1, senders)]
        answer = pool.submit(post, office, senders)
        wait_until(lambda: incoming(house.data) >= senders, what="all of them to wait")
        with smtplib.SMTP(LOOPBACK, house.mail_port, timeout=5) as client:
            begin(client)
            assert client.rcpt(HELLO)[0] == 250
        assert [one.result() for one in heard] == [451] * (senders - 1)
        assert answer.result() == (503, "storage_unavailable")
    seconds = monotonic() - start
    note(f"storage that hangs: 451 after {seconds:.0f} s")
    assert seconds < ATTEMPTS * SILENCE_SECONDS + 30
    assert rows(office) == 0
    for number in range(1, senders):
        assert send(office, number) == 250
    assert post(office, senders) == (202, "")
    house.start_worker()
    wait_for(office, *range(1, senders + 1))


def incoming(data: Path) -> int:
    """How many mails lie on the disk, whole, while they wait for the storage."""
    sizes = (path.stat().st_size for path in (data / "files" / "incoming").glob("*"))
    return sum(size > 2 * MIB for size in sizes)


@pytest.mark.usefixtures("on_postgresql")
def test_a_database_that_goes_down_puts_mail_off(
    open_office: Any, request: pytest.FixtureRequest
) -> None:
    office: Office = open_office(files="disk")
    server: PostgreSQL = request.getfixturevalue("durable_postgresql")
    house = office.installation
    house.start_mail()
    address = (LOOPBACK, house.mail_port)
    assert door(office)  # asked for while it can be
    with smtplib.SMTP(*address, timeout=60) as first, smtplib.SMTP(*address, timeout=60) as second:
        begin(first)
        begin(second)
        assert second.rcpt(HELLO)[0] == 250
        with stopped(server):
            assert first.rcpt(HELLO)[0] == 451
            assert second.data(mail(2))[0] == 451
            assert post(office, 3) == (503, "unavailable")
            assert kept(house.data) == []
        assert first.rcpt(HELLO)[0] == 250
        assert first.data(mail(1))[0] == 250
        second.sendmail("ann@example.com", HELLO, mail(2))
    assert post(office, 3) == (202, "")
    wait_for(office, 1, 2, 3)
    assert rows(office) == 3


@long
@pytest.mark.sqlite_only
def test_a_database_that_is_locked_puts_mail_off(open_office: Any) -> None:
    office: Office = open_office(files="disk")
    house = office.installation
    house.start_mail()
    assert door(office)  # asked for while it can be
    path = house.data / "enclose.sqlite3"
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(post, office, 2)
            assert send(office, 1) == 451
            assert answer.result() == (503, "unavailable")
        assert kept(house.data) == []
        other.execute("ROLLBACK")
    assert send(office, 1) == 250
    assert post(office, 2) == (202, "")
    wait_for(office, 1, 2)
    assert rows(office) == 2


def kept(data: Path) -> list[Path]:
    """The mails in the storage."""
    return list((data / "files" / "arrivals").rglob("*.eml"))


def test_who_heard_202_finds_the_mail_though_the_web_was_killed(
    open_office: Any, is_full: bool, note: Any
) -> None:
    count, kills = (60, 6) if is_full else (16, 2)
    chance = random.Random(8)
    office: Office = open_office(workers=0)
    house, heard = office.installation, set[int]()

    def hand_over(number: int) -> None:
        def is_taken() -> bool:
            try:
                return post(office, number)[0] == 202
            except (requests.ConnectionError, requests.Timeout):
                return False

        wait_until(is_taken, what="202", timeout=120, pause=0.1)
        heard.add(number)

    with ThreadPoolExecutor(4) as clients:
        done = [clients.submit(hand_over, number) for number in range(count)]
        for kill in range(kills):
            enough = kill * count // kills + chance.randint(1, 4)
            wait_until(partial(has, heard, enough), what="some mails", timeout=60)
            house.kill_web()
            house.start_web()
        for one in done:
            one.result()
    house.start_worker()
    wait_for(office, *range(count))
    note(f"web: {count} mails by HTTP, {kills} kills, {rows(office) - count} kept twice, lost 0")
