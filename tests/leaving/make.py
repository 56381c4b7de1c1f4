"""A workspace with something of everything, and its export as somebody reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from django.core.management import CommandError, call_command

from attachments.models import Attachment
from messaging.contacts import Contact, create_customer
from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.suppressions import suppress
from project.ids import spell
from project.tenancy.models import Workspace
from tests.drafts.make import make_draft
from tests.events.make import make_endpoint
from tests.messaging.make import (
    make_arrival,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
    receive,
)

RAW = (
    b"From: Ann <ann@example.com>\r\nTo: desk@acme.test\r\nSubject: Hi\r\n"
    b"Message-ID: <%d@example.com>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nHere.\r\n"
    b"--b\r\nContent-Type: application/octet-stream\r\n"
    b'Content-Disposition: attachment; filename="../CON:%d.bin"\r\n\r\nbytes %d\r\n--b--\r\n'
)


def raw_mail(number: int) -> bytes:
    return RAW % (number, number, number)


@dataclass(frozen=True)
class Filled:
    """What a workspace has."""

    inbox: Inbox
    sent: Message
    received: Message
    files: list[Attachment]


def fill(workspace: Workspace, *, address: str = "desk@acme.test") -> Filled:
    """Give a workspace something of everything that an export has."""
    inbox = make_inbox(workspace, address=address)
    files = [
        make_file(workspace, b"%PDF-1.4 one", filename="a?.pdf"),
        make_file(workspace, b"%PDF-1.4 two", filename="b.pdf"),
        make_file(workspace, b"%PDF-1.4 two", filename="again.pdf"),
    ]
    sent = make_message(inbox, files=files[:2])
    deliver_due()
    received = receive(inbox, raw_mail(1).replace(b"desk@acme.test", address.encode()))
    make_arrival(inbox, raw_mail(2))
    make_draft(inbox, files=[files[2]])
    make_reservation(workspace)
    create_customer(workspace=workspace, name="Ann", emails=[Contact("ann@example.com")])
    suppress(workspace=workspace, email="never@example.com")
    make_endpoint(workspace)
    return Filled(inbox, Message.objects.get(pk=sent.pk), received, files)


def export(workspace: Workspace, place: Path) -> tuple[int, str]:
    """Run the command; its exit status, and what it says."""
    said = StringIO()
    try:
        call_command("export_workspace", spell("wsp", workspace.pk), str(place), stdout=said)
    except CommandError as error:
        return error.returncode, f"{said.getvalue()}{error}"
    return 0, said.getvalue()


class Export:
    """An export, read back."""

    def __init__(self, place: Path) -> None:
        self._place = place
        lines = self.read("index.jsonl").decode().splitlines()
        self.index: list[dict[str, Any]] = [json.loads(line) for line in lines]

    @property
    def paths(self) -> set[str]:
        if self._place.is_dir():
            found = (path for path in self._place.rglob("*") if path.is_file())
            return {path.relative_to(self._place).as_posix() for path in found}
        with ZipFile(self._place) as archive:
            assert archive.testzip() is None
            assert len(archive.namelist()) == len(set(archive.namelist()))
            return set(archive.namelist())

    def read(self, path: str) -> bytes:
        if self._place.is_dir():
            return (self._place / path).read_bytes()
        with ZipFile(self._place) as archive:
            return archive.read(path)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.index if line["kind"] == kind]

    def line(self, kind: str, prefix: str, row: Any) -> dict[str, Any]:
        id = spell(prefix, row.pk)
        (found,) = [line for line in self.of(kind) if line["id"] == id]
        return found

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.read(f"rows/{name}.jsonl").splitlines()]

    def wrong_digests(self) -> list[str]:
        """The paths of the index whose bytes are not those that it says."""
        lines = [line for line in self.index if line.get("path")]
        return [
            line["path"]
            for line in lines
            if (line["size"], line["sha256"]) != _facts(self.read(line["path"]))
        ]


def _facts(content: bytes) -> tuple[int, str]:
    return len(content), sha256(content).hexdigest()
