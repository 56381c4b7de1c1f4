from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from messaging.manifest.keys import opened
from messaging.models import Inbox, Message
from messaging.outbox.drain import deliver_due
from project.ids import spell
from tests.make import api_of, make_key
from tests.messaging.api.reach import error_of, url_of
from tests.messaging.make import make_file, make_message
from tests.people import Person

pytestmark = pytest.mark.django_db(transaction=True)

KEYS_URL = "/.well-known/enclose-manifest-keys.json"


@pytest.fixture
def sent(alice: Person, inbox: Inbox) -> Message:
    message = make_message(inbox, files=[make_file(alice.workspace)])
    deliver_due()
    return message


def test_it_is_signed_with_a_key_that_all_can_see(bob: Person, sent: Message, client):
    answer = bob.api.get(url_of(sent, "manifest"))
    assert answer.status_code == 200
    signed = answer.json()
    assert set(signed) == {"manifest", "signature", "key_id"}
    manifest = opened(signed, client.get(KEYS_URL).json()["keys"])
    assert manifest["message"] == spell("msg", sent.pk)
    assert manifest["workspace"] == spell("wsp", bob.workspace.pk)
    assert [part["name"] for part in manifest["parts"]] == [None, "a.pdf"]
    assert [row["recipient"] for row in manifest["replies"]] == ["ann@example.com"]


def test_asked_twice_it_is_the_same(alice: Person, bob: Person, sent: Message):
    first = alice.api.get(url_of(sent, "manifest")).content
    assert bob.api.get(url_of(sent, "manifest")).content == first
    assert alice.browser.get(url_of(sent, "manifest")).json()["manifest"]["parts"]


def test_a_change_of_keys_leaves_the_manifest_as_it_is(
    alice: Person, sent: Message, settings: Settings
):
    before = alice.api.get(url_of(sent, "manifest")).json()
    settings.MANIFEST_KEY = bytes(range(32))
    after = alice.api.get(url_of(sent, "manifest")).json()
    assert after["manifest"] == before["manifest"]
    assert after["key_id"] != before["key_id"] and after["signature"] != before["signature"]


def test_what_has_not_been_sent_has_none(alice: Person, inbox: Inbox):
    error = error_of(alice.api.get(url_of(make_message(inbox), "manifest")), 409)
    assert error["code"] == "not_sent"
    assert error["message"] == "No server has taken this message, so there is nothing to prove."


def test_a_stranger_gets_nothing(charlie: Person, sent: Message):
    assert error_of(charlie.api.get(url_of(sent, "manifest")), 404)["code"] == "not_found"


def test_a_key_without_the_right_to_read_gets_nothing(alice: Person, sent: Message):
    _, secret = make_key(alice.workspace, scopes=["send"])
    assert error_of(api_of(secret).get(url_of(sent, "manifest")), 403)
