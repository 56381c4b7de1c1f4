"""nginx in front, as the README sets it up: it takes uploads through and sends files by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.live.conftest import OpenOffice
from tests.live.office import Office, digest_of, put_with_curl
from tests.services.nginx import nginx
from tests.services.servers import LOOPBACK, free_port

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]

BYTES = random.Random(3).randbytes(3_000_000)
#: what a browser decides by
HEADERS = (
    "Content-Type",
    "Content-Length",
    "Content-Disposition",
    "ETag",
    "X-Content-Type-Options",
    "Content-Security-Policy",
    "Cache-Control",
    "Accept-Ranges",
)


@pytest.fixture
def office(open_office: OpenOffice, pytestconfig: pytest.Config) -> Iterator[Office]:
    port = free_port()
    public = f"http://{LOOPBACK}:{port}"
    office = open_office(environment={"ACCEL_LOCATION": "/enclose-files/", "PUBLIC_URL": public})
    ours = office.installation
    with nginx(pytestconfig, port=port, behind=ours.port, files=ours.data / "files"):
        ours.url = public
        yield office


def content(office: Office, file: dict[str, str], **headers: str) -> requests.Response:
    url = f"{office.installation.url}/api/v1/attachments/{file['id']}/content"
    return office.session.get(url, headers=headers, timeout=20)


def test_it_sends_the_files_that_we_name(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_bytes(BYTES)
    reserved = office.reserve("a.svg", BYTES)
    put_with_curl(reserved["upload"], path)
    file = office.ask("GET", f"/attachments/{reserved['id']}")
    assert file["state"] == "ready"

    whole = content(office, file)
    assert (whole.status_code, digest_of(whole.content)) == (200, digest_of(BYTES))
    behind = f"http://{LOOPBACK}:{office.installation.port}/api/v1/attachments/{file['id']}/content"
    ours = office.session.head(behind, timeout=20)
    named = office.session.get(behind, timeout=20)
    assert (named.content, "X-Accel-Redirect" in named.headers) == (b"", True)
    assert {name: whole.headers[name] for name in HEADERS} == {
        name: ours.headers[name] for name in HEADERS
    }
    assert digest_of(requests.get(file["download_url"], timeout=20).content) == digest_of(BYTES)

    tag = whole.headers["ETag"]
    for asked in ({"Range": "bytes=1000000-1000099"}, {"Range": "bytes=-5", "If-Range": tag}):
        part = content(office, file, **asked)
        first = 1_000_000 if "If-Range" not in asked else 2_999_995
        assert (part.status_code, part.content) == (206, BYTES[first : first + len(part.content)])
        last = first + len(part.content) - 1
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/3000000"
    assert len(content(office, file, Range="bytes=0-0", **{"If-Range": '"other"'}).content) == len(
        BYTES
    )
    assert content(office, file, **{"If-None-Match": tag}).status_code == 304
    assert content(office, file, **{"If-Match": tag}).content == BYTES
    outside = content(office, file, Range="bytes=3000000-")
    assert (outside.status_code, outside.headers["Content-Range"]) == (416, "bytes */3000000")

    stranger = requests.get(f"{office.installation.url}{named.headers['X-Accel-Redirect']}")
    assert stranger.status_code == 404
    for stored in (office.installation.data / "files").rglob("*"):
        if stored.is_file():
            stored.unlink()
    lost = content(office, file)
    assert (lost.status_code, lost.json()["error"]["code"]) == (410, "bytes_missing")
