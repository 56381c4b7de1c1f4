"""`manage.py export_workspace`: everything that is a workspace's, to take along."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from attachments.errors import StorageUnavailable
from project.leaving.errors import NoRoomForExport, NoSuchWorkspace
from project.leaving.export import export_workspace
from project.leaving.workspaces import find_workspace


class Command(BaseCommand):
    help = (
        "Write everything that is a workspace's to a folder or a zip: mail, files, manifests, rows "
        "without secrets, with an index. The exit status is 1 when something is missing or "
        "damaged, and 2 when it could not end: begin it anew, and it goes on."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workspace", metavar="WORKSPACE", help="its name, or its id (wsp_…)")
        parser.add_argument("place", type=Path, metavar="FOLDER|FILE.zip")

    def handle(self, *, workspace: str, place: Path, **options: Any) -> None:
        try:
            found = find_workspace(workspace)
            summary = export_workspace(workspace=found, place=place, at=timezone.now())
        except (NoSuchWorkspace, NoRoomForExport, StorageUnavailable, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(json.dumps(summary.as_json(), indent=2, ensure_ascii=False))
        if summary.incomplete:
            raise CommandError(
                f"{summary.incomplete} missing, damaged or not checked yet: "
                'lines of index.jsonl whose "standing" says so.',
                returncode=1,
            )
