"""Reading what a message says, and sending it anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Message
from project.events.models import Event
from project.ids import spell
from project.tenancy.models import User
from tests.backoffice.people import browser_of, make_officer, page_of
from tests.backoffice.rows import BODY
from tests.messaging.make import letter_to, make_file, make_inbox, make_message, outcomes
from tests.people import Person

ANN, BO = "ann@example.com", "bo@example.com"
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def operator(alice: Person) -> User:
    return make_officer("operator", alice.workspace)


@pytest.fixture
def browser(operator: User) -> Client:
    return browser_of(operator)


@pytest.fixture
def message(alice: Person) -> Message:
    letter = letter_to(ANN, BO, html=f"<p>{BODY}</p>{SCRIPT}")
    return make_message(make_inbox(alice.workspace), letter, files=[make_file(alice.workspace)])


def page(name: str, message: Message) -> str:
    return reverse(f"admin:message_{name}", args=[message.pk])


def open_it(browser: Client, message: Message, reason: str = "a complaint") -> None:
    browser.post(page("open", message), {"reason": reason})


def test_a_body_is_shown_once_a_reason_is_given(browser, message):
    assert browser.get(page("body", message))["Location"] == page("open", message)
    for name in ("html", "raw"):
        assert browser.get(page(name, message)).status_code == 404
    open_it(browser, message)
    assert "Please see the file." in browser.get(page("body", message)).content.decode()
    html = browser.get(page("html", message))
    assert BODY in html.content.decode() and SCRIPT not in html.content.decode()
    assert "sandbox" in html["Content-Security-Policy"]
    raw = b"".join(browser.get(page("raw", message)))
    assert message.rfc_message_id.encode() in raw and b"a.pdf" in raw


def test_it_is_in_the_log_and_the_owners_are_told(
    browser, operator, message, alice, bob, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        open_it(browser, message, "a complaint of Ann")
    event = Event.objects.get(kind="message.opened")
    assert event.actor == f"user:{spell('usr', operator.pk)}"
    assert (event.subject_id, event.payload) == (message.pk, {"reason": "a complaint of Ann"})
    (mail,) = mailoutbox
    assert mail.to == [alice.user.email]
    assert operator.email in mail.body and "a complaint of Ann" in mail.body
    assert spell("msg", message.pk) in mail.body and BODY not in mail.body


def test_without_a_reason_nothing_is_shown_and_nobody_is_told(browser, message):
    answer = browser.post(page("open", message), {"reason": "  "})
    assert "A reason is needed." in answer.content.decode()
    assert browser.get(page("html", message)).status_code == 404
    assert not Event.objects.filter(kind="message.opened").exists()


def test_a_reason_opens_one_message_to_one_session_for_a_while(browser, operator, message, alice):
    other = make_message(make_inbox(alice.workspace), letter_to(ANN, html=BODY))
    open_it(browser, message)
    assert browser.get(page("html", other)).status_code == 404
    assert browser_of(operator).get(page("html", message)).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        assert browser.get(page("html", message)).status_code == 404


def test_who_has_lost_the_post_reads_no_more(browser, operator, message):
    open_it(browser, message)
    operator.posts.update(duty="auditor")
    assert browser.get(page("html", message)).status_code == 403
    operator.posts.all().delete()
    assert browser.get(page("html", message)).status_code == 302


def test_the_page_of_a_message_has_everything_but_its_body(browser, message):
    shown = browser.get(page_of(message)).content.decode()
    for words in (ANN, BO, "a.pdf", "message.accepted", "text/html", message.subject, "pending"):
        assert words in shown
    assert BODY not in shown and "Please see the file." not in shown


def test_it_is_sent_anew_to_the_chosen(browser, operator, message):
    form = {"email": [BO], "reason": "Bo has lost it"}
    answer = browser.post(page("resend", message), form)
    new = Message.objects.exclude(pk=message.pk).get()
    assert answer["Location"] == page_of(new)
    assert outcomes(new) == {BO: "pending"}
    old_line, new_line = Event.objects.filter(kind="message.handled").order_by("position")
    assert old_line.payload["resent_as"] == spell("msg", new.pk)
    assert new_line.payload["resent_from"] == spell("msg", message.pk)
    for line in (old_line, new_line):
        assert line.actor == f"user:{spell('usr', operator.pk)}"
        assert (line.payload["reason"], line.payload["recipients"]) == ("Bo has lost it", [BO])
    assert Event.objects.get(kind="message.accepted", subject_id=new.pk).actor == old_line.actor
    assert spell("msg", new.pk) in browser.get(page_of(message)).content.decode()


@pytest.mark.parametrize(
    "form",
    [{"email": [BO]}, {"reason": "x"}, {"email": ["eve@example.com"], "reason": "x"}],
)
def test_nothing_is_sent_anew_without_recipients_of_it_and_a_reason(browser, message, form):
    browser.post(page("resend", message), form)
    assert Message.objects.get() == message
    assert not Event.objects.filter(kind="message.handled").exists()
