"""The door for mail from outside: SMTP, and LMTP behind another server.

What a sender hears as 250 is durable: its bytes in the storage, its rows committed. On any trouble
of ours the sender hears 4xx and tries again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax
from django.db import close_old_connections

from attachments.incoming import Incoming
from messaging.inboxes import inbox_at
from messaging.models import Arrival, Inbox
from messaging.receiving.arrivals import has_room, keep_arrivals, open_incoming
from messaging.receiving.errors import EmptyMail, MailTooLarge
from messaging.receiving.transparency import Transparency

log = logging.getLogger(__name__)

BLOCK = 256 * 1024
MAX_CONNECTIONS = 100
MAX_RECIPIENTS = 100
LOOKERS = 4  # who speak to the database alone
KEEPERS = 8  # who speak to the storage as well
TIMEOUT_SECONDS = 300
PATIENCE_SECONDS = 60  # with all of them being busy

OK = "250 2.0.0 Kept"
NO_SUCH_INBOX = "550 5.1.1 No such inbox here"
TRY_AGAIN = "451 4.3.0 It could not be kept just now; try again later"
TOO_LARGE = "552 5.3.4 This mail has {actual} bytes; at most {limit} are taken"
EMPTY = "554 5.6.0 There is no mail in this"
TOO_BUSY = b"421 4.3.2 Too many connections; try again later\r\n"
FULL = "452 4.2.2 There is no room for more mail here just now; try again later"
TOO_MANY = "452 4.5.3 Too many recipients"

Value = TypeVar("Value")
# Apart, so that a storage that hangs does not keep the door from answering who has an inbox.
_lookers = ThreadPoolExecutor(LOOKERS, thread_name_prefix="door-look")
_keepers = ThreadPoolExecutor(KEEPERS, thread_name_prefix="door-keep")


@dataclass
class Doors:
    """How many connections are open, and who has to end before the process may."""

    open: int = 0


async def away(work: Callable[[], Value], *, workers: ThreadPoolExecutor) -> Value:
    """Do what blocks in a thread, with a database connection that lives.

    Raises TimeoutError when none is free for long; the work is then not begun any more.
    """

    def run() -> Value:
        close_old_connections()
        try:
            return work()
        finally:
            close_old_connections()

    job = workers.submit(run)
    try:
        end = asyncio.wrap_future(job)
        await asyncio.wait({end}, timeout=PATIENCE_SECONDS)
        if job.cancel():  # not if it has begun
            raise TimeoutError("all threads are busy")
        return await end
    finally:
        job.cancel()  # when the sender has hung up


def look_up(address: str) -> tuple[Inbox | None, bool]:
    """The inbox that an address reaches, and whether it takes no mail for want of room."""
    inbox = inbox_at(address)
    return inbox, inbox is not None and not has_room(inbox)


class Recipients:
    """Lets in who has an inbox here: aiosmtpd's handler."""

    async def handle_exception(self, error: Exception) -> str:
        """A mistake of ours is no reason for the sender to give up; aiosmtpd would say 500."""
        log.error("a conversation failed", exc_info=error)
        return TRY_AGAIN

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return TOO_MANY
        try:
            inbox, is_full = await away(lambda: look_up(address), workers=_lookers)
        except Exception:
            log.exception("the inbox %s could not be looked up", address)
            return TRY_AGAIN
        if inbox is None:
            return NO_SUCH_INBOX
        if is_full:
            return FULL
        envelope.rcpt_tos.append(address)
        envelope.__dict__.setdefault("inboxes", []).append((inbox, address))
        return "250 2.1.5 Ok"


class StreamedData(SMTP):
    """SMTP whose mails go to the disk while they come, and whose lines are as long as they like."""

    line_length_limit = BLOCK  # of aiosmtpd's reader; of commands it checks the length itself
    via = Arrival.Via.SMTP

    def __init__(self, doors: Doors, **options: Any) -> None:
        super().__init__(Recipients(), **options)
        self.doors = doors
        self.is_full = False  # whether there was no room for the mail that comes
        self.is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.is_counted:  # STARTTLS makes the same connection again
            if self.doors.open >= MAX_CONNECTIONS:
                assert isinstance(transport, asyncio.WriteTransport)
                transport.write(TOO_BUSY)
                transport.close()
                return
            self.is_counted = True
            self.doors.open += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.is_counted:
            self.doors.open -= 1
            super().connection_lost(error)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        """Take a mail; answer once it is kept, or why it is not."""
        if await self.check_helo_needed():
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        try:
            incoming = open_incoming()
        except Exception:  # before the sender begins, so that no mail is taken for commands
            log.exception("there is no place for a mail")
            await self.push(TRY_AGAIN)
            return
        with closing(incoming):
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            if not await self.take(incoming):
                return
            await self.answer(await self.keep(incoming))
        self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def take(self, incoming: Incoming) -> bool:
        """Write the mail as it comes; False when the sender hung up before its end."""
        reader: Any = self._reader
        transparency = Transparency()
        self.is_full = False
        while not transparency.has_ended:
            block = await reader.read(BLOCK)
            if not block:
                return False
            self._reset_timeout()  # it is for silence, not for the whole of a large mail
            mail = transparency.feed(block)
            try:
                if not self.is_full:
                    incoming.write(mail)
            except Exception:  # heard to its end all the same, then refused
                log.exception("a mail could not be written")
                self.is_full = True
        # A sender may go on behind its mail without waiting (RFC 2920, section 3.1).
        reader._buffer[:0] = transparency.rest
        return True

    async def keep(self, incoming: Incoming) -> str:
        """Make the mail durable; the reply that says whether it is."""
        assert self.envelope is not None
        inboxes, mail_from = vars(self.envelope)["inboxes"], self.envelope.mail_from or ""
        if self.is_full:
            return TRY_AGAIN

        def work() -> None:
            keep_arrivals(envelope=inboxes, incoming=incoming, via=self.via, mail_from=mail_from)

        try:
            await away(work, workers=_keepers)
        except MailTooLarge as refusal:
            return TOO_LARGE.format(actual=refusal.actual, limit=refusal.limit)
        except EmptyMail:
            return EMPTY
        except Exception:
            log.exception("a mail could not be kept")
            return TRY_AGAIN
        return OK

    async def answer(self, reply: str) -> None:
        await self.push(reply)


class LmtpDoor(StreamedData, LMTP):
    """LMTP: the same, with a reply for each recipient (RFC 2033, section 4.2)."""

    via = Arrival.Via.LMTP

    async def answer(self, reply: str) -> None:
        assert self.envelope is not None
        for _ in self.envelope.rcpt_tos:
            await self.push(reply)


class SmtpDoor(StreamedData):
    """SMTP."""
