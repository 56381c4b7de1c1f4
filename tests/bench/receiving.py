"""W7 and W10: mail that comes in, and mail that is read."""

import mmap
import secrets
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from hashlib import sha256
from typing import Any, Final

import pybase64

from messaging.mime.reader import read_mail
from tests.bench import floors, relay
from tests.bench.client import File, Wrong, fresh_files
from tests.bench.house import INBOX, House
from tests.bench.meter import Cost, measured, measured_here, wait_idle
from tests.bench.table import Line
from tests.services.servers import wait_until

MAILS: Final = 200
CONNECTIONS: Final = 4
FILE: Final = 750_000  # 1 MB in base64
SENDER: Final = "someone@example.com"

LARGE: Final = 15 * 1024 * 1024
READINGS: Final = 5
BLOCK: Final = 256 * 1024


def mails_in(house: House) -> list[Line]:
    """W7: mails with a file, in by SMTP, read, and in the API."""
    warm = fresh_files(8, FILE)
    _send(house, [_mail(file) for file in warm])
    _wait_read(house, warm)
    wait_idle(house.roots)
    files = fresh_files(MAILS, FILE)
    with floors.Floor(house.installation.data) as folder:
        bare = floors.decoding([file.base64.encode() for file in files], folder, at_once=1)
    mails = [_mail(file) for file in files]
    with measured(house.roots) as measure:
        began = time.perf_counter()
        _send(house, mails)
        taken = time.perf_counter() - began
        _wait_read(house, [*warm, *files])
        read = time.perf_counter() - began
    _check_inbox(house, files, mails)
    return [
        Line(
            row="W7",
            what=(
                f"a mail of 1 MB in by SMTP, {CONNECTIONS} at once, of {MAILS}: "
                f"{MAILS / taken:.0f}/s taken, {MAILS / read:.0f}/s read"
            ),
            ours=Cost(measure.cost.cpu, read, measure.cost.growth).per(MAILS),
            floor=bare,
            floor_is="pybase64, write, SHA-256, fsync",
        )
    ]


def reading(house: House) -> list[Line]:
    """W10: a mail of 20 MB, found in it what there is, decoded and hashed. Needs no server."""
    (file,) = fresh_files(1, LARGE)
    raw = _mail(file, html="<p>See the <b>file</b>.</p>\n" * 2000)
    with mmap.mmap(-1, len(raw)) as mapped:
        mapped.write(raw)
        ours = _cost(file, lambda: _ours(mapped))
    rate = len(raw) / 1e6 / ours.cpu
    floor_lines: list[tuple[str, Callable[[], Iterator[str]]]] = [
        ("pybase64, SHA-256", lambda: _bare(raw)),
        ("Python's `email`, SHA-256", lambda: _stdlib(raw)),
    ]
    return [
        Line(
            row="W10",
            what=f"a mail of {len(raw) / 1e6:.0f} MB read, decoded, hashed: {rate:.0f} MB/s of CPU",
            ours=ours,
            floor=_cost(file, floor),
            floor_is=name,
        )
        for name, floor in floor_lines
    ]


def _mail(file: File, *, html: str = "") -> bytes:
    """A mail as other programs write it."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = f"Ann <{SENDER}>", INBOX, file.sha256
    mail["Message-ID"] = f"<{secrets.token_hex(8)}@example.com>"
    mail["Date"] = "Sat, 21 Nov 2026 12:00:00 +0000"
    mail.set_content("See the file.\n" * 50)
    if html:
        mail.add_alternative(html, subtype="html")
    mail.add_attachment(
        b"its place", maintype="application", subtype="octet-stream", filename=file.name
    )
    content = pybase64.encodebytes(file.content).replace(b"\n", b"\r\n")
    return mail.as_bytes().replace(pybase64.encodebytes(b"its place").strip(), content.rstrip())


def _send(house: House, mails: list[bytes]) -> None:
    port = house.installation.mail_port
    relay.send(mails, port=port, connections=CONNECTIONS, sender=SENDER, recipient=INBOX)


_CARRIED: Final = """
    SELECT message.subject, file.sha256, arrival.sha256 FROM messaging_arrival AS arrival
    JOIN messaging_message AS message ON message.id = arrival.message_id
    JOIN messaging_messageattachment AS link ON link.message_id = message.id
    JOIN attachments_attachment AS file ON file.id = link.attachment_id
    WHERE arrival.state = 'parsed' AND file.state = 'ready'
"""


def _wait_read(house: House, files: list[File]) -> None:
    question = "SELECT count(*) FROM messaging_arrival WHERE state = 'parsed'"
    wait_until(
        lambda: house.one(question) == len(files),
        what=f"{len(files)} mails read",
        timeout=120,
        pause=0.05,
    )


def _check_inbox(house: House, files: list[File], mails: list[bytes]) -> None:
    """Each mail is there once with its file, its raw bytes have their digest; the API has all."""
    wanted = Counter(
        (file.sha256, file.sha256, sha256(mail).hexdigest())
        for file, mail in zip(files, mails, strict=True)
    )
    found = Counter(tuple(row) for row in house.installation.rows(_CARRIED))
    if lost := wanted - found:
        raise Wrong(f"{len(lost)} mails are not there with their file")
    if twice := [one for one in wanted if found[one] > 1]:
        raise Wrong(f"{len(twice)} mails are there twice")
    listed = {one["subject"]: one for one in _listed(house)}
    if missing := {file.sha256 for file in files} - listed.keys():
        raise Wrong(f"the API lacks {len(missing)} mails")
    (client,) = house.clients_for(1)
    for file in files[:: MAILS // 4]:
        message = client.ask("GET", f"/api/v1/messages/{listed[file.sha256]['id']}").json
        (carried,) = message["attachments"]
        content = f"/api/v1/messages/{message['id']}/attachments/{carried['id']}/content"
        if client.ask("GET", content).body != file.content:
            raise Wrong("other bytes came out")


def _listed(house: House) -> Iterator[Any]:
    (client,) = house.clients_for(1)
    after = ""
    while True:
        path = f"/api/v1/messages?direction=inbound&limit=100{after}"
        page = client.ask("GET", path).json
        yield from page["data"]
        if not page["next"]:
            return
        after = f"&after={page['next']}"


def _cost(file: File, read: Callable[[], Iterator[str]]) -> Cost:
    """What one reading costs; memory, counted in a reading of its own, is that beside the mail."""
    with measured_here() as measure:
        for _ in range(READINGS):
            if file.sha256 not in read():
                raise Wrong("the file was not found, or is another")
    tracemalloc.start()
    try:
        list(read())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    one = measure.cost.per(READINGS)
    return Cost(one.cpu, one.wall, peak)


def _ours(raw: Any) -> Iterator[str]:
    for part in read_mail(raw).parts:
        digest = sha256()
        for block in part.blocks():
            digest.update(block)
        yield digest.hexdigest()


def _bare(raw: bytes) -> Iterator[str]:
    """The file, whose place is known."""
    start = raw.rindex(b"\r\n\r\n", 0, len(raw) // 2)
    yield sha256(pybase64.b64decode(raw[start : raw.rindex(b"\r\n--")])).hexdigest()


def _stdlib(raw: bytes) -> Iterator[str]:
    for part in message_from_bytes(raw, policy=default).walk():
        if not part.is_multipart():
            yield sha256(part.get_payload(decode=True)).hexdigest()
