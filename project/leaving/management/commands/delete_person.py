"""`manage.py delete_person`: what is known of somebody, deleted, with a report."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from messaging.errors import InvalidAddress
from project.leaving.errors import NoSuchWorkspace
from project.leaving.people import delete_person
from project.leaving.report import Report
from project.leaving.target import open_private
from project.leaving.workspaces import find_workspace


class Command(BaseCommand):
    help = (
        "Delete somebody: the account, if there is one, contacts, and mail with them alone. The "
        "report says what was deleted, what stays and why. The exit status is 1 when something is "
        "in the way; then it says what."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", metavar="ADDRESS")
        parser.add_argument("--workspace", help="from this one only (its name, or wsp_…)")
        parser.add_argument(
            "--all", action="store_true", help="mail and drafts, too, in which others are named"
        )
        parser.add_argument("--dry-run", action="store_true", help="only report; change nothing")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the report as JSON")

    def handle(
        self,
        *,
        address: str,
        workspace: str | None,
        dry_run: bool,
        report: Path | None,
        **options: Any,
    ) -> None:
        try:
            found = delete_person(
                address=address,
                workspace=find_workspace(workspace) if workspace else None,
                with_others=options["all"],
                is_rehearsal=dry_run,
            )
        except (InvalidAddress, NoSuchWorkspace) as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.writelines(f"{line}\n" for line in found.lines())
        if report:
            write(report, found)
        if found.in_the_way:
            raise CommandError("Something is in the way; see above.", returncode=1)


def write(place: Path, report: Report) -> None:
    """Write a report as JSON, for nobody else to read. Raises CommandError."""
    try:
        with open_private(place) as file:
            file.write(json.dumps(report.as_json(), indent=2, ensure_ascii=False).encode())
    except OSError as error:
        raise CommandError(f"The report could not be written: {error}") from error
