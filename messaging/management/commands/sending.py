"""`manage.py sending`: whether mail leaves; pause it, drain the workers, let it leave again."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime

from messaging.models import Delivery, Pause
from messaging.pausing import pause_sending, pauses_in, resume_sending
from project.errors import Refusal
from project.events.services import acting_as
from project.ids import UnknownId, read
from project.tenancy.models import Workspace

LOOK_SECONDS = 0.2


class Command(BaseCommand):
    help = "Say whether mail leaves; pause sending, drain the workers, or resume."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("status", help="what is paused, since when, and why")
        for verb in ("pause", "drain", "resume"):
            one = verbs.add_parser(verb)
            one.add_argument("--reason", required=True, help="why; people at the desk read it")
            one.add_argument("--by", default="operator", help="who decides this, for the log")
        for verb in ("pause", "resume"):
            verbs.choices[verb].add_argument(
                "--workspace", metavar="wsp_…", help="only this one; left out: everywhere"
            )
        for verb in ("pause", "drain"):
            verbs.choices[verb].add_argument(
                "--until", type=moment, metavar="TIME", help="RFC 3339; it ends by itself then"
            )
        verbs.choices["drain"].add_argument(
            "--wait", type=float, default=0.0, metavar="SECONDS", help="until nothing is under way"
        )

    def handle(self, *, verb: str, by: str = "", **options: Any) -> None:
        try:
            with acting_as(by):
                getattr(self, verb)(**options)
        except (Refusal, UnknownId) as refusal:
            raise CommandError(str(refusal)) from refusal

    def status(self, **options: Any) -> None:
        for pause in pauses_in(None):
            until = f", until {pause.ends_at:%Y-%m-%d %H:%M}" if pause.ends_at else ""
            self.stdout.write(f"{pause} since {pause.since:%Y-%m-%d %H:%M}{until}: {pause.reason}")
        self.stdout.write(f"{under_way()} under way")

    def pause(
        self, *, reason: str, workspace: str | None, until: datetime | None, **options: Any
    ) -> None:
        pause = pause_sending(workspace=workspace_of(workspace), reason=reason, ends_at=until)
        self.stdout.write(str(pause))

    def drain(self, *, reason: str, until: datetime | None, wait: float, **options: Any) -> None:
        pause = pause_sending(workspace=None, reason=reason, ends_at=until, is_drain=True)
        self.stdout.write(str(pause))
        give_up_at = time.monotonic() + wait
        while under_way() and time.monotonic() < give_up_at:
            time.sleep(LOOK_SECONDS)
        left = under_way()
        if wait and left:
            raise CommandError(f"{left} are still under way. The drain goes on.")
        self.stdout.write(f"{left} under way")

    def resume(self, *, reason: str, workspace: str | None, **options: Any) -> None:
        pauses = Pause.objects.filter(workspace=workspace_of(workspace))
        if not pauses:
            raise CommandError("Nothing is paused there.")
        for pause in pauses:
            resume_sending(pause=pause, reason=reason)
            self.stdout.write(f"Resumed: {pause}")


def moment(text: str) -> datetime:
    """A time with its zone."""
    found = parse_datetime(text)
    if found is None or found.tzinfo is None:
        raise ValueError(text)
    return found


def workspace_of(id: str | None) -> Workspace | None:
    """The workspace with this id; None is all of them."""
    if id is None:
        return None
    workspace = Workspace.objects.filter(pk=read("wsp", id)).first()
    if workspace is None:
        raise CommandError(f"There is no workspace {id}.")
    return workspace


def under_way() -> int:
    """How many deliveries workers hold."""
    states = (Delivery.State.CLAIMED, Delivery.State.DATA)
    return Delivery.objects.filter(due_at__isnull=False, state__in=states).count()
