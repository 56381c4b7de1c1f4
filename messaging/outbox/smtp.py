"""Our streaming SMTP: a kept-open connection, with the next envelope behind the last dot.

The order of things is the outbox's promise. Files are opened before the envelope. The last block,
with the final dot, leaves only after the drain has committed that it may: a server must drop a
message whose dot never came (RFC 5321, section 4.1.1.10), so until then nothing was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from attachments.errors import StorageUnavailable
from messaging.dkim.signing import Unsigned
from messaging.mime.writer import FileChanged, MimeWriter
from messaging.outbox.connection import Connection, Envelope, Lost
from messaging.outbox.parcel import FilesMissing, Line, Parcel
from messaging.outbox.record import End, Reply
from messaging.outbox.relay import Relay
from project.errors import Refusal


class Unreadable(Exception):
    """The mail could not be read to its end."""


@dataclass(frozen=True)
class Outstanding:
    """A mail whose dot has been sent, and whose final reply has not been read."""

    parcel: Parcel
    replies: Mapping[UUID, Reply]  # of the envelope

    def ended(self, final: Reply | None) -> End:
        """Its end; without a final reply, whoever was named is in doubt."""
        named = frozenset(id for id, reply in self.replies.items() if reply.is_positive)
        replies = {id: reply for id, reply in self.replies.items() if id not in named}
        if final:
            replies.update(dict.fromkeys(named, final))
        return self.parcel.answered(replies, named=named)


@dataclass(frozen=True)
class SmtpTransport:
    """Carries mail to a relay."""

    relay: Relay

    @property
    def name(self) -> str:
        return str(self.relay)

    def run(self, parcel: Parcel, line: Line) -> None:
        """Carry this parcel, and those that `line` has next, over one connection."""
        Run(self.relay, line).carry(parcel)


class Run:
    """One connection's work, from the first parcel to the hanging up."""

    def __init__(self, relay: Relay, line: Line) -> None:
        self.relay = relay
        self.line = line
        self.connection: Connection | None = None
        self.riding: Envelope | None = None  # it left behind the last dot
        self.outstanding: Outstanding | None = None
        self.ended: End | None = None  # not handed over yet

    def carry(self, first: Parcel) -> None:
        """Carry parcels until there are none."""
        parcel: Parcel | None = first
        try:
            while parcel:
                after = self.deliver(parcel)
                parcel.close()
                parcel = after or self.ask_for_more()
        finally:
            if parcel:
                parcel.close()
            if self.connection:
                self.connection.quit()

    def ask_for_more(self) -> Parcel | None:
        """Hand over what is known of the last mail, and wait for work."""
        self.settle()
        ended, self.ended = self.ended, None
        return self.line.next(ended=ended)

    def deliver(self, parcel: Parcel) -> Parcel | None:
        """Try one parcel; returns the next to be tried, which may be the same one.

        A connection that had served others before may have died of age: the parcel is not to
        blame and is tried once more, on a new one. The answer to the last mail does not wait until
        this one is read and signed.
        """
        if parcel.is_read_first:
            self.settle()
            self.end(None)
        try:
            mail = parcel.open()
        except FilesMissing as error:
            self.end(parcel.without_files(error))
            return None
        except Unsigned as error:
            self.end(parcel.unsent(str(error)))
            return None
        except (OSError, StorageUnavailable, FileChanged, Refusal) as error:
            self.end(parcel.unsent(f"The mail could not be read: {error}"))
            return None
        is_new = self.connection is None
        try:
            return self.send(parcel, self.announce(parcel, mail))
        except Unreadable as error:
            self.hang_up()
            self.end(parcel.unsent(f"The mail could not be read: {error}"))
        except Lost as error:
            self.hang_up()
            if not is_new:
                return parcel
            if error.is_relay_down:
                self.line.is_down(str(error))
            self.end(parcel.unsent(str(error)))
        return None

    def announce(self, parcel: Parcel, mail: MimeWriter) -> dict[UUID, Reply]:
        """Send the envelope, unless it is under way, and read who is welcome.

        The reply to the last mail's dot comes first. Raises Lost.
        """
        envelope, self.riding = self.riding, None
        self.settle()
        if envelope and self.connection is None:
            raise Lost("The connection was lost while another mail was on it.")
        if envelope is None:
            if self.connection is None:
                self.connection = Connection(self.relay)
            envelope = self.connection.envelope(parcel, mail)
            self.connection.send_envelope(envelope)
        assert self.connection
        return self.connection.read_envelope(envelope)

    def send(self, parcel: Parcel, replies: Mapping[UUID, Reply]) -> Parcel | None:
        """Send the mail itself, up to and with its dot, if anybody is welcome."""
        assert self.connection
        if not any(reply.is_positive for reply in replies.values()):
            self.end(parcel.answered(replies))
            self.forget()
            return None
        blocks = self.stuffed(parcel)
        last = next(blocks)
        for block in blocks:
            if self.ended:  # in its own commit, before the long wait for our own last block
                self.end(None)
            self.connection.send_block(last)
            last = block
        self.connection.check_listening()
        ended, self.ended = self.ended, None
        answer = self.line.begin(parcel.begin(replies), ended=ended)
        if not answer.may_go:
            self.hang_up()  # there is no RSET inside DATA
            return answer.next
        self.outstanding = Outstanding(parcel, replies)
        self.dot(last, answer.next)
        return answer.next

    def forget(self) -> None:
        """Make the connection fit for the next mail, this one not being sent."""
        assert self.connection
        try:
            self.connection.forget_envelope()
        except Lost:
            self.hang_up()

    def dot(self, last: bytes, after: Parcel | None) -> None:
        """Send the last block, and the next envelope behind it where the server can do that.

        Files of the next mail are opened only when the dot is on its way: until then every moment
        is one in which a death would leave a doubt.
        """
        assert self.connection
        rides = after is not None and not after.is_read_first
        rider = after if rides and self.connection.is_pipelining else None
        behind = self.envelope_of(rider) if rider and not rider.has_files else None
        try:
            self.connection.send_last(last, behind)
        except Lost:
            self.settle_in_doubt()
            return
        if rider and rider.has_files:
            behind = self.envelope_of(rider)
            if behind:
                with suppress(Lost):  # the reply to the dot may have come all the same
                    self.connection.send_envelope(behind)
        self.riding = behind

    def envelope_of(self, parcel: Parcel) -> Envelope | None:
        """The envelope of a parcel that can ride; None leaves it to its own turn."""
        assert self.connection
        try:
            envelope = self.connection.envelope(parcel, parcel.open())
        except (FilesMissing, OSError, StorageUnavailable, FileChanged, Unsigned, Refusal):
            return None
        return envelope if envelope.is_group else None

    def settle(self) -> None:
        """Read the reply to the last dot, if one is outstanding."""
        if self.outstanding is None:
            return
        if self.connection is None:
            self.settle_in_doubt()
            return
        try:
            final = self.connection.read_final()
        except Lost:
            self.settle_in_doubt()
            return
        self.ended, self.outstanding = self.outstanding.ended(final), None

    def settle_in_doubt(self) -> None:
        """Nobody knows whether the last mail was taken."""
        assert self.outstanding
        self.hang_up()
        self.ended, self.outstanding = self.outstanding.ended(None), None

    def end(self, end: End | None) -> None:
        """Hand over the ends of tries, in their order."""
        for one in (self.ended, end):
            if one:
                self.line.end(one)
        self.ended = None

    def hang_up(self) -> None:
        """Close the connection without a word."""
        self.riding = None
        if self.connection:
            self.connection.close()
            self.connection = None

    def stuffed(self, parcel: Parcel) -> Iterator[bytes]:
        """The mail's blocks with leading dots doubled (RFC 5321, section 4.5.2).

        Raises Unreadable when a file does not yield its bytes.
        """
        try:
            yield from stuff(parcel.blocks())
        except (OSError, StorageUnavailable, FileChanged) as error:
            raise Unreadable(str(error)) from error


def stuff(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Double the dots at the beginnings of lines, across the borders of blocks."""
    before = b"\r\n"
    for block in blocks:
        stuffed = block.replace(b"\r\n.", b"\r\n..") if b"\n." in block else block
        if block.startswith(b".") and before.endswith(b"\r\n"):
            stuffed = b"." + stuffed
        elif block.startswith(b"\n.") and before.endswith(b"\r"):
            stuffed = b"\n." + stuffed[1:]
        before = (before + block)[-2:]
        yield stuffed
