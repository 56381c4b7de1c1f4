"""DELETE /api/email/attachments/{id}"""

from __future__ import annotations

import pytest
from django.utils import timezone

from attachments.models import Attachment, Blob
from attachments.retention import purge
from attachments.services import SWEEP_AFTER
from messaging.models import Message
from tests.contracts.emailapi.wire import (
    FILES,
    PDF,
    SECOND,
    UNKNOWN_FILE,
    delivered,
    error_of,
    files_in,
    path_of,
    post_letter,
    send,
    upload,
)
from tests.make import api_with

pytestmark = pytest.mark.django_db(transaction=True)


def delete(api, file):
    return api.delete(f"{FILES}/{file['id']}")


def test_r20_it_answers_200_with_id_and_time(alice, bob):
    file = upload(alice.api)
    response = delete(bob.api, file)
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["success", "data", "message"]
    assert body["success"] is True
    assert body["message"] == "Attachment deleted successfully"
    assert list(body["data"]) == ["id", "deletedAt"]
    assert body["data"]["id"] == file["id"]
    assert SECOND.fullmatch(body["data"]["deletedAt"])


def test_r20_r31_it_is_for_good_everywhere(alice, client, sender):
    file = upload(alice.api)
    delete(alice.api, file)
    for address in ("", "/download"):
        assert alice.api.get(f"{FILES}/{file['id']}{address}").json() == UNKNOWN_FILE
    again = delete(alice.api, file)
    assert (again.status_code, again.json()) == (404, UNKNOWN_FILE)
    sending = post_letter(alice.api, {"id": file["id"]})
    assert (sending.status_code, sending.json()) == (404, UNKNOWN_FILE)
    assert not Message.objects.exists()
    assert client.get(path_of(file["downloadUrl"])).status_code == 404
    assert alice.api.get(f"/api/v1/attachments/{file['id']}").status_code == 404


def test_r1_the_bytes_of_an_unused_file_go(alice):
    delete(alice.api, upload(alice.api))
    purge(at=timezone.now() + 2 * SWEEP_AFTER)
    assert not Blob.objects.exists()
    assert Attachment.objects.get().state == "gone"


def test_r20_a_sent_email_keeps_its_copy(alice, sender):
    file = upload(alice.api)
    email = send(alice.api, {"id": file["id"]})
    delivered(email["messageId"])
    assert delete(alice.api, file).status_code == 200
    purge(at=timezone.now() + 2 * SWEEP_AFTER)
    kept = f"/api/v1/messages/{email['messageId']}/attachments/{file['id']}/content"
    assert b"".join(alice.api.get(kept).streaming_content) == PDF


def test_r20_an_unsent_email_leaves_with_it(alice, sender):
    file = upload(alice.api)
    email = send(alice.api, {"id": file["id"]})
    assert delete(alice.api, file).status_code == 200
    purge(at=timezone.now() + 2 * SWEEP_AFTER)
    assert files_in(delivered(email["messageId"])) == [("document.pdf", "application/pdf", PDF)]


def test_a_draft_forbids_it(alice):
    file = upload(alice.api)
    draft = alice.api.post("/api/v1/drafts", {"attachments": [file["id"]]})
    assert draft.status_code == 201
    assert error_of(delete(alice.api, file), 409) == {
        "code": "ATTACHMENT_IN_USE",
        "message": "A draft needs this attachment",
    }
    assert alice.api.delete(f"/api/v1/drafts/{draft.json()['id']}").status_code == 204
    assert delete(alice.api, file).status_code == 200


def test_it_needs_the_scope_files(alice):
    file = upload(alice.api)
    assert error_of(delete(api_with(alice.workspace, "read"), file), 403)["code"] == "FORBIDDEN"
