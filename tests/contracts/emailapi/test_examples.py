"""The document's requests, sent as they stand; its answers, but for ids and addresses.

Its `expiresAt` is a calendar month after `createdAt`, its text says 30 days: the text is right.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.contracts.emailapi.document import HOST, json_of, text_of
from tests.contracts.emailapi.wire import (
    FILES,
    SEND,
    content_of,
    delivered,
    files_in,
    post_file,
    upload,
)

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = b"%PDF-1.7\n".ljust(245_760, b"x")
THE_20TH = datetime(2024, 1, 20, 10, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def the_day(on_disk, settings):
    """The day of the examples, and their host."""
    settings.PUBLIC_URL = HOST
    with time_machine.travel(THE_20TH, tick=False) as clock:
        yield clock


def in_30_days(value: Any) -> Any:
    """An example with the text's 30 days instead of the example's month."""
    if isinstance(value, list):
        return [in_30_days(one) for one in value]
    if not isinstance(value, dict):
        return value
    spelt = {name: in_30_days(inner) for name, inner in value.items()}
    if "expiresAt" in spelt:
        end = datetime.fromisoformat(spelt["createdAt"]) + timedelta(days=30)
        spelt["expiresAt"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
    return spelt


def test_r7_r8_r27_uploading(alice):
    body = post_file(alice.api, DOCUMENT, filename="invoice-jan-2024.pdf").json()
    data = body["data"]
    expected = json_of("upload.response", FILE=data["id"])
    expected["data"]["downloadUrl"] = data["downloadUrl"]
    assert body == in_30_days(expected)
    assert list(data) == list(expected["data"])


def test_r13_r14_r15_listing(alice, the_day):
    for number in range(43):
        upload(alice.api, filename=f"{number}.pdf")
    the_day.move_to(THE_20TH - timedelta(hours=18, minutes=30))
    png = post_file(alice.api, bytes(1_048_576), name="image.png", declared="image/png")
    the_day.move_to(THE_20TH)
    pdf = upload(alice.api, DOCUMENT)
    expected = json_of("list.response", FILE=pdf["id"])
    expected["data"]["attachments"][1]["id"] = png.json()["data"]["id"]
    body = alice.api.get(FILES).json()
    assert len(body["data"]["attachments"]) == 20
    del body["data"]["attachments"][2:]
    assert body == in_30_days(expected)


def test_r16_r17_r18_r21_sending_by_id_and_retrieving(alice, sender, the_day):
    file = upload(alice.api, DOCUMENT)
    the_day.move_to(THE_20TH + timedelta(minutes=5))
    letter = text_of("send-by-id.request.json", FILE=file["id"])
    sending = alice.api.generic("POST", SEND, letter, "application/json")
    assert sending.status_code == 200
    email = sending.json()["data"]
    expected = json_of("retrieve.response", FILE=file["id"], EMAIL=email["messageId"])
    body = alice.api.get(f"{FILES}/{file['id']}").json()
    expected["data"]["downloadUrl"] = body["data"]["downloadUrl"]
    assert body == in_30_days(expected)
    assert list(body["data"]) == list(expected["data"])
    assert files_in(delivered(email["messageId"])) == [
        ("document.pdf", "application/pdf", DOCUMENT)
    ]


def test_r22_sending_inline(alice, sender):
    base64 = b64encode(DOCUMENT).decode()
    letter = text_of("send-inline.request.json", BASE64=base64)
    sending = alice.api.generic("POST", SEND, letter, "application/json")
    assert sending.status_code == 200
    assert files_in(delivered(sending.json()["data"]["messageId"])) == [
        ("document.pdf", "application/pdf", DOCUMENT)
    ]


def test_r19_downloading(alice):
    response = alice.api.get(f"{FILES}/{upload(alice.api, DOCUMENT)['id']}/download")
    assert content_of(response) == DOCUMENT
    for line in text_of("download.headers").splitlines():
        name, _, value = line.partition(": ")
        assert response[name] == value


def test_r20_deleting(alice, the_day):
    file = upload(alice.api)
    the_day.move_to(THE_20TH + timedelta(hours=5, minutes=30))
    response = alice.api.delete(f"{FILES}/{file['id']}")
    assert response.status_code == 200
    assert response.json() == json_of("delete.response", FILE=file["id"])


def test_r29_too_large(alice):
    response = post_file(alice.api, bytes(52_428_800))
    assert (response.status_code, response.json()) == (413, json_of("too-large.response"))


def test_r30_unsupported(alice):
    exe = SimpleUploadedFile("setup.exe", b"MZ", "application/octet-stream")
    response = alice.api.post(FILES, {"file": exe}, format="multipart")
    assert (response.status_code, response.json()) == (415, json_of("unsupported.response"))


def test_r31_not_found(alice):
    response = alice.api.get(f"{FILES}/att_1234567890")
    assert (response.status_code, response.json()) == (404, json_of("not-found.response"))
