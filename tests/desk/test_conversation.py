"""A conversation as the desk shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from attachments.models import Attachment
from messaging.models import Delivery, Inbox, Message, Recipient
from messaging.outbox.drain import deliver_due
from messaging.tidying import discard_conversations
from project.desk.enclosed import split_name
from project.ids import spell
from tests.desk.mails import received
from tests.desk.reading import Node, parsed
from tests.messaging.make import letter_to, make_message, make_reservation
from tests.people import Person


def open_it(person: Person, message: Message, query: str = "") -> Node:
    assert message.thread_id
    return parsed(person.browser.get(f"/mail/threads/{spell('thr', message.thread_id)}{query}"))


def letters(page: Node) -> list[Node]:
    return page.all("details", class_="letter")


def outcome(alice: Person, message: Message) -> str:
    return open_it(alice, message).one(class_="outcome").text


def test_it_runs_from_the_oldest_to_the_newest_which_is_open(alice: Person, inbox: Inbox) -> None:
    first = received(inbox, subject="Plans", text="First.")
    received(inbox, subject="Re: Plans", text="Second.", answers=first)
    received(inbox, subject="Re: Plans", text="Third.", answers=first)
    Message.objects.update(unread=False)
    page = open_it(alice, first)
    assert page.one("h1").text == "Re: Plans"
    assert [one.one(class_="passage").text for one in letters(page)] == [
        "First.", "Second.", "Third.",
    ]  # fmt: skip
    assert ["open" in one.attributes for one in letters(page)] == [False, False, True]


def test_what_is_unread_is_open_too(alice: Person, inbox: Inbox) -> None:
    first = received(inbox)
    second = received(inbox, answers=first)
    received(inbox, answers=first)
    Message.objects.filter(pk=second.pk).update(unread=False)
    page = open_it(alice, first)
    assert ["open" in one.attributes for one in letters(page)] == [True, False, True]
    assert "data-unread" in page.one("mail-conversation").attributes


def test_a_letter_says_from_whom_and_to_whom(alice: Person, inbox: Inbox) -> None:
    message = received(
        inbox, to="Desk <desk@acme.test>, Bob <bob@example.com>", Cc="cy@example.com"
    )
    (letter,) = letters(open_it(alice, message))
    assert letter.one(class_="sender").text == "Ann Smith"
    assert letter.one(class_="to").text == "to me, Bob, cy"
    facts = letter.one("details", class_="facts")
    lines = dict(zip(facts.all("dt"), facts.all("dd"), strict=True))
    told = {name.text: words.text for name, words in lines.items()}
    assert told["From"] == "Ann Smith <ann@example.com>"
    assert told["To"] == "Desk <desk@acme.test>, Bob <bob@example.com>"
    assert told["Cc"] == "<cy@example.com>"


def test_a_text_keeps_its_lines_and_folds_its_quotes(alice: Person, inbox: Inbox) -> None:
    message = received(
        inbox, text="Yes.\n\n> Shall we?\n> Bob\n\nSee https://a.example/b?c=1&d=2.\n"
    )
    page = open_it(alice, message)
    said, link = page.all("div", class_="passage")[0], page.one("a", rel="noopener noreferrer")
    assert said.text == "Yes."
    assert page.one("details", class_="quoted").one(class_="passage").text == "> Shall we? > Bob"
    assert link.attributes["href"] == "https://a.example/b?c=1&d=2"
    assert link.attributes["target"] == "_blank"


def test_a_text_is_text(alice: Person, inbox: Inbox) -> None:
    message = received(inbox, text='<img src=x onerror=alert(1)> http://a.example/"onclick="x\n')
    page = open_it(alice, message)
    assert "<img src=x onerror=alert(1)>" in page.one(class_="passage").text
    assert page.one("a", rel="noopener noreferrer").attributes["href"] == "http://a.example/"


def test_html_stands_in_a_frame_that_runs_nothing(alice: Person, inbox: Inbox) -> None:
    message = received(inbox, html="<p>Hello <b>you</b></p>")
    frame = open_it(alice, message).one("iframe")
    assert frame.attributes["src"] == f"/mail/messages/{spell('msg', message.pk)}/body"
    assert frame.attributes["sandbox"] == (
        "allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    )


def test_remote_images_are_offered_only_where_there_are_some(alice: Person, inbox: Inbox) -> None:
    with_some = received(inbox, html='<p>Look</p><IMG width=1 SRC = "HTTPS://t.example/a.gif">')
    with_none = received(inbox, html='<p>Look</p><img src="cid:a@b"> https://t.example/a.gif')
    assert len(open_it(alice, with_some).all(class_="remote")) == 1
    assert len(open_it(alice, with_none).all(class_="remote")) == 0


def test_what_became_of_it_stands_in_plain_words(alice: Person, inbox: Inbox) -> None:
    message = make_message(inbox, letter_to("ann@example.com"))
    deliver_due()
    assert outcome(alice, message).startswith("Delivered")


def test_it_names_the_files_it_waits_for(alice: Person, inbox: Inbox) -> None:
    files = [make_reservation(alice.workspace), make_reservation(alice.workspace)]
    message = make_message(inbox, letter_to("ann@example.com"), files=files)
    assert outcome(alice, message) == "Waits for 2 files"


def test_it_says_when_it_leaves(alice: Person, inbox: Inbox) -> None:
    due_at = timezone.now() + timedelta(days=1)
    message = make_message(inbox, letter_to("ann@example.com"), due_at=due_at)
    assert outcome(alice, message).startswith("Leaves ")


@pytest.mark.parametrize(
    ("state", "delivery", "words"),
    [
        ("refused", "done", "Not delivered ann@example.com: their server refused it. 550 No such"),
        ("bounced", "done", "Not delivered ann@example.com: it came back. 550 No such"),
        ("deferred", "queued", "Not yet taken by their server; tried again"),
        ("unknown", "done", "May have arrived: the connection broke at the very end"),
    ],
)
def test_it_has_their_servers_words(
    alice: Person, inbox: Inbox, state: str, delivery: str, words: str
) -> None:
    message = make_message(inbox, letter_to("ann@example.com"))
    due_at = timezone.now() + timedelta(minutes=5) if delivery == "queued" else None
    Delivery.objects.update(state=delivery, due_at=due_at, attempts=1)
    Recipient.objects.update(state=state, reply="550 No such user", at=timezone.now())
    text = outcome(alice, message)
    assert text.startswith(words)
    assert "550 No such user" in text


def test_files_can_be_downloaded_one_by_one_and_all(alice: Person, inbox: Inbox) -> None:
    message = received(
        inbox, files={"a very long name of a report.final.pdf": b"%PDF-1.4", "b": b"1"}
    )
    page = open_it(alice, message)
    names = [one.text for one in page.all(class_="filename")]
    assert names == ["a very long name of a report.final.pdf", "b"]
    links = [one.attributes["href"] for one in page.all("a", class_="file-open")]
    browser = alice.browser
    contents = [b"".join(browser.get(link).streaming_content) for link in links]
    assert contents == [b"%PDF-1.4", b"1"]
    assert f"/mail/messages/{spell('msg', message.pk)}/files.zip" in [
        one.attributes["href"] for one in page.all("a")
    ]


def test_a_file_that_is_gone_says_so(alice: Person, inbox: Inbox) -> None:
    message = received(inbox, files={"a.pdf": b"%PDF-1.4"})
    Attachment.objects.update(
        state="gone", blob=None, gone_at=timezone.now(), reason_code="purged", reason="Too old."
    )
    page = open_it(alice, message)
    assert page.one(class_="lost").text == "a.pdf Too old."
    assert page.all("a", class_="file-open") == []


def test_a_name_is_cut_before_its_ending() -> None:
    assert split_name("a.pdf") == ("a", ".pdf") or split_name("a.pdf") == ("", "a.pdf")
    head, tail = split_name("a very long name of a report.pdf")
    assert head + tail == "a very long name of a report.pdf"
    assert tail.endswith("report.pdf"[-8:]) and 8 <= len(tail) <= 14
    assert split_name("no ending at all") == ("no ending at all", "")
    assert split_name(".profile") == (".profile", "")


def test_the_trash_is_shown_when_it_is_asked_for(alice: Person, inbox: Inbox) -> None:
    first = received(inbox, text="First.")
    received(inbox, text="Second.", answers=first)
    discard_conversations(Message.objects.filter(pk=first.pk))  # type: ignore[arg-type]
    page = open_it(alice, first)
    assert [one.one(class_="passage").text for one in letters(page)] == ["Second."]
    assert "1 more message of this conversation in the trash" in page.text
    thrown = open_it(alice, first, "?trash=true")
    assert [one.one(class_="passage").text for one in letters(thrown)] == ["First."]
    assert thrown.all("button", value="delete")


def test_a_long_conversation_comes_in_pages(
    alice: Person, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("project.desk.conversation.LIMIT", 2)
    first = received(inbox, text="0")
    for number in range(1, 5):
        received(inbox, text=str(number), answers=first)
    pages, query = [], ""
    while True:
        page = open_it(alice, first, query)
        pages.append([one.one(class_="passage").text for one in letters(page)])
        earlier = [one for one in page.all("a") if one.text == "Earlier messages"]
        if not earlier:
            break
        query = earlier[0].attributes["href"]
    assert pages == [["3", "4"], ["1", "2"], ["0"]]


def test_headers_stand_as_they_came(alice: Person, charlie: Person, inbox: Inbox) -> None:
    message = received(inbox, **{"X-Note": "<b>one</b>"})
    path = f"/mail/messages/{spell('msg', message.pk)}/headers"
    lines = parsed(alice.browser.get(path)).all("tr")[1:]
    rows = {one.one("th").text: one.one("td").text for one in lines}
    assert rows["X-Note"] == "<b>one</b>"
    assert rows["From"] == "Ann Smith <ann@example.com>"
    assert charlie.browser.get(path).status_code == 404


def test_bob_reads_it_and_charlie_does_not(bob: Person, charlie: Person, inbox: Inbox) -> None:
    message = received(inbox)
    assert letters(open_it(bob, message))
    assert message.thread_id
    path = f"/mail/threads/{spell('thr', message.thread_id)}"
    assert charlie.browser.get(path).status_code == 404
    assert charlie.browser.get("/mail/threads/thr_nonsense").status_code == 404


def test_an_auditor_reads_and_has_nothing_to_press(auditor: Person, inbox: Inbox) -> None:
    page = open_it(auditor, received(inbox, text="Secret plans."))
    shown = page.one("mail-conversation")
    assert "Secret plans." in shown.text
    assert shown.all("button") == []
    assert "data-unread" not in page.one("mail-conversation").attributes


def test_it_takes_the_same_queries_however_long_it_is(
    alice: Person, inbox: Inbox, django_assert_num_queries: object
) -> None:
    browser = alice.browser
    first = received(inbox, files={"a.pdf": b"1"})
    assert first.thread_id
    url = f"/mail/threads/{spell('thr', first.thread_id)}"
    browser.get(url)
    with django_assert_num_queries(QUERIES):  # type: ignore[operator]
        browser.get(url)
    for _ in range(10):
        received(inbox, answers=first, files={"b.pdf": b"2"})
    with django_assert_num_queries(QUERIES):  # type: ignore[operator]
        browser.get(url)


QUERIES = 17
