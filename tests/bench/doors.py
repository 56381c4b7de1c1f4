"""W9: mail whose file comes as base64 in JSON, by the native door and by the contracts'."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.bench import floors
from tests.bench.client import Client, File, Wrong, at_once, fresh_files
from tests.bench.house import INBOX, House
from tests.bench.mail import wait_settled
from tests.bench.meter import measured, wait_idle
from tests.bench.table import Line

SMALL: Final = 2_000_000
LARGE: Final = 15_000_000
TIMES: Final = {SMALL: 32, LARGE: 8}
TO: Final = "someone@example.com"

Do = Callable[[Client, File], None]


def json_with_files(house: House) -> list[Line]:
    """W9: files of 2 MB and of 15 MB in JSON, one after another, while the worker is held."""
    roads: dict[str, tuple[Do, tuple[int, ...]]] = {
        "a native message": (_native, (SMALL, LARGE)),
        "a send at the Bird door": (_bird, (SMALL, LARGE)),
        "a send at the Email API's": (_emailapi, (SMALL, LARGE)),
        "a draft at the Nylas door": (_nylas, (SMALL,)),
    }
    lines = []
    for size, times in TIMES.items():
        files = fresh_files(times, size)
        texts = [file.base64.encode() for file in files]
        with floors.Floor(house.installation.data) as folder:
            bare = floors.decoding(texts, folder, at_once=1)
        for name, (do, sizes) in roads.items():
            if size in sizes:
                lines.append(_line(house, name, do, size=size, bare=bare))
    return lines


def _line(house: House, name: str, do: Do, *, size: int, bare: Any) -> Line:
    files = fresh_files(TIMES[size], size)
    with house.paused_worker():
        at_once(house.clients_for(1), fresh_files(2, size), do)  # warm
        with measured(house.roots) as measure:
            at_once(house.clients_for(1), files, do)
    _check_carried(house, files)
    wait_settled(house)  # so that no row pays for the one before it
    wait_idle(house.roots)
    return Line(
        row="W9",
        what=f"{name}, JSON with a file of {size // 1_000_000} MB",
        ours=measure.cost.per(len(files)),
        floor=bare,
        floor_is="pybase64, write, SHA-256, fsync",
    )


_CARRIED: Final = """
    SELECT blob.sha256 FROM attachments_attachment AS file
    JOIN attachments_blob AS blob ON blob.id = file.blob_id
    WHERE file.id IN (SELECT attachment_id FROM messaging_messageattachment)
    OR file.id IN (SELECT attachment_id FROM drafts_draftattachment)
"""


def _check_carried(house: House, files: list[File]) -> None:
    """Every file is in a message or in a draft, with its digest."""
    carried = {row[0] for row in house.installation.rows(_CARRIED)}
    if missing := {file.sha256 for file in files} - carried:
        raise Wrong(f"{len(missing)} files are nowhere")


def _native(client: Client, file: File) -> None:
    entry = {"filename": file.name, "content": file.base64}
    letter = {"to": [TO], "subject": "Bench", "text": "See it.", "attachments": [entry]}
    client.ask("POST", "/api/v1/messages", body=_spelt(letter), expect=202)


def _bird(client: Client, file: File) -> None:
    entry = {"filename": file.name, "content": file.base64}
    letter = {"from": INBOX, "to": [TO], "subject": "Bench", "text": "See it."}
    body = _spelt({**letter, "attachments": [entry]})
    client.ask("POST", "/v1/email/messages", body=body, expect=202)


def _emailapi(client: Client, file: File) -> None:
    entry = {"filename": "a.zip", "content": file.base64, "contentType": "application/zip"}
    letter = {"from": INBOX, "to": TO, "subject": "Bench", "text": "See it."}
    client.ask("POST", "/api/email/send", body=_spelt({**letter, "attachments": [entry]}))


def _nylas(client: Client, file: File) -> None:
    entry = {
        "filename": file.name,
        "content_type": "application/octet-stream",
        "content": file.base64,
        "size": len(file.content),
    }
    letter = {"to": [{"email": TO}], "subject": "Bench", "attachments": [entry]}
    client.ask("POST", f"/v3/grants/{INBOX}/drafts", body=_spelt(letter))


def _spelt(letter: dict[str, Any]) -> bytes:
    return json.dumps(letter).encode()
