"""Messages that answer mail which is not here."""

from __future__ import annotations

import pytest

from attachments.limits import Limits
from messaging.acceptance import Filing
from messaging.mime.assembly import assemble
from messaging.models import Message
from messaging.services import send_message
from tests.messaging.make import LETTER, make_inbox, make_message
from tests.people import Person

pytestmark = pytest.mark.django_db

FOREIGN = Filing(answered_id="<b@x.test>", references=("<a@x.test>", "<b@x.test>"))


def sent(alice: Person, filing: Filing) -> Message:
    inbox = alice.workspace.inboxes.first() or make_inbox(alice.workspace)
    limits = Limits.for_workspace(alice.workspace)
    return send_message(inbox=inbox, letter=LETTER, limits=limits, filing=filing)


def test_it_names_what_it_answers(alice: Person) -> None:
    message = sent(alice, FOREIGN)
    assert (message.in_reply_to, message.references) == ("<b@x.test>", ["<a@x.test>", "<b@x.test>"])
    mail = b"".join(assemble(Message.objects.in_full().get(pk=message.pk)).blocks())
    assert b"\r\nIn-Reply-To: <b@x.test>\r\nReferences: <a@x.test> <b@x.test>\r\n" in mail
    assert message.size == len(mail)


def test_mail_that_is_here_goes_before(alice: Person) -> None:
    first = make_message(make_inbox(alice.workspace))
    filing = Filing(in_reply_to=first, answered_id="<b@x.test>", references=("<b@x.test>",))
    message = sent(alice, filing)
    assert (message.in_reply_to, message.thread) == (first.rfc_message_id, first.thread)
    assert message.references == [first.rfc_message_id]
