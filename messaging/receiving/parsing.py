"""Turning arrivals into messages.

Whatever a mail looks like, it becomes a message: with its files where they can be found, and with
nothing but its raw bytes where even reading it fails. A mail that fails costs itself only.
"""

from __future__ import annotations

import logging
import mmap
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event as Flag
from typing import cast
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from attachments.errors import StorageFull, StorageUnavailable
from attachments.incoming import Incoming
from attachments.limits import NATIVE_FILE_BYTES
from attachments.models import Blob
from attachments.services import put_measured
from attachments.sniff import read_content_type
from messaging.mime.containers import (
    MAX_CONTAINED,
    MAX_DEPTH,
    Contents,
    File,
    files_of,
    may_be_container,
    open_container,
)
from messaging.mime.fields import Fields, storable
from messaging.mime.names import referenced_content_ids
from messaging.mime.reader import Mail, read_mail
from messaging.models import Arrival
from messaging.omissions import Omitted
from messaging.receiving.arrivals import raw_of
from messaging.receiving.filing import write_received
from messaging.receiving.reports import Report, read_report
from messaging.receiving.turn import Turn
from messaging.trash import delete_message

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 3
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
NOT_ITS_FAULT = (
    StorageFull,
    StorageUnavailable,
    OSError,
    OperationalError,
    InterfaceError,
)
PATIENCE = timedelta(days=1)  # with raw bytes that are not there
UNREADABLE = "It could not be read, and is kept as it came."
UNOPENED = "Reading it failed, so that what is inside of its files was not looked for."
TOO_MANY_CONTAINED = (
    f"More than {MAX_CONTAINED} files are inside of others; the rest is only in those."
)

#: set when the worker is asked to stop: nothing new is begun
stopping = Flag()

#: set when there may be arrivals that the running reader has not seen
_more = Flag()
#: a mail whose lease is over is read by somebody else, and so are all others then
_turn = Turn(silence=LEASE)


class LeaseLost(Exception):
    """Another worker has taken the arrival over."""


@dataclass(frozen=True, eq=False)
class Found:
    """A file of a mail, its bytes stored; `container` is the one that it was found in."""

    filename: str
    content_type: str
    content_id: str
    is_inline: bool
    blob: Blob
    container: Found | None = None


@dataclass(frozen=True)
class Read:
    """What was read of a mail, its files stored; a file stands behind the one that it is in."""

    mail: Mail
    text: str | None = None
    html: str | None = None
    files: Sequence[Found] = ()
    omitted: Sequence[Omitted] = ()
    report: Report | None = None
    flaws: Sequence[str] = field(default_factory=list)


def parse_due() -> int:
    """Read the arrivals whose time it is, until there are none; returns how many became messages.

    One reader a process: several would share its one interpreter, and keep the door from the
    database. Whoever comes while it is at work makes it look once more.
    """
    count = 0
    _more.set()
    while _more.is_set() and not stopping.is_set() and (token := _turn.take()):
        try:
            _more.clear()
            while some := _due_ids():
                for id in some:
                    if stopping.is_set() or not _turn.is_of(token):
                        return count
                    count += parse_arrival(id)
        finally:
            _turn.give_back(token)
    return count


def _due_ids() -> list[UUID]:
    if stopping.is_set():
        return []
    due = Arrival.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    return list(due.values_list("pk", flat=True)[:BATCH])


def parse_arrival(id: UUID) -> bool:
    """Make one arrival a message; False when another has it, or it has to wait.

    Safe to run twice, and at once. One whose reading kills the worker is given up like one whose
    reading fails: after three tries it becomes a message with its raw bytes only.
    """
    arrival = _claimed(id)
    if arrival is None:
        return False
    try:
        read = _read(arrival) if arrival.attempts <= MAX_ATTEMPTS else _unread()
        write_received(arrival=arrival, read=read, failed=arrival.attempts > MAX_ATTEMPTS)
    except LeaseLost:
        log.warning("arrival %s is read by another worker", arrival.pk)
        return False
    except Exception as error:
        log.exception("arrival %s was not read", arrival.pk)
        try:
            _wait(arrival, error)
        except DatabaseError:
            log.exception("arrival %s is tried again once its lease is over", arrival.pk)
        return False
    return True


def parse_again(*, arrival: Arrival) -> None:
    """Give an arrival that failed another three tries.

    Its message, which had nothing but the raw bytes, goes; reading makes another one.
    """
    with transaction.atomic():
        rows = Arrival.objects.filter(pk=arrival.pk, state=Arrival.State.FAILED)
        message = arrival.message
        changed = rows.update(
            state=Arrival.State.RECEIVED, message=None, attempts=0, due_at=timezone.now()
        )
        if changed and message is not None:
            delete_message(message=message)


def _claimed(id: UUID) -> Arrival | None:
    """The arrival, ours to read while its lease, `due_at`, is the one that we wrote."""
    _turn.sign()
    now = timezone.now()
    lease = now + LEASE
    due = Arrival.objects.filter(pk=id, due_at__lte=now)
    if not due.update(due_at=lease, attempts=F("attempts") + 1):
        return None
    rows = Arrival.objects.select_related("workspace", "inbox")
    return rows.filter(pk=id, due_at=lease).first()


