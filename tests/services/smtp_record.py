"""What an SMTP sink saw: transactions, kept in memory or durably in a SQLite file."""

import json
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final, Protocol

MESSAGE_ID: Final = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(kw_only=True)
class Transaction:
    """One MAIL command and all that followed it. Times are seconds since 1970 of the sink."""

    connection: int  # counted from 1 by the sink
    number: int  # counted from 1 within the connection
    sender: str
    parameters: list[str] = field(default_factory=list)  # of MAIL, as sent: "SIZE=1000"
    accepted: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # recipient, reply
    user: str = ""  # who had logged in
    tls: bool = False
    started: bool = False  # 354 was given
    dot: bool = False  # the dot arrived
    kept: bool = False  # arrived for good: what counts for "sent"
    reply: str = ""  # the final one; empty: none was given
    data: bytes = b""  # without dot-stuffing; empty if the rules say so
    size: int = 0  # of the data, also when it is not kept
    sha256: str = ""  # of the data, when the dot arrived
    message_id: str = ""  # with angle brackets
    faults: list[str] = field(default_factory=list)  # against RFC 5321, 2920, 1870, 6152
    began: float = 0.0
    started_at: float = 0.0
    dot_at: float = 0.0
    ended: float = 0.0


class Record(Protocol):
    """Where a sink writes; called by many threads."""

    def keep(self, transaction: Transaction) -> None:
        """Take a message in; it is safe when this returns."""

    def end(self, transaction: Transaction) -> None:
        """Note that a transaction is over, kept or not."""

    def close(self) -> None:
        """Write what is left."""


class Memory:
    """Transactions in a list, and a way to wait for them."""

    def __init__(self) -> None:
        self._ended: list[Transaction] = []
        self._kept: list[Transaction] = []
        self._change = threading.Condition()

    @property
    def transactions(self) -> list[Transaction]:
        """All that are over, in the order of their ends."""
        with self._change:
            return list(self._ended)

    @property
    def kept(self) -> list[Transaction]:
        """All messages that arrived, in that order; some may still wait for their reply."""
        with self._change:
            return list(self._kept)

    def keep(self, transaction: Transaction) -> None:
        with self._change:
            self._kept.append(transaction)
            self._change.notify_all()

    def end(self, transaction: Transaction) -> None:
        with self._change:
            self._ended.append(transaction)
            self._change.notify_all()

    def close(self) -> None:
        """Nothing is left to write."""

    def wait_kept(self, count: int, *, timeout: float) -> list[Transaction]:
        """Wait for so many messages and give them; raises TimeoutError."""
        return self._wait(self._kept, count, "messages", timeout)

    def wait_ended(self, count: int, *, timeout: float) -> list[Transaction]:
        """Wait for so many transactions to be over and give them; raises TimeoutError."""
        return self._wait(self._ended, count, "ends", timeout)

    def _wait(
        self, seen: list[Transaction], count: int, what: str, timeout: float
    ) -> list[Transaction]:
        with self._change:
            if not self._change.wait_for(lambda: len(seen) >= count, timeout):
                raise TimeoutError(f"{len(seen)} of {count} {what} in {timeout} s")
            return list(seen)


COLUMNS: Final = tuple(Transaction.__dataclass_fields__)
LISTS: Final = ("parameters", "accepted", "refused", "faults")
FLAGS: Final = ("tls", "started", "dot", "kept")
CREATE: Final = f"""CREATE TABLE IF NOT EXISTS transactions ({", ".join(COLUMNS)},
    PRIMARY KEY (connection, number))"""
WRITE: Final = f"""INSERT INTO transactions VALUES ({", ".join("?" * len(COLUMNS))})
    ON CONFLICT (connection, number) DO UPDATE SET reply = excluded.reply, ended = excluded.ended"""


class Ledger:
    """Transactions in a SQLite file: on the disk before the client hears 250.

    One thread writes whatever has come together, in one commit. When not `durable`, only a power
    cut can take something away.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self._queue: SimpleQueue[tuple[Transaction, threading.Event] | None] = SimpleQueue()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
        self._connection.execute(CREATE)
        self._writer = threading.Thread(target=self._work, name="ledger")
        self._writer.start()

    def keep(self, transaction: Transaction) -> None:
        written = threading.Event()
        self._queue.put((replace(transaction), written))
        written.wait()

    def end(self, transaction: Transaction) -> None:
        data = b"" if transaction.kept else transaction.data
        self._queue.put((replace(transaction, data=data), threading.Event()))

    def close(self) -> None:
        self._queue.put(None)
        self._writer.join()
        self._connection.close()

    def _work(self) -> None:
        for batch in self._batches():
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(WRITE, [_row(transaction) for transaction, _ in batch])
            self._connection.execute("COMMIT")
            for _, written in batch:
                written.set()

    def _batches(self) -> Iterator[list[tuple[Transaction, threading.Event]]]:
        item = self._queue.get()
        while item is not None:
            batch = [item]
            with suppress(Empty):
                while (item := self._queue.get_nowait()) is not None:
                    batch.append(item)
            yield batch
            if item is not None:
                item = self._queue.get()


def read_ledger(path: Path) -> list[Transaction]:
    """Read what a ledger holds, kept or not, in the order of arrival; also while it is written."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT * FROM transactions ORDER BY rowid").fetchall()
    return [_transaction(row) for row in rows]


def count_kept(path: Path) -> int:
    """Count the messages that arrived, without reading them."""
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM transactions WHERE kept").fetchone()
    return int(count)


def _row(transaction: Transaction) -> list[object]:
    values = [getattr(transaction, name) for name in COLUMNS]
    return [
        json.dumps(value) if name in LISTS else value
        for name, value in zip(COLUMNS, values, strict=True)
    ]


def _transaction(row: sqlite3.Row) -> Transaction:
    values = dict(row)
    values |= {name: json.loads(values[name]) for name in LISTS}
    values |= {name: bool(values[name]) for name in FLAGS}
    values["refused"] = [(address, reply) for address, reply in values["refused"]]
    return Transaction(**values)


def message_id(data: bytes) -> str:
    """Find the Message-ID of a message, with its angle brackets; empty when it has none."""
    head, _, _ = data[:65536].partition(b"\r\n\r\n")
    found = MESSAGE_ID.search(head)
    return found[1].decode("ascii", "replace") if found else ""


def data_faults(data: bytes, parameters: list[str]) -> list[str]:
    """Name what a strict server would not like about the data of a message."""
    faults = []
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        faults.append("bare CR or LF")
    if max(map(len, data.split(b"\r\n"))) > 998:
        faults.append("a line of more than 998 bytes")
    if not data.isascii() and "BODY=8BITMIME" not in map(str.upper, parameters):
        faults.append("8-bit bytes without BODY=8BITMIME")
    if 0 < (declared := declared_size(parameters)) < len(data):
        faults.append(f"SIZE={declared} but {len(data)} bytes came")
    return faults


def declared_size(parameters: list[str]) -> int:
    """Give the size in bytes that MAIL's parameters declare, 0 if they do not."""
    found = (re.fullmatch(r"(?i)SIZE=(\d+)", word) for word in parameters)
    return next((int(size[1]) for size in found if size), 0)
