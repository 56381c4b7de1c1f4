"""Turning arrivals into messages.

Whatever a mail looks like, it becomes a message: with its files where they can be found, and with
nothing but its raw bytes where even reading it fails. A mail that fails costs itself only.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from attachments.errors import StorageFull, StorageUnavailable
from attachments.incoming import Incoming
from attachments.limits import NATIVE_FILE_BYTES
from attachments.models import Blob
from attachments.services import put_measured
from attachments.sniff import read_content_type
from messaging.mime.fields import Fields
from messaging.mime.names import referenced_content_ids
from messaging.mime.reader import Mail, Part, read_mail
from messaging.models import Arrival
from messaging.omissions import Omitted
from messaging.receiving.arrivals import raw_of
from messaging.receiving.filing import write_received
from messaging.receiving.reports import Report, read_report

log = logging.getLogger(__name__)

BATCH = 50
LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 3
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=10)
NOT_ITS_FAULT = (
    StorageFull,
    StorageUnavailable,
    FileNotFoundError,
    OperationalError,
    InterfaceError,
)
PATIENCE = timedelta(days=1)  # with what is said to be others' fault
UNREADABLE = "It could not be read, and is kept as it came."


class LeaseLost(Exception):
    """Another worker has taken the arrival over."""


@dataclass(frozen=True)
class Found:
    """A file of a mail, its bytes stored."""

    filename: str
    content_type: str
    content_id: str
    is_inline: bool
    blob: Blob


@dataclass(frozen=True)
class Read:
    """What was read of a mail, its files stored."""

    mail: Mail
    files: Sequence[Found] = ()
    omitted: Sequence[Omitted] = ()
    report: Report | None = None
    flaws: Sequence[str] = field(default_factory=list)


def parse_due() -> int:
    """Read the arrivals whose time it is; returns how many became messages."""
    due = Arrival.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    return sum(parse_arrival(id) for id in list(due.values_list("pk", flat=True)[:BATCH]))


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
        _wait(arrival, error)
        return False
    return True


def parse_again(*, arrival: Arrival) -> None:
    """Give an arrival that failed another three tries; its message stays until then."""
    with transaction.atomic():
        rows = Arrival.objects.filter(pk=arrival.pk, state=Arrival.State.FAILED)
        message = arrival.message
        changed = rows.update(
            state=Arrival.State.RECEIVED, message=None, attempts=0, due_at=timezone.now()
        )
        if changed and message is not None:
            message.delete()


def _claimed(id: UUID) -> Arrival | None:
    """The arrival, ours to read while its lease, `due_at`, is the one that we wrote."""
    now = timezone.now()
    lease = now + LEASE
    due = Arrival.objects.filter(pk=id, due_at__lte=now)
    if not due.update(due_at=lease, attempts=F("attempts") + 1):
        return None
    rows = Arrival.objects.select_related("workspace", "inbox")
    return rows.filter(pk=id, due_at=lease).first()


def _renew(arrival: Arrival) -> None:
    """Hold on to an arrival for another lease. Raises LeaseLost."""
    lease = timezone.now() + LEASE
    if not arrival.leased().update(due_at=lease):
        raise LeaseLost
    arrival.due_at = lease


def _wait(arrival: Arrival, error: Exception) -> None:
    """Try again later, ever less often. What is no fault of the mail does not count as a try."""
    now = timezone.now()
    wait = min(max(FIRST_WAIT, (now - arrival.received_at) / 10), LONGEST_WAIT)
    counts = not isinstance(error, NOT_ITS_FAULT) or now - arrival.received_at > PATIENCE
    arrival.leased().update(
        attempts=arrival.attempts if counts else arrival.attempts - 1,
        due_at=now + wait,
        problem=f"{type(error).__name__}: {error}"[:1000],
    )


def _unread() -> Read:
    return Read(Mail(Fields([])), flaws=[UNREADABLE])


def _read(arrival: Arrival) -> Read:
    """Read a mail and store its files; no transaction is open meanwhile."""
    files: list[Found] = []
    omitted: list[Omitted] = []
    with raw_of(arrival) as raw:
        mail = read_mail(raw)
        shown = referenced_content_ids(mail.html or "")
        for part in mail.files:
            _renew(arrival)
            found = _store(arrival, mail, part, shown=part.content_id in shown)
            if isinstance(found, Omitted):
                omitted.append(found)
            else:
                files.append(found)
        report = read_report(mail)
        _ = mail.text  # read, as the HTML is, while the bytes are here
    return Read(mail, files, omitted, report, mail.flaws)


def _store(arrival: Arrival, mail: Mail, part: Part, *, shown: bool) -> Found | Omitted:
    name = mail.filename_of(part)
    with closing(Incoming(limit=NATIVE_FILE_BYTES)) as incoming:
        for block in part.blocks():
            incoming.write(block)
        if not incoming.is_whole:
            return Omitted(filename=name, size=incoming.size, limit=NATIVE_FILE_BYTES)
        blob = put_measured(workspace=arrival.workspace, incoming=incoming)
    return Found(
        filename=name,
        content_type=read_content_type(part.content_type, part.parameters.get("charset", "")),
        content_id=part.content_id[:255],
        is_inline=bool(part.content_id) and shown,
        blob=blob,
    )
