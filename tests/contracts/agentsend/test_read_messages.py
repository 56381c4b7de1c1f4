from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.models import Attachment
from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.models.message import REACHED, Status
from messaging.outbox.drain import deliver_due
from messaging.trash import empty
from project.contracts.agentsend import statuses
from project.ids import new_id, read, spell
from tests.contracts.agentsend.reach import error_of, listed, messages_of, receive, sent, uploaded
from tests.make import api_with
from tests.people import Person


def become(message: dict[str, object], *states: str, delivery: str = "done") -> None:
    """Let a message's recipients be in these states, one after the other."""
    rows = Recipient.objects.filter(delivery__message=read("msg", str(message["id"])))
    for row, state in zip(rows.order_by("pk"), states, strict=True):
        Recipient.objects.filter(pk=row.pk).update(state=state)
    due_at = timezone.now() if delivery in ("queued", "claimed", "data") else None
    Delivery.objects.filter(recipients__in=rows).update(
        state=delivery, due_at=due_at, claim=new_id()
    )
    if {*states} & {*REACHED}:
        Message.objects.filter(pk=read("msg", str(message["id"]))).update(sent_at=timezone.now())


CASES = [
    ("queued", ["pending"], "queued"),
    ("queued", ["pending"], "waiting"),
    ("queued", ["deferred"], "queued"),
    ("sending", ["pending"], "claimed"),
    ("sending", ["pending"], "data"),
    ("sending", ["unknown"], "done"),
    ("sent", ["accepted"], "done"),
    ("sent", ["accepted", "delivered"], "done"),
    ("delivered", ["delivered"], "done"),
    ("delivered", ["delivered", "delivered"], "done"),
    ("failed", ["refused"], "done"),
    ("failed", ["refused"], "failed"),
    ("failed", ["suppressed"], "done"),
    ("failed", ["pending"], "canceled"),
    ("bounced", ["bounced"], "done"),
    ("bounced", ["accepted", "refused"], "done"),
    ("bounced", ["delivered", "bounced"], "done"),
    ("complained", ["complained"], "done"),
    ("complained", ["complained", "bounced"], "done"),
]


@pytest.mark.parametrize(("status", "recipients", "delivery"), CASES)
def test_status_says_what_has_become_of_it(
    alice: Person, inbox: Inbox, status: str, recipients: list[str], delivery: str
):
    message = sent(alice.api, inbox, to=[f"a{n}@x.test" for n in range(len(recipients))])
    become(message, *recipients, delivery=delivery)
    assert alice.api.get(f"/messages/{message['id']}").json()["status"] == status


def test_r25_accepted_is_not_yet_delivered(alice: Person, inbox: Inbox):
    id = uploaded(alice.api, b"x" * 1_000_000)
    message = sent(alice.api, inbox, attachmentIds=[id])  # 202
    become(message, "refused")  # the other server takes no such file
    assert alice.api.get(f"/messages/{message['id']}").json()["status"] == "failed"


def test_the_filter_follows_the_same_rules(alice: Person, inbox: Inbox):
    wanted: dict[str, set[str]] = {word: set() for word in statuses.WORDS}
    for status, recipients, delivery in CASES:
        message = sent(alice.api, inbox, to=[f"a{n}@x.test" for n in range(len(recipients))])
        become(message, *recipients, delivery=delivery)
        wanted[status].add(message["id"])
    wanted["received"].add(spell("msg", receive(inbox).pk))
    for word, ids in wanted.items():
        rows = listed(alice.api.get(f"{messages_of(inbox)}?status={word}"))
        assert {row["id"] for row in rows} == ids, word
        assert len(rows) == len(ids) and {row["status"] for row in rows} == {word}
    assert statuses.OPEN.keys() | statuses.OVER.keys() == set(Status)


def test_a_message_that_is_only_on_record_counts_as_sent(alice: Person, inbox: Inbox):
    message = sent(alice.api, inbox)
    Delivery.objects.all().delete()
    assert alice.api.get(f"/messages/{message['id']}").json()["status"] == "sent"
    assert len(listed(alice.api.get(f"{messages_of(inbox)}?status=sent"))) == 1


