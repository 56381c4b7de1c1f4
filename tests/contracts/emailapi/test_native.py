"""This door and the native one on the same files and messages."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest

from attachments.models import Attachment
from tests.contracts.emailapi.wire import (
    FILES,
    MESSAGES,
    PDF,
    UNKNOWN_FILE,
    content_of,
    delivered,
    error_of,
    files_in,
    inline,
    path_of,
    post_letter,
    send,
    upload,
)

pytestmark = pytest.mark.django_db(transaction=True)

V1 = "/api/v1"
LETTER = {"from": "sender@example.com", "to": ["a@example.com"], "subject": "s", "text": "t"}


def native_file(api, content=PDF, filename="native.pdf"):
    response = api.post(
        f"{V1}/attachments", {"filename": filename, "content": b64encode(content).decode()}
    )
    assert response.status_code == 201
    return response.json()


def test_what_is_uploaded_here_is_there(alice):
    file = upload(alice.api)
    there = alice.api.get(f"{V1}/attachments/{file['id']}").json()
    assert (there["filename"], there["state"]) == ("document.pdf", "ready")
    assert (there["content_type"], there["size"]) == ("application/pdf", len(PDF))
    assert there["sha256"] == sha256(PDF).hexdigest()
    assert there["expires_at"].replace(".000Z", "Z")[:19] == file["expiresAt"][:19]
    assert content_of(alice.api.get(f"{V1}/attachments/{file['id']}/content")) == PDF
    listed = alice.api.get(f"{V1}/attachments?count=true").json()
    assert (listed["total"], listed["data"][0]["id"]) == (1, file["id"])
    assert alice.api.get(f"{V1}/attachments?unused=true&count=true").json()["total"] == 1


def test_what_is_uploaded_there_is_here(alice):
    there = native_file(alice.api)
    here = alice.api.get(f"{FILES}/{there['id']}").json()["data"]
    assert (here["filename"], here["contentType"]) == ("native.pdf", "application/pdf")
    assert here["usedIn"] == []
    assert content_of(alice.api.get(f"{FILES}/{there['id']}/download")) == PDF
    assert alice.api.get(FILES).json()["data"]["pagination"]["total"] == 1
    assert upload(alice.api)["id"] != there["id"]
    assert alice.api.get(FILES).json()["data"]["pagination"]["total"] == 2


def test_a_file_of_here_is_sent_there_and_counted_here(alice, sender):
    file = upload(alice.api)
    sent = alice.api.post(f"{V1}/messages", {**LETTER, "attachments": [file["id"]]})
    assert sent.status_code == 202
    message = sent.json()
    used = alice.api.get(f"{FILES}/{file['id']}").json()["data"]["usedIn"]
    assert used == [
        {"messageId": message["id"], "sentAt": message["created_at"].partition(".")[0] + "Z"}
    ]
    found = alice.api.get(f"{MESSAGES}/{message['id']}").json()["data"]
    assert found["attachments"][0]["id"] == file["id"]
    assert files_in(delivered(message["id"])) == [("document.pdf", "application/pdf", PDF)]


def test_a_file_of_there_is_sent_here_and_counted_there(alice, sender):
    file = native_file(alice.api)
    email = send(alice.api, {"id": file["id"]}, inline(b"2", "b.txt"))
    uses = alice.api.get(f"{V1}/attachments/{file['id']}/uses").json()["data"]
    assert [(use["kind"], use["id"]) for use in uses] == [("message", email["messageId"])]
    assert alice.api.get(f"{V1}/attachments?unused=true&count=true").json()["total"] == 0
    message = alice.api.get(f"{V1}/messages/{email['messageId']}").json()
    assert [one["filename"] for one in message["attachments"]] == ["native.pdf", "b.txt"]
    delivered(email["messageId"])
    assert alice.api.get(f"{V1}/messages/{email['messageId']}").json()["status"] == "sent"


def test_a_file_of_there_arrives_here_with_its_bytes(alice, client, on_disk):
    reserved = alice.api.post(f"{V1}/attachments", {"filename": "late.pdf", "size": len(PDF)})
    file = reserved.json()
    assert alice.api.get(f"{FILES}/{file['id']}").json() == UNKNOWN_FILE
    put = client.put(path_of(file["upload"]["url"]), PDF, content_type="application/pdf")
    assert put.status_code == 200
    assert alice.api.get(f"{FILES}/{file['id']}").json()["data"]["size"] == len(PDF)


def test_a_file_whose_type_is_not_taken_here_is_shown_and_not_sent(alice, sender):
    file = native_file(alice.api, b"<p>", "a.html")
    here = alice.api.get(f"{FILES}/{file['id']}").json()["data"]
    assert here["contentType"] == "text/html"
    error = error_of(post_letter(alice.api, {"id": file["id"]}), 415)
    assert (error["code"], error["contentType"]) == ("UNSUPPORTED_FILE_TYPE", "text/html")
    assert not Attachment.objects.get().is_held


def test_a_draft_of_there_holds_a_file_of_here(alice):
    file = upload(alice.api)
    alice.api.post(f"{V1}/drafts", {"attachments": [file["id"]]})
    here = alice.api.get(f"{FILES}/{file['id']}").json()["data"]
    assert (here["usedIn"], here["expiresAt"]) == ([], file["expiresAt"])
    assert not Attachment.objects.get().expires_at


def test_a_draft_of_there_with_a_file_of_here_is_a_use_once_sent(alice, sender):
    file = upload(alice.api)
    draft = alice.api.post(f"{V1}/drafts", {**LETTER, "attachments": [file["id"]]}).json()
    assert alice.api.post(f"{V1}/drafts/{draft['id']}/send").status_code in (200, 202)
    (use,) = alice.api.get(f"{FILES}/{file['id']}").json()["data"]["usedIn"]
    assert files_in(delivered(use["messageId"])) == [("document.pdf", "application/pdf", PDF)]


def test_what_is_deleted_there_is_gone_here(alice):
    file = upload(alice.api)
    assert alice.api.delete(f"{V1}/attachments/{file['id']}").status_code == 204
    assert alice.api.get(f"{FILES}/{file['id']}").json() == UNKNOWN_FILE


def test_what_is_deleted_here_stays_in_the_message_there(alice, sender):
    file = upload(alice.api)
    email = send(alice.api, {"id": file["id"]})
    assert alice.api.delete(f"{FILES}/{file['id']}").status_code == 200
    (row,) = alice.api.get(f"{V1}/messages/{email['messageId']}").json()["attachments"]
    assert (row["state"], row["download_url"]) == ("ready", None)
    address = f"{V1}/messages/{email['messageId']}/attachments/{file['id']}/content"
    assert content_of(alice.api.get(address)) == PDF


def test_a_message_that_was_deleted_there_is_no_use_any_more(alice, sender):
    file = upload(alice.api)
    email = send(alice.api, {"id": file["id"]})
    delivered(email["messageId"])
    address = f"{V1}/messages/{email['messageId']}?forever=true"
    assert alice.api.delete(address).status_code == 204
    here = alice.api.get(f"{FILES}/{file['id']}").json()["data"]
    assert here["usedIn"] == []
    assert Attachment.objects.get().expires_at
