"""A workspace, whole, as files: mail as it came and as it was sent, bytes, manifests, rows.

Nothing is whole in memory: mail and files go through in blocks, rows in pages. Names are ids and
digests, which every file system takes; what people call things stands in the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from attachments.download import open_blob
from attachments.errors import (
    AttachmentElsewhere,
    AttachmentGone,
    AttachmentNotReady,
    AttachmentRefused,
    BytesMissing,
)
from attachments.incoming import BLOCK_BYTES
from attachments.models import Attachment, AttachmentState, Blob
from attachments.storage import attachment_storage
from messaging.errors import ContentGone, NotRecorded, NotSent
from messaging.manifest.evidence import signed_manifest
from messaging.manifest.keys import public_keys
from messaging.mime.writer import FileChanged
from messaging.models import Arrival, Message
from messaging.models.message import Direction
from messaging.source import first_sent, source_of, with_first_sent
from project.api.times import spell_time
from project.errors import Refusal, Unavailable
from project.ids import spell, time_of
from project.leaving.records import TABLES, events_of, in_pages, rows_of
from project.leaving.target import DAMAGED, Lines, Target, Written, line_of, open_target
from project.tenancy.models import Workspace

MESSAGES_AT_ONCE = 20  # with what they say, which may be long
WRITTEN_DOWN = "It came in elsewhere and was put on record here: its row is all there is."
LOST = ("lost", BytesMissing.code)  # why bytes are gone that nobody has deleted

Facts = Mapping[str, Any]
#: gives the blocks of something, and the digest that they must have, if there is one
Read = Callable[[], tuple[Iterator[bytes], str]]


class Standing(StrEnum):
    """How something is in an export, or why it is not."""

    HERE = "here"
    MISSING = "missing"  # the bytes should be there
    DAMAGED = "damaged"  # they are not those that came, or were sent
    UNCHECKED = "unchecked"  # a scan has yet to say whether they may leave
    HELD_BACK = "held back"  # a scan has refused them
    AWAITED = "awaited"  # they have never come
    GONE = "gone"  # they were deleted, or their time was over
    RECORDED = "recorded"  # somebody has written it down: there was no mail here
    ELSEWHERE = "elsewhere"  # they are at an address of somebody else's


#: what makes an export one that has to be done again, or that cannot be had whole
INCOMPLETE = (Standing.MISSING, Standing.DAMAGED, Standing.UNCHECKED)


@dataclass
class Summary:
    """What an export has, and what is not as it should be in it."""

    workspace: str
    name: str
    began_at: datetime
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # kind and standing -> things
    sizes: Counter[str] = field(default_factory=Counter)  # kind -> bytes

    @property
    def incomplete(self) -> int:
        """How much is missing, damaged, or not to be had yet."""
        return sum(count for (_, standing), count in self.counts.items() if standing in INCOMPLETE)

    def as_json(self) -> dict[str, Any]:
        """The summary as the export has it."""
        kinds: dict[str, dict[str, int]] = {}
        for (kind, standing), count in sorted(self.counts.items()):
            kinds.setdefault(kind, {})[standing] = count
        for kind, size in self.sizes.items():
            kinds[kind]["bytes"] = size
        return {
            "workspace": self.workspace,
            "name": self.name,
            "began_at": spell_time(self.began_at),
            "complete": not self.incomplete,
            "counts": kinds,
        }


def export_workspace(*, workspace: Workspace, place: Path, at: datetime) -> Summary:
    """Write everything that is a workspace's to a folder, or to a zip if `place` ends so.

    What is missing or damaged stands in the index and is counted. Without a summary in it, an
    export has not come to its end; into a folder it goes on when it is begun anew.
    Raises NoRoomForExport, StorageUnavailable and OSError.
    """
    spelt = spell("wsp", workspace.pk)
    summary = Summary(workspace=spelt, name=workspace.name, began_at=at)
    with open_target(place, workspace=spelt) as target, TemporaryFile(dir=target.home) as file:
        index = Lines(file)
        export = Export(workspace, target=target, index=index, summary=summary)
        export.forget_end()
        for step in (export.files, export.messages, export.unread, export.rows):
            step()
        target.put("keys.json", [line_of(public_keys())])
        target.put("index.jsonl", index.blocks())
        target.put("summary.json", [line_of(summary.as_json())])
    return summary


class Export:
    """One export, on its way."""

    def __init__(
        self, workspace: Workspace, *, target: Target, index: Lines, summary: Summary
    ) -> None:
        self._workspace = workspace
        self._target = target
        self._index = index
        self._summary = summary

    def forget_end(self) -> None:
        """Take away what says that an earlier export is whole: this one goes over it."""
        for name in ("summary.json", "index.jsonl"):
            self._target.drop(name)

    def files(self) -> None:
        """The bytes of all files, once for each digest, and a line for each file.

        What has no bytes comes first: a file whose bytes come meanwhile is told twice, not never.
        """
        for file in in_pages(self._workspace.attachments.filter(blob__isnull=True)):
            self._file(file, *standing_of_file(file))
        blobs = self._workspace.blobs.filter(Exists(Attachment.objects.filter(blob=OuterRef("pk"))))
        for blob in in_pages(blobs):
            written: Written | None = None
            for file in in_pages(blob.attachments.all()):
                standing, why = standing_of_file(file)
                if standing == Standing.HERE:
                    written = written or self._bytes_of(blob)
                    self._file(file, *standing_of_bytes(written, blob.sha256), written)
                else:
                    self._file(file, standing, why)

    def _file(
        self, file: Attachment, standing: Standing, why: str, written: Written | None = None
    ) -> None:
        facts = {
            "filename": file.filename,
            "content_type": file.content_type,
            "expected_sha256": file.sha256 or None,
            "deleted_at": spell_time(file.deleted_at),
        }
        self._tell("file", spell("att", file.pk), standing, facts, written, why=why)

    def _bytes_of(self, blob: Blob) -> Written:
        """What there is of some bytes now; no path: nothing."""
        path = f"files/{blob.sha256[:2]}/{blob.sha256}"
        try:
            written = self._target.put(path, _blocks_of(blob), sha256=blob.sha256)
        except (BytesMissing, FileNotFoundError):
            return Written("", 0, "")
        self._summary.sizes["file"] += written.size
        return written

    def messages(self) -> None:
        """Every mail as it came or as it was sent, and what proves the latter."""
        rows = with_first_sent(self._workspace.messages.in_full())
        rows = rows.prefetch_related("arrivals")
        for message in in_pages(rows, size=MESSAGES_AT_ONCE):
            id = spell("msg", message.pk)
            facts = {
                "direction": message.direction,
                "subject": message.subject,
                "from": message.from_email,
                "date": spell_time(message.date),
                "message_id": message.rfc_message_id,
                "files": [spell("att", one.attachment_id) for one in message.enclosures.all()],
            }
            if message.direction == Direction.INBOUND and not message.arrivals.all():
                self._tell("message", id, Standing.RECORDED, facts, why=WRITTEN_DOWN)
                continue
            path = f"messages/{folder_of(message.pk)}/{id}.eml"
            self._put("message", id, path, facts, partial(self._mail, message))
            if message.deliveries.all():
                self._manifest(message, id)

    def unread(self) -> None:
        """Mail that came in and has not been read yet."""
        for arrival in in_pages(self._workspace.arrivals.filter(message__isnull=True)):
            id = spell("arr", arrival.pk)
            facts = {"from": arrival.mail_from, "to": arrival.recipient}
            path = f"arrivals/{folder_of(arrival.pk)}/{id}.eml"
            self._put("arrival", id, path, facts, partial(_raw, arrival))

    def rows(self) -> None:
        """The rows of all tables, and the log."""
        for table in TABLES:
            self._table(table.name, rows_of(table, self._workspace))
        self._table("events", events_of(self._workspace))

    def _table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for row in rows:
                count += 1
                yield line_of(row)

        written = self._target.put(f"rows/{name}.jsonl", lines())
        self._tell("rows", name, Standing.HERE, {"count": count}, written)

    def _mail(self, message: Message) -> tuple[Iterator[bytes], str]:
        """A mail, and the digest that it must have; blank where nobody has put one down."""
        blocks = source_of(message, at=self._summary.began_at).blocks()
        if message.direction == Direction.INBOUND:
            arrival = min(message.arrivals.all(), key=lambda one: one.pk)
            return blocks, arrival.sha256
        return blocks, first_sent(message).get("sha256", "")

    def _manifest(self, message: Message, id: str) -> None:
        try:
            signed = signed_manifest(message)
        except NotSent:
            return
        except NotRecorded as refusal:
            self._tell("manifest", id, Standing.GONE, {}, why=refusal.message)
            return
        path = f"manifests/{folder_of(message.pk)}/{id}.json"
        written = self._target.put(path, [line_of(signed)])
        self._tell("manifest", id, Standing.HERE, {}, written)

    def _put(self, kind: str, id: str, path: str, facts: Facts, read: Read) -> None:
        try:
            blocks, sha256 = read()
            written = self._target.put(path, blocks, sha256=sha256)
        except Unavailable:
            raise
        except FileNotFoundError:
            self._tell(kind, id, Standing.MISSING, facts, why="The storage does not have it.")
        except FileChanged as error:
            self._tell(kind, id, Standing.DAMAGED, facts, why=str(error))
        except Refusal as refusal:
            self._tell(kind, id, standing_of(refusal), facts, why=refusal.message)
        else:
            standing, why = standing_of_bytes(written, sha256)
            self._tell(kind, id, standing, facts, written, why=why)

    def _tell(
        self,
        kind: str,
        id: str,
        standing: Standing,
        facts: Facts,
        written: Written | None = None,
        *,
        why: str = "",
    ) -> None:
        """A line of the index."""
        line: dict[str, Any] = {"kind": kind, "id": id, "standing": standing}
        if written is not None and written.path:
            line |= {"path": written.path, "size": written.size, "sha256": written.sha256}
            if kind != "file":  # of which several have the same bytes
                self._summary.sizes[kind] += written.size
        self._index.add({**line, **facts, "why": why or None})
        self._summary.counts[kind, standing] += 1


def standing_of_bytes(written: Written, sha256: str) -> tuple[Standing, str]:
    """How bytes stand by what was written of them, and why."""
    if not written.path:
        return Standing.MISSING, "The storage does not have it."
    if written.path.endswith(DAMAGED):
        return Standing.DAMAGED, f"It should have the SHA-256 {sha256}."
    return Standing.HERE, ""


def standing_of(refusal: Refusal) -> Standing:
    """How a mail stands whose bytes are not given."""
    if isinstance(refusal, AttachmentRefused):
        return Standing.HELD_BACK
    if isinstance(refusal, AttachmentElsewhere):
        return Standing.ELSEWHERE
    if isinstance(refusal, AttachmentNotReady):
        return STANDINGS[AttachmentState(refusal.state)]
    if isinstance(refusal, AttachmentGone | ContentGone):
        details = refusal.details if isinstance(refusal.details, Mapping) else {}
        return Standing.MISSING if details.get("reason") in LOST else Standing.GONE
    return Standing.MISSING


def standing_of_file(file: Attachment) -> tuple[Standing, str]:
    """How a file stands by what its row says, and why."""
    if file.state == AttachmentState.GONE and file.reason_code in LOST:
        return Standing.MISSING, file.reason
    return STANDINGS[AttachmentState(file.state)], file.reason


STANDINGS = {
    AttachmentState.RESERVED: Standing.AWAITED,
    AttachmentState.STORED: Standing.UNCHECKED,
    AttachmentState.READY: Standing.HERE,
    AttachmentState.REFUSED: Standing.HELD_BACK,
    AttachmentState.GONE: Standing.GONE,
    AttachmentState.LINKED: Standing.ELSEWHERE,
}


def folder_of(id: UUID) -> str:
    """The month in which something came, so that no folder has everything in it."""
    return f"{time_of(id):%Y-%m}"


def _blocks_of(blob: Blob) -> Iterator[bytes]:
    with open_blob(blob) as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _raw(arrival: Arrival) -> tuple[Iterator[bytes], str]:
    def blocks() -> Iterator[bytes]:
        with attachment_storage().open(arrival.key) as file:
            while block := file.read(BLOCK_BYTES):
                yield block

    return blocks(), arrival.sha256
