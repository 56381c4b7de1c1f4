"""`manage.py verify_storage`: whether the storage has what the database says, and nothing else."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from attachments.errors import StorageUnavailable
from attachments.inventory.inspection import GRACE, Finding, Inspection, Kind, Place

PROGRESS_SECONDS = 5
COLUMNS = ("rows", "objects", "bytes", *Kind)


class Command(BaseCommand):
    help = (
        "Compare every row with its object in the storage and every object with its row. Changes "
        "nothing. The exit status is 1 when something is wrong, and 2 when it could not end."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="compare sizes, read no bytes")
        parser.add_argument("--resume", action="store_true", help="go on where the last one ended")
        parser.add_argument("--json", action="store_true", help="print a JSON object a line")
        parser.add_argument(
            "--grace",
            type=int,
            default=GRACE // timedelta(minutes=1),
            metavar="MINUTES",
            help="leave younger objects without a row alone (%(default)s)",
        )

    def handle(
        self, *, quick: bool, resume: bool, json: bool, grace: int, verbosity: int, **options: Any
    ) -> None:
        place = read_place() if resume else Place()
        inspection = Inspection(
            at=timezone.now(), grace=timedelta(minutes=grace), hashing=not quick, place=place
        )
        told_at = monotonic()
        try:
            for findings in inspection.steps():
                for finding in findings:
                    self.stdout.write(as_json(finding) if json else as_line(finding))
                write_place(place)
                if verbosity and monotonic() - told_at > PROGRESS_SECONDS:
                    told_at = monotonic()
                    self.stderr.write(f"{place.total('objects'):,} objects, at {place.key}")
        except StorageUnavailable as error:
            raise CommandError(f"{error} Go on with --resume.", returncode=2) from error
        place_path().unlink(missing_ok=True)
        for line in json_totals(place) if json else table(place):
            self.stdout.write(line)
        if place.findings:
            raise CommandError(f"{place.findings} not as they should be.", returncode=1)


def as_json(finding: Finding) -> str:
    return json.dumps(asdict(finding))


def as_line(finding: Finding) -> str:
    facts = (finding.expected and f"not {finding.expected}", finding.actual)
    return "  ".join([f"{finding.kind:10}", finding.key, *filter(None, reversed(facts))])


def json_totals(place: Place) -> list[str]:
    return [json.dumps({"kind": "totals", "counts": place.counts})]


def table(place: Place) -> list[str]:
    """A row for each family of keys; columns that are 0 everywhere tell nothing."""
    columns = [name for name in COLUMNS if place.total(name) or name not in list(Kind)]
    lines = ["".join([f"{'':10}", *(f"{name:>14}" for name in columns)])]
    for family, count in sorted(place.counts.items()):
        lines.append("".join([f"{family:10}", *(f"{count[name]:>14,}" for name in columns)]))
    return lines


def place_path() -> Path:
    """Where the place is kept of an inspection that has not come to its end."""
    return Path(settings.DATA_DIR) / "verify_storage.json"


def read_place() -> Place:
    """Where the last inspection ended. Raises CommandError when it has come to its end."""
    try:
        kept = json.loads(place_path().read_text())
    except FileNotFoundError as error:
        raise CommandError("There is nothing to resume.", returncode=2) from error
    place = Place(kept["key"], kept["rows"])
    place.counts.update({name: Counter(count) for name, count in kept["counts"].items()})
    return place


def write_place(place: Place) -> None:
    fresh = place_path().with_suffix(".new")
    fresh.write_text(json.dumps(vars(place)))
    fresh.replace(place_path())
