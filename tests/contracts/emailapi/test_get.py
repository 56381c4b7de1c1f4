"""GET /api/email/attachments/{id}"""

from __future__ import annotations

import pytest

from tests.contracts.emailapi.wire import (
    FILES,
    SECOND,
    UNKNOWN_FILE,
    error_of,
    inline,
    send,
    upload,
)
from tests.make import api_of, make_key
from tests.messaging.make import make_inbox, make_reservation

pytestmark = pytest.mark.django_db(transaction=True)


def test_r16_r17_r18_it_gives_the_upload_and_its_uses(alice, bob):
    file = upload(alice.api)
    response = bob.api.get(f"{FILES}/{file['id']}")
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["success", "data", "message"]
    assert body["message"] == "Attachment retrieved successfully"
    assert list(body["data"]) == [*file, "usedIn"]
    assert body["data"] == {**file, "usedIn": []}


def test_r17_uses_are_there_at_once_and_oldest_first(alice, sender):
    file = upload(alice.api)
    emails = [send(alice.api, {"id": file["id"]}) for _ in range(3)]
    used = alice.api.get(f"{FILES}/{file['id']}").json()["data"]["usedIn"]
    assert used == [{"messageId": one["messageId"], "sentAt": one["sentAt"]} for one in emails]
    assert SECOND.fullmatch(used[0]["sentAt"])


def test_r17_a_file_sent_twice_in_one_email_is_used_once(alice, sender):
    file = upload(alice.api)
    send(alice.api, {"id": file["id"]}, {"id": file["id"]})
    assert len(alice.api.get(f"{FILES}/{file['id']}").json()["data"]["usedIn"]) == 1


def test_r17_a_key_for_one_inbox_sees_the_uses_of_that_inbox(alice, sender):
    file = upload(alice.api)
    other = make_inbox(alice.workspace)
    _, secret = make_key(alice.workspace, inbox_ids=[other.pk])
    send(alice.api, {"id": file["id"]})
    mine = send(alice.api, {"id": file["id"]}, **{"from": other.address})
    used = api_of(secret).get(f"{FILES}/{file['id']}").json()["data"]["usedIn"]
    assert [one["messageId"] for one in used] == [mine["messageId"]]


@pytest.mark.parametrize(
    "id",
    ["att_1234567890", "nonsense", "msg_01kagyx6vqeq7b0m4v1c2n8t5r", "att_%00", "a" * 300, "%ff"],
)
def test_r31_what_is_not_there_is_not_found(alice, id):
    response = alice.api.get(f"{FILES}/{id}")
    assert (response.status_code, response.json()) == (404, UNKNOWN_FILE)


def test_r31_what_belongs_to_others_is_not_found(alice, charlie):
    file = upload(alice.api)
    for address in ("", "/download"):
        response = charlie.api.get(f"{FILES}/{file['id']}{address}")
        assert (response.status_code, response.json()) == (404, UNKNOWN_FILE)
    response = charlie.api.delete(f"{FILES}/{file['id']}")
    assert (response.status_code, response.json()) == (404, UNKNOWN_FILE)
    assert alice.api.get(f"{FILES}/{file['id']}").status_code == 200


def test_a_file_whose_bytes_have_not_come_is_not_found(alice):
    reserved = make_reservation(alice.workspace)
    found = alice.api.get("/api/v1/attachments").json()["data"]
    assert found[0]["state"] == reserved.state == "reserved"
    assert alice.api.get(f"{FILES}/{found[0]['id']}").json() == UNKNOWN_FILE


def test_a_file_that_came_inside_an_email_has_no_address_here(alice, sender):
    send(alice.api, inline())
    (found,) = alice.api.get("/api/v1/attachments").json()["data"]
    assert alice.api.get(f"{FILES}/{found['id']}").json() == UNKNOWN_FILE


def test_r3_it_needs_a_key(alice, client):
    file = upload(alice.api)
    for address in ("", "/download"):
        response = client.get(f"{FILES}/{file['id']}{address}")
        assert error_of(response, 401)["code"] == "UNAUTHORIZED"
    assert error_of(client.delete(f"{FILES}/{file['id']}"), 401)["code"] == "UNAUTHORIZED"
