"""Lists of conversations at the desk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Folder, Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.tidying import archive_conversations, discard_conversations, star_conversations
from project.ids import spell
from tests.desk.mails import received
from tests.desk.reading import Listed, listed
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person


def look(person: Person, inbox: Inbox | None, place: str = "inbox", query: str = "") -> Listed:
    id = spell("inb", inbox.pk) if inbox else "all"
    return listed(person.browser.get(f"/mail/{id}/{place}{query}"))


def rows_of(message: Message) -> object:
    return Message.objects.filter(thread=message.thread_id)


def test_a_conversation_stands_once_under_its_newest_message(alice: Person, inbox: Inbox) -> None:
    first = received(inbox, subject="Plans", text="What do you think?")
    received(inbox, subject="Other", sender="Zed <zed@example.com>")
    received(inbox, subject="Re: Plans", sender="Carl Young <carl@example.com>", answers=first,
             text="> What do you think?\n\nI like them.")  # fmt: skip
    rows = look(alice, inbox).rows
    assert [row.subject for row in rows] == ["Re: Plans", "Other"]
    assert rows[0].people == "Unread: Ann, Carl (2)"
    assert rows[0].words == "I like them."


def test_a_line_says_its_day_where_no_script_says_it_better(alice: Person, inbox: Inbox) -> None:
    at = datetime(2027, 1, 4, 23, 30, tzinfo=UTC)
    Message.objects.filter(pk=received(inbox).pk).update(sent_at=at)
    page = alice.browser.get(f"/mail/{spell('inb', inbox.pk)}/inbox").content.decode()
    words = '<time datetime="2027-01-04T23:30:00+00:00" data-format="moment">4 Jan 2027</time>'
    assert words in page


def test_our_own_answers_are_ours(alice: Person, inbox: Inbox) -> None:
    first = received(inbox, subject="Plans")
    answer = make_message(inbox, letter_to("ann@example.com"))
    Message.objects.filter(pk=answer.pk).update(thread=first.thread)
    assert look(alice, inbox).rows[0].people == "Unread: Ann, me (2)"


def test_what_is_unread_or_starred_anywhere_in_it_shows(alice: Person, inbox: Inbox) -> None:
    first = received(inbox, subject="Plans")
    star_conversations(rows_of(first))  # type: ignore[arg-type]
    second = received(inbox, subject="Re: Plans", answers=first)
    Message.objects.filter(pk=second.pk).update(unread=False)
    (row,) = look(alice, inbox).rows
    assert row.is_unread and row.is_starred
    Message.objects.update(unread=False, starred=False)
    (row,) = look(alice, inbox).rows
    assert not row.is_unread and not row.is_starred


def test_files_stand_in_the_row_the_newest_first(alice: Person, inbox: Inbox) -> None:
    first = received(inbox, files={"old.pdf": b"1"})
    files = {f"{number}.pdf": b"%d" % number for number in range(4)}
    received(inbox, files=files, answers=first)
    (row,) = look(alice, inbox).rows
    assert row.chips == ["0.pdf", "1.pdf", "2.pdf", "+2"]
    assert "5 files" in row.text


def test_html_mail_shows_its_first_words(alice: Person, inbox: Inbox) -> None:
    received(inbox, text="", html="<style>p { color: red }</style><p>Dear <b>reader</b>,</p>hello")
    Message.objects.update(text=None)
    assert look(alice, inbox).rows[0].words == "Dear reader, hello"


def test_names_and_subjects_are_text(alice: Person, inbox: Inbox) -> None:
    received(inbox, subject="<script>alert(1)</script>", sender='"<b>Ann</b>" <ann@example.com>')
    page = look(alice, inbox)
    assert page.rows[0].subject == "<script>alert(1)</script>"
    assert "<script>alert" not in page.source and "<b>Ann" not in page.source


def test_sent_mail_names_whom_it_goes_to(alice: Person, inbox: Inbox) -> None:
    make_message(inbox, letter_to("ann@example.com", "bo@example.com"))
    (row,) = look(alice, inbox, "sent").rows
    assert row.people == "To: ann, bo"
    assert row.status == "Queued"
    deliver_due()
    assert look(alice, inbox, "sent").rows[0].status == ""


def test_what_leaves_later_is_not_yet_sent(alice: Person, inbox: Inbox) -> None:
    make_message(inbox, due_at=timezone.now() + timedelta(days=1))
    assert look(alice, inbox, "sent").rows == []


def test_each_place_has_its_own(alice: Person, inbox: Inbox) -> None:
    for subject in ("kept", "starred", "archived", "trashed"):
        received(inbox, subject=subject)
    by_subject = {one.subject: rows_of(one) for one in Message.objects.all()}
    star_conversations(by_subject["starred"])  # type: ignore[arg-type]
    archive_conversations(by_subject["archived"])  # type: ignore[arg-type]
    discard_conversations(by_subject["trashed"])  # type: ignore[arg-type]
    shown = {
        place: [row.subject for row in look(alice, inbox, place).rows]
        for place in ("inbox", "starred", "archive", "trash", "sent")
    }
    assert shown == {
        "inbox": ["starred", "kept"],
        "starred": ["starred"],
        "archive": ["archived"],
        "trash": ["trashed"],
        "sent": [],
    }


def test_a_folder_of_ones_own(alice: Person, inbox: Inbox) -> None:
    folder = Folder.objects.create(inbox=inbox, name="Invoices")
    message = received(inbox, subject="Bill")
    Message.objects.filter(pk=message.pk).update(folder=folder)
    page = look(alice, inbox, spell("fol", folder.pk))
    assert page.title == "Invoices"
    assert [row.subject for row in page.rows] == ["Bill"]


def test_all_inboxes_at_once(alice: Person, inbox: Inbox) -> None:
    other = make_inbox(alice.workspace, address="other@acme.test")
    received(inbox, subject="one")
    received(other, subject="two", to="other@acme.test")
    received(inbox, subject="three")
    assert [row.subject for row in look(alice, None).rows] == ["three", "two", "one"]


def test_the_trash_says_how_long_it_keeps(alice: Person, inbox: Inbox) -> None:
    assert "30 days" in look(alice, inbox, "trash").source


def test_pages_go_on_and_back(alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("project.desk.places.LIMIT", 2)
    for number in range(5):
        received(inbox, subject=str(number))
    pages = [look(alice, inbox)]
    while pages[-1].older:
        pages.append(listed(alice.browser.get(pages[-1].older)))
    subjects = [[row.subject for row in page.rows] for page in pages]
    assert subjects == [["4", "3"], ["2", "1"], ["0"]]
    assert pages[0].newer == ""
    for earlier, later in pairwise(pages):
        back = listed(alice.browser.get(later.newer))
        assert [row.subject for row in back.rows] == [row.subject for row in earlier.rows]
        assert bool(back.newer) == bool(earlier.newer)
        assert back.older


def test_pages_of_all_inboxes_lose_and_repeat_nothing(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("project.desk.places.LIMIT", 2)
    other = make_inbox(alice.workspace, address="other@acme.test")
    for number in range(7):
        received(other if number % 3 else inbox, subject=str(number))
    page, seen = look(alice, None), []
    seen += [row.subject for row in page.rows]
    while page.older:
        page = listed(alice.browser.get(page.older))
        seen += [row.subject for row in page.rows]
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


def test_a_cursor_that_nobody_gave_is_unknown(alice: Person, inbox: Inbox) -> None:
    answer = alice.browser.get(f"/mail/{spell('inb', inbox.pk)}/inbox?after=nonsense")
    assert answer.status_code == 404
    assert "nonsense" not in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("invoice", ["Invoice 7"]),
        ("from:ann", ["Invoice 7", "Lunch"]),
        ("from:smith lunch", ["Lunch"]),
        ("to:desk from:zed", ["Offer"]),
        ("file:offer.p", ["Offer"]),
        ("has:attachment", ["Offer", "Invoice 7"]),
        ("is:starred", ["Lunch"]),
        ("is:unread is:starred", []),
        ('"how about"', ["Lunch"]),
        ("about how", ["Lunch"]),
        ("after:2020-01-01 lunch", ["Lunch"]),
        ("before:2020-01-01", []),
        ("before:whenever", []),
        ("nothing:here", []),
    ],
)
def test_searching(alice: Person, inbox: Inbox, query: str, found: list[str]) -> None:
    lunch = received(inbox, subject="Lunch", text="How about noon?")
    Message.objects.filter(pk=lunch.pk).update(starred=True, unread=False)
    received(inbox, subject="Invoice 7", text="Attached.", files={"bill.pdf": b"1"})
    received(inbox, subject="Offer", text="Attached.", sender="Zed <zed@example.com>",
             files={"offer.pdf": b"2"})  # fmt: skip
    answer = alice.browser.get(f"/mail/{spell('inb', inbox.pk)}/inbox", {"q": query})
    assert [row.subject for row in listed(answer).rows] == found


def test_a_search_shows_each_conversation_once_and_leaves_the_trash_alone(
    alice: Person, inbox: Inbox
) -> None:
    first = received(inbox, subject="Lunch")
    received(inbox, subject="Re: Lunch", answers=first)
    archive_conversations(rows_of(first))  # type: ignore[arg-type]
    thrown = received(inbox, subject="Lunch no more")
    discard_conversations(rows_of(thrown))  # type: ignore[arg-type]
    page = look(alice, inbox, "inbox", "?q=lunch")
    assert [row.subject for row in page.rows] == ["Re: Lunch"]
    assert "of this inbox, not the trash" in page.source
    in_trash = look(alice, inbox, "trash", "?q=lunch")
    assert [row.subject for row in in_trash.rows] == ["Lunch no more"]
    assert "of what is in the trash" in in_trash.source


def test_what_a_search_understood_can_be_taken_away(alice: Person, inbox: Inbox) -> None:
    page = look(alice, inbox, "inbox", "?q=from:ann+has:attachment+%22last+offer%22")
    assert [chip.label for chip in page.chips] == ["from ann", "with files", "“last offer”"]
    rest = listed(alice.browser.get(page.chips[1].url))
    assert rest.query == 'from:ann "last offer"'


def test_a_percent_sign_is_a_percent_sign(alice: Person, inbox: Inbox) -> None:
    received(inbox, subject="100% cotton")
    received(inbox, subject="100 reasons")
    page = look(alice, inbox, "inbox", "?q=100%25")
    assert [row.subject for row in page.rows] == ["100% cotton"]


def test_bob_sees_what_alice_sees_and_charlie_nothing(
    alice: Person, bob: Person, charlie: Person, inbox: Inbox
) -> None:
    received(inbox, subject="Plans")
    assert look(bob, inbox).rows == look(alice, inbox).rows
    folder = Folder.objects.get(inbox=inbox, role="inbox")
    own = make_inbox(charlie.workspace, address="charlie@acme.test")
    id, own_id = spell("inb", inbox.pk), spell("inb", own.pk)
    for path in (
        f"{id}/inbox",
        f"{id}/{spell('fol', folder.pk)}",
        f"{own_id}/{spell('fol', folder.pk)}",
    ):
        assert charlie.browser.get(f"/mail/{path}").status_code == 404
    assert look(charlie, None).rows == []


def test_a_stranger_signs_in_first(inbox: Inbox) -> None:
    answer = Client().get(f"/mail/{spell('inb', inbox.pk)}/inbox")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=")


def test_an_auditor_has_nothing_to_press(auditor: Person, inbox: Inbox) -> None:
    received(inbox, subject="Plans")
    page = look(auditor, inbox)
    assert [row.subject for row in page.rows] == ["Plans"]
    assert 'name="act"' not in page.source and 'name="one"' not in page.source


def test_a_page_takes_the_same_queries_however_much_there_is(
    alice: Person, inbox: Inbox, django_assert_num_queries: object
) -> None:
    browser = alice.browser
    url = f"/mail/{spell('inb', inbox.pk)}/inbox"
    received(inbox, files={"a.pdf": b"1"})
    browser.get(url)
    with django_assert_num_queries(QUERIES):  # type: ignore[operator]
        browser.get(url)
    for number in range(20):
        first = received(inbox, subject=str(number), files={"b.pdf": b"%d" % number})
        received(inbox, subject=str(number), answers=first)
    with django_assert_num_queries(QUERIES):  # type: ignore[operator]
        browser.get(url)


def test_sent_mail_takes_the_same_queries_however_much_there_is(
    alice: Person, inbox: Inbox, django_assert_num_queries: object
) -> None:
    browser = alice.browser
    url = f"/mail/{spell('inb', inbox.pk)}/sent"
    make_message(inbox, letter_to("ann@example.com"), files=[make_file(alice.workspace)])
    deliver_due()
    browser.get(url)
    with CaptureQueriesContext(connection) as before:
        browser.get(url)
    for _ in range(10):
        make_message(inbox, letter_to("ann@example.com"), files=[make_file(alice.workspace)])
    deliver_due()
    with django_assert_num_queries(len(before)):  # type: ignore[operator]
        browser.get(url)


QUERIES = (
    16  # session, person, member, inboxes, pauses; folders, messages, senders, files; sidebar: 7
)