def test_another_word_is_refused(alice: Person, inbox: Inbox):
    error = error_of(alice.api.get(f"{messages_of(inbox)}?status=lost"), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == ["status"] and "complained" in error["message"]


def test_it_lists_what_went_out_and_came_in_with_bodies_newest_first(alice: Person, inbox: Inbox):
    first = sent(alice.api, inbox)
    second = spell("msg", receive(inbox).pk)
    third = sent(alice.api, inbox, bodyHtml="<p>See.</p>")
    rows = listed(alice.api.get(messages_of(inbox)))
    assert [row["id"] for row in rows] == [third["id"], second, first["id"]]
    assert [row["direction"] for row in rows] == ["outbound", "inbound", "outbound"]
    assert rows[0] == third and rows[2] == first and rows[1]["bodyText"] == "Please sign."
    page = alice.api.get(f"{messages_of(inbox)}?limit=1&offset=1").json()
    assert page["total"] == 3 and [row["id"] for row in page["data"]] == [second]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "limit=", "offset=-1", "limit=1.5"]
)
@pytest.mark.parametrize("path", ["/attachments", "/inboxes", "messages", "threads", "/domains"])
def test_pages_have_bounds(alice: Person, inbox: Inbox, path: str, query: str):
    url = path if path.startswith("/") else f"/inboxes/{inbox.pk}/{path}"
    error = error_of(alice.api.get(f"{url}?{query}"), 400, "VALIDATION_ERROR")
    assert list(error["details"]) == [query.partition("=")[0]]
    for fine in ("limit=1", "limit=100", "offset=0", "limit=100&offset=1000000"):
        assert alice.api.get(f"{url}?{fine}").status_code == 200


def test_a_page_has_20_unless_told_otherwise(alice: Person, inbox: Inbox):
    for _ in range(21):
        receive(inbox)
    body = alice.api.get(messages_of(inbox)).json()
    assert len(body["data"]) == 20 and body["total"] == 21


def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(alice: Person, inbox: Inbox):
    id = uploaded(alice.api)
    numbers = []
    for _ in range(2):
        for _ in range(3):
            sent(alice.api, inbox, attachmentIds=[id], cc=["b@x.test"])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            listed(alice.api.get(messages_of(inbox)))
        numbers.append(len(queries))
    assert numbers[0] == numbers[1] <= 8


def test_a_deleted_message_is_gone_and_its_upload_is_not(alice: Person, inbox: Inbox):
    id = uploaded(alice.api)
    message = sent(alice.api, inbox, attachmentIds=[id])
    become(message, "accepted")
    answer = alice.api.delete(f"/messages/{message['id']}")
    assert answer.status_code == 204 and answer.content == b""
    error = error_of(alice.api.get(f"/messages/{message['id']}"), 404, "NOT_FOUND")
    assert error["message"] == f"Message '{message['id']}' not found"
    error_of(alice.api.delete(f"/messages/{message['id']}"), 404, "NOT_FOUND")
    assert listed(alice.api.get(messages_of(inbox))) == []
    assert listed(alice.api.get(f"/threads/{message['threadId']}/messages")) == []
    assert alice.api.get(f"/attachments/{id}").status_code == 200
    empty(at=timezone.now() + timedelta(days=31))
    assert not Message.objects.exists()
    assert alice.api.get(f"/attachments/{id}").status_code == 200
    assert Attachment.objects.get().expires_at is not None


@pytest.mark.django_db(transaction=True)
def test_deleting_what_has_not_left_does_not_hold_it_back(alice: Person, inbox: Inbox):
    message = sent(alice.api, inbox)
    assert alice.api.delete(f"/messages/{message['id']}").status_code == 204
    assert empty(at=timezone.now() + timedelta(days=31)) == 0  # it must leave first
    deliver_due()
    assert Recipient.objects.get().state == "accepted"


def test_bob_shares_and_charlie_is_a_stranger(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
):
    message = sent(alice.api, inbox)
    assert bob.api.get(f"/messages/{message['id']}").json() == message
    error_of(charlie.api.get(f"/messages/{message['id']}"), 404, "NOT_FOUND")
    error_of(charlie.api.delete(f"/messages/{message['id']}"), 404, "NOT_FOUND")
    error_of(charlie.api.get(messages_of(inbox)), 404, "NOT_FOUND")
    reader = api_with(alice.workspace, "read")
    assert reader.get(f"/messages/{message['id']}").status_code == 200
    error_of(reader.delete(f"/messages/{message['id']}"), 403, "FORBIDDEN")
    assert bob.api.delete(f"/messages/{message['id']}").status_code == 204


@pytest.mark.parametrize("id", ["msg_x", "x", spell("att", new_id()), spell("msg", new_id())])
def test_it_knows_no_other_id(alice: Person, id: str):
    error_of(alice.api.get(f"/messages/{id}"), 404, "NOT_FOUND")


def test_a_bug_is_answered_in_the_same_shape(alice: Person, inbox: Inbox):
    api = alice.api
    api.raise_request_exception = False
    with patch.object(statuses, "OPEN", None):
        answer = api.get(f"{messages_of(inbox)}?status=sent")
    error_of(answer, 500, "INTERNAL_ERROR")
