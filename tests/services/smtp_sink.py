"""An SMTP server that takes everything, forgets nothing and misbehaves as told.

In the test's own process it is `SmtpSink`; `python -m tests.services.smtp_sink` runs it as a
process of its own, which `SinkProcess` (in `sinks`) starts, asks and steers. `smtp_rules` says
what it can be told. It knows nothing of Django.
"""

import argparse
import json
import signal
import socket
import ssl
import sys
import tempfile
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from tests.services.certificate import make_certificate, server_context
from tests.services.servers import LOOPBACK
from tests.services.smtp_record import Ledger, Memory, Record, Transaction
from tests.services.smtp_rules import Point, Rule, Rules, Script
from tests.services.smtp_session import Session

NARROW: Final = 4096  # bytes of receive buffer, so that the client feels a slow reader


class Holds:
    """Where sessions wait for the test."""

    def __init__(self) -> None:
        self._change = threading.Condition()
        self._waiting: Counter[Point] = Counter()
        self._round: Counter[Point] = Counter()
        self._open = False

    def wait(self, at: Point) -> None:
        with self._change:
            now = self._round[at]
            self._waiting[at] += 1
            self._change.notify_all()
            self._change.wait_for(lambda: self._open or self._round[at] > now)
            self._waiting[at] -= 1

    def release(self, at: Point) -> None:
        """Let go those who wait now; who comes later waits again."""
        with self._change:
            self._round[at] += 1
            self._change.notify_all()

    def release_all(self) -> None:
        """Let everybody go, now and later."""
        with self._change:
            self._open = True
            self._change.notify_all()

    def held(self, at: Point) -> int:
        """Count those who wait now."""
        with self._change:
            return self._waiting[at]

    def wait_held(self, at: Point, *, count: int, timeout: float) -> None:
        """Wait until so many are held at a point; raises TimeoutError."""
        with self._change:
            if not self._change.wait_for(lambda: self._waiting[at] >= count, timeout):
                raise TimeoutError(f"{self._waiting[at]} of {count} came to {at} in {timeout} s")


class SinkServer:
    """The listener and its sessions, over any record."""

    def __init__(self, *, rules: Rules, record: Record, port: int = 0) -> None:
        self.script = Script(rules)
        self.record = record
        self.holds = Holds()
        self.stopping = threading.Event()
        self.connections = 0
        self.certificate: Path | None = None
        self.context: ssl.SSLContext | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="enclose-sink-")
        if rules.tls:
            self.certificate = make_certificate(Path(self._folder.name))
            self.context = server_context(self.certificate)
        self._sessions: dict[Session, threading.Thread] = {}
        self._lock = threading.Lock()
        self._listener = _listen(port, narrow=rules.bytes_per_second is not None)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="sink", daemon=True)
        self._acceptor.start()

    @property
    def open_connections(self) -> int:
        """Count the clients that are connected now."""
        with self._lock:
            return len(self._sessions)

    def hold(self, at: Point) -> None:
        """Wait until the test lets go of this point."""
        self.holds.wait(at)

    def set_rules(self, *rules: Rule) -> None:
        """Tell it anew what to do, from the next command on; how it speaks stays."""
        self.script = Script(replace(self.script.rules, rules=rules))

    def stop(self) -> None:
        """End all connections and listen no more."""
        self.stopping.set()
        self.holds.release_all()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        with self._lock:
            sessions = dict(self._sessions)
        for session, thread in sessions.items():
            session.hang_up()
            thread.join()
        self.record.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is closed to end this
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                session = Session(client=client, number=self.connections, host=self)
                thread = threading.Thread(target=self._serve, args=[session], daemon=True)
                with self._lock:
                    self._sessions[session] = thread
                thread.start()

    def _serve(self, session: Session) -> None:
        session.run()
        with self._lock:
            del self._sessions[session]


def _listen(port: int, *, narrow: bool) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if narrow:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW)
    listener.bind((LOOPBACK, port))
    listener.listen(256)
    return listener


class SmtpSink(SinkServer):
    """A sink in the test's own process, its record in memory."""

    def __init__(self, rules: Rules | None = None, *, port: int = 0) -> None:
        self.memory = Memory()
        super().__init__(rules=rules or Rules(), record=self.memory, port=port)

    @property
    def url(self) -> str:
        """Give what `SMTP_URL` must be to send here."""
        return smtp_url(self.script.rules, self.port)

    @property
    def transactions(self) -> list[Transaction]:
        """All transactions that are over, in the order of their ends."""
        return self.memory.transactions

    @property
    def kept(self) -> list[Transaction]:
        """All messages that arrived, in that order."""
        return self.memory.kept

    def release(self, at: Point) -> None:
        """Let go those who are held at a point now."""
        self.holds.release(at)

    def wait_held(self, at: Point, *, count: int = 1, timeout: float = 10.0) -> None:
        """Wait until so many clients are held at a point; raises TimeoutError."""
        self.holds.wait_held(at, count=count, timeout=timeout)

    def wait_kept(self, count: int, *, timeout: float = 10.0) -> list[Transaction]:
        """Wait for so many messages and give them; raises TimeoutError."""
        return self.memory.wait_kept(count, timeout=timeout)

    def wait_ended(self, count: int, *, timeout: float = 10.0) -> list[Transaction]:
        """Wait for the ends of so many transactions and give them; raises TimeoutError."""
        return self.memory.wait_ended(count, timeout=timeout)


def smtp_url(rules: Rules, port: int) -> str:
    """Give the `SMTP_URL` that fits a sink's rules."""
    scheme = {"": "smtp", "starttls": "smtp+starttls", "implicit": "smtps"}[rules.tls]
    login = ":".join(rules.login) + "@" if rules.login else ""
    return f"{scheme}://{login}{LOOPBACK}:{port}"


def _answer(server: SinkServer, line: str) -> dict[str, object]:
    """Obey a line of JSON: {"rules": {…}}, {"release": "kept"} or {"held": "kept"}."""
    match json.loads(line):
        case {"rules": rules}:
            server.set_rules(*Rules.read(json.dumps(rules)).rules)
        case {"release": at}:
            server.holds.release(at)
        case {"held": at}:
            return {"held": server.holds.held(at)}
    return {}


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit


def main() -> None:
    """Run a sink until SIGTERM. Its first line of output is JSON: port, certificate.

    Each line of JSON on the standard input is answered with one.
    """
    parser = argparse.ArgumentParser(prog="smtp_sink")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", type=Path, required=True, help="SQLite file to keep all in")
    parser.add_argument("--rules", default="{}", help="JSON, see tests/services/smtp_rules.py")
    parser.add_argument("--no-fsync", action="store_true", help="for measuring clients")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _leave)
    rules = Rules.read(options.rules)
    ledger = Ledger(options.store, durable=not options.no_fsync)
    server = SinkServer(rules=rules, record=ledger, port=options.port)
    try:
        certificate = str(server.certificate or "")
        _print({"port": server.port, "certificate": certificate})
        for line in sys.stdin:
            _print(_answer(server, line))
        signal.pause()
    except (KeyboardInterrupt, SystemExit):
        server.stop()


def _print(words: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
