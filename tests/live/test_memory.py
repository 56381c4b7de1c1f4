"""What eight great uploads at once cost in memory."""

from __future__ import annotations

import base64
import json
import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.live.office import Office, digest_of, put_with_curl, run

MIB = 1024 * 1024
AT_ONCE = 8
SIZE = 25 * MIB
JSON = ("--header", "Content-Type: application/json")
MOST = 64 * MIB  # above idle, all processes of the web together


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """So many files, all different, each also as a JSON body."""
    home = tmp_path_factory.mktemp("files")
    paths = [home / f"{number}.bin" for number in range(AT_ONCE)]
    for number, path in enumerate(paths):
        content = random.Random(number).randbytes(SIZE)
        path.write_bytes(content)
        body = {"filename": path.name, "content": base64.b64encode(content).decode()}
        path.with_name(f"{path.name}.json").write_text(json.dumps(body))
    return paths


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def memory(pid: int, field: str) -> int:
    """Bytes of resident memory: VmRSS now, VmHWM at most so far."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return int(line.split()[1]) * 1024


def forget_peaks(pids: list[int]) -> None:
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def post(office: Office, words: list[str]) -> dict[str, str]:
    command = ["curl", "--silent", "--show-error", "--fail-with-body"]
    command += ["--header", f"Authorization: Bearer {office.key}", *words]
    answer: dict[str, str] = json.loads(
        run([*command, f"{office.installation.url}/api/v1/attachments"])
    )
    return answer


def upload(office: Office, road: str, path: Path) -> dict[str, str]:
    """Upload one file; give the attachment."""
    if road == "form":
        return post(office, ["--form", f"file=@{path}"])
    if road == "base64":
        return post(office, [*JSON, "--data-binary", f"@{path}.json"])
    wanted = {"filename": path.name, "size": path.stat().st_size}
    file = office.ask("POST", "/attachments", json=wanted, status=201)
    put_with_curl(file["upload"], path)
    found: dict[str, str] = office.ask("GET", f"/attachments/{file['id']}")
    return found


@pytest.mark.slow
@pytest.mark.sqlite_only
@pytest.mark.skipif(not os.environ.get("CI"), reason="long: only with CI set")
@pytest.mark.parametrize("road", ["form", "link", "base64"])
def test_eight_uploads_of_25_mib_at_once_stay_small(road, open_office, paths: list[Path], note):
    office = open_office(workers=0)
    warm = paths[0].with_name("warm.bin")
    warm.write_bytes(b"warm")
    body = {"filename": "warm.bin", "content": base64.b64encode(b"warm").decode()}
    warm.with_name("warm.bin.json").write_text(json.dumps(body))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda _: upload(office, road, warm), range(4 * AT_ONCE)))
        web = office.installation.web
        assert web
        pids = family(web.process.pid)
        forget_peaks(pids)
        idle = {pid: memory(pid, "VmRSS") for pid in pids}
        files = list(pool.map(lambda path: upload(office, road, path), paths))
    # Each at its own peak: no less than the peak of them all.
    above = sum(memory(pid, "VmHWM") - idle[pid] for pid in pids)
    note(f"{road}: {above / MIB:.1f} MiB above {sum(idle.values()) / MIB:.0f}")
    assert family(web.process.pid) == pids
    assert [file["sha256"] for file in files] == [digest_of(path.read_bytes()) for path in paths]
    assert above <= MOST
