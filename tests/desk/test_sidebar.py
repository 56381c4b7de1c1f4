from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drafts.models import Draft
from messaging.folders import create_folder
from messaging.models import Inbox, Message
from project.api.caller import Caller
from project.desk.access import Desk
from project.desk.sidebar import Sidebar, sidebar_of
from project.ids import spell
from tests.make import make_member, make_workspace
from tests.messaging.make import make_inbox, make_message, make_reservation, receive
from tests.people import Person

MAIL = b"From: ann@example.com\r\nMessage-ID: <%d@example.com>\r\nSubject: Hello\r\n\r\nHi\r\n"


def desk_of(person: Person) -> Desk:
    member = person.user.memberships.select_related("workspace").earliest("id")
    return Desk(Caller.with_membership(member, person.user), person.user)


def sidebar(person: Person, inbox: Inbox | None, *, place: str = "", path: str = "") -> Sidebar:
    return sidebar_of(desk_of(person), inbox=inbox, place=place, path=path)


def counts(found: Sidebar) -> dict[str, tuple[int, str]]:
    return {one.name: (one.count, one.counted) for one in found.places if one.count}


def test_it_counts_what_wants_attention(alice: Person, inbox: Inbox):
    for number in range(3):
        receive(inbox, MAIL % number)
    make_message(inbox, due_at=timezone.now() + timedelta(hours=1))
    make_message(inbox, files=[make_reservation(alice.workspace)])
    Draft.objects.create(workspace=alice.workspace, inbox=inbox)
    assert counts(sidebar(alice, inbox)) == {
        "inbox": (3, "unread"),
        "drafts": (1, "drafts"),
        "scheduled": (1, "scheduled"),
        "waiting": (1, "waiting"),
    }


def test_what_was_read_or_thrown_away_is_not_counted(alice: Person, inbox: Inbox):
    read, thrown = receive(inbox, MAIL % 1), receive(inbox, MAIL % 2)
    Message.objects.filter(pk=read.pk).update(unread=False)
    Message.objects.filter(pk=thrown.pk).update(trashed_at=timezone.now())
    assert counts(sidebar(alice, inbox)) == {}


def test_folders_of_people_stand_apart_with_what_is_unread_there(alice: Person, inbox: Inbox):
    folder = create_folder(inbox=inbox, name="Travel")
    message = receive(inbox, MAIL % 1)
    Message.objects.filter(pk=message.pk).update(folder=folder)
    (travel,) = sidebar(alice, inbox, place=spell("fol", folder.pk)).folders
    assert (travel.label, travel.count, travel.is_here) == ("Travel", 1, True)


def test_all_inboxes_are_offered_together_once_there_are_two(alice: Person, inbox: Inbox):
    assert [one.name for one in sidebar(alice, inbox).choices] == ["Desk"]
    other = make_inbox(alice.workspace, address="two@acme.test", name="Two")
    receive(inbox, MAIL % 1)
    receive(other, MAIL % 2)
    together = sidebar(alice, None, place="inbox")
    assert [one.name for one in together.choices] == ["Desk", "Two", "All inboxes"]
    assert together.here and together.here.name == "All inboxes"
    assert counts(together) == {"inbox": (2, "unread")}
    assert together.places[0].url == "/mail/all/inbox"


def test_pages_of_no_inbox_are_marked_by_where_one_is(alice: Person, inbox: Inbox):
    for path, name in (("/mail/settings/keys", "settings"), ("/mail/outbox", "outbox")):
        more = sidebar(alice, inbox, path=path).more
        assert [one.name for one in more if one.is_here] == [name]
    assert not any(one.is_here for one in sidebar(alice, inbox, path="/mail/filesystem").more)


def test_nothing_of_a_stranger_is_in_it(alice: Person, charlie: Person, inbox: Inbox):
    receive(inbox, MAIL % 1)
    assert alice.browser.get(f"/mail/{spell('inb', inbox.pk)}/inbox").status_code == 200
    assert charlie.browser.get(f"/mail/{spell('inb', inbox.pk)}/inbox").status_code == 404
    theirs = sidebar(charlie, None)
    assert (theirs.choices, theirs.places, theirs.here) == ([], [], None)


@pytest.mark.parametrize(("on_their_way", "statements"), [(0, 6), (2, 8)])
def test_it_takes_as_many_statements_however_much_there_is(
    alice: Person, inbox: Inbox, on_their_way: int, statements: int
):
    make_member(workspace=make_workspace(name="Second"), user=alice.user)
    for number in range(3):
        receive(inbox, MAIL % number)
        make_inbox(alice.workspace)
        create_folder(inbox=inbox, name=f"Folder {number}")
    for _ in range(on_their_way):
        make_message(inbox, due_at=timezone.now() + timedelta(hours=1))
    desk = desk_of(alice)
    with CaptureQueriesContext(connection) as queries:
        sidebar_of(desk, inbox=inbox, place="inbox", path="")
    assert len(queries) == statements, [query["sql"] for query in queries]


@pytest.mark.sqlite_only  # PostgreSQL reads small tables as it likes
def test_what_is_unread_is_found_by_an_index(alice: Person, inbox: Inbox):
    rows = Message.objects.filter(inbox__in=[inbox], unread=True, trashed_at__isnull=True)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
    assert "message_unread" in rows.values("folder").explain()


def test_a_page_says_where_one_is(alice: Person, inbox: Inbox):
    page = alice.browser.get(f"/mail/{spell('inb', inbox.pk)}/sent").content.decode()
    assert page.count('aria-current="page"') == 1
    assert 'data-place="sent" aria-current="page"' in page
