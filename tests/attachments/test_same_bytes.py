"""P4: the bytes out are the bytes in, by every road, under any name and type"""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from hashlib import sha256
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attachments.models import Attachment
from attachments.storage import attachment_storage
from attachments.uploads import adopt_upload
from project.ids import read
from tests.attachments.wire import Answer, send

URL = "/api/v1/attachments"
BOUNDARY = "----EncloseTestBoundary7MA4YWxkTrZu0gW"

# What a client may send: whole characters without controls; quotes and the like are welcome.
NAMES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf", "Cn", "Co")),
    min_size=1,
    max_size=120,
).filter(lambda name: name.strip())
CONTENTS = st.one_of(
    st.binary(max_size=4000),
    st.lists(
        st.sampled_from(
            [b"\r\n", b"\r", b"\n", b"--", b"\0", b"=", b"--" + BOUNDARY[:-1].encode()]
        ),
        max_size=40,
    ).map(b"".join),
    st.integers(65_000, 600_000).map(lambda size: (bytes(range(251)) * (size // 251 + 1))[:size]),
)
TYPES = st.sampled_from(
    ["", "image/png", "text/html", "text/plain; charset=koi8-r", "application/x-thing", "a/b"]
)


def expected_name(name: str) -> str:
    base = name.replace("\\", "/").rpartition("/")[2]
    clean = unicodedata.normalize("NFC", base).strip()
    return clean if clean.strip(".") else "attachment"


def by_json(key: str, name: str, type: str, content: bytes) -> Answer:
    body = {"filename": name, "content": b64encode(content).decode(), "content_type": type or None}
    return post(key, msgspec.json.encode(body), "application/json")


def by_form(key: str, name: str, type: str, content: bytes) -> Answer:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
        f"Content-Type: {type or 'application/octet-stream'}\r\n\r\n"
    )
    body = head.encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()
    return post(key, body, f"multipart/form-data; boundary={BOUNDARY}")


def by_put(key: str, name: str, type: str, content: bytes) -> Answer:
    body = {"filename": name, "size": len(content), "content_type": type or None}
    answer = post(key, msgspec.json.encode(body), "application/json")
    url = answer.json()["upload"]["url"]
    if attachment_storage().takes_uploads:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
        connection.request("PUT", url.partition(urlsplit(url).netloc)[2], content)
        assert connection.getresponse().status == 200
        id = read("att", answer.json()["id"])
        Attachment.objects.filter(pk=id).update(look_at=timezone.now())
        assert adopt_upload(id)
    else:
        assert send("PUT", url, content).status == 200
    return send("GET", f"{URL}/{answer.json()['id']}", HTTP_X_API_KEY=key)


def post(key: str, body: bytes, type: str) -> Answer:
    return send("POST", URL, body, CONTENT_TYPE=type, HTTP_X_API_KEY=key)


@pytest.mark.parametrize("road", [by_json, by_form, by_put])
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(name=NAMES, type=TYPES, content=CONTENTS, cut=st.integers(0, 700_000))
def test_the_bytes_out_are_the_bytes_in(
    alice: Any, road: Any, name: str, type: str, content: bytes, cut: int
) -> None:
    uploaded = road(alice.key, name, type, content)
    body = uploaded.json()
    assert uploaded.status in (200, 201), body
    digest = sha256(content).hexdigest()
    assert (body["state"], body["size"], body["sha256"]) == ("ready", len(content), digest)
    assert body["filename"] == expected_name(name)
    if type:
        assert body["content_type"] == type

    address = f"{URL}/{body['id']}/content"
    whole = send("GET", address, HTTP_X_API_KEY=alice.key)
    assert whole.body == content
    assert whole.headers["ETag"] == f'"{digest}"'
    assert_names(whole.headers["Content-Disposition"], body["filename"])
    place = cut % len(content) if content else 0
    pieces = [f"bytes=0-{place - 1}"] if place else []
    pieces += [f"bytes={place}-"] if content else []
    parts = [
        send(
            "GET",
            address,
            HTTP_X_API_KEY=alice.key,
            HTTP_RANGE=piece,
            HTTP_IF_RANGE=whole.headers["ETag"],
        )
        for piece in pieces
    ]
    assert all(part.status == 206 for part in parts)
    assert b"".join(part.body for part in parts) == content


def assert_names(header: str, filename: str) -> None:
    if header.startswith("attachment; filename*="):
        assert header == f"attachment; filename*=utf-8''{quote(filename)}"
    else:
        escaped = filename.replace("\\", "\\\\").replace('"', '\\"')
        assert header == f'attachment; filename="{escaped}"'
