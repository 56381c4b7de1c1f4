"""`manage.py repair_storage`: what it does, when asked to, and what it never touches"""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from attachments.inventory import repair
from attachments.inventory.inspection import Finding, Kind
from attachments.inventory.repair import delete_orphan, repair_finding
from attachments.limits import Limits
from attachments.models import Attachment, Blob, Preview
from attachments.retention import purge
from drafts.check import check_draft
from messaging.models import Captured, Delivery
from messaging.outbox.drain import deliver_due
from project.events.models import Event
from project.ids import spell
from tests.attachments.inventory.ground import LATER, fill, look, make_upload, put
from tests.attachments.inventory.test_inspection import NAMES, ORPHANS
from tests.attachments.make import make_attachment, make_draft_with, make_reserved
from tests.messaging.make import make_inbox, make_message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def no_grace(monkeypatch):
    """Let what was put here just now be older than a day."""
    monkeypatch.setattr(repair, "GRACE", timedelta(days=-1))
    monkeypatch.setattr("attachments.management.commands.repair_storage.GRACE", timedelta(days=-1))


def run(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("repair_storage", *arguments, stdout=out)
    return out.getvalue().splitlines()


def test_it_wants_to_be_told_what_to_do(alice):
    with pytest.raises(CommandError, match="--delete-orphans, --mark-missing"):
        run("--yes")


@pytest.mark.usefixtures("no_grace")
def test_it_deletes_orphans_and_nothing_else(alice, storage):
    keys = fill(alice.workspace)
    strange = put("zzz")
    for key in ORPHANS.values():
        put(key)
    lines = run("--delete-orphans", "--yes")
    assert lines == [
        *(f"1 orphaned of {name}" for name in sorted(NAMES)),
        "5 of 5 orphaned: deleted",
    ]
    assert [key for key in ORPHANS.values() if storage.exists(key)] == []
    assert [key for key in (*keys.values(), strange) if not storage.exists(key)] == []
    assert look() == [("unknown", strange)]


@pytest.mark.usefixtures("no_grace")
@pytest.mark.parametrize(("answer", "is_there"), [("n", True), ("", True), ("y", False)])
def test_it_shows_how_much_and_asks(alice, storage, monkeypatch, answer, is_there):
    make_attachment(alice.workspace)
    key = put(ORPHANS["arrivals"])
    asked = []

    def ask(question: str) -> str:
        asked.append(storage.exists(key))
        return answer

    monkeypatch.setattr("builtins.input", ask)
    assert run("--delete-orphans")[0] == "1 orphaned of arrivals"
    assert asked == [True]
    assert storage.exists(key) == is_there


def test_orphans_stay_for_a_day(alice, storage):
    make_attachment(alice.workspace)
    key = put(ORPHANS["blobs"])
    assert run("--delete-orphans", "--yes") == ["There is nothing to repair."]
    now = timezone.now()
    assert not delete_orphan(key, at=now + repair.GRACE - timedelta(minutes=1))
    assert storage.exists(key)
    assert delete_orphan(key, at=now + repair.GRACE + timedelta(minutes=1))
    assert not storage.exists(key)


@pytest.mark.parametrize("name", NAMES)
def test_what_has_a_row_by_now_is_no_orphan(alice, storage, name):
    key = fill(alice.workspace)[name]
    assert not delete_orphan(key, at=timezone.now() + LATER)
    assert storage.exists(key)


def test_mail_that_may_still_be_captured_keeps_its_place(alice, storage):
    """A worker that died behind storing it is followed by one that stores it there again."""
    delivery = Delivery.objects.get(message=make_message(make_inbox(alice.workspace)))
    key = put(f"outbox/{alice.workspace.pk}/{delivery.pk}.eml")
    assert not delete_orphan(key, at=timezone.now() + LATER)
    Delivery.objects.update(state="canceled", due_at=None)
    assert delete_orphan(key, at=timezone.now() + LATER)


def test_keys_of_nobody_are_not_deleted(storage):
    key = put("zzz")
    finding = Finding(kind=Kind.UNKNOWN, family="(none)", key=key)
    assert not repair_finding(finding, at=timezone.now() + LATER)
    assert not delete_orphan(key, at=timezone.now() + LATER)
    assert storage.exists(key)


def test_a_storage_of_another_database_is_left_alone(alice, storage):
    """Nothing fits: rather a wrong address than a loss of everything."""
    storage.delete(make_attachment(alice.workspace).blob.key)
    with pytest.raises(CommandError, match="is this the storage of this database"):
        run("--mark-missing", "--yes")
    assert Attachment.objects.get().state == "ready"


def test_it_ends_when_more_is_wrong_than_people_have_seen(alice, storage, monkeypatch):
    """As when a disk goes away while they think."""
    files = [make_attachment(alice.workspace, bytes([n])) for n in range(3)]
    storage.delete(files[0].blob.key)

    def ask(question: str) -> str:
        for file in files[1:]:
            storage.delete(file.blob.key)
        return "y"

    monkeypatch.setattr("builtins.input", ask)
    with pytest.raises(CommandError, match="More is wrong than was shown"):
        run("--mark-missing")
    assert Attachment.objects.filter(state="gone").count() == 1


def test_files_whose_bytes_are_gone_say_so(alice, bob, charlie, storage):
    one = make_attachment(alice.workspace, b"gone", filename="one.txt")
    two = make_attachment(alice.workspace, b"gone", filename="two.txt")
    kept = make_attachment(alice.workspace, b"kept")
    theirs = make_attachment(charlie.workspace, b"gone")
    storage.delete(one.blob.key)
    assert run("--mark-missing", "--yes") == [
        "1 missing of blobs",
        "1 of 1 missing: marked as gone",
    ]
    states = {file.pk: (file.state, file.reason_code) for file in Attachment.objects.all()}
    lost = ("gone", "bytes_missing")
    assert states == {one.pk: lost, two.pk: lost, kept.pk: ("ready", ""), theirs.pk: ("ready", "")}
    events = Event.objects.filter(kind="attachment.expired", payload__reason="bytes_missing")
    assert {event.subject_id for event in events} == {one.pk, two.pk}
    url = f"/api/v1/attachments/{spell('att', one.pk)}"
    for person in (alice, bob):
        body = person.api.get(url).json()
        assert (body["state"], body["reason"]["code"]) == ("gone", "bytes_missing")
        assert person.api.get(f"{url}/content").status_code == 410
    assert charlie.api.get(url).status_code == 404
    purge(at=timezone.now() + timedelta(hours=2))
    assert look() == []


def test_who_uploads_the_same_bytes_again_has_them(alice, storage):
    make_attachment(alice.workspace, b"kept")
    storage.delete(make_attachment(alice.workspace, b"gone").blob.key)
    run("--mark-missing", "--yes")
    purge(at=timezone.now() + timedelta(hours=2))
    again = make_attachment(alice.workspace, b"gone")
    with storage.open(again.blob.key) as file:
        assert file.read() == b"gone"
    assert look() == []


def test_drafts_and_queued_mail_say_so(alice, storage):
    make_attachment(alice.workspace, b"kept")
    file = make_attachment(alice.workspace, b"gone")
    draft = make_draft_with(file)
    message = make_message(make_inbox(alice.workspace), files=[file])
    storage.delete(file.blob.key)
    run("--mark-missing", "--yes")
    deliver_due()
    assert not Captured.objects.exists()
    delivery = Delivery.objects.get(message=message)
    assert delivery.state == "failed"
    assert "The bytes of this file are missing from the storage" in delivery.reason
    check = check_draft(draft=draft, limits=Limits.for_workspace(alice.workspace))
    (finding,) = [one for one in check.findings if one.code == "attachment_gone"]
    assert "The bytes of this file are missing from the storage." in finding.message


def test_a_missing_picture_is_drawn_again(alice, storage):
    key = fill(alice.workspace)["previews"]
    storage.delete(key)
    assert run("--mark-missing", "--yes")[-1] == "1 of 1 missing: marked as gone"
    assert not Preview.objects.exists()
    assert look() == []


@pytest.mark.parametrize("name", ["arrivals", "outbox"])
def test_mail_that_is_missing_stays_told(alice, storage, name):
    key = fill(alice.workspace)[name]
    storage.delete(key)
    assert run("--mark-missing", "--yes")[-1] == "0 of 1 missing: marked as gone"
    assert look() == [("missing", key)]


@pytest.mark.usefixtures("no_grace")
def test_parts_in_s3_that_nobody_remembers_are_dropped(alice, storage):
    if not storage.takes_uploads:
        pytest.skip("says something about S3")
    make_attachment(alice.workspace)
    known = make_upload(alice.workspace, b"x" * storage.part_bytes, size=storage.part_bytes + 1)
    storage.start_parts(ORPHANS["incoming"])
    assert run("--delete-orphans", "--yes")[-1] == "1 of 1 orphaned: deleted"
    assert [found.key for found in storage.walk_parts()] == [known.attachment.incoming_key]


def test_the_clock_removes_what_s3_was_given_for_nobody(alice, storage):
    if not storage.takes_uploads:
        pytest.skip("says something about S3")
    ready, reserved = make_attachment(alice.workspace), make_reserved(alice.workspace)
    late, awaited, other = (
        put(ready.incoming_key),
        put(reserved.incoming_key),
        put(ORPHANS["arrivals"]),
    )
    purge(at=timezone.now())
    assert storage.exists(late)
    purge(at=timezone.now() + LATER)
    assert not storage.exists(late)
    assert storage.exists(awaited) and storage.exists(other)
    assert Blob.objects.count() == 1
