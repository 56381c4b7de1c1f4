from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from attachments.limits import Limits
from attachments.models import Attachment, Origin, Preview
from attachments.scanning.queue import scan_due
from drafts.models import Draft
from drafts.services import create_draft
from messaging.enclosures import Enclosure
from messaging.models import Message
from project.desk import files as page_of_files
from project.ids import spell
from tests.attachments.make import PNG, make_draft_with
from tests.desk.reading import Node, parsed
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person
from tests.services.clamav import EICAR, EICAR_NAME, ClamAV

URL = "/mail/files"
STATEMENTS = 15  # 3 of them for the files, the others for the page around them
STATEMENTS_OF_ONE = 19


def shown(person: Person, query: str = "") -> str:
    answer = person.browser.get(URL + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def path(file: Attachment) -> str:
    return f"{URL}/{spell('att', file.pk)}"


@pytest.fixture
def office(alice: Person) -> Person:
    """Alice with an inbox."""
    make_inbox(alice.workspace)
    return alice


def test_the_newest_is_first_with_how_often_it_is_used(office: Person, bob: Person) -> None:
    old = make_file(office.workspace, b"%PDF-1.4 old", filename="Old <b>.pdf")
    make_file(office.workspace, b"new", filename="new.txt")
    make_message(office.workspace.inboxes.get(), letter_to("ann@example.com"), files=[old])
    page = shown(bob)
    assert page.index("new.txt") < page.index("Old &lt;b&gt;.pdf")
    assert "used 1×" in page and "not used" in page
    assert path(old) in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=PLAN", {"plan.pdf"}),
        ("?kind=image", {"hall.png"}),
        ("?kind=document", {"plan.pdf", "notes.txt"}),
        ("?kind=other", {"x.bin"}),
        ("?over=100000", {"x.bin"}),
        ("?from=received", {"hall.png"}),
        ("?q=a&kind=image&from=received", {"hall.png"}),
        ("?kind=nonsense&over=7&from=nowhere", {"plan.pdf", "notes.txt", "hall.png", "x.bin"}),
    ],
)
def test_files_are_found(office: Person, query: str, found: set[str]) -> None:
    make_file(office.workspace, b"%PDF-1.4", filename="plan.pdf")
    make_file(office.workspace, b"words", filename="notes.txt")
    make_file(office.workspace, bytes(200_000), filename="x.bin")
    hall = make_file(office.workspace, b"\x89PNG\r\n\x1a\n", filename="hall.png")
    Attachment.objects.filter(pk=hall.pk).update(origin=Origin.RECEIVED)
    page = shown(office, query)
    names = {"plan.pdf", "notes.txt", "hall.png", "x.bin"}
    assert {name for name in names if f'title="{name}"' in page} == found


def test_pages_follow_one_another_and_keep_what_was_asked(
    office: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_files, "LIMIT", 2)
    for number in range(3):
        make_file(office.workspace, b"%d" % number, filename=f"{number}.txt")
    first = shown(office, "?q=txt")
    assert "2.txt" in first and "1.txt" in first and "0.txt" not in first
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "q=txt" in older
    last = shown(office, older)
    assert "0.txt" in last and "1.txt" not in last
    assert office.browser.get(f"{URL}?after=nonsense").status_code == 404


def test_it_takes_the_same_statements_for_any_number(
    office: Person, django_assert_num_queries: Any
) -> None:
    browser = office.browser
    file = used_file(office, 1)
    browser.get(URL)  # (once for what is looked up once)
    for statements, url in ((STATEMENTS, URL), (STATEMENTS_OF_ONE, path(file))):
        with django_assert_num_queries(statements):
            browser.get(url)
    many = [used_file(office, number) for number in range(2, 6)]
    for statements, url in ((STATEMENTS, URL), (STATEMENTS_OF_ONE, path(many[-1]))):
        with django_assert_num_queries(statements):
            browser.get(url)


def used_file(person: Person, number: int) -> Attachment:
    """A picture that so many messages carry."""
    file = make_file(person.workspace, PNG + b"%d" % number, filename=f"{number}.png")
    for _ in range(number):
        make_message(person.workspace.inboxes.get(), letter_to("ann@example.com"), files=[file])
    return file


def test_a_file_says_where_it_is_used(office: Person, charlie: Person) -> None:
    file = make_file(office.workspace, b"%PDF-1.4 used", filename="Used.pdf")
    make_message(office.workspace.inboxes.get(), letter_to("ann@example.com"), files=[file])
    draft = create_draft(
        workspace=office.workspace,
        limits=Limits.for_workspace(office.workspace),
        enclosures=[Enclosure(file)],
        subject="A draft",
    )
    page = office.browser.get(path(file)).content.decode()
    assert file.sha256 in page and "A draft" in page
    assert f"/mail/drafts/{spell('drf', draft.pk)}" in page
    assert "/mail/threads/thr_" in page
    assert charlie.browser.get(path(file)).status_code == 404
    assert "Used.pdf" not in shown(charlie)


def test_what_became_of_a_draft_is_one_use(office: Person) -> None:
    file = make_file(office.workspace)
    message = make_message(
        office.workspace.inboxes.get(), letter_to("ann@example.com"), files=[file]
    )
    Draft.objects.filter(pk=make_draft_with(file).pk).update(message=message)
    assert "used 1×" in shown(office)
    (use,) = uses_on(office, file)
    assert spell("msg", message.pk) in use.one("a").attributes["href"]


