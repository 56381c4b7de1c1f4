"""Mail that was not sent comes back on top, with the reason in plain words."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from drafts.models import Draft
from drafts.services import send_draft
from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.services import resolve_message
from project.desk.reasons import reason_in_words, reasons_of_error
from project.ids import spell
from tests.desk.reading import Node, parsed
from tests.drafts.make import again, limits_of, make_draft
from tests.messaging.make import make_message
from tests.people import Person

PLACES = ("inbox", "sent", "drafts", "scheduled", "waiting")


def place(inbox: Inbox, name: str = "drafts") -> str:
    return f"/mail/{spell('inb', inbox.pk)}/{name}"


def troubles(person: Person, inbox: Inbox, name: str = "drafts") -> list[Node]:
    return parsed(person.browser.get(place(inbox, name))).all("li", class_="trouble")


def failed(inbox: Inbox, message: str, **fields: Any) -> Draft:
    """A draft whose last send has failed."""
    draft = make_draft(inbox, **fields)
    error = {"code": "delivery_failed", "message": message}
    Draft.objects.filter(pk=draft.pk).update(error=error)
    return again(draft)


def in_doubt(inbox: Inbox) -> Message:
    """A message that may have arrived."""
    message = make_message(inbox)
    Delivery.objects.filter(message=message).update(state="done", due_at=None)
    rows = Recipient.objects.filter(delivery__message=message)
    rows.update(state=Recipient.State.UNKNOWN, at=timezone.now())
    return message


def test_nothing_is_said_while_nothing_is_wrong(alice: Person, inbox: Inbox):
    make_draft(inbox)
    make_message(inbox)
    for name in PLACES:
        assert troubles(alice, inbox, name) == []


def test_a_failed_send_is_on_top_of_every_list_of_its_inbox(bob: Person, inbox: Inbox):
    """32."""
    draft = failed(inbox, "ann@example.com: 550 5.1.1 User unknown", subject="Offer")
    for name in PLACES:
        (trouble,) = troubles(bob, inbox, name)
        assert "Not sent: Offer to Ann" in trouble.text
        assert "There is no such mailbox at example.com." in trouble.text
        assert trouble.one("a").attributes["href"] == f"/mail/drafts/{spell('drf', draft.pk)}"


def test_it_can_be_dismissed(alice: Person, inbox: Inbox):
    draft = failed(inbox, "ann@example.com: 550 no")
    (trouble,) = troubles(alice, inbox)
    form = trouble.one("form").attributes["action"]
    answer = alice.browser.post(form, {"next": place(inbox)}, follow=True)
    assert parsed(answer).all("li", class_="trouble") == []
    assert again(draft).error is None
    assert again(draft).version == draft.version + 1


def test_sending_it_again_ends_it(alice: Person, inbox: Inbox):
    draft = failed(inbox, "ann@example.com: 550 no")
    send_draft(draft=draft, limits=limits_of(draft))
    assert troubles(alice, inbox) == []


@pytest.mark.parametrize(
    ("outcome", "state"), [("sent", "accepted"), ("resend", "pending"), ("failed", "refused")]
)
def test_of_a_message_in_doubt_people_say_what_became_of_it(
    alice: Person, inbox: Inbox, outcome: str, state: str
):
    message = in_doubt(inbox)
    (trouble,) = troubles(alice, inbox, "inbox")
    assert "May not have arrived: Hello" in trouble.text
    assert "the connection broke at the last moment" in trouble.text.lower()
    outcomes = [one.attributes["value"] for one in trouble.all("button")]
    assert outcomes == ["resend", "sent", "failed"]
    form = trouble.one("form").attributes["action"]
    answer = alice.browser.post(form, {"next": place(inbox), "outcome": outcome}, follow=True)
    assert parsed(answer).all("li", class_="trouble") == []
    assert Recipient.objects.get(delivery__message=message).state == state


def test_the_draft_of_what_has_not_arrived_comes_back(alice: Person, inbox: Inbox):
    draft = make_draft(inbox)
    sent = send_draft(draft=draft, limits=limits_of(draft))
    assert sent.message
    Delivery.objects.update(state="done", due_at=None)
    Recipient.objects.update(state=Recipient.State.UNKNOWN, at=timezone.now())
    resolve_message(message=Message.objects.in_full().get(), outcome="failed")
    (trouble,) = troubles(alice, inbox)
    assert "It is said not to have arrived." in trouble.text


def test_an_auditor_sees_it_without_buttons(auditor: Person, inbox: Inbox):
    failed(inbox, "ann@example.com: 550 no")
    in_doubt(inbox)
    found = troubles(auditor, inbox)
    assert len(found) == 2
    assert [one for trouble in found for one in trouble.all("button")] == []


def test_another_workspace_hears_nothing(charlie: Person, inbox: Inbox):
    failed(inbox, "ann@example.com: 550 no")
    in_doubt(inbox)
    for name in PLACES:
        assert "trouble" not in charlie.browser.get(f"/mail/all/{name}").content.decode()


def test_one_query_finds_that_nothing_is_wrong(
    alice: Person, inbox: Inbox, django_assert_num_queries: Any
):
    from project.api.caller import Caller
    from project.desk.access import Desk
    from project.desk.attention import troubles_of
    from project.tenancy.models import Member

    member = Member.objects.select_related("workspace").get(user=alice.user)
    desk = Desk(Caller.with_membership(member, alice.user), alice.user)
    with django_assert_num_queries(1):
        assert troubles_of(desk, [inbox]) == []


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("550 5.1.1 <ann@example.com>: Recipient address rejected", "There is no such mailbox at"),
        ("550 No such user here", "There is no such mailbox at example.com."),
        ("551 User not local", "There is no such mailbox at example.com."),
        ("552 5.2.2 Over quota", "The mailbox ann@example.com is full."),
        ("552 message size exceeds fixed limit", "too large for the server of example.com"),
        ("552 5.3.4 too big", "too large for the server of example.com"),
        ("554 5.7.1 Rejected as spam", "calls it unwanted"),
        ("535 5.7.8 Authentication failed", "The relay did not take the password"),
        ("451 4.7.1 Greylisted", "put it off again and again"),
        ("554 Transaction failed", "The server of example.com refused it."),
        ("5.1.2 nonsense", "5.1.2 nonsense"),
        ("It is said not to have arrived.", "It is said not to have arrived."),
        ("", "It did not arrive."),
    ],
)
def test_what_servers_answer_in_plain_words(reply: str, words: str):
    assert words in reason_in_words("ann@example.com", reply)


def test_each_recipient_has_a_reason():
    error = {
        "code": "delivery_failed",
        "message": "a@x.test: 550 5.1.1 no; really; b@y.test: 552 5.3.4 big; and 3 others",
    }
    assert reasons_of_error(error) == [
        "There is no such mailbox at x.test.",
        "It is too large for the server of y.test.",
        "And 3 others.",
    ]


def test_other_reasons_are_given_as_they_are():
    error = {"code": "file_missing", "message": "film.mp4 never came."}
    assert reasons_of_error(error) == ["film.mp4 never came."]
