"""The road of a mail from a stranger's SMTP client to the bytes of its files in the API."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from typing import Any
from uuid import UUID

from project.ids import spell
from tests.installation import Installation
from tests.live.office import Office
from tests.messaging.mime.corpus import Found, Read, cases
from tests.services.servers import LOOPBACK, folder, wait_until

DOT = re.compile(rb"(\A|\r\n)\.")
WAITING = "SELECT count(*) FROM messaging_arrival WHERE due_at IS NOT NULL"
PARSED = "SELECT recipient, message_id FROM messaging_arrival WHERE state = 'parsed'"
READERS = 4


class Road:
    """Takes the mails of the corpus through an office whose door for mail is open."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def take(self, *, crlf: bool) -> Read:
        """Send all mails over one connection; what tells of each which files came out."""
        mails = dict.fromkeys(case.raw(crlf=crlf) for case in cases())
        tag = "crlf" if crlf else "lf"
        sent = {f"hello+{tag}{n}@acme.test": raw for n, raw in enumerate(mails)}
        replies = self.send(sent)
        house = self.office.installation
        wait_until(lambda: house.rows(WAITING) == [(0,)], what="all mails read", timeout=120)
        messages = {to: UUID(str(id)) for to, id in house.rows(PARSED) if to in sent}
        with ThreadPoolExecutor(READERS) as pool:
            files = dict(zip(messages, pool.map(self.files, messages.values()), strict=True))
        found = {raw: files.get(to) if replies[to] == 250 else None for to, raw in sent.items()}
        return found.__getitem__

    def send(self, mails: Mapping[str, bytes]) -> dict[str, int]:
        """Send a mail to each address; give what the door replied at its end."""
        replies: dict[str, int] = {}
        port = self.office.installation.mail_port
        with smtplib.SMTP(LOOPBACK, port, timeout=60, local_hostname="client.test") as client:
            client.ehlo()
            for to, raw in mails.items():
                client.mail("stranger@example.com")
                assert client.rcpt(to)[0] == 250
                assert client.docmd("DATA")[0] == 354
                client.send(as_data(raw))
                replies[to] = client.getreply()[0]
        return replies

    def files(self, message_id: UUID) -> list[Found]:
        """The files of a mail itself, downloaded; not what is inside of them."""
        id = spell("msg", message_id)
        listed = self.office.message(id)["attachments"]
        return [self.file(id, file) for file in listed if file["part_of"] is None]

    def file(self, message_id: str, file: dict[str, Any]) -> Found:
        url = f"{self.office.installation.url}/api/v1/messages/{message_id}"
        answer = self.office.session.get(f"{url}/attachments/{file['id']}/content", timeout=60)
        assert answer.status_code == 200
        assert sha256(answer.content).hexdigest() == file["sha256"]
        return Found(file["filename"], file["content_type"].partition(";")[0], answer.content)


def as_data(raw: bytes) -> bytes:
    """A mail as it stands behind DATA, not a byte of it changed (RFC 5321, section 4.5.2).

    `smtplib` would double dots behind bare line feeds too, and make CRLF of those. A mail whose
    last line has no end gets one, since the end of the mail begins with it.
    """
    ended = raw if raw.endswith(b"\r\n") or not raw else raw + b"\r\n"
    return DOT.sub(rb"\1..", ended) + b".\r\n"


@contextmanager
def a_road() -> Iterator[Road]:
    """A road through an installation of its own, on SQLite and the disk."""
    with folder("road") as home:
        installation = Installation(home, environment={})
        installation.migrate()
        office = Office(installation)
        try:
            office.open()
            installation.start_mail()
            yield Road(office)
        finally:
            office.close()
            installation.stop()
