"""Comparing rows and objects: two sorted streams side by side, so that memory stays as it is.

Both change meanwhile. So nothing is told at first sight: suspects are looked at once more, a
moment later and with fresh rows; and what is young and has no row may be about to get one.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, cast

from attachments.incoming import BLOCK_BYTES
from attachments.inventory.families import Family, Row, all_families, family_of
from attachments.limits import MIB
from attachments.storage import StoredObject, attachment_storage

if TYPE_CHECKING:
    from attachments.s3 import S3Storage

#: how old an object is before it is an orphan for not having a row
GRACE = timedelta(hours=1)
#: how long what is going on may take to be over: rows that go before their bytes do
SETTLED_AFTER = timedelta(seconds=1)

STEP_KEYS = 1000
STEP_BYTES = 1024 * MIB
NOBODY = "(none)"
PARTS = "parts"  # of multipart uploads in S3, which have no key that is listed


class Kind(StrEnum):
    MISSING = "missing"  # a row without its object
    ORPHANED = "orphaned"  # an object without a row
    SIZE = "wrong size"
    DIGEST = "wrong hash"
    ROW = "wrong row"  # the rows contradict each other
    UNKNOWN = "unknown"  # no key of ours


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be."""

    kind: Kind
    family: str
    key: str
    expected: str = ""
    actual: str = ""


@dataclass
class Place:
    """How far an inspection has come, and what it has counted: all that resuming it takes."""

    key: str = ""
    rows: dict[str, str] = field(default_factory=dict)  # family -> key of the last row
    #: family -> rows, objects, bytes and kinds of findings -> how many
    counts: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def total(self, name: str) -> int:
        return sum(count[name] for count in self.counts.values())

    @property
    def findings(self) -> int:
        return sum(self.total(kind) for kind in Kind)


class Inspection:
    """One look at everything, from `place` on; it changes nothing.

    `hashing` reads all bytes. Raises StorageUnavailable; `place` is then that of the last step.
    """

    def __init__(
        self, *, at: datetime, grace: timedelta, hashing: bool, place: Place | None = None
    ) -> None:
        self.place = place or Place()
        self._settled_before = at - grace
        self._hashing = hashing
        self._storage = attachment_storage()

    def steps(self) -> Iterator[list[Finding]]:
        """What is wrong, a thousand keys at a time, much or nothing; then `place` has moved on."""
        place, suspects, keys, size = Place(self.place.key, dict(self.place.rows)), [], 0, 0
        for key, row, found in self._pairs():
            family = family_of(key)
            self._count(place, family, row, found)
            if finding := self._judge(family, key, row, found):
                suspects.append(finding)
            keys += 1
            size += found.size if found else 0
            if keys >= STEP_KEYS or size >= STEP_BYTES:
                yield self._step(place, suspects)
                place, suspects, keys, size = Place(place.key, place.rows), [], 0, 0
        yield self._step(place, suspects)
        yield self._step(Place(place.key, place.rows), list(self._unended_parts()))

    def _pairs(self) -> Iterator[tuple[str, Row | None, StoredObject | None]]:
        """Each key with what the database and the storage have there."""
        streams: list[Iterator[Row | StoredObject]] = [
            _ascending(family.rows(after=self.place.rows.get(family.name, "")))
            for family in all_families()
        ]
        streams.append(self._storage.walk(after=self.place.key))
        for key, both in groupby(merge(*streams, key=_key_of), key=_key_of):
            row: Row | None = None
            found: StoredObject | None = None
            for one in both:
                if isinstance(one, Row):
                    row = one
                else:
                    found = one
            yield key, row, found

    def _count(
        self, place: Place, family: Family | None, row: Row | None, found: StoredObject | None
    ) -> None:
        name = family.name if family else NOBODY
        place.key = found.key if found else place.key
        if row:
            place.rows[name] = row.key
            place.counts[name]["rows"] += 1
        if found:
            place.counts[name]["objects"] += 1
            place.counts[name]["bytes"] += found.size
        if row and found:
            place.counts[name]["pairs"] += 1

    def _judge(
        self, family: Family | None, key: str, row: Row | None, found: StoredObject | None
    ) -> Finding | None:
        if family and row:
            return self._compare(family, row, found.size if found else None)
        if found is None or found.since > self._settled_before:
            return None
        if family is None:
            return Finding(kind=Kind.UNKNOWN, family=NOBODY, key=key)
        return Finding(kind=Kind.ORPHANED, family=family.name, key=key, actual=f"{found.size}")

    def _compare(self, family: Family, row: Row, size: int | None) -> Finding | None:
        """What is wrong with an object of `size` bytes, None if it is not there."""

        def finding(kind: Kind, expected: str = "", actual: str = "") -> Finding:
            return Finding(
                kind=kind, family=family.name, key=row.key, expected=expected, actual=actual
            )

        if size is None:
            return finding(Kind.MISSING, f"{'' if row.size is None else row.size}")
        if row.size not in (None, size):
            return finding(Kind.SIZE, f"{row.size}", f"{size}")
        if self._hashing and row.sha256:
            try:
                digest = self._digest(row.key)
            except FileNotFoundError:
                return finding(Kind.MISSING, f"{row.size}")
            if digest != row.sha256:
                return finding(Kind.DIGEST, row.sha256, digest)
        return finding(Kind.ROW, actual=row.fault) if row.fault else None

    def _digest(self, key: str) -> str:
        digest = sha256()
        with self._storage.open(key) as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def _step(self, place: Place, suspects: list[Finding]) -> list[Finding]:
        """Move on to `place`, with what is still wrong there."""
        if suspects:
            time.sleep(SETTLED_AFTER.total_seconds())
        findings = [finding for one in suspects if (finding := self._look_again(one))]
        for name, count in place.counts.items():
            self.place.counts[name] += count
        for finding in findings:
            self.place.counts[finding.family][finding.kind] += 1
        self.place.key, self.place.rows = place.key, dict(place.rows)
        return findings

    def _look_again(self, suspect: Finding) -> Finding | None:
        family = family_of(suspect.key)
        if suspect.family == PARTS:
            return None if family and family.knows(suspect.key) else suspect
        if family is None or suspect.kind == Kind.ORPHANED:
            is_known = family is not None and family.knows(suspect.key)
            # In this order: bytes go before their row does.
            return suspect if not is_known and self._storage.exists(suspect.key) else None
        row = family.find(suspect.key)
        finding = row and self._compare(family, row, self._size(suspect.key))
        return finding if finding and family.find(suspect.key) == row else None

    def _size(self, key: str) -> int | None:
        try:
            return self._storage.size(key)
        except FileNotFoundError:
            return None

    def _unended_parts(self) -> Iterator[Finding]:
        """Multipart uploads of which no row says how far they are; they cost, and are not seen."""
        if not self._storage.takes_uploads:
            return
        for found in cast("S3Storage", self._storage).walk_parts():
            family = family_of(found.key)
            if family and not family.knows(found.key) and found.since <= self._settled_before:
                yield Finding(kind=Kind.ORPHANED, family=PARTS, key=found.key)


def _key_of(one: Row | StoredObject) -> str:
    return one.key


def _ascending(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, each key once; a database that sorts otherwise must not be taken for a loss."""
    last = ""
    for row in rows:
        if row.key < last:
            raise ValueError(f"{row.key} comes after {last}: the database sorts keys otherwise.")
        if row.key > last:
            yield row
        last = row.key
