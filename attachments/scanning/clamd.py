"""Asking clamd about bytes, in blocks: its INSTREAM command (clamd(8)).

Only a plain OK reads as clean. An answer that says neither yes nor no is unscannable; no answer,
half of one or one that makes no sense is raised.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from attachments.models import Verdict

CONNECT_SECONDS = 5.0  # also for saying its version: whoever takes longer is not there
IDLE_SECONDS = 30.0  # for taking one block
WHOLE_SECONDS = 180.0  # for one file; clamd itself gives up after 120 (MaxScanTime)
MAX_ANSWER = 4096  # bytes

TOO_LARGE = "INSTREAM size limit exceeded"  # what it says before it hangs up at StreamMaxLength
LIMITS = "Heuristics.Limits.Exceeded"  # with AlertExceedsMax: what it has not looked at


class ScannerDown(Exception):
    """The scanner cannot be asked: it says nothing of any file."""


class ScanFailed(Exception):
    """The scanner is there, and came to no verdict on these bytes."""


class _HungUp(Exception):
    """The scanner takes no more bytes."""


@dataclass(frozen=True)
class Answer:
    """What the scanner says; `signature` is what it found, or why it cannot say."""

    verdict: Verdict
    signature: str = ""


@dataclass(frozen=True)
class Clamd:
    """A clamd at `tcp://host:port` or `unix:///path`; times in seconds."""

    url: str
    connect: float = CONNECT_SECONDS
    idle: float = IDLE_SECONDS
    whole: float = WHOLE_SECONDS

    def version(self) -> str:
        """Engine and signatures, such as `ClamAV 1.4.3/27500/…`. Raises ScannerDown."""
        try:
            with self._line() as line:
                line.sendall(b"zVERSION\0")
                return _read(line)
        except (OSError, ScanFailed) as error:
            raise ScannerDown(str(error) or type(error).__name__) from error

    def scan(self, blocks: Iterable[bytes]) -> Answer:
        """What it says of these bytes; what reading them raises goes through.

        Raises ScannerDown and ScanFailed.
        """
        end = time.monotonic() + self.whole
        with self._line() as line:
            with suppress(_HungUp):  # having said why, mostly
                self._send(line, blocks, end)
            try:
                line.settimeout(max(0.001, end - time.monotonic()))
                return _understood(_read(line))
            except OSError as error:
                raise ScanFailed(f"There was no answer: {error}.") from error

    @contextmanager
    def _line(self) -> Iterator[socket.socket]:
        parts = urlsplit(self.url)
        try:
            if parts.scheme == "tcp":
                address = (parts.hostname or "", parts.port or 3310)
                line = socket.create_connection(address, self.connect)
            else:
                line = socket.socket(socket.AF_UNIX)
                line.settimeout(self.connect)
                line.connect(parts.path)
        except OSError as error:
            raise ScannerDown(str(error)) from error
        with line:
            yield line

    def _send(self, line: socket.socket, blocks: Iterable[bytes], end: float) -> None:
        self._say(line, b"zINSTREAM\0", end)
        for block in blocks:
            self._say(line, len(block).to_bytes(4, "big") + block, end)
        self._say(line, bytes(4), end)

    def _say(self, line: socket.socket, words: bytes, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise ScanFailed(f"It took longer than {self.whole:g} s.")
        line.settimeout(min(self.idle, left))
        try:
            line.sendall(words)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise _HungUp from error
        except OSError as error:
            raise ScanFailed(f"The scanner took no more bytes: {error}.") from error


def _read(line: socket.socket) -> str:
    """An answer, which ends with NUL. Raises ScanFailed for half of one."""
    said = b""
    while not said.endswith(b"\0"):
        block = line.recv(MAX_ANSWER)
        said += block
        if not block or len(said) > MAX_ANSWER:
            raise ScanFailed("The scanner hung up.")
    return said[:-1].decode(errors="replace")


def _understood(said: str) -> Answer:
    """Raises ScanFailed for what is no verdict."""
    text = said.removeprefix("stream: ")
    if text == "OK":
        return Answer(Verdict.CLEAN)
    if text.startswith(TOO_LARGE):
        return Answer(Verdict.UNSCANNABLE, "it is too large for the scanner")
    signature, _, kind = text.rpartition(" ")
    if kind != "FOUND" or not signature:
        raise ScanFailed(said[:255])
    if signature.startswith(LIMITS):
        return Answer(
            Verdict.UNSCANNABLE, f"it is beyond a limit of the scanner, {signature[:200]}"
        )
    return Answer(Verdict.INFECTED, signature[:255])
