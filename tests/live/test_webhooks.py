"""Webhooks of a live installation: told by its workers, also when one dies at it."""

from __future__ import annotations

import json
from threading import Event as Flag
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.live.office import Office
from tests.services.hooks import Heard, Hooks
from tests.services.servers import wait_until

LET_LEASES_PASS = "UPDATE events_webhookdelivery SET due_at = created_at WHERE due_at IS NOT NULL"


@pytest.fixture
def office(open_office: Any) -> Office:
    office: Office = open_office(environment={"WEBHOOKS_TO_LOOPBACK": "true"})
    return office


def kinds(heard: list[Heard], secret: str) -> list[str]:
    """What was heard, every word of it verified."""
    verified = [Webhook(secret).verify(one.body, dict(one.headers)) for one in heard]
    return [str(one["type"]) for one in verified]


def deliveries(office: Office, webhook: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = office.ask("GET", f"/webhooks/{webhook['id']}/deliveries")["data"]
    return rows


def test_it_is_told_in_a_moment_what_became_of_a_mail(office: Office, hooks: Hooks) -> None:
    fields = {"url": hooks.url, "events": ["message"]}
    webhook = office.ask("POST", "/webhooks", status=201, json=fields)
    message = office.send("ann@example.com")
    heard = hooks.wait(2)
    assert sorted(kinds(heard, webhook["secret"])) == ["message.accepted", "message.sent"]
    subjects = {json.loads(one.body)["data"]["subject"]["id"] for one in heard}
    assert subjects == {message["id"]}
    wait_until(
        lambda: {row["state"] for row in deliveries(office, webhook)} == {"delivered"},
        what="the record",
    )


def test_a_worker_killed_while_it_tells_is_followed_by_another(
    office: Office, hooks: Hooks
) -> None:
    go_on = Flag()

    def hang(line: Any, _: Heard) -> None:
        if not go_on.is_set():
            go_on.wait(60)
        else:
            line.send_response(204)
            line.end_headers()

    hooks.answer = hang
    fields = {"url": hooks.url, "events": ["message.accepted"]}
    webhook = office.ask("POST", "/webhooks", status=201, json=fields)
    office.send("ann@example.com")
    hooks.wait(1)
    office.installation.kill_worker()
    go_on.set()
    (row,) = deliveries(office, webhook)
    assert row["state"] == "pending"
    office.installation.change(LET_LEASES_PASS)
    office.installation.start_worker()
    first, second = hooks.wait(2)[:2]
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == row["id"]
    assert first.body == second.body
    wait_until(lambda: deliveries(office, webhook)[0]["state"] == "delivered", what="the record")


def test_a_hanging_receiver_does_not_keep_mail_or_the_end_of_a_worker_waiting(
    office: Office, hooks: Hooks
) -> None:
    go_on = Flag()
    hooks.answer = lambda line, _: go_on.wait(60)  # type: ignore[assignment, return-value]
    fields = {"url": hooks.url, "events": ["message.accepted"]}
    office.ask("POST", "/webhooks", status=201, json=fields)
    office.send("ann@example.com")
    hooks.wait(1)
    message = office.send("bo@example.com")
    wait_until(
        lambda: office.message(message["id"])["status"] == "sent", what="the mail", timeout=15
    )
    (worker,) = office.installation.workers
    worker.terminate()
    wait_until(lambda: not worker.alive, what="the end of the worker", timeout=10)
    go_on.set()
