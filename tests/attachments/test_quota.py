"""A workspace stores no more than its quota, whatever the road, and awaits so many files at once"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments.errors import QuotaExceeded, TooManyUploads
from attachments.filling import tell_of_use
from attachments.models import Attachment, Blob, StorageUse
from attachments.quota import UPLOAD_LIFE, count_anew, use_of
from attachments.retention import delete_attachment, purge
from attachments.services import SWEEP_AFTER, fill_attachment, put_measured
from attachments.storage import attachment_storage
from messaging.receiving.door import look_up
from project.events.models import Event
from project.ids import spell
from project.tenancy.models import Workspace
from tests.attachments.make import make_attachment, make_incoming, make_reserved
from tests.attachments.statements import verbs_of
from tests.attachments.test_same_bytes import by_form, by_json
from tests.attachments.tus.client import start
from tests.messaging.make import make_inbox, receive
from tests.people import Person
from tests.workspaces.test_races import at_once

TEN = b"ten bytes!"


def allow(workspace: Workspace, quota: int | None) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(max_stored_bytes=quota)
    workspace.refresh_from_db()


def stored(workspace: Workspace) -> int:
    """What is counted; it must be what is there."""
    counted = StorageUse.objects.get(workspace=workspace).stored_bytes
    assert counted == sum(Blob.objects.filter(workspace=workspace).values_list("size", flat=True))
    return counted


def status_of(answer: Any) -> int:
    """Of an answer of Django's client, or of the whole application."""
    status: int = getattr(answer, "status_code", None) or answer.status
    return status


# Every road -------------------------------------------------------------------------------------


def draft(person: Person, file: dict[str, Any]) -> Any:
    return person.api.post("/api/v1/drafts", {"attachments": [file]})


