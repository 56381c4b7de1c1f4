"""W5 and W8: mail accepted, and mail delivered."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from hashlib import sha256
from typing import Any, Final

from tests.bench import floors, relay
from tests.bench.client import Client, File, Wrong, at_once, form, fresh_files
from tests.bench.house import House
from tests.bench.meter import Cost, measured, wait_idle
from tests.bench.table import Line
from tests.services.servers import wait_until
from tests.services.smtp_record import Transaction, count_kept, read_ledger

MESSAGES: Final = 500
FILE: Final = 50_000
DRAFTS: Final = 10_000
WORKERS: Final = 2
CONNECTIONS: Final = 16  # of each worker
FLOOR_SENDER: Final = "floor@example.com"


def messages_with_file(house: House) -> list[Line]:
    """W5: messages with a 50 KB file, accepted while the worker is held, then delivered."""
    at_once(house.clients_for(8), fresh_files(16, FILE), _send)  # warm
    wait_settled(house)
    wait_idle(house.roots)
    since = time.time()
    files = fresh_files(MESSAGES, FILE)
    with floors.Floor(house.installation.data) as folder:
        written = floors.writing([file.content for file in files], folder, at_once=8)
    with house.paused_worker():
        with measured(house.roots) as accepting:
            at_once(house.clients_for(8), files, _send)
        delivering_from = time.time()
    with measured(house.roots) as delivering:
        _wait_kept(house, MESSAGES, since=since)
        wait_settled(house)
    kept = _kept(house, since=since)
    _check_files(kept, files)
    took = Cost(delivering.cost.cpu, _last(kept) - delivering_from, delivering.cost.growth)
    return [
        Line(
            row="W5",
            what=f"a message with a 50 KB file accepted, 8 at once, of {MESSAGES}",
            ours=accepting.cost.per(MESSAGES),
            floor=written,
            floor_is="write, SHA-256, fsync",
        ),
        Line(
            row="W5",
            what="the same delivered, none without its file",
            ours=took.per(MESSAGES),
            floor=_ready_mail(house, kept, connections=CONNECTIONS),
            floor_is="ready mail, kept-open SMTP",
        ),
    ]


def due_at_one_instant(house: House) -> list[Line]:
    """W8: drafts that fall due together, and two workers."""
    seeding = f"print(seed_drafts(count={DRAFTS}))"
    if house.shell(f"from tests.bench.seeding import *; {seeding}") != {"drafts": DRAFTS}:
        raise Wrong("there are not as many drafts as were made")
    moment = datetime.now(UTC) + timedelta(seconds=2)
    since = moment.timestamp()
    with measured(house.roots) as measure:
        house.change(
            f"UPDATE messaging_delivery SET due_at = '{_spelt(house, moment)}' "
            "WHERE state = 'queued'"
        )
        _wait_kept(house, DRAFTS, since=since)
        wait_settled(house)
    kept = _kept(house, since=since)
    wanted = {row[0] for row in house.installation.rows(_DRAFT_IDS)}
    times = Counter(one.message_id for one in kept)
    lost, twice = len(wanted - times.keys()), sum(count > 1 for count in times.values())
    if lost or twice or len(kept) != DRAFTS:
        raise Wrong(f"of {DRAFTS} {len(kept)} came, {lost} lost, {twice} twice")
    whole = Cost(measure.cost.cpu, _last(kept) - since, measure.cost.growth)
    floor = _ready_mail(house, kept, connections=WORKERS * CONNECTIONS)
    return [
        Line(
            row="W8",
            what=f"{DRAFTS:,} drafts due at one instant, {WORKERS} workers, lost 0, twice 0: all",
            ours=whole,
            floor=Cost(floor.cpu * DRAFTS, floor.wall * DRAFTS),
            floor_is="ready mail, kept-open SMTP",
        )
    ]


_DRAFT_IDS: Final = """
    SELECT message.rfc_message_id FROM drafts_draft AS draft
    JOIN messaging_message AS message ON message.id = draft.message_id
"""


def _send(client: Client, file: File) -> None:
    letter = {"to": ["someone@example.com"], "subject": file.sha256, "text": "See the file."}
    body, kind = form(file, message=json.dumps(letter))
    made: Any = client.ask("POST", "/api/v1/messages", body=body, kind=kind, expect=202).json
    if made["attachments"][0]["sha256"] != file.sha256:
        raise Wrong("the message carries another file")


def _spelt(house: House, moment: datetime) -> str:
    """As the database spells it."""
    if "DATABASE_URL" in house.installation.environment:
        return moment.isoformat()
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _wait_kept(house: House, count: int, *, since: float) -> None:
    before = sum(one.kept and one.dot_at < since for one in read_ledger(house.sink.store))
    wait_until(
        lambda: count_kept(house.sink.store) >= before + count,
        what=f"{count} messages at the sink",
        timeout=120,
        pause=0.2,
    )


def wait_settled(house: House) -> None:
    """Wait until everything that was sent is known to be."""
    question = (
        "SELECT count(*) FROM messaging_recipient AS one JOIN messaging_delivery AS delivery "
        "ON delivery.id = one.delivery_id WHERE one.state <> 'accepted' OR delivery.state <> 'done'"
    )
    wait_until(lambda: house.one(question) == 0, what="the last replies", timeout=60, pause=0.1)


def _kept(house: House, *, since: float) -> list[Transaction]:
    """What has arrived from the server."""
    return [
        one
        for one in read_ledger(house.sink.store)
        if one.kept and one.dot_at >= since and one.sender != FLOOR_SENDER
    ]


def _last(kept: Sequence[Transaction]) -> float:
    return max(one.dot_at for one in kept)


def _check_files(kept: Sequence[Transaction], files: Sequence[File]) -> None:
    """Each message came once, with the file that its subject names."""
    arrived: Counter[str] = Counter()
    for one in kept:
        if one.faults:
            raise Wrong(f"the sink complains: {one.faults}")
        mail = message_from_bytes(one.data)
        digests = {
            sha256(part.get_payload(decode=True)).hexdigest()
            for part in mail.walk()
            if part.get_filename()
        }
        if digests != {str(mail["Subject"])}:
            raise Wrong("a message came without its file, or with another")
        arrived.update(digests)
    if arrived != Counter(file.sha256 for file in files):
        raise Wrong(f"{len(arrived)} of {len(files)} came, or some twice")


def _ready_mail(house: House, kept: Sequence[Transaction], *, connections: int) -> Cost:
    """The same mail, sent from memory; the cost of one."""
    mails = [one.data for one in kept]
    cost = relay.send(mails, port=house.sink.port, connections=connections, sender=FLOOR_SENDER)
    arrived = [one for one in read_ledger(house.sink.store) if one.sender == FLOOR_SENDER]
    wanted = Counter(one.sha256 for one in kept)
    if not wanted <= Counter(one.sha256 for one in arrived if one.kept):
        raise Wrong("the floor's mail did not arrive")
    return cost
