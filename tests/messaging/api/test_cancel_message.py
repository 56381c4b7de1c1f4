from __future__ import annotations

from messaging.models import Delivery, Inbox, Recipient
from tests.make import api_with
from tests.messaging.api.reach import error_of, url_of
from tests.messaging.make import make_message
from tests.people import Person


def test_it_holds_a_message_back_for_good(alice: Person, bob: Person, inbox: Inbox):
    message = make_message(inbox)
    answer = bob.api.post(url_of(message, "cancel"))
    assert answer.status_code == 200 and answer.json()["status"] == "canceled"
    assert Delivery.objects.get().state == "canceled"


def test_it_comes_too_late(alice: Person, inbox: Inbox):
    message = make_message(inbox)
    Delivery.objects.update(state="done", due_at=None)
    Recipient.objects.update(state="accepted")
    assert error_of(alice.api.post(url_of(message, "cancel")), 409)["code"] == "too_late"


def test_it_answers_an_equal_request_once(alice: Person, inbox: Inbox):
    message = make_message(inbox)
    headers = {"Idempotency-Key": "k"}
    first = alice.api.post(url_of(message, "cancel"), headers=headers)
    again = alice.api.post(url_of(message, "cancel"), headers=headers)
    assert again.json() == first.json() and again["Idempotency-Replay"] == "true"
    assert error_of(alice.api.post(url_of(message, "cancel")), 409)


def test_a_stranger_cancels_nothing(alice: Person, charlie: Person, inbox: Inbox):
    message = make_message(inbox)
    assert error_of(charlie.api.post(url_of(message, "cancel")), 404)
    assert error_of(api_with(alice.workspace, "read").post(url_of(message, "cancel")), 403)
    assert Delivery.objects.get().state == "queued"
