"""The log as an audit: filtered, and as a table."""

from __future__ import annotations

import csv

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import Message
from project.events.models import Event
from project.ids import spell
from project.tenancy.models import User
from tests.backoffice.people import act, browser_of, list_of, make_officer
from tests.events.make import write
from tests.messaging.make import make_inbox, make_message
from tests.people import Person


@pytest.fixture
def operator(alice: Person) -> User:
    return make_officer("operator", alice.workspace)


@pytest.fixture
def browser(operator: User) -> Client:
    return browser_of(operator)


@pytest.fixture
def message(alice: Person, browser: Client) -> Message:
    """One that the operator holds; others have happened beside it."""
    message = make_message(make_inbox(alice.workspace))
    make_message(make_inbox(alice.workspace))
    act(browser, Message, "hold", message, reason="=a formula")
    return message


def kinds(browser: Client, **query: str) -> set[str]:
    rows = browser.get(list_of(Event), query).context["cl"].queryset
    return {event.kind for event in rows}


def export(browser: Client, **query: str) -> list[dict[str, str]]:
    answer = browser.get(reverse("admin:events_event_export"), query)
    assert answer.streaming and answer["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(b"".join(answer).decode().splitlines()))


def test_it_is_filtered_by_who_and_what(browser, operator, message):
    person = spell("usr", operator.pk)
    assert kinds(browser, by=person) == {"message.handled"}
    assert kinds(browser, by="user") == {"message.handled"}
    assert "message.handled" not in kinds(browser, by="clock")
    assert kinds(browser, kind="message.accepted") == {"message.accepted"}
    assert kinds(browser, subject_kind="message") == {"message.accepted", "message.handled"}


def test_a_name_to_filter_by_is_that_of_somebody_within_reach(browser, message, charlie):
    his = make_officer("operator", charlie.workspace)
    page = browser.get(list_of(Event)).content.decode()
    assert his.email not in page
    assert browser_of(his).get(list_of(Event)).content.decode().count(his.email)


def test_it_is_exported_as_it_is_filtered(browser, operator, message):
    (line,) = export(browser, by=spell("usr", operator.pk))
    assert line["kind"] == "message.handled" and line["subject"] == str(message.pk)
    assert line["actor"] == f"user:{spell('usr', operator.pk)}"
    assert line["workspace"] == "Acme" and '"action": "hold"' in line["data"]
    assert len(export(browser)) == Event.objects.count()


def test_no_spreadsheet_takes_a_reason_for_a_formula(browser, message):
    (line,) = export(browser, kind="message.handled")
    assert line["reason"] == "'=a formula"


def test_it_is_written_a_block_at_a_time(browser, alice, monkeypatch):
    monkeypatch.setattr("project.events.audit.BLOCK", 10)
    write(alice.workspace, *["message.sent"] * 35)
    answer = browser.get(reverse("admin:events_event_export"))
    sizes = [block.count(b"\n") for block in answer]
    assert sum(sizes) == 36 and max(sizes) == 10


def test_charlies_operator_exports_nothing_of_alices(message, charlie):
    his = browser_of(make_officer("operator", charlie.workspace))
    assert export(his) == []
