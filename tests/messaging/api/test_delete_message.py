from __future__ import annotations

import pytest

from messaging.models import Delivery, Folder, Inbox, Message
from project.ids import spell
from tests.make import api_with
from tests.messaging.api.reach import V1, error_of, subjects, url_of
from tests.messaging.make import make_file, make_message
from tests.people import Person


@pytest.fixture
def message(alice: Person, inbox: Inbox) -> Message:
    """One that has been sent."""
    message = make_message(inbox, files=[make_file(alice.workspace)])
    Delivery.objects.update(state="done", due_at=None)
    return message


def test_it_goes_to_the_trash(alice: Person, message: Message):
    assert alice.api.delete(url_of(message)).status_code == 204
    trash = Folder.objects.get(inbox=message.inbox, role="trash")
    assert alice.api.get(url_of(message)).json()["folder_id"] == spell("fol", trash.pk)
    assert subjects(alice.api.get(f"{V1}/messages")) == []


def test_it_goes_for_good(alice: Person, bob: Person, message: Message):
    file = message.enclosures.all()[0].attachment
    assert bob.api.delete(f"{url_of(message)}?forever=true").status_code == 204
    assert error_of(alice.api.get(url_of(message)), 404)
    file.refresh_from_db()
    assert file.expires_at is not None and file.deleted_at is None


@pytest.mark.parametrize("query", ["", "?forever=true"])
def test_it_stays_while_it_may_still_leave(alice: Person, inbox: Inbox, query: str):
    message = make_message(inbox)
    error = error_of(alice.api.delete(url_of(message) + query), 409)
    assert error["code"] == "message_unfinished"
    assert alice.api.post(url_of(message, "cancel")).status_code == 200
    assert alice.api.delete(url_of(message) + query).status_code == 204


def test_a_stranger_deletes_nothing(alice: Person, charlie: Person, message: Message):
    assert error_of(charlie.api.delete(f"{url_of(message)}?forever=true"), 404)
    assert error_of(api_with(alice.workspace, "read").delete(url_of(message)), 403)
    assert error_of(alice.api.delete(f"{url_of(message)}?forever=perhaps"), 400)
    assert Message.objects.filter(trashed_at=None).count() == 1
