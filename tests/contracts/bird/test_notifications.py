"""What Bird's webhooks are told of what happens to mail, as the official libraries read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.outbox.drain import deliver_due
from messaging.outbox.sweep import doubt_the_dead
from messaging.services import cancel_message, resolve_message
from messaging.suppressions import suppress
from project.api.times import spell_time
from project.contracts.bird.event_types import EVENT_TYPES
from project.events.models import WebhookDelivery
from project.ids import spell
from tests.contracts.bird.wire import send
from tests.contracts.happenings import (
    ACCEPTED,
    DEFERRED,
    REFUSED,
    get_mail,
    heard_by,
    say_of,
    send_to,
)
from tests.messaging.make import letter_to, make_message
from tests.people import Person
from tests.sdks.runner import ScriptRunner
from tests.services.hooks import Heard, Hooks

ANN, BO = "ann@example.com", "bo@example.com"
SCRIPTS = Path(__file__).parent / "sdk"
Told = Callable[[], list[tuple[str, dict[str, Any]]]]


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True


@pytest.fixture
def webhook(alice: Person, hooks: Hooks, inbox: Inbox) -> dict[str, Any]:
    """A webhook of Alice's that is told everything, with its secret."""
    fields = {"url": hooks.url, "events": list(EVENT_TYPES)}
    answer = alice.api.post("/v1/webhooks", fields)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def told(hooks: Hooks, webhook: dict[str, Any]) -> Told:
    """The types and data of what is heard, by type and recipient, all rightly signed."""

    def hear() -> list[tuple[str, dict[str, Any]]]:
        bodies = [verified(one, webhook) for one in heard_by(hooks)]
        found = [(body["type"], body["data"]) for body in bodies]
        return sorted(found, key=lambda one: (one[0], one[1].get("recipient", "")))

    return hear


