"""Idempotency-Key on a send."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from messaging.models import Message
from project.tenancy.models import IdempotencyRecord
from tests.contracts.emailapi.wire import FILES, error_of, inline, post_letter, upload

pytestmark = pytest.mark.django_db(transaction=True)

KEY = {"Idempotency-Key": "order-12"}


def test_the_same_email_again_gets_the_same_answer(alice, bob, sender):
    file = upload(alice.api)
    files = [{"id": file["id"]}, inline(b"x" * 100_000)]
    first = post_letter(alice.api, *files, http=KEY)
    again = post_letter(bob.api, *files, http=KEY)
    assert again.status_code == first.status_code == 200
    assert again.content == first.content
    assert again["Idempotency-Replay"] == "true"
    assert Message.objects.count() == 1


def test_it_does_so_when_the_file_is_no_more(alice, sender):
    file = upload(alice.api)
    first = post_letter(alice.api, {"id": file["id"]}, http=KEY)
    assert alice.api.delete(f"{FILES}/{file['id']}").status_code == 200
    assert post_letter(alice.api, {"id": file["id"]}, http=KEY).content == first.content


@pytest.mark.parametrize("change", ["text", "bytes", "id"])
def test_another_email_is_a_conflict(alice, sender, change):
    one, two = upload(alice.api), upload(alice.api)
    files = [{"id": one["id"]}, inline(b"1")]
    assert post_letter(alice.api, *files, http=KEY).status_code == 200
    if change == "id":
        response = post_letter(alice.api, {"id": two["id"]}, inline(b"1"), http=KEY)
    elif change == "bytes":
        response = post_letter(alice.api, files[0], inline(b"2"), http=KEY)
    else:
        response = post_letter(alice.api, *files, text="Other.", http=KEY)
    assert error_of(response, 409)["code"] == "IDEMPOTENCY_CONFLICT"
    assert Message.objects.count() == 1


def test_what_is_ignored_makes_no_other_email(alice, sender):
    first = post_letter(alice.api, http=KEY, colour="red", content="A" * 100_000)
    assert first.status_code == 200
    assert post_letter(alice.api, http=KEY).content == first.content


def test_an_equal_request_in_flight_is_a_conflict(alice, sender):
    post_letter(alice.api, http=KEY)
    IdempotencyRecord.objects.update(status=None, lease_until=timezone.now() + timedelta(minutes=1))
    error = error_of(post_letter(alice.api, http=KEY), 409)
    assert error["code"] == "IDEMPOTENCY_CONFLICT"


def test_a_refusal_frees_the_key(alice, sender):
    assert post_letter(alice.api, {"id": "att_0"}, http=KEY).status_code == 404
    assert post_letter(alice.api, http=KEY).status_code == 200


def test_it_is_kept_for_24_hours(alice, sender):
    post_letter(alice.api, http=KEY)
    with time_machine.travel(timezone.now() + timedelta(hours=23, minutes=59)):
        assert "Idempotency-Replay" in post_letter(alice.api, http=KEY)
    with time_machine.travel(timezone.now() + timedelta(hours=24, minutes=1)):
        assert "Idempotency-Replay" not in post_letter(alice.api, http=KEY)
    assert Message.objects.count() == 2


def test_keys_of_other_accounts_and_doors_are_others(alice, charlie, sender):
    post_letter(alice.api, http=KEY)
    assert error_of(post_letter(charlie.api, http=KEY), 403)
    letter = {"from": "sender@example.com", "to": ["a@example.com"], "subject": "s", "text": "t"}
    native = alice.api.post("/api/v1/messages", letter, headers=KEY)
    assert native.status_code == 202


def test_a_key_that_is_no_key_is_refused(alice, sender):
    error = error_of(post_letter(alice.api, http={"Idempotency-Key": "a" * 256}), 400)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "Idempotency-Key")