ROADS: dict[str, Callable[[Person], Any]] = {
    "a form": lambda person: by_form(person.key, "a.txt", "", TEN),
    "base64": lambda person: by_json(person.key, "a.txt", "", TEN),
    "a place for it": lambda person: person.api.post(
        "/api/v1/attachments", {"filename": "a.txt", "size": 10}
    ),
    "pieces": lambda person: start(person, 10),
    "inside a draft": lambda person: draft(
        person, {"filename": "a.txt", "content": b64encode(TEN).decode()}
    ),
    "announced in a draft": lambda person: draft(person, {"filename": "a.txt", "size": 10}),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_beyond_the_quota(alice: Person, bob: Person, charlie: Person, road: str):
    allow(alice.workspace, 14)
    make_attachment(alice.workspace, b"five!")
    answer = ROADS[road](bob)
    error = answer.json()["error"]
    assert (status_of(answer), error["code"]) == (413, "quota_exceeded")
    assert (error["limit"], error["actual"]) == (14, 15)
    assert error["details"] == {"used": 5, "asked": 10}
    assert all(word in error["message"] for word in ("14", " 5 ", "10"))
    assert stored(alice.workspace) == 5
    assert Attachment.objects.count() == 1
    allow(alice.workspace, 15)
    answer = ROADS[road](bob)
    assert status_of(answer) == 201
    answer = ROADS[road](charlie)  # whom it does not concern
    assert status_of(answer) == 201


@pytest.mark.django_db(transaction=True)
def test_what_was_reserved_in_time_is_taken(alice: Person):
    allow(alice.workspace, 10)
    place = make_reserved(alice.workspace, 10)
    with pytest.raises(QuotaExceeded) as refused:
        make_attachment(alice.workspace, b"x")
    assert refused.value.details == {"used": 10, "asked": 1}
    allow(alice.workspace, 3)  # made smaller meanwhile
    with make_incoming(TEN) as incoming:
        assert fill_attachment(attachment=place, incoming=incoming).state == "ready"
    assert stored(alice.workspace) == use_of(alice.workspace).used_bytes == 10


def test_equal_bytes_take_no_room(alice: Person):
    allow(alice.workspace, 10)
    make_attachment(alice.workspace, TEN)
    make_attachment(alice.workspace, TEN, filename="again.txt")
    assert stored(alice.workspace) == 10


def test_nothing_is_left_in_the_storage_of_what_came_too_late(alice: Person, monkeypatch):
    """The room is there when the bytes are written, and not any more when their row is."""
    allow(alice.workspace, 10)
    kept: list[str] = []
    save = attachment_storage().save

    def slow(name: str, content: Any) -> str:
        kept.append(save(name, content))
        with make_incoming(b"of mail") as incoming:
            monkeypatch.setattr(attachment_storage(), "save", save)
            put_measured(workspace=alice.workspace, incoming=incoming)
        return name

    monkeypatch.setattr(attachment_storage(), "save", slow)
    with pytest.raises(QuotaExceeded):
        make_attachment(alice.workspace, b"eight ..")
    assert not attachment_storage().exists(kept[0])
    assert stored(alice.workspace) == 7


# Together ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_uploads_at_once_do_not_pass_it_together(alice: Person):
    allow(alice.workspace, 35)
    make_attachment(alice.workspace, b"five!")
    contents = [b"%08d.." % number for number in range(6)]
    acts = [
        lambda content=content: make_attachment(alice.workspace, content) for content in contents
    ]
    refused = at_once(*acts)
    assert [type(one) for one in refused] == [QuotaExceeded] * 3
    assert stored(alice.workspace) == 35


@pytest.mark.django_db(transaction=True)
def test_reservations_at_once_do_not_pass_it_together(alice: Person):
    allow(alice.workspace, 30)
    refused = at_once(*[lambda: make_reserved(alice.workspace, 10)] * 6)
    assert [type(one) for one in refused] == [QuotaExceeded] * 3
    use = use_of(alice.workspace)
    assert (use.reserved_bytes, use.uploads, use.is_full) == (30, 3, True)


@pytest.mark.django_db(transaction=True)
def test_bytes_and_reservations_at_once_do_not_pass_it_together(alice: Person):
    allow(alice.workspace, 30)
    acts = [lambda: make_reserved(alice.workspace, 10)] * 3
    acts += [
        lambda number=number: make_attachment(alice.workspace, b"%08d.." % number)
        for number in range(3)
    ]
    assert len(at_once(*acts)) == 3
    assert use_of(alice.workspace).used_bytes == 30


@pytest.mark.django_db(transaction=True)
def test_the_first_of_a_workspace_that_come_at_once_are_all_counted(alice: Person):
    StorageUse.objects.all().delete()
    contents = [b"%08d.." % number for number in range(6)]
    acts = [
        lambda content=content: make_attachment(alice.workspace, content) for content in contents
    ]
    assert at_once(*acts) == []
    assert stored(alice.workspace) == 60


# Room again -------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_deleted_files_and_given_up_places_make_room(alice: Person):
    allow(alice.workspace, 20)
    file, place = make_attachment(alice.workspace, TEN), make_reserved(alice.workspace, 10)
    assert use_of(alice.workspace).is_full
    delete_attachment(attachment=place)
    assert use_of(alice.workspace).used_bytes == 10
    delete_attachment(attachment=file)
    purge(at=timezone.now() + SWEEP_AFTER * 2)
    assert stored(alice.workspace) == 0
    purge(at=timezone.now() + SWEEP_AFTER * 4)
    assert stored(alice.workspace) == 0


def test_what_somebody_did_not_count_is_counted_anew(alice: Person, charlie: Person):
    make_attachment(alice.workspace, TEN)
    make_attachment(charlie.workspace, b"x")
    StorageUse.objects.update(stored_bytes=3)
    count_anew()
    assert (stored(alice.workspace), stored(charlie.workspace)) == (10, 1)


def test_a_workspace_that_was_never_counted_is_at_first_need(alice: Person):
    make_attachment(alice.workspace, TEN)
    StorageUse.objects.all().delete()
    assert use_of(alice.workspace).stored_bytes == 10
    StorageUse.objects.all().delete()
    make_attachment(alice.workspace, b"five!")
    assert stored(alice.workspace) == 15


def test_a_workspace_has_its_own_quota_or_the_installations(alice: Person, settings):
    settings.WORKSPACE_QUOTA_BYTES = 5
    with pytest.raises(QuotaExceeded):
        make_attachment(alice.workspace, TEN)
    allow(alice.workspace, 10)
    make_attachment(alice.workspace, TEN)
    allow(alice.workspace, 0)
    make_attachment(alice.workspace, b"any number of bytes")
    assert use_of(alice.workspace).percent == 0


# Slots ------------------------------------------------------------------------------------------


def test_so_many_files_are_on_their_way_at_once(alice: Person, charlie: Person, settings):
    settings.WORKSPACE_UPLOADS = 2
    places = [make_reserved(alice.workspace, 10) for _ in range(2)]
    for answer in (
        alice.api.post("/api/v1/attachments", {"filename": "a.txt", "size": 10}),
        start(alice, 10),
    ):
        error = answer.json()["error"]
        assert (status_of(answer), error["code"]) == (429, "too_many_uploads")
        assert answer.headers["Retry-After"] == "60"
        assert (error["limit"], error["actual"]) == (2, 2)
    make_reserved(charlie.workspace, 10)
    make_attachment(alice.workspace)  # whole at once: it takes no slot
    delete_attachment(attachment=places[0])
    make_reserved(alice.workspace, 10)
    with pytest.raises(TooManyUploads):
        make_reserved(alice.workspace, 10)


def test_a_promise_that_is_a_week_old_takes_no_slot(alice: Person, settings):
    settings.WORKSPACE_UPLOADS = 1
    old = make_reserved(alice.workspace, 10, held=True)
    Attachment.objects.filter(pk=old.pk).update(created_at=timezone.now() - UPLOAD_LIFE)
    make_reserved(alice.workspace, 10)
    settings.WORKSPACE_UPLOADS = 0
    make_reserved(alice.workspace, 10)
    assert use_of(alice.workspace).uploads == 2


@pytest.mark.django_db(transaction=True)
def test_slots_are_not_passed_at_once(alice: Person, settings):
    settings.WORKSPACE_UPLOADS = 3
    refused = at_once(*[lambda: make_reserved(alice.workspace, 10)] * 6)
    assert [type(one) for one in refused] == [TooManyUploads] * 3


# What it costs ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_it_costs_one_statement_without_a_quota_and_six_with_one(alice: Person):
    def put(content: bytes) -> list[str]:
        with make_incoming(content) as incoming, CaptureQueriesContext(connection) as queries:
            put_measured(workspace=alice.workspace, incoming=incoming, within_quota=True)
        return verbs_of(queries)

    assert put(b"one") == ["SELECT", "UPDATE", "INSERT"]
    allow(alice.workspace, 100)
    # before they are written: what is stored and reserved; then the same again, under the lock
    assert put(b"two") == ["SELECT"] * 3 + ["UPDATE", "SELECT", "SELECT", "INSERT"]
    with CaptureQueriesContext(connection) as queries:
        make_reserved(alice.workspace, 10)
    assert verbs_of(queries) == ["SELECT", "SELECT", "INSERT"]


# Being told -------------------------------------------------------------------------------------


def told(workspace: Workspace) -> list[str]:
    """The marks that were told of by now."""
    tell_of_use()
    rows = Event.objects.filter(
        workspace=workspace, kind__in=("workspace.filling", "workspace.full")
    )
    return list(rows.order_by("position").values_list("kind", flat=True))


@pytest.mark.django_db(transaction=True)
def test_owners_are_told_once_a_mark(alice: Person, bob: Person, charlie: Person):
    allow(alice.workspace, 100)
    make_attachment(charlie.workspace, b"x" * 95)
    make_attachment(alice.workspace, b"x" * 79)
    assert told(alice.workspace) == []
    make_attachment(alice.workspace, b"y")
    assert told(alice.workspace) == told(alice.workspace) == ["workspace.filling"]
    place = make_reserved(alice.workspace, 20)
    assert told(alice.workspace) == told(alice.workspace) == ["workspace.filling", "workspace.full"]
    assert [letter.to for letter in mail.outbox] == [["alice@acme.test"]] * 2
    assert "mail from outside waits" in mail.outbox[1].body
    event = Event.objects.get(kind="workspace.full")
    assert (event.workspace, event.payload) == (alice.workspace, {"used": 100, "quota": 100})
    delete_attachment(attachment=place)
    assert len(told(alice.workspace)) == 2  # it is better: nobody is told
    make_reserved(alice.workspace, 20)
    assert told(alice.workspace)[2:] == ["workspace.full"]
    assert not Event.objects.filter(
        workspace=charlie.workspace, kind__contains="workspace.f"
    ).exists()


# Mail that comes --------------------------------------------------------------------------------


def test_mail_that_was_taken_is_kept_though_it_passes_the_quota(alice: Person, charlie: Person):
    inbox = make_inbox(alice.workspace)
    his = make_inbox(charlie.workspace, address="his@acme.test")
    allow(alice.workspace, 10)
    source = (
        b"From: ann@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n"
        b"%PDF-1.4 much more than ten bytes"
    )
    receive(inbox, source)
    assert Attachment.objects.get().state == "ready"
    assert use_of(alice.workspace).stored_bytes > 10
    assert look_up(inbox.address) == (inbox, True)
    assert look_up(his.address) == (his, False)
    assert look_up("nobody@acme.test") == (None, False)
    url = f"/api/v1/inboxes/{spell('inb', inbox.pk)}/raw"
    answer = alice.api.generic("POST", url, source, content_type="message/rfc822")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "mailbox_full")
    allow(alice.workspace, None)
    answer = alice.api.generic("POST", url, source, content_type="message/rfc822")
    assert answer.status_code == 202
