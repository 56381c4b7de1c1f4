"""The workspace in the settings: name, undo, limits, use."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attachments.models import Blob
from project.desk.settings.workspace import usage_of
from project.tenancy.models import Workspace
from tests.backoffice.people import browser_of, make_officer, page_of
from tests.desk.settings.visit import SETTINGS, errors_at, post, text_of
from tests.messaging.make import make_file, make_inbox, make_message, make_reservation
from tests.people import Person


def test_it_is_named_and_given_time_for_undoing(alice: Person, bob: Person):
    page = post(alice.browser, "workspace", name="Acme Ltd", undo_seconds="25")
    assert "Saved." in text_of(page)
    assert bob.api.get("/api/v1/limits").json()["message"]["undo_seconds"] == 25
    alice.workspace.refresh_from_db()
    assert alice.workspace.name == "Acme Ltd"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Stranger"}, "name"),
        ({"undo_seconds": "4"}, "undo_seconds"),
        ({"undo_seconds": "31"}, "undo_seconds"),
        ({"undo_seconds": "ten"}, "undo_seconds"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(
    alice: Person, charlie: Person, fields: dict[str, str], field: str
):
    page = post(alice.browser, "workspace", **{"name": "New", "undo_seconds": "10", **fields})
    assert page.status_code == 422 and errors_at(page, field)
    alice.workspace.refresh_from_db()
    assert (alice.workspace.name, alice.workspace.undo_seconds) == ("Acme", 10)


def test_it_says_the_limits_in_force(alice: Person):
    Workspace.objects.filter(pk=alice.workspace.pk).update(max_file_bytes=40 * 1024 * 1024)
    page = text_of(alice.browser.get(f"{SETTINGS}/workspace")).replace("\xa0", " ")
    assert (
        "One file 40.0 MB 54.7 MB" in page and "One message about 26.3 MB of files 36.0 MB" in page
    )
    assert "Files of one message 200" in page


def test_equal_files_count_twice_and_are_stored_once(alice: Person, charlie: Person):
    inbox = make_inbox(alice.workspace)
    file = make_file(alice.workspace, b"%PDF-1.4 " + b"x" * 991)
    make_file(alice.workspace, b"%PDF-1.4 " + b"x" * 991, filename="again.pdf")
    make_reservation(alice.workspace, size=5000)
    make_file(charlie.workspace, b"%PDF-1.4 not hers")
    make_message(inbox, files=[file])
    usage = usage_of(alice.workspace)
    assert Blob.objects.filter(workspace=alice.workspace).count() == 1
    assert (usage.files, usage.logical_bytes, usage.room.stored_bytes) == (2, 2000, 1000)
    assert usage.room.reserved_bytes == 5000
    assert usage.messages == 1
    assert f"{inbox.address} 1 message" in text_of(alice.browser.get(f"{SETTINGS}/workspace"))


def test_it_asks_five_questions_however_much_there_is(alice: Person):
    for _ in range(3):
        inbox = make_inbox(alice.workspace)
        make_message(inbox, files=[make_file(alice.workspace)])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        usage_of(alice.workspace)
    assert len(queries) == 5


def test_it_shows_the_use_of_the_room_as_the_back_office_does(alice: Person, charlie: Person):
    Workspace.objects.filter(pk=alice.workspace.pk).update(max_stored_bytes=4000)
    make_file(alice.workspace, b"x" * 1000)
    make_reservation(alice.workspace, size=2000)
    make_file(charlie.workspace, b"not hers")
    words = "75 % of 3.9 KB used"
    page = text_of(alice.browser.get(f"{SETTINGS}/workspace")).replace("\xa0", " ")
    assert words in page and "1 file of at most 1000 at once" in page
    assert "no limit" in text_of(charlie.browser.get(f"{SETTINGS}/workspace"))
    auditor = browser_of(make_officer("auditor", alice.workspace))
    assert words in text_of(auditor.get(page_of(alice.workspace))).replace("\xa0", " ")
    assert auditor.get(page_of(charlie.workspace)).status_code == 302
