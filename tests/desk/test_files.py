from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attachments.limits import Limits
from attachments.models import Attachment, Origin
from drafts.services import create_draft
from messaging.enclosures import Enclosure
from project.desk import files as page_of_files
from project.ids import spell
from tests.messaging.make import letter_to, make_file, make_inbox, make_message
from tests.people import Person

URL = "/mail/files"


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


def test_it_takes_the_same_statements_for_any_number(office: Person) -> None:
    make_file(office.workspace, b"0", filename="0.txt")
    shown(office)  # (once for what is looked up once)
    with CaptureQueriesContext(connection) as one:
        shown(office)
    for number in range(1, 8):
        make_file(office.workspace, b"%d" % number, filename=f"{number}.txt")
    with CaptureQueriesContext(connection) as eight:
        shown(office)
    assert len(eight) == len(one)


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
