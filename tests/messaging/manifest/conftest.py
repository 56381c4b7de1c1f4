"""An inbox whose mail goes to a real Postfix, and comes back as it lies in the Maildir."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from messaging.manifest.evidence import signed_manifest
from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.messaging.manifest.saved import HTML, PDF, PDF_NAME, PNG, Saved
from tests.people import Person
from tests.services.postfix import DOMAIN, Postfix


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace, address="hello@acme.test")


@pytest.fixture
def saved(inbox: Inbox, postfix: Postfix, settings: Settings) -> Saved:
    """A mail with two files as Postfix delivered it, and its manifest."""
    settings.SMTP_URL = postfix.url
    files = [
        make_file(inbox.workspace, PDF, filename=PDF_NAME),
        make_file(inbox.workspace, PNG, filename="logo.png"),
    ]
    message = make_message(inbox, letter_to(f"ann@{DOMAIN}", html=HTML), files=files)
    deliver_due()
    postfix.wait_for(message.rfc_message_id)
    (raw,) = postfix.raw()
    return Saved(raw, signed_manifest(Message.objects.get(pk=message.pk)))
