"""Keeping what arrives: the raw bytes first, durable, whatever they are."""

from __future__ import annotations

import logging
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, cast

from django.db import transaction
from django.utils import timezone

from attachments.errors import StorageUnavailable
from attachments.incoming import BLOCK_BYTES, Incoming, room_needed
from attachments.quota import is_full
from attachments.storage import attachment_storage
from messaging.mime.fields import storable
from messaging.models import Arrival, Inbox
from messaging.poke import poke_parser
from messaging.receiving.errors import EmptyMail, MailTooLarge
from project.events.services import emit, happened
from project.ids import new_id

log = logging.getLogger(__name__)

#: well above a file of 25 MiB in base64, so that one oversize file costs the file, not the mail
MAX_RAW_BYTES = 60 * 1024 * 1024
MAX_ADDRESS = 320  # characters of an envelope's address that are kept


def open_incoming() -> Incoming:
    """Where the bytes of a mail go while they come; the caller closes it."""
    return Incoming(limit=MAX_RAW_BYTES, judges_lines=False)


def has_room(inbox: Inbox) -> bool:
    """Whether an inbox takes more mail; what came before its workspace was full is kept whole."""
    return not is_full(inbox.workspace)


def keep_arrivals(
    *,
    envelope: Sequence[tuple[Inbox, str]],
    incoming: Incoming,
    via: str,
    mail_from: str = "",
) -> list[Arrival]:
    """Keep a mail for each (inbox, address) of its envelope; when this returns, it is durable.

    Not for use inside a transaction. Raises EmptyMail, MailTooLarge, StorageFull and
    StorageUnavailable; then nothing is kept.
    """
    if not incoming.is_whole:
        raise MailTooLarge(size=incoming.size, limit=MAX_RAW_BYTES)
    if not incoming.size:
        raise EmptyMail("There is no mail in this.")
    key = f"arrivals/{incoming.sha256[:2]}/{new_id().hex}.eml"
    now = timezone.now()
    rows = [
        Arrival(
            workspace_id=inbox.workspace_id,
            inbox=inbox,
            via=via,
            mail_from=storable(mail_from)[:MAX_ADDRESS],
            recipient=storable(recipient)[:MAX_ADDRESS],
            key=key,
            size=incoming.size,
            sha256=incoming.sha256,
            due_at=now,
            received_at=now,
        )
        for inbox, recipient in envelope
    ]
    are_written = False
    try:
        attachment_storage().save(key, cast("IO[bytes]", incoming))
        with transaction.atomic():
            Arrival.objects.bulk_create(rows)
            emit(
                *(
                    happened("arrival.received", workspace_id=row.workspace_id, subject_id=row.pk)
                    for row in rows
                )
            )
            poke_parser.on_commit()
            are_written = True
    except StorageUnavailable:  # it would not take them back either
        raise
    except Exception:
        if not are_written:  # else the commit failed: whether it stands, nobody knows
            _take_back(key)
        raise
    return rows


def _take_back(key: str) -> None:
    """Delete the bytes of a mail that is not kept; senders try again, and each try stores anew."""
    try:
        attachment_storage().delete(key)
    except Exception:
        log.exception("%s lies in the storage for nothing", key)


@contextmanager
def raw_of(arrival: Arrival) -> Iterator[bytes]:
    """The raw bytes of an arrival, mapped: nothing is read that is not looked at.

    Raises FileNotFoundError, StorageFull (for a copy of what is elsewhere), StorageUnavailable.
    """
    with (
        room_needed(),
        attachment_storage().open(arrival.key) as file,
        TemporaryFile() as copy,
    ):
        try:
            descriptor = file.fileno()
        except (AttributeError, OSError):  # a storage elsewhere
            while block := file.read(BLOCK_BYTES):
                copy.write(block)
            copy.flush()
            descriptor = copy.fileno()
        with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as raw:
            yield cast("bytes", raw)


def forget_raw(keys: set[str]) -> None:
    """Delete raw mail that no arrival has any more; to be called after the commit."""
    kept = set(Arrival.objects.filter(key__in=keys).values_list("key", flat=True))
    for key in keys - kept:
        attachment_storage().delete(key)
