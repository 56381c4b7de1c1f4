from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone

from messaging.models import Delivery, Inbox, Message, Recipient
from project.ids import new_id, spell
from tests.contracts.agentsend.reach import error_of, listed, messages_of, send, sent, time_of
from tests.make import api_of, api_with, make_key
from tests.messaging.make import make_inbox
from tests.messaging.outbox.steps import together
from tests.people import Person

FIELDS = {
    "id": str,
    "address": str,
    "displayName": str,
    "domainId": type(None),
    "status": str,
    "dailySendLimit": int,
    "sendsToday": int,
    "totalSent": int,
    "bounceCount": int,
    "complaintCount": int,
    "createdAt": str,
    "updatedAt": str,
}


def test_it_makes_an_inbox_with_the_address_that_was_asked_for(alice: Person):
    answer = alice.api.post(
        "/inboxes", {"address": "Support@ACME.test", "displayName": "Support Agent"}
    )
    assert answer.status_code == 201
    inbox = answer.json()
    assert {name: type(value) for name, value in inbox.items()} == FIELDS
    assert inbox["address"] == "support@acme.test" and inbox["displayName"] == "Support Agent"
    assert inbox["status"] == "active" and inbox["dailySendLimit"] == 500
    assert inbox["sendsToday"] == inbox["totalSent"] == 0
    assert inbox["bounceCount"] == inbox["complaintCount"] == 0
    assert str(UUID(inbox["id"])) == inbox["id"]
    assert time_of(inbox["createdAt"]) and time_of(inbox["updatedAt"])
    assert alice.api.get(f"/inboxes/{inbox['id']}").json() == inbox


@pytest.mark.parametrize("body", [{}, {"address": None, "displayName": None}])
def test_it_makes_up_an_address(alice: Person, body: dict[str, None]):
    inbox = alice.api.post("/inboxes", body).json()
    assert re.fullmatch(r"[0-9a-z]{10}@acme\.test", inbox["address"])
    assert inbox["displayName"] is None


def test_it_needs_no_body(alice: Person):
    assert alice.api.post("/inboxes", content_type="application/json").status_code == 201


def test_it_begins_a_made_up_address_with_a_prefix(alice: Person):
    addresses = [
        alice.api.post("/inboxes", {"prefix": "Billing"}).json()["address"] for _ in range(3)
    ]
    assert len(set(addresses)) == 3
    assert all(re.fullmatch(r"billing-[0-9a-z]{4}@acme\.test", one) for one in addresses)


def test_it_uses_the_accounts_own_domain(alice: Person, settings):
    domain = alice.workspace.domains.create(name="own.test")
    id = spell("dom", domain.pk)
    inbox = alice.api.post("/inboxes", {"address": "a@own.test"}).json()
    assert inbox["domainId"] == id
    inbox = alice.api.post("/inboxes", {"domainId": id}).json()
    assert inbox["address"].endswith("@own.test") and inbox["domainId"] == id
    answer = alice.api.post("/inboxes", {"domainId": id, "address": "b@acme.test"})
    error_of(answer, 400, "INVALID_INBOX_DOMAIN")
    settings.MAIL_DOMAINS = []
    assert alice.api.post("/inboxes", {}).json()["address"].endswith("@own.test")


def test_without_any_domain_it_says_so(alice: Person, settings):
    settings.MAIL_DOMAINS = []
    error_of(alice.api.post("/inboxes", {}), 400, "INVALID_INBOX_DOMAIN")


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("agent", "INVALID_INBOX_ADDRESS"),
        ("@acme.test", "INVALID_INBOX_ADDRESS"),
        ("agent@", "INVALID_INBOX_ADDRESS"),
        ("two words@acme.test", "INVALID_INBOX_ADDRESS"),
        ("a..b@acme.test", "INVALID_INBOX_ADDRESS"),
        ("a+b@acme.test", "INVALID_INBOX_LOCAL_PART"),
        ("-a@acme.test", "INVALID_INBOX_LOCAL_PART"),
        ("a.@acme.test", "INVALID_INBOX_LOCAL_PART"),
        ("ä@acme.test", "INVALID_INBOX_LOCAL_PART"),
        (f"{'a' * 65}@acme.test", "INVALID_INBOX_LOCAL_PART"),
        ("a@elsewhere.test", "INVALID_INBOX_DOMAIN"),
    ],
)
def test_it_refuses_other_addresses(alice: Person, address: str, code: str):
    error_of(alice.api.post("/inboxes", {"address": address}), 400, code)
    assert not Inbox.objects.exists()


