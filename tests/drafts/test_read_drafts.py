"""GET /api/v1/drafts, GET /api/v1/drafts/{id}"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.models import Attachment
from drafts.models import Draft, DraftState
from drafts.services import send_draft
from messaging.models import Customer, Delivery
from project.ids import new_id, spell
from tests.attachments.statements import verbs_of
from tests.drafts.make import URL, again, error_of, limits_of, make_draft, url_of
from tests.make import api_of, api_with, make_key
from tests.messaging.make import make_file, make_inbox, make_reservation


def ids_of(response) -> list[str]:
    return [draft["id"] for draft in response.json()["data"]]


def spelt(*drafts: Draft) -> list[str]:
    return [spell("drf", draft.pk) for draft in drafts]


def in_every_state(inbox) -> dict[str, Draft]:
    """One draft per state."""
    late = make_reservation(inbox.workspace)
    drafts = {
        "open": make_draft(inbox),
        "scheduled": make_draft(inbox),
        "waiting": make_draft(inbox, files=[late]),
        "dispatched": make_draft(inbox),
    }
    later = timezone.now() + timedelta(days=1)
    limits = limits_of(drafts["open"])
    send_draft(draft=drafts["scheduled"], limits=limits, send_at=later)
    send_draft(draft=drafts["waiting"], limits=limits)
    send_draft(draft=drafts["dispatched"], limits=limits)
    return drafts


# One --------------------------------------------------------------------------------------------


def test_it_reads_what_was_written(alice, inbox):
    file = make_file(alice.workspace)
    body = alice.api.post(URL, {"subject": "x", "attachments": [spell("att", file.pk)]}).json()
    response = alice.api.get(f"{URL}/{body['id']}")
    read = response.json()
    for one in (body, read):
        one["attachments"][0].pop("download_url")
    assert read == body
    assert response["ETag"] == '"1"'


def test_bob_reads_it_and_charlie_does_not(alice, bob, charlie, inbox):
    draft = make_draft(inbox)
    assert bob.api.get(url_of(draft)).status_code == 200
    response = charlie.api.get(url_of(draft))
    assert (response.status_code, error_of(response)["code"]) == (404, "draft_not_found")
    assert charlie.api.get(f"{url_of(draft)}/check").status_code == 404


@pytest.mark.parametrize("id", ["drf_x", spell("drf", new_id()), spell("msg", new_id())])
def test_it_does_not_know_other_ids(alice, id):
    assert alice.api.get(f"{URL}/{id}").status_code == 404


def test_reading_needs_its_scope(alice, inbox):
    draft = make_draft(inbox)
    api = api_with(alice.workspace, "draft", "send", "files")
    for url in (URL, url_of(draft), url_of(draft, "check")):
        assert error_of(api.get(url))["details"] == {"scope": "read"}


def test_it_takes_three_statements(alice, inbox):
    draft = make_draft(inbox, files=[make_file(alice.workspace)])
    api = alice.api
    api.get(url_of(draft))
    with CaptureQueriesContext(connection) as queries:
        api.get(url_of(draft))
    assert verbs_of(queries) == ["SELECT"] * 3  # the key, the draft, its files


@pytest.mark.parametrize("state", DraftState.values)
def test_the_state_is_its_messages(alice, inbox, state):
    draft = in_every_state(inbox)[state]
    body = alice.api.get(url_of(draft)).json()
    assert body["state"] == state
    assert bool(body["message_id"]) == (state != "open")
    assert bool(body["send_at"]) == (state == "scheduled")
    assert bool(body["waiting_for"]) == (state == "waiting")


def test_a_scheduled_draft_is_dispatched_when_its_time_has_come(alice, inbox):
    draft = in_every_state(inbox)["scheduled"]
    Delivery.objects.filter(message__draft=draft).update(due_at=timezone.now())
    assert alice.api.get(url_of(draft)).json()["state"] == "dispatched"


def test_what_was_sent_waits_for_nothing_even_when_its_files_are_gone(alice, inbox):
    file = make_file(alice.workspace)
    draft = send_draft(draft=(made := make_draft(inbox, files=[file])), limits=limits_of(made))
    Delivery.objects.update(state="done", due_at=None)
    Attachment.objects.update(
        state="gone", blob=None, reason_code="expired", gone_at=timezone.now()
    )
    body = alice.api.get(url_of(draft)).json()
    assert (body["state"], body["waiting_for"]) == ("dispatched", [])
    assert body["attachments"][0]["state"] == "gone"


# The list ---------------------------------------------------------------------------------------


def test_the_newest_come_first_page_by_page(alice, inbox):
    drafts = [make_draft(inbox) for _ in range(5)][::-1]
    first = alice.api.get(URL, {"limit": 2, "count": "true"})
    assert ids_of(first) == spelt(*drafts[:2])
    assert first.json()["total"] == 5
    second = alice.api.get(URL, {"limit": 3, "after": first.json()["next"]})
    assert ids_of(second) == spelt(*drafts[2:])
    assert second.json()["next"] is None


def test_charlie_sees_none_of_alices(alice, bob, charlie, inbox):
    make_draft(inbox)
    assert len(ids_of(bob.api.get(URL))) == 1
    assert ids_of(charlie.api.get(URL)) == []


@pytest.mark.parametrize("state", DraftState.values)
def test_it_finds_by_state(alice, inbox, state):
    draft = in_every_state(inbox)[state]
    assert ids_of(alice.api.get(URL, {"state": state})) == spelt(draft)


def test_it_finds_by_inbox_and_customer(alice, inbox):
    other = make_inbox(alice.workspace)
    customer = Customer.objects.create(workspace=alice.workspace)
    here, there = make_draft(inbox, customer=customer), make_draft(other)
    for wanted, found in (
        ({"inbox_id": spell("inb", other.pk)}, [there]),
        ({"customer_id": spell("cus", customer.pk)}, [here]),
        ({"customer_id": spell("cus", customer.pk), "inbox_id": spell("inb", other.pk)}, []),
        ({"inbox_id": spell("inb", new_id())}, []),
    ):
        assert ids_of(alice.api.get(URL, wanted)) == spelt(*found)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [({"state": "sent"}, "state"), ({"limit": "0"}, "limit"), ({"after": "x"}, "after")],
)
def test_it_refuses_nonsense(alice, wanted, field):
    response = alice.api.get(URL, wanted)
    assert (response.status_code, error_of(response)["field"]) == (400, field)


def test_a_bound_key_sees_its_inboxes_only(alice, inbox):
    here, there = make_draft(inbox), make_draft(make_inbox(alice.workspace))
    without = make_draft(None, workspace=alice.workspace)
    key, secret = make_key(alice.workspace)
    key.inbox_ids = [inbox.pk.hex]
    key.save()
    api = api_of(secret)
    assert ids_of(api.get(URL)) == spelt(here)
    for draft in (there, without):
        assert api.get(url_of(draft)).status_code == 404
        assert api.patch(url_of(draft), {}).status_code == 404
        assert api.delete(url_of(draft)).status_code == 404
        assert api.post(url_of(draft, "send")).status_code == 404
    assert again(there)


def test_the_list_takes_as_many_statements_for_many(alice, inbox):
    for _ in range(2):
        in_every_state(inbox)
    api = alice.api
    api.get(URL)
    with CaptureQueriesContext(connection) as queries:
        assert len(ids_of(api.get(URL))) == 8
    # the key, the drafts, their files; the files, deliveries and recipients of their messages
    assert verbs_of(queries) == ["SELECT"] * 6
    with CaptureQueriesContext(connection) as queries:
        api.get(URL, {"state": "open"})
    assert verbs_of(queries) == ["SELECT"] * 3
