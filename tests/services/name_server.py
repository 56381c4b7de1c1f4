"""A name server of our own, that answers questions for TXT records, over UDP."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from pytest_django.fixtures import Settings

from tests.services.servers import LOOPBACK


class NameServer:
    """Says what is in `records`: the strings of the TXT records by name, without its last dot.

    A record is given as the strings of which it is made. A name in `silent` gets no answer but
    SERVFAIL.
    """

    def __init__(self) -> None:
        self.records: dict[str, list[list[str]]] = {}
        self.silent: set[str] = set()
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.bind((LOOPBACK, 0))
        self.address: tuple[str, int] = self.line.getsockname()
        self.thread = Thread(target=self._serve, daemon=True)
        self.thread.start()

    def put(self, name: str, *strings: str) -> None:
        """Have one record at a name, instead of those that are there."""
        self.records[name] = [list(strings)]

    def txt(self, name: bytes, timeout: int = 5) -> bytes | None:
        """The record at a name as `dkim.verify` asks for it."""
        found = self.records.get(name.decode().rstrip("."))
        return "".join(found[0]).encode() if found else None

    def stop(self) -> None:
        """Answer nobody any more."""
        self.line.sendto(b"", self.address)
        self.thread.join()
        self.line.close()

    def _serve(self) -> None:
        while True:
            asked, client = self.line.recvfrom(65535)
            if not asked:
                return
            self.line.sendto(self._answer(dns.message.from_wire(asked)).to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        if name in self.silent:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.TXT:
            texts = [" ".join(f'"{one}"' for one in strings) for strings in self.records[name]]
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", *texts))
        return answer


@pytest.fixture
def name_server(settings: Settings) -> Iterator[NameServer]:
    """The name server that the installation asks."""
    server = NameServer()
    settings.DNS_SERVER = server.address
    yield server
    server.stop()
