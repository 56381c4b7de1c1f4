"""What is put away while it may still leave."""

from __future__ import annotations

import pytest

from messaging.errors import InboxInUse, MessageUnfinished
from messaging.inboxes import close_inbox, delete_inbox
from messaging.models import Captured, Delivery, Folder, Inbox
from messaging.outbox.drain import deliver_due
from messaging.trash import discard_message, trash_message
from tests.messaging.make import make_inbox, make_message
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_discarded_message_still_leaves(alice: Person):
    message = make_message(make_inbox(alice.workspace))
    with pytest.raises(MessageUnfinished):
        trash_message(message=message)
    discard_message(message=message)
    message.refresh_from_db()
    assert message.trashed_at and message.folder
    assert message.folder.role == Folder.Role.TRASH
    deliver_due()
    assert Captured.objects.count() == 1


def test_what_a_closed_inbox_accepted_still_leaves(alice: Person):
    inbox = make_inbox(alice.workspace)
    make_message(inbox)
    with pytest.raises(InboxInUse):
        delete_inbox(inbox=inbox)
    close_inbox(inbox=inbox)
    assert not Inbox.objects.active().exists()
    deliver_due()
    assert Captured.objects.count() == 1
    assert Delivery.objects.get().state == "done"
