"""A connection to a relay: commands and replies, and no idea of what they mean for the outbox."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from socket import IPPROTO_TCP, TCP_NODELAY, socket
from typing import Any, cast
from uuid import UUID

from django.conf import settings

from messaging.mime.writer import MimeWriter
from messaging.outbox.parcel import Addressee, Parcel
from messaging.outbox.record import Reply
from messaging.outbox.relay import Relay

CONNECT_SECONDS = 120.0  # the greeting included
#: RFC 5321, section 4.5.3.2: five minutes for most commands
REPLY_SECONDS = 300.0
BLOCK_SECONDS = 180.0
FINAL_REPLY_SECONDS = 600.0
REPLY_BYTES = 4096  # of a reply that nobody asked for
#: so many replies fit into the buffers between the two sides while nobody reads them
GROUP = 100
GO_ON = 354  # "start mail input"
CLOSING = 421  # "closing transmission channel", in answer to any command
NOT_SMTPUTF8 = Reply(0, "The relay does not take addresses that are not ASCII (SMTPUTF8).")
NOT_8BITMIME = Reply(0, "The relay does not take mail with 8-bit lines (8BITMIME).")


class Lost(Exception):
    """The connection is gone, or was never of use.

    `is_relay_down`: it could not be opened, so that others need not try just now.
    """

    def __init__(self, reason: str, *, is_relay_down: bool = False) -> None:
        super().__init__(reason)
        self.is_relay_down = is_relay_down


@dataclass(frozen=True)
class Envelope:
    """Who sends, and to whom, in the words of one server."""

    parcel: Parcel
    mail: MimeWriter
    named: tuple[Addressee, ...]
    refused: dict[UUID, Reply]  # by ourselves, for what the server cannot do
    commands: tuple[bytes, ...]  # MAIL and the RCPTs

    @property
    def is_group(self) -> bool:
        """Whether it can go in one piece."""
        return 0 < len(self.named) <= GROUP

    @property
    def group(self) -> bytes:
        return b"".join((*self.commands, b"DATA\r\n"))


class Connection:
    """An open conversation in which the server has greeted us and knows who we are."""

    def __init__(self, relay: Relay) -> None:
        """Connect, secure the line and sign in; raises Lost with the reason."""
        try:
            self.smtp = _connect(relay)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise Lost(f"{relay}: {_words(error)}", is_relay_down=True) from error
        self.relay = relay
        self.is_pipelining = self.smtp.has_extn("pipelining")
        self.is_in_data = False

    def envelope(self, parcel: Parcel, mail: MimeWriter) -> Envelope:
        """The commands for this server, without those whom it has no way to reach."""
        has = self.smtp.has_extn
        refusal = None
        if (mail.needs_smtputf8 or parcel.mail_from.needs_smtputf8) and not has("smtputf8"):
            refusal = NOT_SMTPUTF8
        elif mail.is_8bit and not has("8bitmime"):
            refusal = NOT_8BITMIME
        refused = {
            one.recipient_id: refusal or NOT_SMTPUTF8
            for one in parcel.addressees
            if refusal or (one.address.needs_smtputf8 and not has("smtputf8"))
        }
        named = tuple(one for one in parcel.addressees if one.recipient_id not in refused)
        is_utf8 = mail.needs_smtputf8 or any(
            address.needs_smtputf8
            for address in (parcel.mail_from, *(one.address for one in named))
        )
        options = [
            f" SIZE={mail.size}" if has("size") else "",
            " BODY=8BITMIME" if mail.is_8bit else "",
            " SMTPUTF8" if is_utf8 else "",
        ]
        commands = [f"MAIL FROM:<{parcel.mail_from.ascii_email}>{''.join(options)}\r\n"]
        commands += [f"RCPT TO:<{one.address.ascii_email}>\r\n" for one in named]
        return Envelope(parcel, mail, named, refused, tuple(line.encode() for line in commands))

    def send_envelope(self, envelope: Envelope) -> None:
        """Send it in one piece, if the server can do that; raises Lost."""
        if self.is_pipelining and envelope.is_group:
            self._send(envelope.group, REPLY_SECONDS)

    def read_envelope(self, envelope: Envelope) -> dict[UUID, Reply]:
        """The reply to each addressee; if one is positive, the server waits for the mail.

        What was not sent ahead is sent here, command by command. Raises Lost.
        """
        if not envelope.named:
            return envelope.refused
        ahead = self.is_pipelining and envelope.is_group
        sender, *lines = envelope.commands
        answer = self._ask(b"" if ahead else sender)
        if answer.is_positive:
            recipients = [self._ask(b"" if ahead else line) for line in lines]
            left = 1
        else:
            recipients = [answer] * len(lines)
            left = len(lines) + 1
        if any(reply.is_positive for reply in recipients):
            recipients = self._ask_for_data(recipients, b"" if ahead else b"DATA\r\n")
        elif ahead:
            self._skip_replies(left)
        return envelope.refused | {
            one.recipient_id: reply for one, reply in zip(envelope.named, recipients, strict=True)
        }

    def _ask_for_data(self, recipients: list[Reply], command: bytes) -> list[Reply]:
        """The replies to recipients, given what the server says to DATA."""
        answer = self._ask(command, positive=GO_ON)
        self.is_in_data = answer.code == GO_ON
        if answer.is_positive:  # it does not wait for a mail: no byte of one may be sent
            raise Lost(f"{self.relay}: {answer}")
        if self.is_in_data:
            return recipients
        return [answer if one.is_positive else one for one in recipients]

    def _skip_replies(self, count: int) -> None:
        """Read what is left of a group in which nobody is welcome; some servers hang up then."""
        try:
            for _ in range(count):
                self.is_in_data = self._ask(b"", positive=GO_ON).code == GO_ON
        except Lost:
            self.close()

    def forget_envelope(self) -> None:
        """End a transaction in which no mail is sent; raises Lost."""
        if self.is_in_data:
            raise Lost("The server wants a mail for nobody.")
        self._ask(b"RSET\r\n")

    def send_block(self, block: bytes) -> None:
        """Send a part of the mail; raises Lost."""
        self._send(block, BLOCK_SECONDS)

    def check_listening(self) -> None:
        """Raises Lost if the server has hung up, or spoken, in the middle of the mail.

        To be asked before the dot: then nothing was sent, where later there would be doubt.
        """
        line = self._line(0)
        try:
            said = line.recv(REPLY_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            raise Lost(f"{self.relay}: {_words(error)}") from error
        words = (
            said.decode("utf-8", "replace").strip()
            or "the server hung up in the middle of the mail"
        )
        raise Lost(f"{self.relay}: {words}")

    def send_last(self, block: bytes, behind: Envelope | None = None) -> None:
        """Send the last part of the mail and its dot, and an envelope behind; raises Lost."""
        self.is_in_data = False
        end = b".\r\n" if block.endswith(b"\r\n") else b"\r\n.\r\n"
        self._send(block + end + (behind.group if behind else b""), BLOCK_SECONDS)

    def read_final(self) -> Reply:
        """The reply to the dot; raises Lost."""
        return self._ask(b"", seconds=FINAL_REPLY_SECONDS, is_final=True)

    def quit(self) -> None:
        """Part politely, without waiting."""
        with suppress(OSError, smtplib.SMTPException):
            self.smtp.send("QUIT\r\n")
        self.close()

    def close(self) -> None:
        """Part without a word."""
        self.smtp.close()

    def _line(self, seconds: float) -> socket:
        if self.smtp.sock is None:
            raise Lost(f"{self.relay}: the connection has been closed")
        self.smtp.sock.settimeout(seconds)
        return self.smtp.sock

    def _send(self, data: bytes, seconds: float) -> None:
        try:
            self._line(seconds).sendall(data)
        except OSError as error:
            raise Lost(f"{self.relay}: {_words(error)}") from error

    def _ask(
        self,
        command: bytes,
        *,
        seconds: float | None = None,
        positive: int = 250,
        is_final: bool = False,
    ) -> Reply:
        """Send a command, if there is one, and read the next reply.

        A reply that is none (neither 2xx, 4xx, 5xx nor the one hoped for) and 421, other than to
        the final dot, where it is as good an answer as any, count as a lost connection.
        """
        seconds = seconds or REPLY_SECONDS
        if command:
            self._send(command, seconds)
        self._line(seconds)
        try:
            code, text = self.smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Lost(f"{self.relay}: {_words(error)}") from error
        reply = Reply(code, text.decode("utf-8", "replace"))
        if code == CLOSING and not is_final:
            raise Lost(f"{self.relay}: {reply}")
        if code != positive and code // 100 not in (2, 4, 5):
            raise Lost(f"{self.relay}: {reply}")
        return reply


def _connect(relay: Relay) -> smtplib.SMTP:
    # reading the authorities' certificates takes 20 ms
    context = None if relay.security == "smtp" else ssl.create_default_context()
    smtp: Any = (
        smtplib.SMTP_SSL(context=context, local_hostname=our_name(), timeout=CONNECT_SECONDS)
        if relay.security == "smtps"
        else smtplib.SMTP(local_hostname=our_name(), timeout=CONNECT_SECONDS)
    )
    try:
        smtp._host = relay.host  # the name that TLS checks; only its constructor sets it
        code, words = smtp.connect(relay.host, relay.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, words)
        smtp.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # an envelope does not wait for an ACK
        smtp.ehlo_or_helo_if_needed()
        if relay.security == "smtp+starttls":
            smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
        if relay.username:
            smtp.login(relay.username, relay.password)
    except BaseException:
        smtp.close()
        raise
    return cast("smtplib.SMTP", smtp)


def our_name() -> str:
    """How we greet a server (RFC 5321, section 4.1.3: an address stands in brackets)."""
    try:
        address = ip_address(settings.PUBLIC_HOST)
    except ValueError:
        return str(settings.PUBLIC_HOST)
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        return f"{error.smtp_code} {text}"
    return str(error) or type(error).__name__
