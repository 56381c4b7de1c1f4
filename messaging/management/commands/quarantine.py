"""`manage.py quarantine`: what scans have refused or hold, and what becomes of it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet

from attachments.models import Attachment, AttachmentState
from attachments.retention import delete_attachment
from attachments.scanning.verdicts import quarantined, release_attachment
from messaging.models import Message
from messaging.source import received_mail
from project.errors import Refusal
from project.events.services import acting_as
from project.ids import UnknownId, read, spell


class Command(BaseCommand):
    help = "List files that scans hold back; release or delete one; write the mail one came with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="all of them, the oldest first")
        for verb in ("release", "delete"):
            one = verbs.add_parser(verb)
            one.add_argument("id", metavar="att_…")
            one.add_argument("--by", required=True, help="who decides this")
        verbs.choices["release"].add_argument("--reason", required=True)
        raw = verbs.add_parser("raw", help="write the bytes of a received mail to a file")
        raw.add_argument("id", metavar="msg_…")
        raw.add_argument("path", type=Path)

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, verb)(**options)
        except (Refusal, UnknownId) as refusal:
            raise CommandError(str(refusal)) from refusal

    def list(self, **options: Any) -> None:
        for file in held_back().select_related("blob", "workspace").iterator():
            when = file.blob.scanned_at if file.blob else None
            words = (spell("att", file.pk), file.workspace, file.filename, file.state, file.reason)
            self.stdout.write("  ".join([*map(str, words), f"{when:%Y-%m-%d}" if when else "-"]))

    def release(self, *, id: str, by: str, reason: str, **options: Any) -> None:
        release_attachment(attachment=attachment(id), by=by, reason=reason)
        self.stdout.write(f"{id} may be used.")

    def delete(self, *, id: str, by: str, **options: Any) -> None:
        file = attachment(id)
        with acting_as(by):
            delete_attachment(attachment=file)
        self.stdout.write(f"{id} is deleted.")

    def raw(self, *, id: str, path: Path, **options: Any) -> None:
        message = Message.objects.in_full().filter(pk=read("msg", id)).first()
        if message is None:
            raise CommandError(f"There is no message {id}.")
        with path.open("xb") as file:
            file.writelines(received_mail(message).blocks())


def held_back() -> QuerySet[Attachment]:
    """The files that scans have refused, or that wait for a verdict."""
    waiting = Q(state=AttachmentState.STORED)
    return Attachment.objects.filter(quarantined() | waiting).order_by("id")


def attachment(id: str) -> Attachment:
    found = held_back().filter(pk=read("att", id)).first()
    if found is None:
        raise CommandError(f"No scan holds {id} back.")
    return found