@pytest.mark.parametrize("local", ["a", "a" * 64, "a.b_c-d", "0a", "a1"])
def test_it_takes_every_local_part_that_the_document_allows(alice: Person, local: str):
    answer = alice.api.post("/inboxes", {"address": f"{local}@acme.test"})
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize("prefix", ["-a", "a b", "a@b", "a" * 60])
def test_it_refuses_a_prefix_that_no_address_can_have(alice: Person, prefix: str):
    error_of(alice.api.post("/inboxes", {"prefix": prefix}), 400, "INVALID_INBOX_LOCAL_PART")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"displayName": "x" * 256}, "displayName"),
        ({"displayName": 5}, "displayName"),
        ({"address": ["a@acme.test"]}, "address"),
        ({"displayName": "two\nlines"}, "displayName"),
    ],
)
def test_it_names_the_field_that_is_wrong(alice: Person, body: dict[str, object], field: str):
    error = error_of(alice.api.post("/inboxes", body), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == [field] and error["message"].startswith(f"{field}: ")


def test_a_display_name_has_255_characters_at_most(alice: Person):
    assert alice.api.post("/inboxes", {"displayName": "x" * 255}).status_code == 201


def test_an_address_is_given_once(alice: Person, charlie: Person):
    body = {"address": "support@acme.test"}
    id = alice.api.post("/inboxes", body).json()["id"]
    for person in (alice, charlie):
        error_of(person.api.post("/inboxes", body), 409, "ADDRESS_TAKEN")
    assert alice.api.delete(f"/inboxes/{id}").status_code == 204
    assert charlie.api.post("/inboxes", body).status_code == 201


def test_it_lists_active_inboxes_newest_first(alice: Person):
    ids = [str(make_inbox(alice.workspace).pk) for _ in range(3)]
    assert [one["id"] for one in listed(alice.api.get("/inboxes"))] == ids[::-1]
    alice.api.delete(f"/inboxes/{ids[1]}")
    assert [one["id"] for one in listed(alice.api.get("/inboxes"))] == [ids[2], ids[0]]
    page = alice.api.get("/inboxes?limit=1&offset=1").json()
    assert page["total"] == 2 and [one["id"] for one in page["data"]] == [ids[0]]


def test_a_deleted_inbox_neither_sends_nor_is_found_and_its_messages_can_be_read(
    alice: Person, inbox: Inbox
):
    message = sent(alice.api, inbox)
    answer = alice.api.delete(f"/inboxes/{inbox.pk}")
    assert answer.status_code == 204 and answer.content == b""
    for path in ("", "/messages", "/threads"):
        error_of(alice.api.get(f"/inboxes/{inbox.pk}{path}"), 404, "NOT_FOUND")
    error_of(send(alice.api, inbox), 404, "NOT_FOUND")
    assert alice.api.get(f"/messages/{message['id']}").json()["id"] == message["id"]
    assert Delivery.objects.get().state == "queued"  # what was accepted leaves


def test_it_counts_what_was_sent(alice: Person, inbox: Inbox):
    other = make_inbox(alice.workspace)
    for _ in range(3):
        sent(alice.api, inbox)
    recipients = list(Recipient.objects.all())
    Message.objects.filter(deliveries__recipients__in=recipients[:2]).update(sent_at=timezone.now())
    Recipient.objects.filter(pk=recipients[0].pk).update(state="bounced")
    Recipient.objects.filter(pk=recipients[1].pk).update(state="complained")
    Delivery.objects.filter(recipients=recipients[2]).update(state="canceled", due_at=None)
    found = alice.api.get(f"/inboxes/{inbox.pk}").json()
    assert (found["sendsToday"], found["totalSent"]) == (2, 2)
    assert (found["bounceCount"], found["complaintCount"]) == (1, 1)
    found = alice.api.get(f"/inboxes/{other.pk}").json()
    assert (found["sendsToday"], found["totalSent"], found["bounceCount"]) == (0, 0, 0)
    assert sum(one["sendsToday"] for one in listed(alice.api.get("/inboxes"))) == 2


def test_the_daily_limit_binds_and_ends_at_midnight(alice: Person, inbox: Inbox, settings):
    settings.AGENTSEND_SENDS_PER_DAY = 2
    other = make_inbox(alice.workspace)
    sent(alice.api, inbox)
    message = sent(alice.api, inbox)
    alice.api.delete(f"/messages/{message['id']}")  # makes no room
    answer = send(alice.api, inbox)
    error = error_of(answer, 429, "RATE_LIMIT_EXCEEDED")
    assert "2 messages" in error["message"] and 1 <= int(answer["Retry-After"]) <= 86_400
    assert Message.objects.count() == 2
    found = alice.api.get(f"/inboxes/{inbox.pk}").json()
    assert (found["dailySendLimit"], found["sendsToday"]) == (2, 2)
    sent(alice.api, other)
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    with time_machine.travel(midnight + timedelta(days=1), tick=False):
        assert alice.api.get(f"/inboxes/{inbox.pk}").json()["sendsToday"] == 0
        sent(alice.api, inbox)


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_none_slips_through(alice: Person, inbox: Inbox, settings):
    settings.AGENTSEND_SENDS_PER_DAY = 2
    answers = together(*[lambda: send(alice.api, inbox).status_code] * 5)
    assert sorted(answers) == [202, 202, 429, 429, 429]
    assert Message.objects.count() == 2


def test_the_wait_ends_at_midnight_utc(alice: Person, inbox: Inbox, settings):
    settings.AGENTSEND_SENDS_PER_DAY = 1
    with time_machine.travel("2020-05-01T23:59:30Z", tick=False):
        sent(alice.api, inbox)  # ids are younger than this day
        answer = send(alice.api, inbox)
        error_of(answer, 429, "RATE_LIMIT_EXCEEDED")
        assert answer["Retry-After"] == "31"


def test_without_a_daily_limit_there_is_none(alice: Person, inbox: Inbox, settings):
    settings.AGENTSEND_SENDS_PER_DAY = 0
    sent(alice.api, inbox)
    assert alice.api.get(f"/inboxes/{inbox.pk}").json()["dailySendLimit"] is None


@pytest.mark.parametrize("id", ["x", "ibx_1", "inb_01kagyx6aaeq7b0m4v1c2n8t5r", str(new_id())])
def test_it_knows_no_other_id(alice: Person, id: str):
    error = error_of(alice.api.get(f"/inboxes/{id}"), 404, "NOT_FOUND")
    assert error["message"] == f"Inbox '{id}' not found"
    error_of(alice.api.delete(f"/inboxes/{id}"), 404, "NOT_FOUND")


def test_bob_shares_the_inboxes_and_charlie_sees_none(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
):
    assert bob.api.get(f"/inboxes/{inbox.pk}").status_code == 200
    assert len(listed(bob.api.get("/inboxes"))) == 1
    for method in ("get", "delete"):
        answer = getattr(charlie.api, method)(f"/inboxes/{inbox.pk}")
        error_of(answer, 404, "NOT_FOUND")
    for part in ("messages", "threads"):
        error_of(charlie.api.get(f"/inboxes/{inbox.pk}/{part}"), 404, "NOT_FOUND")
    error_of(send(charlie.api, inbox), 404, "NOT_FOUND")
    assert listed(charlie.api.get("/inboxes")) == []
    domain = alice.workspace.domains.create(name="own.test")
    answer = charlie.api.post("/inboxes", {"domainId": spell("dom", domain.pk)})
    error_of(answer, 404, "NOT_FOUND")
    answer = charlie.api.post("/inboxes", {"address": "a@own.test"})
    error_of(answer, 400, "INVALID_INBOX_DOMAIN")


def test_a_bound_key_reaches_its_inbox_only(alice: Person, inbox: Inbox):
    other = make_inbox(alice.workspace)
    _, secret = make_key(alice.workspace, inbox_ids=[inbox.pk])
    api = api_of(secret)
    assert [one["id"] for one in listed(api.get("/inboxes"))] == [str(inbox.pk)]
    assert sent(api, inbox)["inboxId"] == str(inbox.pk)
    error_of(api.get(messages_of(other)), 404, "NOT_FOUND")
    error_of(send(api, other), 404, "NOT_FOUND")
    error_of(api.post("/inboxes", {}), 403, "FORBIDDEN")


def test_it_needs_the_scope(alice: Person, inbox: Inbox):
    api = api_with(alice.workspace, "read", "send")
    error_of(api.post("/inboxes", {}), 403, "FORBIDDEN")
    error_of(api.delete(f"/inboxes/{inbox.pk}"), 403, "FORBIDDEN")


def test_a_key_makes_it_happen_once(alice: Person):
    once = {"Idempotency-Key": "k1"}
    first = alice.api.post("/inboxes", {}, headers=once)
    assert alice.api.post("/inboxes", {}, headers=once).json() == first.json()
    assert Inbox.objects.count() == 1
