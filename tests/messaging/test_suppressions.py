"""Whom a workspace does not write to any more."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.errors import AllSuppressed, InvalidAddress
from messaging.letter import Letter
from messaging.models import Captured, Delivery, Message, Recipient, Suppression
from messaging.models.message import Category
from messaging.services import cancel_message
from messaging.suppressions import suppress, suppressed_among, unsuppress
from project.events.models import Event
from project.tenancy.models import Workspace
from tests.attachments.statements import verbs_of
from tests.messaging.api.reach import error_of
from tests.messaging.make import letter_to, make_file, make_inbox, make_message, outcomes
from tests.messaging.outbox.steps import refused

pytestmark = pytest.mark.django_db

ANN, BOB, CY = "ann@example.com", "bob@example.com", "cy@example.com"
MARKETING = Filing(category=Category.MARKETING)


@pytest.fixture
def inbox(alice):
    return make_inbox(alice.workspace, address="hello@acme.test")


@pytest.fixture
def office(alice) -> Workspace:
    return alice.workspace


def recipient_of(message: Message, email: str) -> Recipient:
    return Recipient.objects.get(delivery__message=message, email=email)


def status_of(message: Message) -> str:
    return Message.objects.in_full().get(pk=message.pk).status_at(timezone.now())


# The list ---------------------------------------------------------------------------------------


def test_an_address_is_suppressed_once(office):
    one, is_new = suppress(workspace=office, email="Ann@Example.COM", reason="hard_bounce")
    assert (one.email, one.reason, one.applies_to, is_new) == (ANN, "hard_bounce", "all", True)
    again, is_new = suppress(workspace=office, email=f" {ANN} ", reason="complaint")
    assert (again.pk, again.reason, is_new) == (one.pk, "hard_bounce", False)
    event = Event.objects.get(kind="suppression.added")
    assert (event.subject_id, event.workspace_id) == (one.pk, office.pk)
    assert event.payload == {"email": ANN, "reason": "hard_bounce", "applies_to": "all"}


def test_one_that_applies_to_more_takes_the_place_of_one_that_applies_to_less(office):
    one, _ = suppress(
        workspace=office, email=ANN, reason="unsubscribe", applies_to="non_transactional"
    )
    wider, is_new = suppress(workspace=office, email=ANN, reason="complaint")
    assert (wider.pk, is_new) == (one.pk, False)
    one.refresh_from_db()
    assert (one.reason, one.applies_to) == ("complaint", "all")
    suppress(workspace=office, email=ANN, reason="unsubscribe", applies_to="non_transactional")
    one.refresh_from_db()
    assert (one.reason, one.applies_to) == ("complaint", "all")
    assert Event.objects.filter(kind="suppression.added").count() == 2


def test_it_says_whose_bounce_it_was(office, inbox):
    recipient = recipient_of(make_message(inbox), ANN)
    one, _ = suppress(workspace=office, email=ANN, reason="hard_bounce", recipient=recipient)
    assert one.recipient == recipient
    Message.objects.all().delete()
    one.refresh_from_db()
    assert one.recipient is None


def test_it_is_lifted_once(office):
    one, _ = suppress(workspace=office, email=ANN)
    same = Suppression.objects.get()
    unsuppress(suppression=one)
    unsuppress(suppression=same)
    assert not Suppression.objects.exists()
    assert Event.objects.filter(kind="suppression.removed").count() == 1


@pytest.mark.parametrize("email", ["", "ann", "ann@", "a b@example.com", "x" * 400])
def test_what_is_no_address_is_not_suppressed(office, email):
    with refused(InvalidAddress) as refusal:
        suppress(workspace=office, email=email)
    assert refusal.value.field == "email"


def test_a_domain_is_the_same_in_both_spellings(office):
    suppress(workspace=office, email="ann@bücher.example")
    for email in ("Ann@bücher.example", "ann@xn--bcher-kva.example", "ann@BÜCHER.example"):
        found = suppressed_among(
            [Address(email)], workspace_id=office.pk, category=Category.TRANSACTIONAL
        )
        assert list(found.values()) == ["manual"]


def test_each_workspace_has_its_own(office, inbox, charlie):
    suppress(workspace=charlie.workspace, email=ANN)
    assert outcomes(make_message(inbox)) == {ANN: "pending"}
    suppress(workspace=office, email=ANN)
    assert Suppression.objects.count() == 2


# Sending ----------------------------------------------------------------------------------------


def test_whoever_is_suppressed_gets_nothing_and_the_others_do(office, inbox):
    suppress(workspace=office, email=BOB, reason="hard_bounce")
    message = make_message(inbox, letter_to(ANN, "Bob@example.com", CY))
    assert outcomes(message) == {ANN: "pending", "Bob@example.com": "suppressed", CY: "pending"}
    bob = recipient_of(message, "Bob@example.com")
    assert bob.reply == "This address gets no mail: mail to it bounced for good."
    assert bob.at
    assert [one.email for one in message.recipients] == [ANN, "Bob@example.com", CY]
    assert Delivery.objects.get().state == "queued"
    event = Event.objects.get(kind="message.accepted")
    assert event.payload["recipients"] == 3


def test_a_route_whose_people_are_all_suppressed_is_not_taken(office, inbox):
    """The claim never gets a delivery in which there is nobody to send to."""
    desk = make_inbox(office, address="desk@acme.test")
    suppress(workspace=office, email=desk.address)
    message = make_message(inbox, letter_to(ANN, desk.address))
    assert [delivery.route for delivery in message.deliveries.all()] == [""]
    assert outcomes(message) == {ANN: "pending", desk.address: "suppressed"}
    suppress(workspace=office, email=ANN)
    unsuppress(suppression=Suppression.objects.get(email=desk.address))
    message = make_message(inbox, letter_to(ANN, desk.address))
    assert [delivery.route for delivery in message.deliveries.all()] == ["local"]


def test_nobody_left_is_refused_and_nothing_is_written(office, inbox):
    suppress(workspace=office, email=ANN, reason="unsubscribe")
    suppress(workspace=office, email=BOB, reason="complaint")
    with refused(AllSuppressed) as refusal:
        make_message(inbox, letter_to(ANN, BOB), files=[make_file(office)])
    said = refusal.value
    assert (said.code, said.field) == ("all_recipients_suppressed", "to")
    assert said.details == [
        {"email": ANN, "reason": "This address gets no mail: its reader unsubscribed."},
        {"email": BOB, "reason": "This address gets no mail: its reader complained."},
    ]
    assert ANN in said.message and BOB in said.message
    assert not Message.objects.exists()


def test_a_long_list_of_suppressed_is_cut(office, inbox):
    people = [f"p{number}@example.com" for number in range(9)]
    for email in people:
        suppress(workspace=office, email=email)
    with refused(AllSuppressed) as refusal:
        make_message(inbox, letter_to(*people))
    assert refusal.value.message.endswith(" And 4 others.")
    assert isinstance(refusal.value.details, list) and len(refusal.value.details) == 9


@pytest.mark.parametrize(
    ("applies_to", "category", "state"),
    [
        ("all", "transactional", "suppressed"),
        ("all", "marketing", "suppressed"),
        ("non_transactional", "transactional", "pending"),
        ("non_transactional", "marketing", "suppressed"),
    ],
)
def test_it_holds_for_the_mail_that_it_is_for(office, inbox, applies_to, category, state):
    suppress(workspace=office, email=BOB, applies_to=applies_to)
    message = make_message(inbox, letter_to(ANN, BOB), filing=Filing(category=category))
    assert outcomes(message) == {ANN: "pending", BOB: state}


def test_everybody_named_counts_in_every_role(office, inbox):
    for email in (BOB, CY):
        suppress(workspace=office, email=email)
    letter = Letter(to=(Address(ANN),), cc=(Address(BOB),), bcc=(Address(CY),), subject="x")
    message = make_message(inbox, letter)
    assert outcomes(message) == {ANN: "pending", BOB: "suppressed", CY: "suppressed"}
    roles = {one.email: one.role for one in message.recipients}
    assert roles == {ANN: "to", BOB: "cc", CY: "bcc"}


def test_it_can_be_canceled_like_any_other(office, inbox):
    suppress(workspace=office, email=BOB)
    message = make_message(inbox, letter_to(ANN, BOB))
    cancel_message(message=message)
    assert status_of(message) == "canceled"


def test_who_is_suppressed_after_it_was_accepted_still_gets_it(office, inbox):
    message = make_message(inbox)
    suppress(workspace=office, email=ANN)
    assert outcomes(message) == {ANN: "pending"}


@pytest.mark.parametrize("smtp_url", ["", "smtp://relay.test"])
def test_it_costs_at_most_one_statement_however_many_they_are(office, smtp_url):
    inbox = make_inbox(office, smtp_url=smtp_url)
    people = [f"p{number}@example.com" for number in range(900)]
    for email in people[::90]:
        suppress(workspace=office, email=email)
    with CaptureQueriesContext(connection) as queries:
        message = make_message(inbox, letter_to(*people))
    assert verbs_of(queries).count("SELECT") == 2  # them, and the folder
    assert list(outcomes(message).values()).count("suppressed") == 10


# At the native door -----------------------------------------------------------------------------


def test_the_door_says_who_gets_nothing(alice, office, inbox):
    suppress(workspace=office, email=BOB, reason="complaint")
    sent = alice.api.post("/api/v1/messages", {"to": [ANN, BOB], "subject": "x", "text": "x"})
    assert sent.status_code == 202
    by_email = {one["email"]: one for one in sent.json()["recipients"]}
    assert by_email[ANN]["status"] == "pending"
    assert by_email[BOB]["status"] == "suppressed"
    assert by_email[BOB]["reply"] == "This address gets no mail: its reader complained."


def test_the_door_refuses_what_nobody_would_get(alice, office, inbox):
    suppress(workspace=office, email=BOB)
    fields = {"to": [BOB], "subject": "x", "text": "x"}
    for _ in range(2):  # nothing is remembered of the first
        answer = alice.api.post("/api/v1/messages", fields, headers={"Idempotency-Key": "k"})
        error = error_of(answer, 422)
        assert error["code"] == "all_recipients_suppressed"
        assert error["details"][0]["email"] == BOB
    assert not Message.objects.exists() and not Captured.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_log_tells_of_it(alice, office):
    one, _ = suppress(workspace=office, email=ANN)
    unsuppress(suppression=one)
    rows = alice.api.get("/api/v1/events?kind=suppression").json()["data"]
    assert [row["kind"] for row in rows] == ["suppression.added", "suppression.removed"]
    assert rows[0]["data"]["email"] == ANN
