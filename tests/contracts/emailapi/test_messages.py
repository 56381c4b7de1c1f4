"""GET /api/email/messages/{id}"""

from __future__ import annotations

import pytest

from messaging.models import Message
from tests.contracts.emailapi.wire import (
    MESSAGES,
    delivered,
    error_of,
    inline,
    send,
    upload,
)
from tests.make import api_of, make_key
from tests.messaging.make import make_inbox

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_gives_the_email_and_what_has_become_of_it(alice, bob, sender):
    email = send(alice.api, {"id": upload(alice.api)["id"]}, inline(b"2", "b.txt"))
    response = bob.api.get(f"{MESSAGES}/{email['messageId']}")
    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "data": email,
        "message": "Message retrieved successfully",
    }
    delivered(email["messageId"])
    found = bob.api.get(f"{MESSAGES}/{email['messageId']}").json()["data"]
    assert found == {**email, "status": "sent"}


@pytest.mark.parametrize("id", ["msg_abc123xyz", "nonsense", "att_1"])
def test_what_is_not_there_is_not_found(alice, id):
    assert error_of(alice.api.get(f"{MESSAGES}/{id}"), 404)["code"] == "NOT_FOUND"


def test_what_belongs_to_others_is_not_found(alice, charlie, client, sender):
    address = f"{MESSAGES}/{send(alice.api)['messageId']}"
    assert error_of(charlie.api.get(address), 404)["code"] == "NOT_FOUND"
    assert error_of(client.get(address), 401)["code"] == "UNAUTHORIZED"
    _, secret = make_key(alice.workspace, inbox_ids=[make_inbox(alice.workspace).pk])
    assert error_of(api_of(secret).get(address), 404)["code"] == "NOT_FOUND"


def test_mail_that_came_in_is_none_of_it(alice, sender):
    email = send(alice.api)
    Message.objects.update(direction="inbound")
    assert alice.api.get(f"{MESSAGES}/{email['messageId']}").status_code == 404