def test_the_same_bytes_are_found_under_any_name(office: Person, charlie: Person) -> None:
    file = make_file(office.workspace, b"the same", filename="a.txt")
    other = make_file(office.workspace, b"the same", filename="b.txt")
    theirs = make_file(charlie.workspace, b"the same", filename="c.txt")
    make_inbox(charlie.workspace, address="charlie@acme.test")
    for one in (file, other, theirs):
        inbox = one.workspace.inboxes.get()
        make_message(inbox, letter_to("ann@example.com"), files=[one])
    assert len(uses_on(office, file)) == len(uses_on(office, other)) == 2
    assert len(uses_on(charlie, theirs)) == 1


def test_a_use_in_the_trash_leads_there(office: Person) -> None:
    file = make_file(office.workspace)
    inbox = office.workspace.inboxes.get()
    message = make_message(inbox, letter_to("ann@example.com"), files=[file])
    make_message(inbox, letter_to("ann@example.com"))
    Message.objects.update(thread=message.thread)
    Message.objects.filter(pk=message.pk).update(trashed_at=message.created_at)
    (use,) = uses_on(office, file)
    url, _, id = use.one("a").attributes["href"].partition("#")
    parsed(office.browser.get(url)).one("details", id=id)


def test_a_use_outside_of_conversations_is_named(office: Person) -> None:
    file = make_file(office.workspace)
    make_message(office.workspace.inboxes.get(), letter_to("ann@example.com"), files=[file])
    Message.objects.update(thread=None)
    (use,) = uses_on(office, file)
    assert use.all("a") == [] and "ann@example.com" in use.text


def test_the_newest_uses_are_named_and_the_others_counted(
    office: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_files, "MOST_USES", 2)
    file = used_file(office, 5)
    page = parsed(office.browser.get(path(file)))
    assert len(page.one("ul", class_="library-uses").all("li")) == 2
    assert "And 3 older." in page.one("main").text


def test_a_file_that_nothing_uses_says_how_long_it_stays(office: Person) -> None:
    file = make_file(office.workspace)
    Attachment.objects.filter(pk=file.pk).update(expires_at=datetime(2031, 5, 4, tzinfo=UTC))
    assert "it is removed on 4 May 2031" in parsed(office.browser.get(path(file))).one("main").text


def uses_on(person: Person, file: Attachment) -> list[Node]:
    """The uses that the page of a file names."""
    page = parsed(person.browser.get(path(file)))
    return page.one("ul", class_="library-uses").all("li")


@pytest.mark.parametrize(("state", "pictures"), [("", 1), ("made", 1), ("none", 0)])
def test_no_picture_is_asked_for_where_there_is_none(
    office: Person, state: str, pictures: int
) -> None:
    file = make_file(office.workspace, PNG, filename="hall.png")
    make_file(office.workspace, b"<svg xmlns='http://www.w3.org/2000/svg'/>", filename="x.svg")
    message = make_message(
        office.workspace.inboxes.get(), letter_to("ann@example.com"), files=[file]
    )
    assert file.blob and message.thread_id
    if state:
        side = 8 if state == "made" else 0
        Preview.objects.create(blob=file.blob, state=state, width=side, height=side)
    for url in (URL, path(file), f"/mail/threads/{spell('thr', message.thread_id)}"):
        assert len(parsed(office.browser.get(url)).all("file-thumbnail")) == pictures, url


def test_what_is_needed_cannot_be_deleted_and_the_rest_can(office: Person, charlie: Person) -> None:
    file = make_file(office.workspace)
    draft = create_draft(
        workspace=office.workspace,
        limits=Limits.for_workspace(office.workspace),
        enclosures=[Enclosure(file)],
    )
    refused = office.browser.post(f"{path(file)}/delete", follow=True).content.decode()
    assert "needs this file" in refused
    draft.delete()
    assert charlie.browser.post(f"{path(file)}/delete").status_code == 404
    gone = office.browser.post(f"{path(file)}/delete", follow=True).content.decode()
    assert "is deleted" in gone and office.browser.get(path(file)).status_code == 404


def test_who_may_only_read_deletes_nothing(office: Person) -> None:
    office.user.memberships.update(role="auditor")
    file = make_file(office.workspace)
    assert "Delete it" not in office.browser.get(path(file)).content.decode()
    assert office.browser.post(f"{path(file)}/delete").status_code == 403
    assert Attachment.objects.visible().filter(pk=file.pk).exists()


def test_a_file_says_what_its_scan_came_to(office: Person, scanning: ClamAV) -> None:
    good = make_file(office.workspace, b"good", filename="good.txt")
    bad = make_file(office.workspace, EICAR, filename="bad.txt")
    assert "Is being checked" in opened(office, good)
    scan_due()
    assert "Clean" in opened(office, good)
    assert "Download" in opened(office, good)
    page = opened(office, bad)
    assert f"The scanner found {EICAR_NAME} in it." in page
    assert "Infected" in page
    assert "Download" not in page


def opened(person: Person, file: Attachment) -> str:
    return str(person.browser.get(path(file)).content.decode())
