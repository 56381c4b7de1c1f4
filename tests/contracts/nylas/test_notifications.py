"""What Nylas' webhooks are told of what happens in a grant."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.folders import create_folder, delete_folder, rename_folder
from messaging.inboxes import close_inbox, update_inbox
from messaging.models import Delivery, Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.sorting import sort_message
from messaging.trash import delete_message, trash_message
from project.api.times import spell_time
from project.events.models import Event, WebhookDelivery
from project.ids import spell_hex
from tests.contracts.happenings import (
    ACCEPTED,
    DEFERRED,
    REFUSED,
    get_mail,
    heard_by,
    say_of,
    send_to,
)
from tests.contracts.nylas.wire import url_of
from tests.events.make import settle, tell
from tests.messaging.make import make_inbox
from tests.people import Person
from tests.services.hooks import Heard, Hooks

ANN, BO = "ann@example.com", "bo@example.com"
LISTENED = [
    *("message.created", "message.updated", "message.deleted", "message.bounce_detected"),
    *("message.send_success", "message.send_failed", "thread.replied"),
    *("folder.created", "folder.updated", "folder.deleted"),
    *("grant.created", "grant.updated", "grant.deleted"),
]
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.WEBHOOKS_TO_LOOPBACK = True


@pytest.fixture
def webhook(alice: Person, hooks: Hooks, grant: Inbox) -> dict[str, Any]:
    """A webhook of Alice's that is told all that occurs, with its secret."""
    settle()  # that the grant was made is an earlier matter
    fields = {"webhook_url": hooks.url, "trigger_types": LISTENED}
    answer = alice.api.post("/v3/webhooks", fields)
    assert answer.status_code == 200, answer.content
    made: dict[str, Any] = answer.json()["data"]
    return made


def verified(heard: Heard, webhook: dict[str, Any], grant: Inbox) -> dict[str, Any]:
    """The notification of a request, signed with the secret as it was shown."""
    signature = hmac.new(webhook["webhook_secret"].encode(), heard.body, "sha256").hexdigest()
    assert heard.headers["x-nylas-signature"] == signature
    body: dict[str, Any] = json.loads(heard.body)
    assert (body["specversion"], body["webhook_delivery_attempt"]) == ("1.0", 1)
    assert body["data"]["application_id"] == str(grant.workspace_id)
    delivery = WebhookDelivery.objects.get(pk=body["id"])
    assert body["time"] == int(delivery.event.at.timestamp())
    return body


def told(hooks: Hooks, webhook: dict[str, Any], grant: Inbox) -> list[tuple[str, dict[str, Any]]]:
    """The types and data of what is heard, by type."""
    bodies = [verified(one, webhook, grant) for one in heard_by(hooks)]
    return sorted([(body["type"], body["data"]) for body in bodies], key=lambda one: one[0])


def shown(alice: Person, message: Message) -> Any:
    """The message as the API gives it."""
    assert message.inbox
    return alice.api.get(url_of(message.inbox, "messages", spell_hex(message.pk))).json()["data"]


