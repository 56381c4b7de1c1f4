"""What operators see first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attachments.models import Attachment
from messaging.interventions import hold_message
from messaging.models import Arrival, Delivery, Recipient
from project.backoffice.dashboard import board_for
from tests.backoffice.people import browser_of, make_officer
from tests.messaging.make import (
    letter_to,
    make_arrival,
    make_file,
    make_inbox,
    make_message,
    make_reservation,
)
from tests.people import Person

NOW = timezone.now


@pytest.fixture
def browser(db) -> Client:
    return browser_of(make_officer("operator", None))


@pytest.fixture
def inbox(alice: Person):
    return make_inbox(alice.workspace)


def numbers(sees=None) -> dict[str, int]:
    return {tile.name: tile.heap.number for tile in board_for(sees).tiles}


def fill(inbox) -> None:
    """Two queued, and one of every other kind."""
    for _ in range(2):
        make_message(inbox)
    make_message(inbox, due_at=NOW() + timedelta(hours=1))
    make_message(inbox, files=[make_reservation(inbox.workspace)])
    hold_message(message=make_message(inbox))
    late = make_message(inbox)
    Delivery.objects.filter(message=late).update(attempts=2)
    unsure = make_message(inbox)
    Delivery.objects.filter(message=unsure).update(state="done", due_at=None, done_at=NOW())
    Recipient.objects.filter(delivery__message=unsure).update(state="unknown", at=NOW())
    make_arrival(inbox, b"Subject: x\r\n\r\n")
    poison = make_arrival(inbox, b"Subject: y\r\n\r\n")
    Arrival.objects.filter(pk=poison.pk).update(state="failed", due_at=None, message=unsure)
    for state, code, number in (("stored", "", 1), ("refused", "malware", 2)):
        for _ in range(number):
            file = make_file(inbox.workspace)
            Attachment.objects.filter(pk=file.pk).update(state=state, reason_code=code)


EXPECTED = {
    "due": 2,
    "paused": 0,
    "sending": 0,
    "late": 1,
    "scheduled": 1,
    "waiting": 1,
    "held": 1,
    "unknown": 1,
    "unread": 1,
    "poison": 1,
    "checking": 1,
    "quarantined": 2,
}


def test_it_counts_the_mail_flow(inbox):
    fill(inbox)
    assert numbers() == EXPECTED


def test_each_number_leads_to_the_rows_that_it_counts(browser, inbox):
    fill(inbox)
    for tile in board_for(None).tiles:
        found = browser.get(tile.url).context["cl"].result_count
        assert found == EXPECTED[tile.name], tile.url


def test_it_counts_one_workspace_for_those_of_one(inbox, alice, charlie):
    fill(inbox)
    own = frozenset([charlie.workspace.pk])
    assert set(numbers(own).values()) == {0}
    board = board_for(own)
    assert (board.storage.files, board.uploads, board.causes, board.checks) == (0, 0, [], [])
    assert {number for _, number, _ in board.arrivals} == {0}
    assert [chart.top for chart in board.charts] == [0, 0]
    assert numbers(frozenset([alice.workspace.pk])) == EXPECTED


def test_it_groups_failures_by_reply_and_domain(browser, inbox):
    for number in range(3):
        make_message(inbox, letter_to(f"a{number}@example.org"))
    make_message(inbox, letter_to("b@example.net"))
    Recipient.objects.filter(email__endswith="example.org").update(
        state="refused", code=552, reply="552 too big", at=NOW()
    )
    Recipient.objects.filter(email__endswith="example.net").update(
        state="refused", code=None, reply="Not sent", at=NOW()
    )
    first, second = board_for(None).causes
    assert (first.number, first.code, first.domain, first.words) == (
        3,
        552,
        "example.org",
        "552 too big",
    )
    assert (second.number, second.code, second.domain) == (1, None, "example.net")
    for cause in (first, second):
        assert browser.get(cause.url).context["cl"].result_count == cause.number


def test_failures_of_long_ago_are_left_out(inbox):
    make_message(inbox)
    Recipient.objects.update(state="refused", code=550, at=NOW() - timedelta(days=8))
    assert board_for(None).causes == []


def test_it_tells_what_is_saved_by_keeping_the_same_bytes_once(alice):
    for _ in range(4):
        make_file(alice.workspace, b"x" * 1000)
    board = board_for(None)
    assert (board.storage.logical_bytes, board.storage.stored_bytes) == (4000, 1000)
    assert board.saved_percent == 75


def test_it_draws_a_chart_that_is_a_table_as_well(browser, inbox):
    for _ in range(3):
        make_message(inbox)
    page = browser.get(reverse("admin:index")).content.decode()
    mail = board_for(None).charts[0]
    assert mail.rows[-1][1] == [3, 0] and mail.top == 3
    (bar,) = mail.bars
    assert f'height="{bar.height}"' in page and bar.height == mail.height
    assert "<title>Messages a day</title>" in page and "<td>3</td>" in page


def test_it_tells_how_the_house_is_to_those_of_all_of_it(browser):
    page = browser.get(reverse("admin:index")).content.decode()
    assert "Storage" in page and "well" in page


def test_it_takes_the_same_statements_for_any_number(browser, inbox, django_assert_max_num_queries):
    for _ in range(3):
        fill(inbox)
    with django_assert_max_num_queries(28):
        browser.get(reverse("admin:index"))