def verified(heard: Heard, webhook: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = Webhook(webhook["secret"]).verify(heard.body, dict(heard.headers))
    assert set(body) == {"type", "timestamp", "data"}
    return body


def in_short(told: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    """What was told, and of whom."""
    return [(kind, data.get("recipient", "")) for kind, data in told]


def recipient_of(message: Message, email: str) -> Recipient:
    return Recipient.objects.get(delivery__message=message, email=email)


def facts_of(message: Message, email: str = "") -> dict[str, Any]:
    """What is told of every message of `send_to`, and of one of its recipients."""
    facts = {
        "email_id": spell("em", message.pk),
        "workspace_id": spell("ws", message.workspace_id),
        "tags": [{"name": "run", "value": "one"}],
        "metadata": {"order": 1},
    }
    if not email:
        return facts
    return {
        **facts,
        "recipient_id": spell("er", recipient_of(message, email).pk),
        "recipient": email,
        "recipient_role": "to",
        "broadcast_id": None,
    }


def test_each_recipient_is_accepted_and_then_delivered(told: Told, inbox: Inbox) -> None:
    message = send_to(inbox, {ANN: ACCEPTED, BO: ACCEPTED})
    assert told() == [
        ("email.accepted", facts_of(message, ANN)),
        ("email.accepted", facts_of(message, BO)),
        ("email.delivered", facts_of(message, ANN)),
        ("email.delivered", facts_of(message, BO)),
    ]
    assert told() == []


def test_what_went_two_ways_is_told_once_of_each(told: Told, inbox: Inbox) -> None:
    send_to(inbox, {ANN: ACCEPTED}, BO)
    assert in_short(told())[2:] == [("email.delivered", ANN), ("email.delivered", BO)]


def test_each_recipient_is_told_what_became_of_that_one(told: Told, inbox: Inbox) -> None:
    cy = "cy@example.com"
    message = send_to(inbox, {ANN: ACCEPTED, BO: REFUSED, cy: DEFERRED})
    bounced, deferred, delivered = told()[3:]
    assert delivered == ("email.delivered", facts_of(message, ANN))
    assert bounced == (
        "email.bounced",
        {
            **facts_of(message, BO),
            "bounce_type": "hard",
            "bounce_class": None,
            "bounce_code": "550",
            "bounce_description": recipient_of(message, BO).reply,
            "sending_ip": None,
        },
    )
    assert "5.1.1 Nobody" in bounced[1]["bounce_description"]
    assert deferred == (
        "email.deferred",
        {
            **facts_of(message, cy),
            "bounce_type": "soft",
            "bounce_class": None,
            "defer_reason": recipient_of(message, cy).reply,
            "sending_ip": None,
        },
    )


def test_the_sandbox_is_told_like_the_world(alice: Person, told: Told, inbox: Inbox) -> None:
    names = ("delivered", "bounce", "spam", "reject", "suppressed")
    send(alice.api, to=[f"{name}@messagebird.dev" for name in names])
    deliver_due()
    outcomes = [one for one in told() if one[0] != "email.accepted"]
    assert in_short(outcomes) == [
        ("email.bounced", "bounce@messagebird.dev"),
        ("email.complained", "spam@messagebird.dev"),
        ("email.delivered", "delivered@messagebird.dev"),
        ("email.rejected", "reject@messagebird.dev"),
        ("email.rejected", "suppressed@messagebird.dev"),
    ]
    assert [data["rejection_reason"] for kind, data in outcomes if kind == "email.rejected"] == [
        "policy_rejection",
        "recipient_suppressed",
    ]


def test_what_is_reported_after_a_server_had_it_is_told_as_that(told: Told, inbox: Inbox) -> None:
    message = send_to(inbox, {ANN: ACCEPTED, BO: ACCEPTED})
    told()
    say_of(message, "bounced", ANN)
    say_of(message, "complained", BO)
    complained, bounced = told()
    assert complained == ("email.complained", {**facts_of(message, BO), "feedback_type": None})
    assert bounced[0] == "email.out_of_band_bounce"
    assert (bounced[1]["recipient"], bounced[1]["bounce_code"]) == (ANN, "550")
    assert bounced[1]["bounce_description"] == "5.1.1 Gone"


def test_that_it_arrived_is_not_told_again(told: Told, inbox: Inbox) -> None:
    message = send_to(inbox, {ANN: ACCEPTED})
    told()
    say_of(message, "delivered", ANN)
    assert recipient_of(message, ANN).state == "delivered"
    assert told() == []


def in_doubt(inbox: Inbox) -> Message:
    """A message of which nobody knows whether it was taken."""
    message = make_message(inbox, letter_to(ANN))
    Delivery.objects.filter(message=message).update(
        state="data", due_at=timezone.now() - timedelta(seconds=1), claim=message.pk, attempts=1
    )
    assert doubt_the_dead() == 1
    return message


def test_a_sending_in_doubt_is_processed_until_it_is_known(told: Told, inbox: Inbox) -> None:
    message = in_doubt(inbox)
    assert in_short(told()) == [("email.accepted", ANN), ("email.processed", ANN)]
    say_of(message, "delivered", ANN)
    assert in_short(told()) == [("email.delivered", ANN)]


@pytest.mark.parametrize(
    ("outcome", "kind"), [("sent", "email.delivered"), ("failed", "email.rejected")]
)
def test_what_somebody_says_of_a_doubt_is_told(
    told: Told, inbox: Inbox, outcome: str, kind: str
) -> None:
    message = in_doubt(inbox)
    told()
    resolve_message(message=message, outcome=outcome)
    assert in_short(told()) == [(kind, ANN)]


def test_a_schedule_is_told_once_and_so_is_its_end(told: Told, inbox: Inbox) -> None:
    due_at = timezone.now() + timedelta(hours=1)
    message = send_to(inbox, {ANN: ACCEPTED, BO: ACCEPTED}, due_at=due_at)
    *accepted, scheduled = told()
    assert in_short(accepted) == [("email.accepted", ANN), ("email.accepted", BO)]
    facts = {**facts_of(message), "scheduled_at": spell_time(message.send_at)}
    assert scheduled == ("email.scheduled", facts)
    cancel_message(message=message)
    assert told() == [("email.canceled", facts_of(message))]


def test_a_mail_that_came_in_is_told(told: Told, inbox: Inbox) -> None:
    message = get_mail(inbox)
    ((kind, data),) = told()
    assert kind == "email.received"
    assert data == {
        "inbound_message_id": spell("rem", message.pk),
        "workspace_id": spell("ws", message.workspace_id),
        "message_id": "<q1@example.com>",
        "from": ANN,
        "to": ["hello@acme.test", BO],
        "subject": "A question",
        "in_reply_to": "<a0@acme.test>",
        "authentication": "unknown",
        **dict.fromkeys(("spf_pass", "dkim_pass", "dmarc_pass", "spam_score")),
    }


def test_a_suppression_is_told(alice: Person, told: Told) -> None:
    suppression, _ = suppress(workspace=alice.workspace, email=ANN)
    ((kind, data),) = told()
    assert kind == "email_suppression.created"
    assert data == {
        "suppression_id": spell("sup", suppression.pk),
        "email": ANN,
        "reason": "manual",
        "workspace_id": spell("ws", alice.workspace.pk),
    }


def test_only_what_it_listens_to_is_told(
    alice: Person, told: Told, webhook: dict[str, Any], inbox: Inbox
) -> None:
    path = f"/v1/webhooks/{webhook['id']}"
    assert alice.api.patch(path, {"events": ["email.bounced"]}).status_code == 200
    send_to(inbox, {ANN: ACCEPTED, BO: REFUSED})
    get_mail(inbox)
    assert in_short(told()) == [("email.bounced", BO)]


def test_a_repeat_is_the_same_body_under_the_same_id(
    hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    hooks.answer_with(500)
    get_mail(inbox)
    (first,) = heard_by(hooks)
    WebhookDelivery.objects.update(due_at=timezone.now())
    (second,) = heard_by(hooks)
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert verified(second, webhook)


def everything(alice: Person, inbox: Inbox) -> None:
    """Each thing that webhooks are told of."""
    cy = "cy@example.com"
    reported = send_to(inbox, {ANN: ACCEPTED, BO: ACCEPTED})
    say_of(reported, "bounced", ANN)
    say_of(reported, "complained", BO)
    send_to(inbox, {ANN: ACCEPTED, BO: REFUSED, cy: DEFERRED})
    send(alice.api, to=["reject@messagebird.dev"])
    due_at = timezone.now() + timedelta(hours=1)
    cancel_message(message=send_to(inbox, {ANN: ACCEPTED}, due_at=due_at))
    deliver_due()
    in_doubt(inbox)
    get_mail(inbox)
    get_mail(inbox, b"Subject: From nobody\r\n\r\nHi\r\n")
    suppress(workspace=alice.workspace, email="no@example.com")


CLASSES = {
    "email.accepted": "EventEmailAccepted",
    "email.bounced": "EventEmailBounced",
    "email.canceled": "EventEmailCanceled",
    "email.complained": "EventEmailComplained",
    "email.deferred": "EventEmailDeferred",
    "email.delivered": "EventEmailDelivered",
    "email.out_of_band_bounce": "EventEmailOutOfBandBounce",
    "email.processed": "EventEmailProcessed",
    "email.received": "EventEmailReceived",
    "email.rejected": "EventEmailRejected",
    "email.scheduled": "EventEmailScheduled",
    "email_suppression.created": "EventEmailSuppressionCreated",
}


def written(heard: list[Heard], folder: Path) -> Path:
    path = folder / "heard.json"
    rows = [{"body": one.body.decode(), "headers": dict(one.headers)} for one in heard]
    path.write_text(json.dumps(rows))
    return path


def test_the_library_for_python_verifies_and_reads_every_event(
    alice: Person,
    hooks: Hooks,
    webhook: dict[str, Any],
    inbox: Inbox,
    python_sdk: ScriptRunner,
    tmp_path: Path,
) -> None:
    everything(alice, inbox)
    heard = heard_by(hooks)
    file = written(heard, tmp_path)
    said = python_sdk(SCRIPTS / "unwrap.py", FILE=str(file), SECRET=webhook["secret"])
    assert {event["type"]: name for name, event in said["events"]} == CLASSES
    assert [event for _, event in said["events"]] == [json.loads(one.body) for one in heard]
    assert said["changed"] == "no matching v1 signature"


def test_the_library_for_node_verifies_and_reads_every_event(
    alice: Person,
    hooks: Hooks,
    webhook: dict[str, Any],
    inbox: Inbox,
    node_sdk: ScriptRunner,
    tmp_path: Path,
) -> None:
    everything(alice, inbox)
    heard = heard_by(hooks)
    file = written(heard, tmp_path)
    said = node_sdk(SCRIPTS / "unwrap.mjs", FILE=str(file), SECRET=webhook["secret"])
    assert {event["type"] for event in said["events"]} == CLASSES.keys()
    assert said["events"] == [json.loads(one.body) for one in heard]
    assert said["changed"]
