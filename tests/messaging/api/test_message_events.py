from __future__ import annotations

from messaging.models import Inbox
from project.ids import spell
from tests.messaging.api.reach import error_of, listed, url_of
from tests.messaging.make import make_message
from tests.people import Person


def test_it_tells_what_happened_newest_first(alice: Person, bob: Person, inbox: Inbox):
    message, _other = make_message(inbox), make_message(inbox)
    bob.api.post(url_of(message, "cancel"))
    canceled, accepted = listed(alice.api.get(url_of(message, "events")))
    assert accepted["kind"] == "message.accepted" and accepted["actor"] is None
    assert canceled["kind"] == "message.canceled"
    assert canceled["actor"] == f"key:{spell('key', bob.api_key.pk)}"
    assert canceled["subject"] == {"kind": "message", "id": spell("msg", message.pk)}
    first = alice.api.get(url_of(message, "events") + "?limit=1").json()
    assert first["data"] == [canceled]
    second = alice.api.get(url_of(message, "events") + f"?limit=1&after={first['next']}").json()
    assert second["data"] == [accepted] and second["next"] is None


def test_a_stranger_hears_nothing(charlie: Person, inbox: Inbox):
    assert error_of(charlie.api.get(url_of(make_message(inbox), "events")), 404)
