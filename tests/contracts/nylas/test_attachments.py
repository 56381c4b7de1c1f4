"""The files of drafts and messages, to be read."""

from __future__ import annotations

import pytest
from django.utils import timezone

from messaging.models import Inbox, Message
from tests.contracts.nylas.wire import (
    JACOB,
    PNG,
    data_of,
    digest,
    download,
    error_of,
    file_of,
    url_of,
)
from tests.people import Person


@pytest.fixture
def drafts(grant: Inbox) -> str:
    return url_of(grant, "drafts")


@pytest.fixture
def draft(alice: Person, drafts: str):
    files = [file_of(PNG, "ä b.png", content_type="image/png"), file_of(b"", "empty.txt")]
    return data_of(alice.api.post(drafts, {"to": [JACOB], "attachments": files}))


def test_r57_metadata_is_what_the_entry_says(alice: Person, grant, draft):
    for file in draft["attachments"]:
        url = url_of(grant, "attachments", file["id"])
        assert data_of(alice.api.get(url, {"message_id": draft["id"]})) == file


def test_r58_r10_a_download_is_the_bytes(alice: Person, grant, draft):
    url = url_of(grant, "attachments", draft["attachments"][0]["id"], "download")
    for accept in ("application/json", "*/*", "text/html"):
        response = alice.api.get(url, {"message_id": draft["id"]}, headers={"Accept": accept})
        assert response.getvalue() == PNG
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Length"] == str(len(PNG))
        assert response["Content-Disposition"] == "attachment; filename*=utf-8''%C3%A4%20b.png"
        assert response["ETag"] == f'"{digest(PNG)}"'
    empty = url_of(grant, "attachments", draft["attachments"][1]["id"], "download")
    response = alice.api.get(empty, {"message_id": draft["id"]})
    assert (response.getvalue(), response["Content-Length"]) == (b"", "0")


@pytest.mark.parametrize("rest", [[], ["download"]])
def test_r52_message_id_is_required(alice: Person, charlie: Person, grant, draft, rest):
    url = url_of(grant, "attachments", draft["attachments"][0]["id"], *rest)
    for query in ({}, {"message_id": ""}):
        assert error_of(alice.api.get(url, query), 400) == {
            "type": "invalid_request_error",
            "message": "The message_id parameter is required.",
        }
    other = data_of(alice.api.post(url_of(grant, "drafts"), {"attachments": [file_of(PNG)]}))
    for id in (other["id"], "x", "0" * 24):
        assert error_of(alice.api.get(url, {"message_id": id}), 404)["type"] == "not_found_error"
    unknown = url_of(grant, "attachments", "185e56cb50e12e82", *rest)
    assert error_of(alice.api.get(unknown, {"message_id": draft["id"]}), 404)
    own = {"message_id": draft["id"]}
    assert error_of(charlie.api.get(url, own), 404)["type"] == "grant.not_found"


def test_r52_files_of_a_sent_draft_are_those_of_its_message(alice: Person, grant, draft):
    sent = data_of(alice.api.post(url_of(grant, "drafts", draft["id"])))
    assert sent["attachments"] == draft["attachments"]
    url = url_of(grant, "attachments", draft["attachments"][0]["id"])
    assert data_of(alice.api.get(url, {"message_id": sent["id"]})) == draft["attachments"][0]
    assert error_of(alice.api.get(url, {"message_id": draft["id"]}), 404)
    assert download(alice.api, grant, sent) == PNG


def test_files_whose_time_is_over_are_not_given(alice: Person, grant, drafts, draft):
    sent = data_of(alice.api.post(f"{drafts}/{draft['id']}"))
    Message.objects.update(files_until=timezone.now())
    url = url_of(grant, "attachments", draft["attachments"][0]["id"], "download")
    error = error_of(alice.api.get(url, {"message_id": sent["id"]}), 404)
    assert error["type"] == "not_found_error"
    assert error["message"].startswith("The files of this message were kept until")
