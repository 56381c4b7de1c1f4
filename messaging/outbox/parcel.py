"""A delivery as a transport sees it: an envelope, a mail, and nothing of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import IO, TYPE_CHECKING, Any, Protocol
from uuid import UUID

from django.utils import timezone

from messaging.addresses import Address
from messaging.dkim.signing import Signer, body_of, signature_of
from messaging.manifest.parts import part_of
from messaging.mime.assembly import assemble, opener
from messaging.mime.writer import MimeWriter
from messaging.models import Captured, Message
from messaging.outbox.claim import Claim
from messaging.outbox.record import Begin, End, Reply, Try, storable

if TYPE_CHECKING:
    from messaging.outbox.rehearsal import Rehearsed


class FilesMissing(Exception):
    """Bytes of these attachments are not in storage."""

    def __init__(self, files: Mapping[UUID, str]) -> None:
        super().__init__(f"The storage does not have {', '.join(files.values())}.")
        self.files = files


@dataclass(frozen=True)
class Addressee:
    """Somebody who is still to get it."""

    recipient_id: UUID
    address: Address
    was_deferred: bool
    rehearsed: Rehearsed | None = None  # what is to come of it, on the route of that name


@dataclass
class Parcel:
    """One try at a delivery, in the hands of a transport."""

    claim: Claim
    number: int
    is_last: bool
    message: Message  # with its files; read, never saved
    mail_from: Address
    addressees: tuple[Addressee, ...]
    relay: str
    signer: Signer | None = None  # None: a mail that is not signed leaves as it is written
    signature: bytes = b""  # the field on top of the mail; blank: there is none, or none yet
    started_at: datetime = field(default_factory=timezone.now)
    opened: dict[UUID, IO[bytes]] = field(default_factory=dict)
    mail: MimeWriter | None = None  # while its files are open
    sha256: str = ""  # of all bytes of the mail, when `blocks` has given them
    sent: Mapping[str, Any] | None = None  # what the DATA is, from `begin` on; see Attempt.sent

    @property
    def has_files(self) -> bool:
        """Whether there is anything to open."""
        return any(enclosure.in_mail for enclosure in self.message.enclosures.all())

    @property
    def is_read_first(self) -> bool:
        """Whether `open` reads all of its files, which takes a while."""
        return self.signer is not None and not self.signature and self.has_files

    def open(self) -> MimeWriter:
        """Open every file, so that none can turn out missing later, and give the mail.

        Raises FilesMissing, or whatever a storage raises that does not answer. To sign it, its
        files are read once: that raises Unsigned and FileChanged as well.
        """
        if self.mail:
            return self.mail
        missing = {}
        for enclosure in self.message.enclosures.all():
            if enclosure.in_mail and enclosure.attachment_id not in self.opened:
                try:
                    self.opened[enclosure.attachment_id] = opener(enclosure.attachment)()
                except FileNotFoundError:
                    missing[enclosure.attachment_id] = enclosure.filename
        if missing:
            raise FilesMissing(missing)
        mail = assemble(self.message, opened=self.opened)
        if self.signer and not self.signature:
            read = assemble(self.message)  # with files of its own: the open ones are for sending
            self.signature = signature_of(
                mail.head, body_of(read), signer=self.signer, at=self.message.date
            )
        self.mail = mail.under(self.signature)
        return self.mail

    def blocks(self) -> Iterator[bytes]:
        """The open mail in blocks, as it is sent; raises what `MimeWriter.blocks` raises."""
        assert self.mail
        digest = sha256()
        for block in self.mail.blocks():
            digest.update(block)
            yield block
        self.sha256 = digest.hexdigest()

    def close(self) -> None:
        """Close the files; the next `open` opens them anew."""
        self.mail = None
        while self.opened:
            self.opened.popitem()[1].close()

    def begin(self, replies: Mapping[UUID, Reply]) -> Begin:
        """Ask to go on to the dot, with the envelope's replies to all addressees."""
        self.sent = self._contents()
        named = {id for id, reply in replies.items() if reply.is_positive}
        return Begin(
            claim=self.claim,
            named=frozenset(named),
            retried=frozenset(
                one.recipient_id
                for one in self.addressees
                if one.was_deferred and one.recipient_id in named
            ),
            replies={id: reply for id, reply in replies.items() if id not in named},
        )

    def unsent(self, reason: str) -> End:
        """The end of a try in which nothing was sent and nobody answered."""
        return End(self._tried(), reason=storable(reason))

    def without_files(self, error: FilesMissing) -> End:
        """The end of a try for which there were no bytes."""
        return End(self._tried(), reason=str(error), missing=frozenset(error.files))

    def answered(
        self,
        replies: Mapping[UUID, Reply],
        *,
        named: frozenset[UUID] = frozenset(),
        captured: Captured | None = None,
    ) -> End:
        """The end of a try with answers; who is `named` without one is in doubt."""
        sent = self.sent if named else None
        return End(self._tried(), named=named, replies=replies, sent=sent, captured=captured)

    def _contents(self) -> Mapping[str, Any]:
        """What the mail is. A provider writes its own of the same parts: we know no digest then."""
        assert self.mail
        verdicts = self._verdicts()
        return {
            "from": self.mail_from.ascii_email,
            "sha256": self.sha256,
            "size": self.mail.size,
            "parts": [
                part_of(leaf, verdict=verdicts.get(leaf.sha256)) for leaf in self.mail.leaves
            ],
            **({"signature": self.signature.decode()} if self.signature else {}),
        }

    def _verdicts(self) -> dict[str, str]:
        """What the scanner has said of its files, by their digests."""
        blobs = [one.attachment.blob for one in self.message.enclosures.all() if one.in_mail]
        return {blob.sha256: blob.verdict for blob in blobs if blob}

    def _tried(self) -> Try:
        return Try(
            claim=self.claim,
            message_id=self.message.pk,
            workspace_id=self.message.workspace_id,
            number=self.number,
            is_last=self.is_last,
            relay=self.relay,
            started_at=self.started_at,
        )


@dataclass(frozen=True)
class Answer:
    """What the drain says to a transport that asks to begin."""

    may_go: bool
    next: Parcel | None  # may ride behind the dot of this one


class Line(Protocol):
    """A transport's line to the drain, which has the database; used from the transport's thread."""

    def begin(self, begin: Begin, *, ended: End | None = None) -> Answer:
        """Wait until both are committed."""

    def end(self, end: End) -> None:
        """Hand over, without waiting."""

    def next(self, *, ended: End | None = None) -> Parcel | None:
        """Hand over, and wait for more work; None: hang up."""

    def is_down(self, reason: str) -> None:
        """Nobody answers there: spare the others that are to go the same way, for a while."""


class Transport(Protocol):
    """A way out. `name` tells it from others: work for one name goes over the same connections."""

    @property
    def name(self) -> str: ...

    def run(self, parcel: Parcel, line: Line) -> None:
        """Carry this parcel, and those that `line` has next, until there are none."""


def carry_in_turn(
    parcel: Parcel, line: Line, carry: Callable[[Parcel, Line], tuple[End | None, Parcel | None]]
) -> None:
    """Carry a parcel, and those that `line` has next, one after the other.

    `carry` gives the end of one, None if it may not go, and the next, if the drain named one.
    """
    after: Parcel | None = parcel
    while after:
        try:
            ended, rider = carry(after, line)
        finally:
            after.close()
        if rider and ended:
            line.end(ended)
        after = rider or line.next(ended=ended)
