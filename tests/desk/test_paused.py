"""What people at the desk are told of pauses and holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.interventions import hold_message
from messaging.models import HoldRule
from messaging.outbox.claim import claim
from messaging.pausing import pause_sending, resume_sending
from messaging.rules import let_through, save_rule
from project.ids import spell
from tests.messaging.make import make_inbox, make_message


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace)


def page(person, path="/mail/settings/you"):
    return person.browser.get(path, follow=True).content.decode()


def conversation(person, message):
    return page(person, f"/mail/threads/{spell('thr', message.thread_id)}")


def test_every_page_says_that_sending_is_paused_since_when_and_why(alice, bob, charlie, inbox):
    assert "Sending is paused" not in page(alice)
    paused = pause_sending(workspace=alice.workspace, reason="Too <fast>.")
    for person in (alice, bob):
        for path in ("/mail/", "/mail/compose", "/mail/settings/you"):
            shown = page(person, path)
            assert "Sending is paused" in shown and "because: Too &lt;fast&gt;." in shown
            assert f"{paused.since:%H:%M} UTC</time>" in shown
            assert "leaves when sending is resumed" in shown
    make_inbox(charlie.workspace)
    assert "Sending is paused" not in page(charlie)
    resume_sending(pause=paused, reason="Slower now.")
    assert "Sending is paused" not in page(alice)


def test_a_pause_of_everything_is_told_to_all(alice, charlie):
    ends_at = timezone.now() + timedelta(hours=5)
    pause_sending(workspace=None, reason="A new version.", ends_at=ends_at)
    for person in (alice, charlie):
        shown = page(person)
        assert "because: A new version." in shown
        assert f'leaves after <time datetime="{ends_at:%Y-%m-%dT%H:%M}' in shown


def test_the_author_reads_which_rule_holds_a_mail_and_for_how_long(alice, bob, charlie, inbox):
    rule = HoldRule(name="Invoices are checked", recipient_domain="example.com", hold_hours=4)
    save_rule(rule=rule, reason="An incident.")
    message = make_message(inbox)
    let_through(claim(limit=10))
    for person in (alice, bob):
        shown = conversation(person, message)
        assert "Held back by an operator: Invoices are checked. It leaves by itself on" in shown
        assert "An incident." not in shown
    url = f"/mail/threads/{spell('thr', message.thread_id)}"
    assert charlie.browser.get(url).status_code == 404


def test_the_author_reads_that_a_person_holds_a_mail(alice, inbox):
    message = make_message(inbox)
    hold_message(message=message)
    words = "Held back by an operator: It stays here until an operator releases it."
    assert words in conversation(alice, message)
