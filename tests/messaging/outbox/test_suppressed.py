"""Whoever is suppressed is named to no server."""

from __future__ import annotations

import pytest
from django.utils import timezone

from messaging.models import Captured, Delivery, Message, Recipient
from messaging.outbox.drain import deliver_due
from messaging.outbox.sweep import fail_hopeless
from messaging.services import resolve_message
from messaging.suppressions import suppress, unsuppress
from tests.messaging.make import letter_to, make_inbox, make_message, make_reservation, outcomes
from tests.messaging.outbox.steps import (
    events_of,
    let_deadline_pass,
    many,
    state_of,
    together,
    try_again,
)
from tests.services.smtp_rules import Rule

pytestmark = pytest.mark.django_db(transaction=True)

ANN, BOB, CY = "ann@example.com", "bob@example.com", "cy@example.com"


@pytest.fixture
def message(inbox, relay) -> Message:
    suppress(workspace=inbox.workspace, email=BOB)
    return make_message(inbox, letter_to(ANN, BOB, CY))


def status_of(message):
    return Message.objects.in_full().get(pk=message.pk).status_at(timezone.now())


def test_the_envelope_names_the_others_only(relay, message):
    deliver_due()
    (mail,) = relay.kept
    assert sorted(mail.accepted) == [ANN, CY]
    assert outcomes(message) == {ANN: "accepted", BOB: "suppressed", CY: "accepted"}
    assert (state_of(message), status_of(message)) == ("done", "partial")


def test_a_second_try_does_not_name_them_either(relay, message):
    relay.set_rules(Rule(at="rcpt", match="^cy", reply="450 Later", times=1))
    deliver_due()
    try_again()
    assert [sorted(mail.accepted) for mail in relay.kept] == [[ANN], [CY]]
    assert outcomes(message) == {ANN: "accepted", BOB: "suppressed", CY: "accepted"}


def test_sending_again_to_who_is_in_doubt_leaves_them_out(relay, message):
    deliver_due()
    Recipient.objects.filter(email=CY).update(state="unknown")
    resolve_message(message=message, outcome="resend")
    deliver_due()
    assert [sorted(mail.accepted) for mail in relay.kept] == [[ANN, CY], [CY]]
    assert outcomes(message)[BOB] == "suppressed"


def test_it_has_failed_when_nobody_else_got_it(relay, message):
    relay.set_rules(Rule(at="rcpt", reply="550 No"))
    deliver_due()
    assert outcomes(message) == {ANN: "refused", BOB: "suppressed", CY: "refused"}
    assert (status_of(message), events_of(message)) == ("failed", ["failed"])


def test_a_file_that_never_comes_changes_nothing_for_them(inbox, relay):
    suppress(workspace=inbox.workspace, email=BOB)
    message = make_message(inbox, letter_to(ANN, BOB), files=[make_reservation(inbox.workspace)])
    let_deadline_pass(message)
    fail_hopeless()
    assert outcomes(message) == {ANN: "refused", BOB: "suppressed"}


def test_of_two_who_suppress_one_makes_it(inbox):
    def work():
        return suppress(workspace=inbox.workspace, email=BOB)

    for _ in range(many(3, 20)):
        made = together(work, work, work)
        assert sorted(is_new for _, is_new in made) == [False, False, True]
        unsuppress(suppression=made[0][0])


def test_the_tray_captures_it_for_the_others(inbox):
    desk = make_inbox(inbox.workspace, address="desk@acme.test")
    suppress(workspace=inbox.workspace, email=BOB)
    suppress(workspace=inbox.workspace, email=desk.address)
    make_message(inbox, letter_to(ANN, BOB, desk.address))
    deliver_due()
    assert Captured.objects.get().recipients == [ANN]
    assert Delivery.objects.get().state == "done"