def _renew(arrival: Arrival) -> None:
    """Hold on to an arrival for another lease, when half of this one is over. Raises LeaseLost."""
    _turn.sign()
    now = timezone.now()
    if arrival.due_at and arrival.due_at - now > LEASE / 2:
        return
    lease = now + LEASE
    if not arrival.leased().update(due_at=lease):
        raise LeaseLost
    arrival.due_at = lease


def _wait(arrival: Arrival, error: Exception) -> None:
    """Try again later, ever less often. What is no fault of the mail does not count as a try.

    But for raw bytes that are not there: after a day they will not come.
    """
    now = timezone.now()
    waited = now - arrival.received_at
    wait = min(max(FIRST_WAIT, waited / 10), LONGEST_WAIT)
    is_lost = isinstance(error, FileNotFoundError) and waited > PATIENCE
    counts = is_lost or not isinstance(error, NOT_ITS_FAULT)
    arrival.leased().update(
        attempts=arrival.attempts if counts else arrival.attempts - 1,
        due_at=now + wait,
        problem=storable(f"{type(error).__name__}: {error}")[:1000],
    )


def _unread() -> Read:
    return Read(Mail(Fields([])), flaws=[UNREADABLE])


def _read(arrival: Arrival) -> Read:
    """Read a mail and store its files; no transaction is open meanwhile."""
    with raw_of(arrival) as raw:
        mail = read_mail(raw)
        stored = _Stored(arrival, text=mail.text, html=mail.html)
        shown = referenced_content_ids(mail.html or "")
        for file in files_of(mail):
            stored.add(file, shown=shown)
        report = read_report(mail)
    return Read(
        mail=mail,
        text=stored.text,
        html=stored.html,
        files=[*stored.files, *stored.contained],
        omitted=stored.omitted,
        report=report,
        flaws=[*mail.flaws, *stored.flaws],
    )


class _Stored:
    """What has been stored of a mail; it grows file by file."""

    def __init__(self, arrival: Arrival, *, text: str | None, html: str | None) -> None:
        self.arrival = arrival
        self.text, self.html = text, html
        self.files: list[Found] = []
        self.contained: list[Found] = []
        self.omitted: list[Omitted] = []
        # What is inside of files must not cost the files: the last try does without.
        self.opens = arrival.attempts < MAX_ATTEMPTS
        self.flaws: list[str] = [] if self.opens else [UNOPENED]

    def add(
        self,
        file: File,
        *,
        shown: Collection[str] = (),
        container: Found | None = None,
        depth: int = 0,
    ) -> None:
        """Store a file, and what is inside of it; `shown` are Content-IDs that the text shows."""
        _renew(self.arrival)
        with closing(Incoming(limit=NATIVE_FILE_BYTES)) as incoming:
            for block in file.blocks():
                incoming.write(block)
            if not incoming.is_whole:
                self.omitted.append(
                    Omitted(filename=file.filename, size=incoming.size, limit=NATIVE_FILE_BYTES)
                )
                return
            looks_inside = self.opens and depth < MAX_DEPTH and incoming.size > 0
            with _opened(file, incoming) if looks_inside else nullcontext() as contents:
                found = _store(self.arrival, file, incoming, shown=shown, container=container)
                (self.contained if container else self.files).append(found)
                if contents:
                    self.add_contents(contents, container=found, depth=depth + 1)

    def add_contents(self, contents: Contents, *, container: Found, depth: int) -> None:
        """Store what is inside of a container."""
        is_body = depth == 1 and self.take_body(contents)
        shown = referenced_content_ids(contents.html or "") if is_body else ()
        for file in contents.files:
            if len(self.contained) >= MAX_CONTAINED:
                self.flaws = [TOO_MANY_CONTAINED]
                return
            self.add(file, shown=shown, container=container, depth=depth)

    def take_body(self, contents: Contents) -> bool:
        """Let a mail without words have those that Outlook has packed; whether it does."""
        is_silent = not (self.text or "").strip() and not (self.html or "").strip()
        has_words = contents.text is not None or contents.html is not None
        if is_silent and has_words:
            self.text, self.html = contents.text, contents.html
        return is_silent and has_words


@contextmanager
def _opened(file: File, incoming: Incoming) -> Iterator[Contents | None]:
    """What is inside of a file that is on its way in; None when it is no container.

    Its bytes are mapped, not read, and stay where they are while the file moves to the storage.
    """
    name, content_type = file.filename, file.content_type
    if not may_be_container(filename=name, content_type=content_type):
        yield None
        return
    with (
        Path(incoming.temporary_file_path()).open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        yield open_container(cast("bytes", content), filename=name, content_type=content_type)


def _store(
    arrival: Arrival,
    file: File,
    incoming: Incoming,
    *,
    shown: Collection[str],
    container: Found | None,
) -> Found:
    return Found(
        filename=file.filename,
        content_type=read_content_type(file.content_type, file.charset),
        content_id=file.content_id[:255],
        is_inline=bool(file.content_id) and file.content_id in shown,
        blob=put_measured(workspace=arrival.workspace, incoming=incoming),
        container=container,
    )
