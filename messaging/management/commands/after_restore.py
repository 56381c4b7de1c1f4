"""`manage.py after_restore`: what has to be done between a restore and the first worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from messaging.outbox.sweep import doubt_what_was_due
from project.events.models import Event


class Command(BaseCommand):
    help = (
        "After a restore, before workers are started: mail that has been due since the backup may "
        "have left already, so it is not sent by itself; its outcome is unknown until somebody "
        "says. Mail that is due later goes on as it is."
    )

    def handle(self, **options: Any) -> None:
        if Event.objects.ahead().exists():
            raise CommandError(
                "The log of events is ahead of this database server, which counts transactions "
                "from lower on: new events would be told to nobody. Stop the server, raise its "
                "count with `pg_resetwal --epoch`, and start it again."
            )
        doubted = doubt_what_was_due()
        self.stdout.write(f"{doubted} may have left since the backup: not sent by itself")
