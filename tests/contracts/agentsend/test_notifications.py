"""What AgentSend's webhooks are told of what happens to mail."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from messaging.models import Inbox
from messaging.outbox.drain import deliver_due
from messaging.trash import delete_message
from project.contracts.agentsend.notifications import AgentSendDialect
from project.events.models import WebhookDelivery
from project.ids import spell
from tests.contracts.agentsend.reach import error_of, sent, time_of
from tests.contracts.happenings import (
    ACCEPTED,
    DEFERRED,
    REFUSED,
    get_mail,
    heard_by,
    say_of,
    send_to,
)
from tests.events.make import queue_all
from tests.people import Person
from tests.services.hooks import Heard, Hooks

ANN, BO = "ann@example.com", "bo@example.com"


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True


@pytest.fixture
def webhook(alice: Person, hooks: Hooks, inbox: Inbox) -> dict[str, Any]:
    """A webhook of Alice's that is told everything, with its secret."""
    answer = alice.api.post("/webhooks", {"url": hooks.url})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def verified(heard: Heard, webhook: dict[str, Any]) -> dict[str, Any]:
    """The body of a request whose headers are right, signed with the secret as it was shown."""
    signature = hmac.new(webhook["secret"].encode(), heard.body, "sha256").hexdigest()
    body: dict[str, Any] = json.loads(heard.body)
    assert heard.headers["x-agentsend-signature"] == signature
    assert heard.headers["x-agentsend-event"] == body["event"]
    assert heard.headers["x-agentsend-webhook-id"] == webhook["id"]
    assert heard.headers["content-type"] == "application/json"
    assert set(body) == {"event", "data", "timestamp"} and isinstance(body["timestamp"], int)
    return body


def told(hooks: Hooks, webhook: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    bodies = [verified(one, webhook) for one in heard_by(hooks)]
    return sorted([(body["event"], body["data"]) for body in bodies], key=lambda one: one[0])


def test_a_mail_that_came_in_is_told(hooks: Hooks, webhook: dict[str, Any], inbox: Inbox) -> None:
    message = get_mail(inbox)
    ((event, data),) = told(hooks, webhook)
    assert event == "message.received"
    assert time_of(data.pop("receivedAt"))
    assert data == {
        "messageId": spell("msg", message.pk),
        "inboxId": str(inbox.pk),
        "threadId": spell("thr", message.thread_id),
        "from": ANN,
        "to": ["hello@acme.test", BO],
        "subject": "A question",
        "direction": "inbound",
    }
    assert told(hooks, webhook) == []


def test_what_was_sent_is_told_once_with_its_status(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    message = sent(alice.api, inbox)
    assert told(hooks, webhook) == []
    deliver_due()
    ((event, data),) = told(hooks, webhook)
    shown = alice.api.get(f"/messages/{message['id']}").json()
    assert event == "message.sent" and time_of(data["sentAt"])
    assert data == {
        "messageId": message["id"],
        "inboxId": str(inbox.pk),
        "threadId": message["threadId"],
        "from": inbox.address,
        "to": ["customer@example.com"],
        "subject": "Your invoice",
        "direction": "outbound",
        "status": "sent",
        "sentAt": shown["sentAt"],
    }


def test_a_mail_that_some_servers_took_is_sent_and_bounced(
    hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    send_to(inbox, {ANN: ACCEPTED, BO: REFUSED})
    bounced, was_sent = told(hooks, webhook)
    assert was_sent[0] == "message.sent" and "recipients" not in was_sent[1]
    assert bounced[0] == "message.bounced"
    assert (bounced[1]["recipients"], bounced[1]["status"]) == ([BO], "bounced")


def test_a_mail_that_waits_for_another_try_is_sent_and_not_bounced(
    hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    send_to(inbox, {ANN: ACCEPTED, BO: DEFERRED})
    assert [event for event, _ in told(hooks, webhook)] == ["message.sent"]


def test_a_mail_that_nobody_took_is_bounced_only(
    hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    send_to(inbox, {ANN: REFUSED, BO: DEFERRED})
    ((event, data),) = told(hooks, webhook)
    assert (event, data["recipients"], data["sentAt"]) == ("message.bounced", [ANN], None)


@pytest.mark.parametrize(
    ("state", "event"),
    [
        ("delivered", "message.delivered"),
        ("bounced", "message.bounced"),
        ("complained", "message.complained"),
    ],
)
def test_what_is_reported_later_is_told_with_whom_it_is_about(
    hooks: Hooks, webhook: dict[str, Any], inbox: Inbox, state: str, event: str
) -> None:
    message = send_to(inbox, {ANN: ACCEPTED, BO: ACCEPTED})
    assert [one for one, _ in told(hooks, webhook)] == ["message.sent"]
    say_of(message, state, BO)
    ((kind, data),) = told(hooks, webhook)
    assert (kind, data["recipients"]) == (event, [BO])
    assert data["messageId"] == spell("msg", message.pk)


def test_only_what_it_listens_to_is_told(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    path = f"/webhooks/{webhook['id']}"
    assert alice.api.put(path, {"events": ["message.received"]}).status_code == 200
    send_to(inbox, {ANN: ACCEPTED})
    get_mail(inbox)
    assert [event for event, _ in told(hooks, webhook)] == ["message.received"]
    assert alice.api.put(path, {"isActive": False}).status_code == 200
    get_mail(inbox, b"From: x@example.com\r\nSubject: Off\r\n\r\nHi\r\n")
    assert told(hooks, webhook) == []


def test_what_happens_to_a_stranger_is_not_told(
    charlie: Person, hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    charlies = charlie.api.post("/webhooks", {"url": f"{hooks.url}/charlie"}).json()
    get_mail(inbox)
    (heard,) = heard_by(hooks)
    assert heard.path == "/hooks"
    assert heard.headers["x-agentsend-webhook-id"] == webhook["id"] != charlies["id"]


def test_a_message_that_is_gone_is_told_no_more(
    hooks: Hooks, webhook: dict[str, Any], inbox: Inbox
) -> None:
    message = get_mail(inbox)
    queue_all()
    delete_message(message=message)
    assert told(hooks, webhook) == []
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.problem) == ("failed", "The message is gone.")


def test_it_is_tried_five_times_ten_seconds_apart_at_first() -> None:
    assert [wait.total_seconds() for wait in AgentSendDialect.waits] == [10, 20, 40, 80]
    assert AgentSendDialect.timeout_seconds == 30


def test_this_machine_is_an_address_only_where_the_settings_say_so(
    alice: Person, hooks: Hooks, settings: Any
) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = False
    error = error_of(alice.api.post("/webhooks", {"url": hooks.url}), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == ["url"]
