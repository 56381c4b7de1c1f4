"""`manage.py parse_again`: read again what could not be read."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from messaging.models import Arrival
from messaging.receiving.parsing import parse_again
from project.ids import UnknownId, read, spell


class Command(BaseCommand):
    help = "Give arrivals that could not be read another three tries: all of them, or those named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="arr_…", help="which; without any: all")
        parser.add_argument("--dry-run", action="store_true", help="only list them")

    def handle(self, *, ids: list[str], dry_run: bool, **options: Any) -> None:
        arrivals = [failed_arrival(id) for id in ids] if ids else list(failed())
        for arrival in arrivals:
            if not dry_run:
                parse_again(arrival=arrival)
            self.stdout.write(f"{spell('arr', arrival.pk)}  {arrival}  {arrival.problem}")
        done = "would be" if dry_run else "will be"
        self.stdout.write(f"{len(arrivals)} {done} read again")


def failed() -> QuerySet[Arrival]:
    """The arrivals that could not be read, the oldest first."""
    return Arrival.objects.filter(state=Arrival.State.FAILED).order_by("id")


def failed_arrival(id: str) -> Arrival:
    """The one of this id. Raises CommandError when there is none that failed."""
    try:
        return failed().get(pk=read("arr", id))
    except (UnknownId, Arrival.DoesNotExist) as error:
        raise CommandError(f"{id} is no arrival that could not be read.") from error
