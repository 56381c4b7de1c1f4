"""Ready mail down kept-open connections, and no care for its fate: a floor for sending."""

import socket
from collections.abc import Iterator, Sequence
from typing import Final

from tests.bench.client import Wrong
from tests.bench.meter import Cost, in_threads, measured_here
from tests.services.servers import LOOPBACK

RECIPIENT: Final = "someone@example.com"


def send(
    mails: Sequence[bytes],
    *,
    port: int,
    connections: int,
    sender: str,
    recipient: str = RECIPIENT,
) -> Cost:
    """Send each; the cost of one. The next envelope rides behind the dot, as ours does."""
    left = iter([b"%b.\r\n" % mail.replace(b"\r\n.", b"\r\n..") for mail in mails])
    with measured_here() as measure:
        in_threads([lambda: _carry(left, port, sender, recipient)] * connections)
    return measure.cost.per(len(mails))


def _carry(left: Iterator[bytes], port: int, sender: str, recipient: str) -> None:
    group = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()
    with socket.create_connection((LOOPBACK, port)) as line, line.makefile("rb") as replies:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def expect(code: bytes) -> None:
            reply = replies.readline()
            while reply[3:4] == b"-":
                reply = replies.readline()
            if not reply.startswith(code):
                raise Wrong(f"the server says {reply!r}")

        expect(b"220")
        line.sendall(b"EHLO floor.test\r\n")
        expect(b"250")
        mail = next(left, None)
        if mail:
            line.sendall(group)
        while mail:
            for code in (b"250", b"250", b"354"):
                expect(code)
            after = next(left, None)
            line.sendall(mail + group if after else mail)
            expect(b"250")
            mail = after
