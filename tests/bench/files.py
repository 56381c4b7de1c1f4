"""W1 to W4: files in, alone or with a draft, and out again."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tests.bench import floors
from tests.bench.client import Client, File, Wrong, at_once, form, fresh_files, path_of
from tests.bench.house import House
from tests.bench.meter import Cost, measured
from tests.bench.table import Line

DRAFTS: Final = 240
SMALL: Final = 100_000
BIG: Final = 25 * 1024 * 1024
MIDDLE: Final = 15_000_000
LETTER: Final = {"to": ["someone@example.com"], "subject": "Bench", "text": "Please see the file."}
PART: Final = (20_000_000, 1_000_000)  # offset, length

Do = Callable[[Client, File], None]


def draft_with_file(house: House) -> list[Line]:
    """W1: a draft with one 100 KB file, by three roads."""
    roads: list[tuple[str, Do, Callable[[list[File], Path], Cost], str]] = [
        ("one request, multipart", _draft_by_form, _written, "write, SHA-256, fsync"),
        (
            "one request, JSON with base64",
            _draft_by_json,
            _decoded,
            "pybase64, write, SHA-256, fsync",
        ),
        ("three requests, pre-signed", _draft_by_url, _written, "write, SHA-256, fsync"),
    ]
    lines = []
    for name, do, floor, floor_is in roads:
        at_once(house.clients_for(8), fresh_files(16, SMALL), do)  # warm
        files = fresh_files(DRAFTS, SMALL)
        with floors.Floor(house.installation.data) as folder:
            bare = floor(files, folder)
        with measured(house.roots) as measure:
            at_once(house.clients_for(8), files, do)
        _check_stored(house, files)
        lines.append(
            Line(
                row="W1",
                what=f"a draft with a 100 KB file, 8 at once: {name}",
                ours=measure.cost.per(DRAFTS),
                floor=bare,
                floor_is=floor_is,
            )
        )
    return lines


def _written(files: list[File], folder: Path) -> Cost:
    return floors.writing([file.content for file in files], folder, at_once=8)


def _decoded(files: list[File], folder: Path) -> Cost:
    return floors.decoding([file.base64.encode() for file in files], folder, at_once=8)


def _draft_by_form(client: Client, file: File) -> None:
    body, kind = form(file, draft=json.dumps(LETTER))
    answer = client.ask("POST", "/api/v1/drafts", body=body, kind=kind, expect=201)
    _check_draft(answer.json, file)


def _draft_by_json(client: Client, file: File) -> None:
    given = {**LETTER, "attachments": [{"filename": file.name, "content": file.base64}]}
    body = json.dumps(given).encode()
    answer = client.ask("POST", "/api/v1/drafts", body=body, expect=201)
    _check_draft(answer.json, file)


def _draft_by_url(client: Client, file: File) -> None:
    reserved = _reserve(client, file)
    _fill(client, file, reserved)
    body = json.dumps({**LETTER, "attachments": [reserved["id"]]}).encode()
    answer = client.ask("POST", "/api/v1/drafts", body=body, expect=201)
    _check_draft(answer.json, file)


def _reserve(client: Client, file: File) -> Any:
    body = json.dumps({"filename": file.name, "size": len(file.content)}).encode()
    return client.ask("POST", "/api/v1/attachments", body=body, expect=201).json


def _fill(client: Client, file: File, reserved: Any) -> None:
    url = path_of(reserved["upload"]["url"])
    answer = client.ask("PUT", url, body=file.content, kind="application/octet-stream")
    if answer.headers["ETag"] != f'"{file.sha256}"':
        raise Wrong("the upload has another digest")


def _check_draft(draft: Any, file: File) -> None:
    (carried,) = draft["attachments"]
    if (carried["sha256"], carried["state"]) != (file.sha256, "ready"):
        raise Wrong(f"the draft carries {carried['sha256']}, {carried['state']}")


def _check_stored(house: House, files: list[File]) -> None:
    """Every digest is there once, and the bytes of some come back."""
    known = {row[0] for row in house.installation.rows("SELECT sha256 FROM attachments_blob")}
    if missing := {file.sha256 for file in files} - known:
        raise Wrong(f"{len(missing)} files are missing")
    for file in files[:: max(1, len(files) // 4)]:
        (client,) = house.clients_for(1)
        found = client.ask("GET", f"/api/v1/attachments?sha256={file.sha256}").json["data"]
        body = client.ask("GET", f"/api/v1/attachments/{found[0]['id']}/content").body
        if sha256(body).hexdigest() != file.sha256:
            raise Wrong("other bytes came back")


def big_files(house: House) -> list[Line]:
    """W2: 25 MiB up, eight at once."""
    lines = []
    roads: list[tuple[str, Do]] = [("multipart", _file_by_form), ("pre-signed PUT", _file_by_url)]
    for name, do in roads:
        at_once(house.clients_for(8), fresh_files(16, SMALL), do)  # warm
        files = fresh_files(16, BIG)
        with floors.Floor(house.installation.data) as folder:
            bare = _written(files, folder)
        with measured(house.roots) as measure:
            at_once(house.clients_for(8), files, do)
        _check_stored(house, files)
        lines.append(
            Line(
                row="W2",
                what=f"25 MiB up, 8 at once: {name}",
                ours=measure.cost.per(len(files)),
                floor=bare,
                floor_is="write, SHA-256, fsync",
            )
        )
    return lines


def _file_by_form(client: Client, file: File) -> None:
    body, kind = form(file)
    answer = client.ask("POST", "/api/v1/attachments", body=body, kind=kind, expect=201)
    _check_file(answer.json, file)


def _file_by_url(client: Client, file: File) -> None:
    _fill(client, file, _reserve(client, file))


def _file_by_json(client: Client, file: File) -> None:
    body = b'{"filename":"%s","content":"%s"}' % (file.name.encode(), file.base64.encode())
    answer = client.ask("POST", "/api/v1/attachments", body=body, expect=201)
    _check_file(answer.json, file)


def _check_file(spelt: Any, file: File) -> None:
    if spelt["sha256"] != file.sha256:
        raise Wrong(f"the file has {spelt['sha256']}")


def big_json(house: House) -> list[Line]:
    """W3: a JSON body with a 15 MB file in it."""
    _file_by_json(house.clients_for(1)[0], fresh_files(1, SMALL)[0])  # warm
    files = fresh_files(8, MIDDLE)
    texts = [file.base64.encode() for file in files]
    with floors.Floor(house.installation.data) as folder:
        bare = floors.decoding(texts, folder, at_once=1)
    with measured(house.roots) as measure:
        at_once(house.clients_for(1), files, _file_by_json)
    _check_stored(house, files)
    return [
        Line(
            row="W3",
            what="JSON with a 15 MB file in base64",
            ours=measure.cost.per(len(files)),
            floor=bare,
            floor_is="pybase64, write, SHA-256, fsync",
        )
    ]


def downloads(house: House) -> list[Line]:
    """W4: 25 MiB down, and 1 MB out of the middle."""
    (client,) = house.clients_for(1)
    (file,) = fresh_files(1, BIG)
    body, kind = form(file)
    made = client.ask("POST", "/api/v1/attachments", body=body, kind=kind, expect=201).json
    path = path_of(made["download_url"])
    start, length = PART
    part = {"Range": f"bytes={start}-{start + length - 1}"}
    wanted = sha256(file.content[start : start + length]).hexdigest()
    with floors.Floor(house.installation.data) as folder:
        source = folder / "source"
        source.write_bytes(file.content)
        copied = floors.copying(source, folder, times=20)
        sent = floors.sending(source, offset=0, length=BIG, times=20)
        part_sent = floors.sending(source, offset=start, length=length, times=200)
    whole = _downloads(house, path, digest=file.sha256, times=20, headers={}, expect=200)
    some = _downloads(house, path, digest=wanted, times=200, headers=part, expect=206)
    return [
        Line(row="W4", what="25 MiB down", ours=whole, floor=copied, floor_is="cp"),
        Line(row="W4", what="25 MiB down", ours=whole, floor=sent, floor_is="sendfile"),
        Line(
            row="W4", what="1 MB at offset 20 MB", ours=some, floor=part_sent, floor_is="sendfile"
        ),
    ]


def _downloads(
    house: House, path: str, *, digest: str, times: int, headers: dict[str, str], expect: int
) -> Cost:
    (client,) = house.clients_for(1)
    client.ask("GET", path, headers=headers, expect=expect)  # warm
    with measured(house.roots) as measure:
        bodies = {
            sha256(client.ask("GET", path, headers=headers, expect=expect).body).hexdigest()
            for _ in range(times)
        }
    if bodies != {digest}:
        raise Wrong("other bytes came back")
    return measure.cost.per(times)
