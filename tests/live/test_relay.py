"""Mail that another server hands on: what it has heard as 250 is there, once and whole."""

from __future__ import annotations

import random
import smtplib
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any

import pytest

from tests.installation import MakeInstallation
from tests.live.office import Office, digest_of
from tests.live.test_receiving import inbound, letter
from tests.services.postfix import Postfix, own_server
from tests.services.servers import LOOPBACK, wait_until

pytestmark = pytest.mark.slow

HELLO, NEWS = "hello@acme.test", "hello+news@acme.test"
DATE = b"Date: Mon, 02 Mar 2026 09:30:00 +0000\r\n"  # Postfix would add one
LET_LEASES_PASS = "UPDATE messaging_arrival SET due_at = received_at WHERE due_at IS NOT NULL"


class Mail:
    """A mail with one file, under its number."""

    def __init__(self, number: int, content: bytes) -> None:
        self.content = content
        self.message_id = f"<{number}@example.com>"
        self.raw = DATE + letter(number, content)


def inject(postfix: Postfix, raw: bytes, *to: str) -> None:
    with smtplib.SMTP(LOOPBACK, postfix.port, timeout=60, local_hostname="client.test") as client:
        client.sendmail("ann@example.com", to, raw)


def has_sent(postfix: Postfix, count: int) -> bool:
    return postfix.sent().total() >= count


def is_read(office: Office) -> bool:
    """Whether all that was kept has been read."""
    question = "SELECT count(*) FROM messaging_arrival WHERE due_at IS NOT NULL"
    return office.installation.rows(question) == [(0,)]


def test_all_that_postfix_hands_on_is_there_once_whoever_is_killed(
    open_office: Any, pytestconfig: pytest.Config, is_full: bool, note: Any
) -> None:
    """Mail is under way at every kill, and the next comes in while the killed start again."""
    rounds, each = (12, 42) if is_full else (4, 15)
    chance = random.Random(11)
    sizes = (20, 3_000, 40_000, 200_000, 3_000_000)
    mails = [Mail(n, chance.randbytes(chance.choice(sizes) + n)) for n in range(rounds * each)]
    office = open_office()
    house = office.installation
    house.start_mail()
    road = {"acme.test": f"smtp:[{LOOPBACK}]:{house.mail_port}"}
    with own_server(pytestconfig, transports=road) as postfix, ThreadPoolExecutor(4) as senders:
        for start in range(0, len(mails), each):
            batch = mails[start : start + each]
            done = [senders.submit(inject, postfix, mail.raw, HELLO) for mail in batch]
            some = postfix.sent().total() + chance.randint(1, each // 2)
            wait_until(partial(has_sent, postfix, some), what="some mails", timeout=60, pause=0.1)
            Event().wait(chance.uniform(0, 0.1))  # the moment of a kill is to be any
            house.kill_mail()
            if start // each % 2:
                house.kill_worker()
                house.start_worker()
            for one in done:
                one.result()
            house.start_mail()
        postfix.drain(timeout=120)
        sent, answers = postfix.sent(), postfix.answers()
    house.change(LET_LEASES_PASS)
    wait_until(lambda: is_read(office), what="all mails to be read", timeout=120, pause=0.2)
    messages = inbound(office)
    found = Counter((one["rfc_message_id"], HELLO) for one in messages)
    lost, twice = sent.keys() - found.keys(), found - sent
    cut = [reply for _, _, status, reply in answers if status == "deferred"]
    kept = house.rows("SELECT count(*) FROM messaging_arrival")[0][0]
    note(
        f"Postfix: {len(mails)} mails, {rounds + rounds // 2} kills, {len(cut)} tried again"
        f" ({kept - len(mails)} of them kept already), lost {len(lost)}, twice {twice.total()}"
    )
    assert cut
    assert sent == Counter((mail.message_id, HELLO) for mail in mails)
    assert (lost, twice) == (set(), Counter())
    with ThreadPoolExecutor(4) as readers:
        assert set(readers.map(partial(flaw, office, mails), messages)) == {""}


def flaw(office: Office, mails: Sequence[Mail], message: dict[str, Any]) -> str:
    """What of a message is not as it was sent; blank: nothing."""
    number = int(message["subject"].removeprefix("Mail "))
    sent = mails[number]
    if message["rfc_message_id"] != sent.message_id:
        return f"{message['subject']} under {message['rfc_message_id']}"
    expected = [(f"é {number}.pdf", digest_of(sent.content))]
    if [(one["filename"], one["sha256"]) for one in message["attachments"]] != expected:
        return f"files of {number}"
    url = f"{office.installation.url}/api/v1/messages/{message['id']}/raw"
    return "" if office.session.get(url).content.endswith(sent.raw) else f"bytes of {number}"


@pytest.mark.sqlite_only
def test_lmtp_answers_for_each_recipient(
    make_installation: MakeInstallation, pytestconfig: pytest.Config
) -> None:
    house = make_installation(files="disk")
    house.bootstrap(workspace="Acme", inbox=HELLO)
    house.start_mail(lmtp=True)
    road = {"acme.test": f"lmtp:[{LOOPBACK}]:{house.mail_port}"}
    with own_server(pytestconfig, transports=road) as postfix:
        first, second = Mail(1, b"first"), Mail(2, b"second")
        inject(postfix, first.raw, HELLO, "nobody@acme.test", NEWS)
        wait_until(lambda: len(postfix.answers()) >= 3, what="three replies", timeout=60)
        answers = {to: (status, reply) for _, to, status, reply in postfix.answers()}
        inject(postfix, second.raw, HELLO)
        postfix.drain()
    for known in (HELLO, NEWS):
        assert answers[known] == ("sent", "250 2.0.0 Kept")
    status, reply = answers["nobody@acme.test"]
    assert (status, "550 5.1.1 No such inbox here" in reply) == ("bounced", True)
    kept = [
        (to, via, mail.message_id)
        for to, via, key in house.rows("SELECT recipient, via, key FROM messaging_arrival")
        for mail in (first, second)
        if (house.data / "files" / key).read_bytes().endswith(mail.raw)
    ]
    expected = [(HELLO, first), (HELLO, second), (NEWS, first)]
    assert sorted(kept) == sorted((to, "lmtp", mail.message_id) for to, mail in expected)
