"""W6: a page of 50 messages with their files, out of 100,000."""

import sqlite3
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg

from project.ids import read
from tests.bench.client import Wrong
from tests.bench.house import House
from tests.bench.meter import Cost, cpu_seconds, measured, measured_here
from tests.bench.table import Line

MESSAGES: Final = 100_000
PAGE: Final = 50
FAR: Final = 999 * PAGE  # rows before page 1000
TIMES: Final = 100
FLOOR_TIMES: Final = 500
PART: Final = "invoice"

COLUMNS: Final = """
    message.id, inbox_id, thread_id, customer_id, direction, from_email, from_name, "to", cc, bcc,
    reply_to, subject, rfc_message_id, in_reply_to, "references", size, tags, metadata, folder_id,
    unread, starred, send_at, message.created_at, sent_at
"""
LIST: Final = (
    f"SELECT {COLUMNS} FROM messaging_message AS message "
    "WHERE workspace_id = {workspace} AND trashed_at IS NULL {where} "
    f"ORDER BY message.id DESC LIMIT {PAGE}"
)
FILES: Final = """
    SELECT message_id, carried.filename, position, inline, content_id, file.id, content_type, size,
        sha256, state, reason_code, reason, created_at, expires_at, deleted_at
    FROM messaging_messageattachment AS carried
    JOIN attachments_attachment AS file ON file.id = carried.attachment_id
    WHERE message_id IN ({ids}) ORDER BY message_id, position
"""
RECIPIENTS: Final = """
    SELECT message_id, delivery.state, due_at, attempts, email, name, role, one.state, reply, at
    FROM messaging_delivery AS delivery
    JOIN messaging_recipient AS one ON one.delivery_id = delivery.id
    WHERE message_id IN ({ids}) ORDER BY message_id, one.id
"""
#: what the floor has for names on SQLite
TRIGRAMS: Final = """
    CREATE VIRTUAL TABLE bench_names USING fts5(filename, tokenize = 'trigram');
    INSERT INTO bench_names (rowid, filename)
    SELECT rowid, filename FROM messaging_messageattachment;
"""
NAMED: Final = {
    "sqlite": f"""AND message.id IN (SELECT message_id FROM messaging_messageattachment
        WHERE rowid IN (SELECT rowid FROM bench_names WHERE filename LIKE '%{PART}%'))""",
    "postgresql": f"""AND message.id IN (SELECT message_id FROM messaging_messageattachment
        WHERE upper(filename) LIKE '%{PART.upper()}%')""",
}

Ask = Callable[[str], Sequence[Any]]


@dataclass(frozen=True)
class Case:
    """A page, as the API and as SQL have it."""

    what: str
    query: str
    where: str


def pages(house: House) -> list[Line]:
    """W6."""
    made = house.shell(f"from tests.bench.seeding import *; print(seed_messages(count={MESSAGES}))")
    if made["messages"] < MESSAGES:
        raise Wrong(f"there are {made['messages']} messages")
    with _database(house) as (vendor, ask):
        workspace = f"'{ask('SELECT id FROM tenancy_workspace')[0][0]}'"
        far = ask(
            "SELECT id FROM messaging_message WHERE trashed_at IS NULL "
            f"ORDER BY id DESC LIMIT 1 OFFSET {FAR - 1}"
        )[0][0]
        cursor = urlsafe_b64encode(f'["{UUID(str(far))}"]'.encode()).decode().rstrip("=")
        cases = [
            Case("the first", "", ""),
            Case("page 1,000", f"&after={cursor}", f"AND message.id < '{far}'"),
            Case("by a part of a file's name", f"&filename={PART}", NAMED[vendor]),
            Case("with files", "&has_attachment=true", "AND attachment_count > 0"),
        ]
        return [_line(house, case, ask, workspace) for case in cases]


def _line(house: House, case: Case, ask: Ask, workspace: str) -> Line:
    statement = LIST.format(workspace=workspace, where=case.where)
    path = f"/api/v1/messages?limit={PAGE}{case.query}"
    by_hand = _by_hand(ask, statement)
    (client,) = house.clients_for(1)
    for _ in range(5):
        page = client.ask("GET", path).json["data"]
    _check(page, *by_hand)
    with measured(house.roots) as measure:
        for _ in range(TIMES):
            client.ask("GET", path)
    return Line(
        row="W6",
        what=f"a page of {PAGE} of {MESSAGES:,}: {case.what}",
        ours=measure.cost.per(TIMES),
        floor=_floor(house, ask, statement),
        floor_is="SQL by hand",
    )


def _floor(house: House, ask: Ask, statement: str) -> Cost:
    database = house.database_roots
    before = cpu_seconds(database)
    with measured_here() as measure:
        for _ in range(FLOOR_TIMES):
            _by_hand(ask, statement)
    cost = measure.cost
    return Cost(cost.cpu + cpu_seconds(database) - before, cost.wall).per(FLOOR_TIMES)


def _by_hand(ask: Ask, statement: str) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    messages = ask(statement)
    ids = ", ".join(f"'{row[0]}'" for row in messages)
    return messages, ask(FILES.format(ids=ids)), ask(RECIPIENTS.format(ids=ids))


def _check(
    page: Any, messages: Sequence[Any], files: Sequence[Any], recipients: Sequence[Any]
) -> None:
    """The same messages in the same order, with as many files and recipients."""
    if [read("msg", one["id"]) for one in page] != [UUID(str(row[0])) for row in messages]:
        raise Wrong("the page has other messages")
    if len(page) != PAGE:
        raise Wrong(f"the page has {len(page)} messages")
    if sorted(file["filename"] for one in page for file in one["attachments"]) != sorted(
        row[1] for row in files
    ):
        raise Wrong("the page has other files")
    if sum(len(one["recipients"]) for one in page) != len(recipients):
        raise Wrong("the page has other recipients")


@contextmanager
def _database(house: House) -> Iterator[tuple[str, Ask]]:
    if url := house.installation.environment.get("DATABASE_URL"):
        with psycopg.connect(url, autocommit=True) as server:
            yield "postgresql", lambda words: server.execute(words.encode()).fetchall()
        return
    path = house.installation.data / "enclose.sqlite3"
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as file:
        file.executescript(TRIGRAMS)
        try:
            yield "sqlite", lambda words: file.execute(words).fetchall()
        finally:
            file.execute("DROP TABLE bench_names")
