"""The list of drafts, and letting go of one. Numbers are those of the desk's behaviours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drafts.models import Draft
from drafts.services import send_draft, update_draft
from messaging.models import Inbox, Message
from project.desk import drafts as pages
from project.ids import spell
from tests.desk.reading import Node, parsed, said
from tests.drafts.make import limits_of, make_draft
from tests.messaging.make import make_file, make_reservation
from tests.people import Person


def place(inbox: Inbox, query: str = "") -> str:
    return f"/mail/{spell('inb', inbox.pk)}/drafts{query}"


def url_of(draft: Draft, act: str) -> str:
    return f"/mail/drafts/{spell('drf', draft.pk)}/{act}"


def rows_of(person: Person, url: str) -> list[Node]:
    return parsed(person.browser.get(url)).all("li", class_="draft-row")


def subjects(rows: list[Node]) -> list[str]:
    return [row.one("bdi", class_="subject").text for row in rows]


def test_a_line_says_to_whom_what_and_with_which_files(bob: Person, inbox: Inbox):
    file = make_file(inbox.workspace, filename="Plan & <cost>.pdf")
    make_draft(inbox, subject="The plan", text="> quoted\nHere is the plan.", files=[file])
    (row,) = rows_of(bob, place(inbox))
    assert "Ann" in row.one(class_="people").text
    assert row.one(class_="words").text == "Here is the plan."
    assert "Plan & <cost>.pdf" in row.text
    assert "uploading" not in row.text


def test_a_file_that_has_not_come_is_told(alice: Person, inbox: Inbox):
    make_draft(inbox, files=[make_reservation(inbox.workspace)])
    (row,) = rows_of(alice, place(inbox))
    assert "Not finished uploading" in row.text


def test_the_one_that_was_changed_last_is_on_top(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pages, "LIMIT", 2)
    first, *_ = [make_draft(inbox, subject=name) for name in ("a", "b", "c")]
    update_draft(draft=first, limits=limits_of(first), subject="a again")
    page = parsed(alice.browser.get(place(inbox)))
    assert subjects(page.all("li", class_="draft-row")) == ["a again", "c"]
    older = page.one("a", rel="next").attributes["href"]
    assert subjects(rows_of(alice, place(inbox, older))) == ["b"]


def test_what_was_sent_or_scheduled_is_no_draft_any_more(alice: Person, inbox: Inbox):
    draft = make_draft(inbox)
    at = timezone.now() + timedelta(hours=1)
    send_draft(draft=draft, limits=limits_of(draft), send_at=at)
    assert rows_of(alice, place(inbox)) == []


def test_all_inboxes_include_drafts_of_none(alice: Person, inbox: Inbox):
    make_draft(inbox, subject="of one")
    make_draft(None, workspace=inbox.workspace, subject="of none")
    assert subjects(rows_of(alice, "/mail/all/drafts")) == ["of none", "of one"]


def test_the_list_costs_the_same_however_long_it_is(
    alice: Person, inbox: Inbox, django_assert_max_num_queries: Any
):
    for number in range(6):
        make_draft(inbox, files=[make_file(inbox.workspace, b"%d" % number)])
    browser = alice.browser
    with django_assert_max_num_queries(19):
        browser.get(place(inbox))


def test_discarding_asks_first(bob: Person, inbox: Inbox):
    """38."""
    draft = make_draft(inbox, subject="No more")
    page = parsed(bob.browser.get(url_of(draft, "discard")))
    assert "“No more” is deleted for good." in page.text
    assert Draft.objects.exists()
    answer = bob.browser.post(url_of(draft, "discard"), follow=True)
    assert said(answer) == ["The draft is deleted."]
    assert not Draft.objects.exists()


def test_a_scheduled_draft_that_is_discarded_does_not_leave(alice: Person, inbox: Inbox):
    draft = make_draft(inbox)
    at = timezone.now() + timedelta(hours=1)
    send_draft(draft=draft, limits=limits_of(draft), send_at=at)
    alice.browser.post(url_of(draft, "discard"))
    assert not Message.objects.exists()


def test_nobody_else_discards_it(charlie: Person, auditor: Person, inbox: Inbox):
    draft = make_draft(inbox)
    for act in ("discard", "dismiss"):
        assert charlie.browser.post(url_of(draft, act)).status_code == 404
        assert auditor.browser.post(url_of(draft, act)).status_code == 403
    assert Draft.objects.exists()
    (row,) = rows_of(auditor, place(inbox))
    assert row.all(class_="discard") == []
