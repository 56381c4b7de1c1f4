"""Putting right what an inspection has found."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from django.db import transaction

from attachments.inventory.families import family_of
from attachments.inventory.inspection import PARTS, Finding, Kind
from attachments.storage import attachment_storage

if TYPE_CHECKING:
    from attachments.s3 import S3Storage

#: how old an orphan is before it goes
GRACE = timedelta(days=1)


def repair_finding(finding: Finding, *, at: datetime) -> bool:
    """Delete an orphan, or say that an object is missing; whether that was still to be done."""
    if finding.kind == Kind.MISSING:
        family = family_of(finding.key)
        return family is not None and family.lose(finding.key)
    if finding.family == PARTS:
        return _delete_parts(finding.key)
    return finding.kind == Kind.ORPHANED and delete_orphan(finding.key, at=at)


def delete_orphan(key: str, *, at: datetime) -> bool:
    """Delete an object that is a day old at `at` and for which no row accounts; whether it went.

    The storage is spoken to in the transaction, as nowhere else: who could write the row waits.
    """
    family, storage = family_of(key), attachment_storage()
    if family is None:
        return False
    with transaction.atomic():
        family.lock(key)
        found = next(storage.walk(prefix=key), None)
        if family.knows(key) or found is None or found.key != key or found.since > at - GRACE:
            return False
        storage.delete(key)
    return True


def _delete_parts(key: str) -> bool:
    family = family_of(key)
    assert family
    with transaction.atomic():
        family.lock(key)
        if family.knows(key):
            return False
        cast("S3Storage", attachment_storage()).drop_parts(key)
    return True


def sweep_uploaded(*, at: datetime) -> int:
    """Remove what clients have put into S3 and nobody awaits any more; returns how much went.

    Theirs is the only folder that the clock can list: it is empty but for what is on its way.
    """
    storage = attachment_storage()
    if not storage.takes_uploads:
        return 0
    old = (one for one in storage.walk(prefix="incoming/") if one.since <= at - GRACE)
    return sum(delete_orphan(one.key, at=at) for one in old)
