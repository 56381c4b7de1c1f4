"""`manage.py retention`: what goes next by itself, and why."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from project.backoffice.retention import RULES, SOON, first_of, outlook
from project.tenancy.models import Workspace
from project.tenancy.office import Workspaces


class Command(BaseCommand):
    help = (
        "Count what the clock lets go of in its next run, and what it lets go of within a day. "
        "It changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", metavar="UUID", help="only what is of this workspace")
        parser.add_argument(
            "--rows", type=int, metavar="N", help="name the first N rows of each rule as well"
        )

    def handle(self, *, workspace: str | None, rows: int | None, **options: Any) -> None:
        workspaces = chosen(workspace)
        now = timezone.now()
        for rule in RULES.values():
            found = outlook(rule, at=now, workspaces=workspaces)
            self.stdout.write(
                f"{rule.name:8} now {found.rows} rows, {found.bytes} bytes; "
                f"within a day {found.rows_soon} rows, {found.bytes_soon} bytes. {rule.title}"
            )
            for row in first_of(rule, at=now + SOON, workspaces=workspaces)[: rows or 0]:
                self.stdout.write(f"  {row.pk}  {getattr(row, rule.due)}  {row}")


def chosen(id: str | None) -> Workspaces:
    """The workspace of this id alone; without one, all. Raises CommandError for none."""
    if id is None:
        return None
    try:
        workspace = Workspace.objects.get(pk=UUID(id))
    except (ValueError, Workspace.DoesNotExist) as error:
        raise CommandError(f"{id} is no workspace.") from error
    return frozenset([workspace.pk])
