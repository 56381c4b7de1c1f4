"""30 days, and what ends them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from attachments.models import Attachment, Blob
from attachments.storage import attachment_storage
from attachments.tasks import purge_attachments
from messaging.models import Message
from tests.contracts.emailapi.wire import (
    FILES,
    PDF,
    UNKNOWN_FILE,
    content_of,
    fetch,
    path_of,
    post_letter,
    send,
    upload,
)

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 1, 20, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def clock(on_disk):
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def test_r27_r8_it_says_30_days(clock, alice):
    file = upload(alice.api)
    assert (file["createdAt"], file["expiresAt"]) == (
        "2026-01-20T10:00:00Z",
        "2026-02-19T10:00:00Z",
    )


def test_r27_r31_r33_an_unused_file_is_gone_after_30_days(clock, alice, client, sender):
    file = upload(alice.api)
    clock.move_to(START + 30 * DAY - SECOND)
    assert alice.api.get(f"{FILES}/{file['id']}").status_code == 200
    assert fetch(client, file["downloadUrl"]) == PDF
    clock.move_to(START + 30 * DAY)
    for ask in (
        lambda: alice.api.get(f"{FILES}/{file['id']}"),
        lambda: alice.api.get(f"{FILES}/{file['id']}/download"),
        lambda: alice.api.delete(f"{FILES}/{file['id']}"),
        lambda: post_letter(alice.api, {"id": file["id"]}),
    ):
        response = ask()
        assert (response.status_code, response.json()) == (404, UNKNOWN_FILE)
    assert alice.api.get(FILES).json()["data"]["pagination"]["total"] == 0
    assert client.get(path_of(file["downloadUrl"])).status_code == 403
    assert not Message.objects.exists()


def test_r27_r33_the_purge_removes_its_bytes(clock, alice):
    upload(alice.api)
    key = Blob.objects.get().key
    clock.move_to(START + 30 * DAY - SECOND)
    purge_attachments()
    assert attachment_storage().exists(key)
    clock.move_to(START + 30 * DAY)
    purge_attachments()
    assert not attachment_storage().exists(key)
    assert not Blob.objects.exists()
    assert (Attachment.objects.get().state, Attachment.objects.get().reason_code) == (
        "gone",
        "expired",
    )


def test_r33_a_used_file_stays(clock, alice, client, sender):
    file = upload(alice.api)
    clock.move_to(START + 29 * DAY)
    send(alice.api, {"id": file["id"]})
    clock.move_to(START + 400 * DAY)
    purge_attachments()
    found = alice.api.get(f"{FILES}/{file['id']}").json()["data"]
    assert found["expiresAt"] == file["expiresAt"]
    assert len(found["usedIn"]) == 1
    assert content_of(alice.api.get(f"{FILES}/{file['id']}/download")) == PDF
    assert alice.api.get(FILES).json()["data"]["attachments"][0]["id"] == file["id"]
    send(alice.api, {"id": file["id"]})


def test_r33_a_refused_email_uses_nothing(clock, alice, sender):
    file = upload(alice.api)
    assert post_letter(alice.api, {"id": file["id"]}, {"id": "att_0"}).status_code == 404
    clock.move_to(START + 30 * DAY)
    purge_attachments()
    assert Attachment.objects.get().state == "gone"


def test_r10_the_download_url_of_a_used_file_is_good_for_a_day(clock, alice, client, sender):
    file = upload(alice.api)
    send(alice.api, {"id": file["id"]})
    address = alice.api.get(f"{FILES}/{file['id']}").json()["data"]["downloadUrl"]
    clock.move_to(START + DAY - SECOND)
    assert fetch(client, address) == PDF
    clock.move_to(START + DAY)
    assert client.get(path_of(address)).status_code == 403


def test_r10_an_altered_download_url_is_refused(clock, alice, client):
    address = path_of(upload(alice.api)["downloadUrl"])
    for altered in (address[:-1], address.replace("expires=1", "expires=2")):
        response = client.get(altered)
        assert response.status_code == 403
        assert response.json()["error"]["code"] == "signature_invalid"
