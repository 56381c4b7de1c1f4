"""Mail that has not left: the lists of it, and what people do to it without JavaScript."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from attachments.models import Upload
from attachments.scanning.queue import scan_due
from drafts.models import Draft, DraftState
from drafts.services import send_draft
from messaging.models import Inbox, Message
from project.desk import scheduled as pages
from project.ids import spell
from tests.desk.reading import Node, parsed, said
from tests.drafts.make import again, limits_of, make_draft
from tests.messaging.make import delivery_of, make_file, make_message, make_reservation
from tests.people import Person
from tests.services.clamav import ClamAV

SOON = timedelta(hours=2)


def held(inbox: Inbox, *, after: timedelta = SOON, **fields: Any) -> Draft:
    """A draft that leaves later."""
    draft = make_draft(inbox, **fields)
    return send_draft(draft=draft, limits=limits_of(draft), send_at=timezone.now() + after)


def place(inbox: Inbox, name: str, query: str = "") -> str:
    return f"/mail/{spell('inb', inbox.pk)}/{name}{query}"


def rows_of(person: Person, inbox: Inbox, name: str = "scheduled", query: str = "") -> list[Node]:
    page = parsed(person.browser.get(place(inbox, name, query)))
    return page.all("li", class_="held-row")


def press(person: Person, draft: Draft, act: str, **fields: Any) -> Any:
    """Press a button of the line of a message, and see the page that follows."""
    draft = again(draft)
    assert draft.message_id
    url = f"/mail/messages/{spell('msg', draft.message_id)}/{act}"
    fields = {"next": place(draft.inbox, "scheduled"), **fields}
    return person.browser.post(url, fields, follow=True)


def test_scheduled_mail_is_listed_with_whom_when_and_what(bob: Person, inbox: Inbox):
    file = make_file(inbox.workspace, filename="Offer.pdf")
    draft = held(inbox, subject="An <offer>", files=[file])
    (row,) = rows_of(bob, inbox)
    assert "An <offer>" in row.text
    assert "to Ann" in row.text
    assert "Offer.pdf" in row.text
    when = row.one("time").attributes["datetime"]
    assert draft.send_at and when.startswith(f"{draft.send_at:%Y-%m-%dT%H:%M:%S}")
    assert when.endswith("Z")


def test_the_soonest_is_on_top_and_pages_go_on_behind_it(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pages, "LIMIT", 2)
    for hours in (5, 1, 3):
        held(inbox, after=timedelta(hours=hours), subject=f"in {hours}")
    first = parsed(alice.browser.get(place(inbox, "scheduled")))
    assert [one.one("bdi", class_="subject").text for one in first.all(class_="held-row")] == [
        "in 1",
        "in 3",
    ]
    older = first.one("a", rel="next").attributes["href"]
    (last,) = rows_of(alice, inbox, query=older)
    assert "in 5" in last.text


def test_what_is_sent_is_neither_scheduled_nor_waiting(alice: Person, inbox: Inbox):
    make_message(inbox)
    assert rows_of(alice, inbox) == []
    assert rows_of(alice, inbox, "waiting") == []


def test_all_inboxes_have_one_list(alice: Person, inbox: Inbox):
    held(inbox, subject="Here")
    page = parsed(alice.browser.get("/mail/all/scheduled"))
    assert "Here" in page.one("li", class_="held-row").text


def test_waiting_mail_says_for_which_files_and_how_far_they_are(alice: Person, inbox: Inbox):
    late = make_reservation(inbox.workspace, size=2_000_000, filename="film.mp4")
    Upload.objects.create(attachment=late, offset=500_000, expires_at=timezone.now() + SOON)
    draft = make_draft(inbox, subject="Film", files=[late])
    send_draft(draft=draft, limits=limits_of(draft))
    (row,) = rows_of(alice, inbox, "waiting")
    assert "Waits for 1 file" in row.text
    assert "film.mp4" in row.text
    assert row.one("progress").attributes["value"] == "25"
    links = [one.attributes["href"] for one in row.all("a")]
    assert f"/mail/drafts/{spell('drf', draft.pk)}" in links


def test_it_says_why_a_file_is_still_being_checked(
    alice: Person, inbox: Inbox, scanning: ClamAV, settings: Any
):
    settings.SCAN_WAIT_SECONDS = 0.0
    scanning.stop()
    draft = make_draft(inbox, files=[make_file(inbox.workspace, filename="film.mp4")])
    send_draft(draft=draft, limits=limits_of(draft))
    (row,) = rows_of(alice, inbox, "waiting")
    assert "is being checked" in row.text
    assert "has not answered" not in row.text
    scan_due()
    (row,) = rows_of(alice, inbox, "waiting")
    assert "The scanner has not answered since" in row.text


def test_the_lists_cost_the_same_however_long_they_are(
    alice: Person, inbox: Inbox, django_assert_max_num_queries: Any
):
    for number in range(6):
        held(inbox, subject=str(number), files=[make_file(inbox.workspace, b"%d" % number)])
    browser = alice.browser
    with django_assert_max_num_queries(22):
        browser.get(place(inbox, "scheduled"))


def test_edit_takes_it_back_and_offers_the_old_time(alice: Person, inbox: Inbox):
    draft = held(inbox)
    assert draft.send_at
    answer = press(alice, draft, "edit")
    path = answer.redirect_chain[0][0]
    assert path.startswith(f"/mail/drafts/{spell('drf', draft.pk)}?was={draft.send_at:%Y-%m-%dT}")
    assert again(draft).state_at(timezone.now()) == DraftState.OPEN


@pytest.mark.parametrize("text", ["2031-05-04T08:00", "2031-05-04T10:00:00+02:00"])
def test_move_sends_it_at_another_time(alice: Person, inbox: Inbox, text: str):
    draft = held(inbox)
    answer = press(alice, draft, "move", send_at=text)
    assert said(answer) == ["It leaves at 08:00 on 04 May 2031 UTC."]
    moved = again(draft)
    assert moved.send_at and moved.send_at.isoformat() == "2031-05-04T08:00:00+00:00"
    assert moved.message and delivery_of(moved.message).due_at == moved.send_at


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Choose a day and a time."),
        ("2026-02-30T08:00", "Choose a day and a time."),
        ("2099-01-01T08:00", "This time is long past, or very far ahead."),
    ],
)
def test_a_time_that_is_none_moves_nothing(alice: Person, inbox: Inbox, text: str, words: str):
    draft = held(inbox)
    assert said(press(alice, draft, "move", send_at=text)) == [words]
    assert again(draft).send_at == draft.send_at


def test_send_now_makes_it_due(alice: Person, inbox: Inbox):
    draft = held(inbox)
    assert said(press(alice, draft, "now")) == ["It is on its way."]
    sent = again(draft)
    assert sent.message and sent.message.send_at is None
    assert delivery_of(sent.message).is_due(timezone.now() + timedelta(seconds=1))


def test_cancel_leaves_a_draft(alice: Person, inbox: Inbox):
    draft = held(inbox)
    answer = press(alice, draft, "cancel")
    assert said(answer) == ["It will not be sent. It is among the drafts."]
    assert again(draft).message_id is None
    assert not Message.objects.exists()


def test_mail_of_a_program_has_no_draft_and_can_only_be_canceled(alice: Person, inbox: Inbox):
    message = make_message(inbox, due_at=timezone.now() + SOON)
    url = f"/mail/messages/{spell('msg', message.pk)}"
    (row,) = rows_of(alice, inbox)
    assert [one.text.partition(":")[0] for one in row.all("button")] == ["Cancel"]
    assert alice.browser.post(f"{url}/edit").status_code == 404
    answer = alice.browser.post(f"{url}/cancel", {"next": place(inbox, "scheduled")}, follow=True)
    assert said(answer) == ["It will not be sent."]
    assert delivery_of(message).state == "canceled"


def test_what_has_left_stays_as_it_is(alice: Person, inbox: Inbox):
    draft = held(inbox)
    assert draft.message
    delivery = delivery_of(draft.message)
    delivery.state, delivery.due_at, delivery.done_at = "done", None, timezone.now()
    delivery.save()
    for act in ("edit", "move", "now", "cancel"):
        (words,) = said(press(alice, draft, act, send_at="2031-05-04T08:00"))
        assert "sent" in words
    assert again(draft).message_id == draft.message_id


def test_strangers_see_and_change_nothing(charlie: Person, inbox: Inbox):
    draft = held(inbox)
    for name in ("scheduled", "waiting", "drafts"):
        assert charlie.browser.get(place(inbox, name)).status_code == 404
    for act in ("edit", "move", "now", "cancel"):
        assert press(charlie, draft, act).status_code == 404
    assert again(draft).message_id == draft.message_id


def test_an_auditor_looks_and_changes_nothing(auditor: Person, inbox: Inbox):
    draft = held(inbox)
    (row,) = rows_of(auditor, inbox)
    assert row.all("button") == []
    for act in ("edit", "move", "now", "cancel"):
        assert press(auditor, draft, act).status_code == 403
    assert again(draft).message_id == draft.message_id


@pytest.mark.parametrize("name", ["scheduled", "waiting", "drafts"])
def test_a_cursor_that_no_list_gave_is_not_found(alice: Person, inbox: Inbox, name: str):
    assert alice.browser.get(place(inbox, name, "?after=nonsense")).status_code == 404