def test_a_mail_that_came_in_is_told_as_the_api_shows_it(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    message = get_mail(grant)
    (heard,) = heard_by(hooks)
    body = verified(heard, webhook, grant)
    assert (body["type"], body["source"]) == ("message.created", "/imap/emails/realtime")
    assert body["data"]["object"] == shown(alice, message)
    assert body["data"]["object"]["grant_id"] == str(grant.pk)
    assert heard_by(hooks) == []


def test_what_was_sent_is_told_once_it_has_left(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    letter = {"to": [{"email": ANN}], "subject": "Hello", "body": "<p>Hi</p>"}
    sent = alice.api.post(url_of(grant, "messages/send"), letter).json()["data"]
    assert told(hooks, webhook, grant) == []
    deliver_due()
    ((kind, data),) = told(hooks, webhook, grant)
    assert (kind, data["object"]["id"]) == ("message.created", sent["id"])
    assert data["object"] == shown(alice, Message.objects.get())


def test_what_went_two_ways_is_told_once(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    send_to(grant, {ANN: ACCEPTED}, BO)
    assert Event.objects.filter(kind="message.sent").count() == 2
    assert [kind for kind, _ in told(hooks, webhook, grant)] == ["message.created"]


def test_a_try_that_reached_nobody_is_not_the_sending(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    send_to(grant, {ANN: REFUSED, BO: DEFERRED})
    assert Event.objects.filter(kind="message.partial").exists()
    assert told(hooks, webhook, grant) == []


def send_later(grant: Inbox, answer: Any) -> Message:
    """A scheduled message whose time has come."""
    message = send_to(grant, {ANN: answer}, due_at=timezone.now() + timedelta(hours=1))
    Delivery.objects.update(due_at=timezone.now())
    deliver_due()
    return message


def test_a_scheduled_message_that_was_sent_is_told_as_that_as_well(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    message = send_later(grant, ACCEPTED)
    created, success = told(hooks, webhook, grant)
    assert (created[0], success[0]) == ("message.created", "message.send_success")
    assert success[1]["grant_id"] == str(grant.pk)
    assert success[1]["object"] == created[1]["object"] == shown(alice, message)
    assert success[1]["object"]["schedule_id"] == spell_hex(message.pk)


def test_a_scheduled_message_that_could_not_be_sent_is_told_with_the_reason(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    message = send_later(grant, REFUSED)
    ((kind, data),) = told(hooks, webhook, grant)
    assert kind == "message.send_failed"
    assert data["grant_id"] == str(grant.pk)
    assert data["reason"] == data["error"]["message"] and "5.1.1 Nobody" in data["reason"]
    assert data["object"]["id"] == spell_hex(message.pk)


def test_what_could_not_be_sent_at_once_is_no_failed_schedule(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    send_to(grant, {ANN: REFUSED})
    assert told(hooks, webhook, grant) == []


def test_every_address_that_bounces_is_told(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    message = send_to(grant, {ANN: ACCEPTED, BO: ACCEPTED})
    told(hooks, webhook, grant)
    say_of(message, "bounced", ANN, BO)
    bounces = told(hooks, webhook, grant)
    assert [kind for kind, _ in bounces] == ["message.bounce_detected"] * 2
    assert {data["object"]["bounced_addresses"] for _, data in bounces} == {ANN, BO}
    message.refresh_from_db()
    data = bounces[0][1]
    assert data["grant_id"] == data["object"]["grant_id"] == str(grant.pk)
    assert (data["object"]["code"], data["object"]["bounce_reason"]) == ("550", "5.1.1 Gone")
    assert data["object"]["origin"] == {
        "to": [ANN, BO],
        "from": grant.address,
        "cc": [],
        "bcc": [],
        "subject": "Hello",
        "mime_id": message.rfc_message_id,
        "id": spell_hex(message.pk),
        "thread_id": spell_hex(message.thread_id),
        "original_send_at": spell_time(message.sent_at),
    }


def test_what_changes_of_a_message_is_told(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    message = get_mail(grant)
    told(hooks, webhook, grant)
    sort_message(message=message, unread=False, starred=True)
    ((kind, data),) = told(hooks, webhook, grant)
    assert (kind, data["object"]) == ("message.updated", shown(alice, message))
    assert data["object"]["starred"] is True
    sort_message(message=message, tags=["seen at other doors only"])
    sort_message(message=message, starred=True)
    assert told(hooks, webhook, grant) == []


def test_the_trash_is_a_folder_and_what_is_deleted_for_good_is_gone(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    message = get_mail(grant)
    id = spell_hex(message.pk)
    trash = grant.folders.get(role="trash")
    told(hooks, webhook, grant)
    trash_message(message=message)
    ((kind, data),) = told(hooks, webhook, grant)
    assert (kind, data["object"]["folders"]) == ("message.updated", [spell_hex(trash.pk)])
    delete_message(message=message)
    ((kind, data),) = told(hooks, webhook, grant)
    assert kind == "message.deleted"
    assert data["object"] == {"grant_id": str(grant.pk), "object": "message", "id": id}


def test_folders_are_told_even_when_they_are_gone(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    folder = create_folder(inbox=grant, name="Invoices")
    id = spell_hex(folder.pk)
    rename_folder(folder=folder, name="Bills")
    delete_folder(folder=folder)
    created, deleted, updated = told(hooks, webhook, grant)
    folder_of = {"grant_id": str(grant.pk), "id": id, "object": "folder", "system_folder": False}
    assert created == (
        "folder.created",
        {
            "application_id": created[1]["application_id"],
            "object": {**folder_of, "name": "Invoices"},
        },
    )
    assert (updated[0], updated[1]["object"]["name"]) == ("folder.updated", "Bills")
    assert (deleted[0], deleted[1]["object"]) == ("folder.deleted", {**folder_of, "name": "Bills"})


def test_grants_are_told(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    made = make_inbox(alice.workspace, address="new@acme.test")
    update_inbox(inbox=made, name="New")
    close_inbox(inbox=made)
    bodies = [verified(one, webhook, grant) for one in heard_by(hooks)]
    assert {body["source"] for body in bodies} == {"/nylas/system"}
    codes = {body["type"]: body["data"]["object"]["code"] for body in bodies}
    assert codes == {"grant.created": 25012, "grant.updated": 25014, "grant.deleted": 25013}
    for body in bodies:
        assert body["data"]["object"]["grant_id"] == str(made.pk)
        assert body["data"]["object"]["email"] == "new@acme.test"


@pytest.mark.parametrize("over", [False, True])
def test_what_is_over_a_megabyte_comes_without_its_body(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox, over: bool
) -> None:
    frame = 3_000  # more than the rest of the notification has
    length = MEGABYTE if over else MEGABYTE - frame
    line = b"x" * 998 + b"\r\n"
    text = line * (length // len(line) + over)
    get_mail(grant, b"From: Ann <ann@example.com>\r\nSubject: Long\r\n\r\n" + text)
    (heard,) = heard_by(hooks)
    body = verified(heard, webhook, grant)
    assert len(heard.body) <= MEGABYTE
    assert body["type"] == ("message.created.truncated" if over else "message.created")
    assert ("body" in body["data"]["object"]) is not over
    assert body["data"]["object"]["subject"] == "Long"


def test_a_repeat_is_the_same_notification(
    hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    hooks.answer_with(500)
    get_mail(grant)
    (first,) = heard_by(hooks)
    WebhookDelivery.objects.update(due_at=timezone.now())
    tell()
    (second,) = hooks.requests
    assert (second.body, second.headers["x-nylas-signature"]) == (
        first.body,
        first.headers["x-nylas-signature"],
    )


def test_only_what_it_listens_to_is_told(
    alice: Person, hooks: Hooks, webhook: dict[str, Any], grant: Inbox
) -> None:
    path = f"/v3/webhooks/{webhook['id']}"
    assert alice.api.put(path, {"trigger_types": ["folder.created"]}).status_code == 200
    get_mail(grant)
    create_folder(inbox=grant, name="Invoices")
    assert [kind for kind, _ in told(hooks, webhook, grant)] == ["folder.created"]
