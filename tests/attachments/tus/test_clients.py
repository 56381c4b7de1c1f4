"""The libraries of the protocol's makers, unmodified, over a line that breaks"""

from __future__ import annotations

import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.attachments.tus.breaker import breaking_line
from tests.sdks.fixtures import Live
from tests.services.servers import wait_until

SCRIPTS = Path(__file__).parent / "sdk"
ENDINGS = {"python": "py", "node": "mjs"}
MIB = 1024 * 1024
CONTENT = random.Random(11).randbytes(100 * MIB)
DIGEST = sha256(CONTENT).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("language", ENDINGS)
def test_a_client_gets_its_file_through(language, live_url: Live, tmp_path, request):
    run = request.getfixturevalue(f"{language}_sdk")
    path = tmp_path / "film.bin"
    path.write_bytes(CONTENT)
    office = live_url.installation
    office.change(f"UPDATE tenancy_workspace SET max_file_bytes = {len(CONTENT)}")

    def power_cut() -> None:
        office.kill_web()
        office.start_web()

    def nothing() -> None:
        pass

    breaks = {20 * MIB: nothing, 45 * MIB: nothing, 70 * MIB: power_cut, 85 * MIB: nothing}
    with breaking_line(office.port, breaks) as line:
        script = SCRIPTS / f"upload.{ENDINGS[language]}"
        url = run(script, URL=line.url, KEY=live_url.key, FILE=str(path))
        assert line.broken == sorted(breaks)
    live_url.work()
    there = url.replace(line.url, office.url)
    file = wait_until(lambda: ready_file(there, live_url.key), what="a ready file", pause=0.1)
    assert file
    assert (file["filename"], file["size"]) == ("film.bin", len(CONTENT))
    assert file["sha256"] == DIGEST
    got = requests.get(file["download_url"], timeout=60)
    assert sha256(got.content).hexdigest() == DIGEST


def ready_file(url: str, key: str) -> dict[str, Any] | None:
    """The file of an upload, once it may be sent: with S3 a worker looks at it first."""
    answer = requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=20)
    file: dict[str, Any] = answer.json()["attachment"]
    return file if file["state"] == "ready" else None
