"""The outbox tray: where mail to strangers goes while there is no relay, complete and captured."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, cast

from django.core.files import File

from attachments.errors import StorageUnavailable
from attachments.storage import attachment_storage
from messaging.mime.writer import FileChanged, MimeWriter
from messaging.models import Captured
from messaging.outbox.parcel import FilesMissing, Line, Parcel, carry_in_turn
from messaging.outbox.record import End, Reply
from project.errors import Refusal

IN_MEMORY_BYTES = 1024 * 1024
CAPTURED = Reply(250, "Captured in the outbox tray")


@dataclass(frozen=True)
class TrayTransport:
    """Stores mail as it would have been sent."""

    name: str = "outbox tray"

    def run(self, parcel: Parcel, line: Line) -> None:
        """Capture this parcel, and those that `line` has next."""
        carry_in_turn(parcel, line, self.capture)

    def capture(self, parcel: Parcel, line: Line) -> tuple[End | None, Parcel | None]:
        """Capture one: its end, None if it may not go, and the next, if the drain named one.

        Stored twice, it is the same mail at one key.
        """
        try:
            mail = parcel.open()
            captured = self.store(parcel, mail)
        except FilesMissing as error:
            return parcel.without_files(error), None
        except (OSError, StorageUnavailable, FileChanged, Refusal) as error:
            return parcel.unsent(f"The mail could not be stored: {error}"), None
        replies = {one.recipient_id: CAPTURED for one in parcel.addressees}
        answer = line.begin(parcel.begin(replies))
        if not answer.may_go:
            return None, answer.next
        ended = parcel.answered(replies, named=frozenset(replies), captured=captured)
        return ended, answer.next

    def store(self, parcel: Parcel, mail: MimeWriter) -> Captured:
        """Put the mail into the storage of attachments; the row is not yet saved."""
        storage = attachment_storage()
        key = f"outbox/{parcel.message.workspace_id}/{parcel.claim.delivery_id}.eml"
        with SpooledTemporaryFile(IN_MEMORY_BYTES) as spool:
            for block in parcel.blocks():
                spool.write(block)
            spool.seek(0)
            storage.delete(key)
            storage.save(key, File(cast("IO[bytes]", spool), name=key))
        return Captured(
            delivery_id=parcel.claim.delivery_id,
            mail_from=parcel.mail_from.ascii_email,
            recipients=[one.address.email for one in parcel.addressees],
            key=key,
            size=mail.size,
            sha256=parcel.sha256,
        )
