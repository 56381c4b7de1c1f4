"""DELETE /api/v1/attachments/{id}"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from attachments.models import Attachment, Blob
from attachments.retention import purge
from attachments.services import SWEEP_AFTER, release_attachments
from attachments.storage import attachment_storage
from project.events.models import Event
from project.ids import spell
from tests.attachments.make import make_attachment, make_draft_with, make_reserved, make_sent
from tests.make import api_with
from tests.messaging.make import make_inbox, make_message

URL = "/api/v1/attachments"
pytestmark = pytest.mark.django_db(transaction=True)


def url_of(attachment: Attachment) -> str:
    return f"{URL}/{spell('att', attachment.pk)}"


def an_hour_later() -> None:
    """The sweep, at a time when nobody can be about to use fresh bytes."""
    purge(at=timezone.now() + SWEEP_AFTER + timedelta(minutes=1))


def test_it_hides_the_file_at_every_address(alice, bob):
    attachment = make_attachment(alice.workspace)
    assert bob.api.delete(url_of(attachment)).status_code == 204
    for address in ("", "/content", "/uses"):
        assert alice.api.get(url_of(attachment) + address).status_code == 404
    assert alice.api.delete(url_of(attachment)).status_code == 404
    assert alice.api.get(URL).json()["data"] == []


def test_it_removes_the_bytes_and_keeps_a_tombstone(alice):
    attachment = make_attachment(alice.workspace)
    key = attachment.blob.key
    alice.api.delete(url_of(attachment))
    an_hour_later()
    assert not attachment_storage().exists(key)
    assert not Blob.objects.exists()
    attachment.refresh_from_db()
    assert (attachment.state, attachment.reason_code) == ("gone", "deleted")
    assert attachment.sha256
    assert attachment.gone_at
    kinds = list(Event.objects.order_by("position").values_list("kind", flat=True))
    assert kinds[-2:] == ["attachment.deleted", "attachment.expired"]


def test_it_removes_old_bytes_at_once(alice):
    attachment = make_attachment(alice.workspace)
    an_hour_later()
    alice.api.delete(url_of(attachment))
    assert not attachment_storage().exists(attachment.blob.key)


def test_it_leaves_bytes_that_another_file_has(alice):
    one, two = make_attachment(alice.workspace), make_attachment(alice.workspace)
    alice.api.delete(url_of(one))
    an_hour_later()
    assert alice.api.get(url_of(two) + "/content").status_code == 200


def test_it_gives_up_a_reservation(alice):
    attachment = make_reserved(alice.workspace)
    assert alice.api.delete(url_of(attachment)).status_code == 204
    attachment.refresh_from_db()
    assert attachment.state == "gone"


def test_it_refuses_while_a_draft_needs_the_file(alice):
    attachment = make_attachment(alice.workspace)
    draft = make_draft_with(attachment)
    response = alice.api.delete(url_of(attachment))
    assert response.status_code == 409
    error = response.json()["error"]
    assert error["code"] == "in_use"
    assert error["details"] == [{"kind": "draft", "id": spell("drf", draft.pk)}]
    draft.enclosures.all().delete()
    assert alice.api.delete(url_of(attachment)).status_code == 204


def test_it_refuses_while_a_message_is_unsent(alice):
    attachment = make_attachment(alice.workspace)
    message = make_message(make_inbox(alice.workspace), files=[attachment])
    response = alice.api.delete(url_of(attachment))
    assert response.status_code == 409
    assert response.json()["error"]["details"] == [
        {"kind": "message", "id": spell("msg", message.pk)}
    ]


def test_it_leaves_sent_messages_their_bytes_until_the_last_goes(alice):
    attachment = make_attachment(alice.workspace)
    message = make_message(make_inbox(alice.workspace), files=[attachment])
    make_sent(message)
    assert alice.api.delete(url_of(attachment)).status_code == 204
    an_hour_later()
    attachment.refresh_from_db()
    assert (attachment.state, attachment.is_held) == ("ready", True)
    message.enclosures.all().delete()
    release_attachments([attachment])
    an_hour_later()
    attachment.refresh_from_db()
    assert (attachment.state, attachment.reason_code) == ("gone", "deleted")
    assert not Blob.objects.exists()


def test_it_is_for_the_workspace_and_the_scope_files(alice, charlie):
    attachment = make_attachment(alice.workspace)
    assert charlie.api.delete(url_of(attachment)).status_code == 404
    assert api_with(alice.workspace, "read").delete(url_of(attachment)).status_code == 403
    assert alice.api.get(url_of(attachment)).status_code == 200
