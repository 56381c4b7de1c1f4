"""One connection of the SMTP sink."""

import base64
import hashlib
import re
import socket
import struct
import threading
import time
from contextlib import suppress
from ssl import SSLContext
from typing import Final, Protocol

from tests.services.smtp_record import Record, Transaction, data_faults, declared_size, message_id
from tests.services.smtp_rules import Point, Rule, Script

BLOCK: Final = 1 << 16
LONGEST_LINE: Final = 1 << 16
DOT: Final = b"\r\n.\r\n"
RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close with RST
PATH: Final = re.compile(r"(?:FROM|TO):\s*<([^>]*)>\s*(.*)", re.IGNORECASE)
LAST_OF_GROUP: Final = ("EHLO", "HELO", "DATA", "AUTH", "STARTTLS", "QUIT", "NOOP", "VRFY")


class Hung(Exception):
    """The connection is over, by the client or by a rule."""


class Host(Protocol):
    """What a session needs of its sink."""

    script: Script
    record: Record
    context: SSLContext | None
    stopping: threading.Event

    def hold(self, at: Point) -> None:
        """Wait until the test lets go of this point."""


class Session:
    """A conversation with one client, from the greeting to the end."""

    def __init__(self, *, client: socket.socket, number: int, host: Host) -> None:
        self.client = client
        self.number = number
        self.host = host
        self.rules = host.script.rules  # how it speaks stays; what it does may be told anew
        self.buffer = bytearray()
        self.tls = False
        self.user = ""
        self.greeted = False
        self.transaction: Transaction | None = None
        self.transactions = 0
        self.faults: list[str] = []

    def run(self) -> None:
        """Talk until the client, a rule or the sink ends it."""
        with suppress(Hung, OSError):
            if self.rules.tls == "implicit":
                self._secure()
            self._greet()
            while True:
                self._obey(self._line())
        with suppress(OSError):
            self.client.close()
        self._finish()  # who waits for the end finds the line closed

    def hang_up(self) -> None:
        """End the connection from another thread."""
        with suppress(OSError):
            socket.socket.shutdown(self.client, socket.SHUT_RDWR)  # below TLS, if there is any

    # The wire

    def _receive(self, most: int = BLOCK) -> bytes:
        if (pace := self.rules.bytes_per_second) is not None:
            most = min(most, max(1, pace // 20))
            self._sleep(most / pace)
        if not (block := self.client.recv(most)):
            raise Hung
        return block

    def _line(self) -> str:
        while (end := self.buffer.find(b"\r\n")) < 0:
            if len(self.buffer) > LONGEST_LINE:
                self._say("500 5.5.2 Line too long")
                raise Hung
            self.buffer += self._receive()
        line = self.buffer[:end].decode("utf-8", "surrogateescape")
        del self.buffer[: end + 2]
        return line

    def _say(self, reply: str) -> None:
        self.client.sendall(reply.encode("utf-8", "surrogateescape") + b"\r\n")
        if reply.startswith("421"):
            raise Hung

    def _secure(self) -> None:
        if self.host.context is None:
            raise Hung
        self.buffer.clear()  # what was sent before the handshake must not count after it
        self.client = self.host.context.wrap_socket(self.client, server_side=True)
        self.tls = True

    def _sleep(self, seconds: float) -> None:
        if self.host.stopping.wait(seconds):
            raise Hung

    # The rules

    def _meet(self, at: Point, subject: str) -> str:
        """Do what the rules want here and give their reply, empty if they have none."""
        for rule in self.host.script.due(at, subject):
            if reply := self._do(rule):
                return reply
        return ""

    def _do(self, rule: Rule) -> str:
        if rule.delay:
            self._sleep(rule.delay)
        if rule.hold:
            self.host.hold(rule.at)
            if self.host.stopping.is_set():
                raise Hung
        if rule.drop == "reset":
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if rule.drop:
            raise Hung
        return rule.reply

    # The commands

    def _greet(self) -> None:
        reply = self._meet("connect", str(self.number)) or "220 sink.test ESMTP"
        self._say(reply)
        while not reply.startswith("2"):  # RFC 5321, 3.1: nothing but QUIT from here
            if self._line().upper() == "QUIT":
                self._quit("")
            self._say("503 5.5.1 No service here")

    def _obey(self, line: str) -> None:
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        if self.buffer and verb in LAST_OF_GROUP:
            self._blame(f"bytes came with {verb} before its reply")
        elif self.buffer and "PIPELINING" not in self.rules.extensions:
            self._blame("pipelined without PIPELINING")
        commands = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._reset,
            "NOOP": self._noop,
            "QUIT": self._quit,
        }
        if command := commands.get(verb):
            command(argument)
        else:
            self._say("500 5.5.2 Unknown command")

    def _blame(self, fault: str) -> None:
        (self.transaction.faults if self.transaction else self.faults).append(fault)

    def _ehlo(self, name: str) -> None:
        self._finish()
        self.greeted = True
        if reply := self._meet("ehlo", name):
            return self._say(reply)
        lines = ["sink.test", *self.rules.extensions]
        if self.rules.tls == "starttls" and not self.tls:
            lines.append("STARTTLS")
        elif self.rules.login:
            lines.append("AUTH PLAIN LOGIN")
        self._say("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))

    def _helo(self, name: str) -> None:
        self._finish()
        self.greeted = True
        self._say(self._meet("ehlo", name) or "250 sink.test")

    def _starttls(self, _argument: str) -> None:
        if self.rules.tls != "starttls" or self.tls:
            return self._say("503 5.5.1 Not now")
        self._say("220 2.0.0 Ready")
        self._secure()
        self.greeted = False

    def _auth(self, argument: str) -> None:
        if self.rules.login is None:
            return self._say("503 5.5.1 No login here")
        how, _, first = argument.partition(" ")
        if how.upper() == "PLAIN":
            _, user, password = (self._decode(first or self._ask("")) + "\0\0").split("\0")[:3]
        elif how.upper() == "LOGIN":
            user = self._decode(first or self._ask("VXNlcm5hbWU6"))
            password = self._decode(self._ask("UGFzc3dvcmQ6"))
        else:
            return self._say("504 5.5.4 Unknown mechanism")
        if reply := self._meet("auth", user):
            return self._say(reply)
        if (user, password) != self.rules.login:
            return self._say("535 5.7.8 Wrong user or password")
        self.user = user
        self._say("235 2.7.0 Welcome")

    def _ask(self, question: str) -> str:
        self._say(f"334 {question}")
        return self._line()

    def _decode(self, text: str) -> str:
        try:
            return base64.b64decode(text, validate=True).decode()
        except ValueError:
            self._say("501 5.5.2 Not base64")
            raise Hung from None

    def _mail(self, argument: str) -> None:
        self._finish()
        if not self.greeted:
            return self._say("503 5.5.1 EHLO first")
        if self.rules.tls == "starttls" and not self.tls:
            return self._say("530 5.7.0 STARTTLS first")
        if self.rules.login and not self.user:
            return self._say("530 5.7.0 Log in first")
        if not (path := PATH.fullmatch(argument)):
            return self._say("501 5.5.4 MAIL FROM:<address>")
        sender, parameters = path[1], path[2].split()
        self.transactions += 1
        self.transaction = Transaction(
            connection=self.number,
            number=self.transactions,
            sender=sender,
            parameters=parameters,
            user=self.user,
            tls=self.tls,
            faults=self.faults,
            began=time.time(),
        )
        self.faults = []
        if self._too_big(declared_size(parameters)):
            reply = "552 5.3.4 Message too big"
        else:
            reply = self._meet("mail", sender) or "250 2.1.0 Ok"
        if not reply.startswith("2"):
            self.transaction.reply = reply
            self._finish()
        self._say(reply)

    def _rcpt(self, argument: str) -> None:
        if (transaction := self.transaction) is None:
            return self._say("503 5.5.1 MAIL first")
        if not (path := PATH.fullmatch(argument)):
            return self._say("501 5.5.4 RCPT TO:<address>")
        reply = self._meet("rcpt", path[1]) or "250 2.1.5 Ok"
        if reply.startswith("2"):
            transaction.accepted.append(path[1])
        else:
            transaction.refused.append((path[1], reply))
        self._say(reply)

    def _data(self, _argument: str) -> None:
        if (transaction := self.transaction) is None or not transaction.accepted:
            return self._say(
                "554 5.5.1 No valid recipients" if transaction else "503 5.5.1 MAIL first"
            )
        envelope = " ".join([transaction.sender, *transaction.accepted])
        if reply := self._meet("data", envelope):
            transaction.reply = reply
            self._finish()
            return self._say(reply)
        transaction.started, transaction.started_at = True, time.time()
        self._say("354 Go ahead")
        data = self._body(transaction, envelope)
        transaction.dot, transaction.dot_at = True, time.time()
        transaction.sha256 = hashlib.sha256(data).hexdigest()
        transaction.message_id = message_id(data)
        transaction.faults += data_faults(data, transaction.parameters)
        self._judge(transaction, f"{envelope} {transaction.message_id}")

    def _judge(self, transaction: Transaction, subject: str) -> None:
        reply = self._meet("dot", subject)
        if self._too_big(transaction.size):
            reply = reply or "552 5.3.4 Message too big"
        if not reply or reply.startswith("2"):
            transaction.kept = True
            self.host.record.keep(transaction)
            reply = self._meet("kept", subject) or reply or "250 2.0.0 Kept"
        transaction.reply = reply
        self._finish()
        self._say(reply)

    def _body(self, transaction: Transaction, envelope: str) -> bytes:
        """Read up to the dot; what is behind it stays in the buffer."""
        due = sorted(self.host.script.due("body", envelope), key=lambda rule: rule.after)
        body = bytearray(b"\r\n") + self.buffer  # so that a dot in the first line is one
        self.buffer.clear()
        searched = 0
        while (end := body.find(DOT, searched)) < 0:
            searched = max(0, len(body) - len(DOT) + 1)
            transaction.size = len(body) - 2
            if due and transaction.size >= due[0].after:
                self._keep_data(transaction, body)
                self._do(due.pop(0))
                continue
            most = min(BLOCK, due[0].after - transaction.size) if due else BLOCK
            try:
                body += self._receive(most)
            except (Hung, OSError):
                self._keep_data(transaction, body)
                raise
        self.buffer += body[end + len(DOT) :]
        return self._keep_data(transaction, body[: end + 2])

    def _keep_data(self, transaction: Transaction, body: bytearray) -> bytes:
        data = bytes(body.replace(b"\r\n.", b"\r\n")[2:])
        transaction.size = len(data)
        if self.rules.keep_data:
            transaction.data = data
        return data

    def _too_big(self, size: int) -> bool:
        limits = [int(word[5:]) for word in self.rules.extensions if word.startswith("SIZE ")]
        return bool(limits) and size > limits[0]

    def _reset(self, _argument: str) -> None:
        self._finish()
        self._say("250 2.0.0 Ok")

    def _noop(self, _argument: str) -> None:
        self._say("250 2.0.0 Ok")

    def _quit(self, _argument: str) -> None:
        self._say("221 2.0.0 Bye")
        raise Hung

    def _finish(self) -> None:
        if self.transaction is not None:
            self.transaction.ended = time.time()
            self.host.record.end(self.transaction)
            self.transaction = None
