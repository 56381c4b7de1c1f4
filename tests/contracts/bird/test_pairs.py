"""One mail, seen from here and from the native door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Inbox
from messaging.outbox.drain import deliver_due
from project.api.times import spell_time
from tests.contracts.bird.wire import MESSAGES, PDF, content_of, file, get, listed, send
from tests.people import Person

pytestmark = pytest.mark.django_db

NATIVE = "/api/v1/messages"


def test_what_is_sent_here_is_there(alice: Person, inbox: Inbox) -> None:
    ours = send(alice.api, file(), metadata={"order": 1}, parameters={})
    (native,) = alice.api.get(NATIVE).json()["data"]
    assert native["id"] == ours["id"].replace("em_", "msg_")
    assert native["attachments"][0]["id"] == ours["attachments"][0]["id"].replace("ea_", "att_")
    assert native["attachments"][0]["filename"] == "invoice.pdf"
    assert (native["subject"], native["metadata"]) == ("Your invoice", {"order": 1})
    path = f"{NATIVE}/{native['id']}/attachments/{native['attachments'][0]['id']}/content"
    assert content_of(alice.api.get(path)) == PDF


def test_what_is_sent_there_is_here(alice: Person, inbox: Inbox) -> None:
    letter = {"to": ["ann@example.com"], "subject": "Hi", "text": "See it."}
    native = alice.api.post(NATIVE, {**letter, "attachments": [file()]}).json()
    (ours,) = listed(alice.api)
    assert ours["id"] == native["id"].replace("msg_", "em_")
    path = f"{MESSAGES}/{ours['id']}/attachments/{ours['attachments'][0]['id']}"
    assert content_of(alice.api.get(path)) == PDF


def test_what_is_scheduled_here_is_canceled_there(alice: Person, inbox: Inbox) -> None:
    at = spell_time(timezone.now() + timedelta(hours=1))
    ours = send(alice.api, scheduled_at=at)
    native = ours["id"].replace("em_", "msg_")
    assert alice.api.get(f"{NATIVE}/{native}").json()["status"] == "scheduled"
    assert alice.api.post(f"{NATIVE}/{native}/cancel").status_code == 200
    assert get(alice.api, ours["id"])["status"] == "canceled"


def test_what_is_scheduled_there_is_canceled_here(alice: Person, inbox: Inbox) -> None:
    at = spell_time(timezone.now() + timedelta(hours=1))
    letter = {"to": ["ann@example.com"], "subject": "Hi", "text": "See it.", "send_at": at}
    native = alice.api.post(NATIVE, letter).json()["id"]
    (ours,) = listed(alice.api, status="scheduled")
    assert ours["scheduled_at"] == at
    assert alice.api.post(f"{MESSAGES}/{ours['id']}/cancel").status_code == 204
    assert alice.api.get(f"{NATIVE}/{native}").json()["status"] == "canceled"


def test_the_sandbox_is_told_there_as_well(alice: Person, inbox: Inbox) -> None:
    ours = send(alice.api, to=["bounce@messagebird.dev"])
    deliver_due()
    native = alice.api.get(f"{NATIVE}/{ours['id'].replace('em_', 'msg_')}").json()
    assert native["recipients"][0]["status"] == "bounced"
