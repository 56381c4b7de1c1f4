"""`manage.py rescan`: look again for malware, with the signatures of today."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from attachments.models import Attachment
from attachments.retention import spell_use
from attachments.scanning.clamd import ScannerDown
from attachments.scanning.rescan import rescan
from attachments.uses import uses_of
from messaging.models import Message
from project.ids import spell

DOWNLOADS = "Downloads are not recorded: who has fetched these files cannot be told."


class Command(BaseCommand):
    help = "Scan the bytes of all files again, and tell what carries those that are refused for it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            type=moment,
            metavar="TIME",
            help="leave out what has been judged since then (2026-11-28T07:00Z); now if not given",
        )

    def handle(self, *, since: datetime | None, **options: Any) -> None:
        if not settings.CLAMD_URL:
            raise CommandError("There is no scanner: set CLAMD_URL.")
        start = since or timezone.now()
        again = f"manage.py rescan --since {start.isoformat()}"
        self.stdout.write(f"To go on after a stop: {again}")
        count = refused = 0
        try:
            for one in rescan(since=start):
                count += 1
                for file in one.refused or ():
                    refused += 1
                    self.stdout.write(f"{spell('att', file.pk)}  {file.filename}  {file.reason}")
                    self.stdout.writelines(f"    {line}" for line in lines_of(file))
                if one.refused is None:
                    self.stdout.write(f"{one.blob.sha256}  no verdict; it is tried again")
        except ScannerDown as error:
            raise CommandError(
                f"The scanner does not answer ({error}). Then go on with: {again}"
            ) from error
        self.stdout.write(f"scanned: {count}, files refused: {refused}")
        if refused:
            self.stdout.write(DOWNLOADS)


def moment(text: str) -> datetime:
    """A time with its zone. Raises ValueError."""
    found = parse_datetime(text)
    if found is None or timezone.is_naive(found):
        raise ValueError(text)
    return found


def lines_of(file: Attachment) -> Iterator[str]:
    """Everything that carries a file: drafts, and messages that were sent or received."""
    for use in uses_of(file.pk):
        kind = use.kind
        if kind == "message":
            message = Message.objects.in_full().get(pk=use.id)
            kind = f"{message.direction} message, {message.status_at(timezone.now())}"
        yield f"{spell_use(use)['id']}  {kind}  {use.at:%Y-%m-%d %H:%M}"
