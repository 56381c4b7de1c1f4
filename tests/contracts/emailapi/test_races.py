"""P1 at this door: whatever happens at the same moment, no email leaves without its files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from attachments.models import Attachment
from attachments.retention import purge
from attachments.services import SWEEP_AFTER
from messaging.models import Captured, Message
from messaging.outbox.drain import deliver_due
from tests.contracts.emailapi.wire import (
    FILES,
    MESSAGES,
    PDF,
    UNKNOWN_FILE,
    delivered,
    files_in,
    inline,
    post_letter,
    upload,
)
from tests.messaging.outbox.steps import many, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.every_case]

ROUNDS = range(many(4, 12))


def sent_whole(sending) -> bool:
    """Whether a send was accepted; its mail then has the file, and otherwise there is none."""
    if sending.status_code == 404:
        assert sending.json() == UNKNOWN_FILE
        assert not Message.objects.exists()
        return False
    purge(at=timezone.now() + 2 * SWEEP_AFTER)
    mail = delivered(sending.json()["data"]["messageId"])
    assert [content for _, _, content in files_in(mail)] == [PDF]
    return True


@pytest.mark.parametrize("round", ROUNDS)
def test_a_send_and_a_deletion(alice, sender, round):
    file = upload(alice.api)
    sending, deleting = together(
        lambda: post_letter(alice.api, {"id": file["id"]}),
        lambda: alice.api.delete(f"{FILES}/{file['id']}"),
    )
    assert deleting.status_code == 200
    sent_whole(sending)


@pytest.mark.parametrize("round", ROUNDS)
def test_a_send_and_the_purge(alice, sender, round):
    file = upload(alice.api)
    soon = timezone.now() + timedelta(hours=1)
    Attachment.objects.update(expires_at=soon)
    sending, _ = together(
        lambda: post_letter(alice.api, {"id": file["id"]}), lambda: purge(at=soon)
    )
    if sent_whole(sending):
        assert Attachment.objects.get().is_held


@pytest.mark.parametrize("round", ROUNDS)
def test_two_sends_with_one_key(alice, sender, round):
    key = {"Idempotency-Key": f"round-{round}"}
    answers = together(
        *[lambda: post_letter(alice.api, inline(b"x" * 70_000), http=key)] * 3,
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert Message.objects.count() == 1


def test_a_file_that_is_not_ready_any_more_holds_its_email_back(alice, sender):
    file = upload(alice.api)
    email = post_letter(alice.api, {"id": file["id"]}).json()["data"]
    Attachment.objects.update(state="refused", reason_code="scan", reason="Not clean.")
    deliver_due()
    assert not Captured.objects.exists()
    found = alice.api.get(f"{MESSAGES}/{email['messageId']}").json()["data"]
    assert found["status"] in ("waiting", "failed")
