"""`manage.py repair_storage`: put right what `verify_storage` tells, as far as that can be done."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from attachments.inventory.inspection import Finding, Inspection, Kind
from attachments.inventory.repair import GRACE, repair_finding

DONE = {Kind.ORPHANED: "deleted", Kind.MISSING: "marked as gone"}


class Command(BaseCommand):
    help = (
        "Delete objects that no row accounts for, a day old or more, and mark files as gone whose "
        "bytes are missing. Shows how much that is, and asks."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--delete-orphans", action="store_true")
        parser.add_argument("--mark-missing", action="store_true")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(
        self, *, delete_orphans: bool, mark_missing: bool, yes: bool, **options: Any
    ) -> None:
        wanted = {Kind.ORPHANED: delete_orphans, Kind.MISSING: mark_missing}
        kinds = [kind for kind, is_wanted in wanted.items() if is_wanted]
        if not kinds:
            raise CommandError("Say --delete-orphans, --mark-missing or both.")
        at = timezone.now()
        found = self.show(at, kinds)
        if not found.total() or not (yes or self.may_go_on()):
            return
        done, left = Counter[str](), found.copy()
        for finding in wrong(at, kinds):
            if not left[finding.kind]:
                raise CommandError("More is wrong than was shown: is all of the storage there?")
            left[finding.kind] -= 1
            done[finding.kind] += repair_finding(finding, at=at)
        for kind in kinds:
            self.stdout.write(f"{done[kind]} of {found[kind]} {kind}: {DONE[kind]}")

    def show(self, at: datetime, kinds: list[Kind]) -> Counter[str]:
        """Say how much is wrong of each family.

        Raises CommandError when nothing at all is right: that is another storage, or database.
        """
        inspection = Inspection(at=at, grace=GRACE, hashing=False)
        for _ in inspection.steps():
            pass
        place = inspection.place
        if place.findings and not place.total("pairs"):
            raise CommandError("No row has its object: is this the storage of this database?")
        for family, count in sorted(place.counts.items()):
            for kind in kinds:
                if count[kind]:
                    self.stdout.write(f"{count[kind]:,} {kind} of {family}")
        found: Counter[str] = Counter({kind: place.total(kind) for kind in kinds})
        if not found.total():
            self.stdout.write("There is nothing to repair.")
        return found

    def may_go_on(self) -> bool:
        return input("Go on? [y/N] ").strip().lower() == "y"


def wrong(at: datetime, kinds: list[Kind]) -> Iterator[Finding]:
    """What is to be repaired, a thousand keys at a time: looked at anew, since people take time."""
    for findings in Inspection(at=at, grace=GRACE, hashing=False).steps():
        yield from (finding for finding in findings if finding.kind in kinds)
