"""What an inspection finds, and what it leaves alone (`--files=disk|s3`)"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from attachments.inventory import families, inspection
from attachments.inventory.families import Family, all_families, family_of, register
from attachments.inventory.inspection import Inspection, Place
from attachments.models import Attachment, Blob
from attachments.retention import purge
from attachments.services import UNUSED_LIFE
from messaging.models import Arrival, Captured, Message
from tests.attachments.inventory.ground import fill, look, make_upload, put
from tests.attachments.make import make_attachment, make_reserved

pytestmark = pytest.mark.django_db(transaction=True)

NAMES = ("blobs", "previews", "incoming", "arrivals", "outbox")
ID = secrets.token_hex(16)
ORPHANS = {
    "blobs": f"{ID}/ab/{'ab' * 32}-{ID}",
    "previews": f"previews/{ID}/ab/{'ab' * 32}-{ID}.webp",
    "incoming": f"incoming/{ID}",
    "arrivals": f"arrivals/ab/{ID}.eml",
    "outbox": f"outbox/{uuid4()}/{uuid4()}.eml",
}


def test_all_families_are_looked_at_and_all_is_well(alice, charlie):
    keys = fill(alice.workspace)
    make_attachment(charlie.workspace)
    place = Place()
    assert look(place=place) == []
    assert {family.name for family in all_families()} == set(NAMES) == set(keys)
    pairs = {name: place.counts[name]["pairs"] for name in NAMES}
    rows = {name: place.counts[name]["rows"] for name in NAMES}
    assert pairs == rows == {"blobs": 7, "previews": 1, "incoming": 1, "arrivals": 1, "outbox": 1}


@pytest.mark.parametrize("name", NAMES)
def test_a_deleted_object_is_missing(alice, storage, name):
    key = fill(alice.workspace)[name]
    storage.delete(key)
    assert look() == [("missing", key)]


@pytest.mark.parametrize("name", ["blobs", "arrivals", "outbox"])
def test_a_flipped_byte_is_told_unless_it_is_to_be_quick(alice, storage, name):
    key = fill(alice.workspace)[name]
    with storage.open(key) as file:
        content = bytearray(file.read())
    content[len(content) // 2] ^= 1
    put(key, bytes(content))
    assert look() == [("wrong hash", key)]
    assert look(hashing=False) == []


@pytest.mark.parametrize("name", ["blobs", "arrivals", "outbox"])
def test_an_object_that_was_cut_short_has_the_wrong_size(alice, name):
    key = fill(alice.workspace)[name]
    put(key, b"f")
    assert look(hashing=False) == look() == [("wrong size", key)]


@pytest.mark.parametrize("name", NAMES)
def test_an_object_without_a_row_is_an_orphan(alice, name):
    fill(alice.workspace)
    put(ORPHANS[name])
    assert look() == [("orphaned", ORPHANS[name])]


def test_what_lies_where_nothing_of_ours_does_is_told_as_that(alice):
    fill(alice.workspace)
    strange = [put("zzz"), put("0/readme"), put("arrivals/ab/notes.txt")]
    assert look() == [("unknown", key) for key in sorted(strange)]


def test_a_young_orphan_may_be_about_to_get_its_row(alice):
    put(ORPHANS["blobs"])
    now = timezone.now()
    for age, findings in ((timedelta(minutes=59), 0), (timedelta(minutes=61), 1)):
        steps = Inspection(at=now + age, grace=timedelta(hours=1), hashing=True).steps()
        assert sum(len(some) for some in steps) == findings


@pytest.mark.parametrize("state", ["ready", "gone"])
def test_bytes_that_come_for_what_awaits_none_are_orphans(alice, state):
    attachment = make_attachment(alice.workspace)
    if state == "gone":
        purge(at=timezone.now() + UNUSED_LIFE + timedelta(minutes=1))
    attachment.refresh_from_db()
    assert attachment.state == state
    assert look() == []
    put(attachment.incoming_key)
    assert look() == [("orphaned", attachment.incoming_key)]


def test_bytes_that_come_for_a_reservation_are_none(alice):
    put(make_reserved(alice.workspace).incoming_key)
    assert look() == []


def test_bytes_that_are_being_deleted_are_neither_missing_nor_orphans(alice, storage):
    kept, gone = make_attachment(alice.workspace, b"kept"), make_attachment(alice.workspace)
    Attachment.objects.all().delete()
    Blob.objects.update(doomed_at=timezone.now())
    storage.delete(gone.blob.key)
    assert storage.exists(kept.blob.key)
    assert look() == []


def test_bytes_that_no_sweep_comes_for_are_told(alice):
    attachment = make_attachment(alice.workspace)
    Attachment.objects.all().delete()
    assert look() == []
    Blob.objects.update(sweep_at=None)
    assert look() == [("wrong row", attachment.blob.key)]


def test_a_file_that_says_otherwise_than_its_bytes_is_told(alice):
    attachment = make_attachment(alice.workspace)
    Attachment.objects.update(size=attachment.size + 1)
    assert look() == [("wrong row", attachment.blob.key)]


def test_the_mail_of_a_deleted_message_is_an_orphan(alice):
    keys = fill(alice.workspace)
    Message.objects.all().delete()
    assert sorted(look()) == sorted(("orphaned", keys[name]) for name in ("arrivals", "outbox"))
    assert not Arrival.objects.exists() and not Captured.objects.exists()


def test_a_suspect_that_is_gone_at_the_second_look_is_not_told(alice, storage, monkeypatch):
    """As when a purge is at work: the row was read before, the object looked for after it."""
    attachment = make_attachment(alice.workspace)
    storage.delete(attachment.blob.key)
    orphan = put(ORPHANS["arrivals"])
    late = put(ORPHANS["outbox"])

    def meanwhile(seconds: float) -> None:
        Attachment.objects.all().delete()
        Blob.objects.all().delete()
        storage.delete(orphan)

    monkeypatch.setattr(inspection.time, "sleep", meanwhile)
    assert look() == [("orphaned", late)]


def test_it_goes_on_where_it_was(alice, storage, monkeypatch):
    """Each step apart, by an inspection of its own, finds what one inspection of all finds."""
    monkeypatch.setattr(inspection, "STEP_KEYS", 1)
    monkeypatch.setattr(families, "PAGE", 2)
    keys = fill(alice.workspace)
    for name in ("blobs", "arrivals"):
        storage.delete(keys[name])
    for key in ORPHANS.values():
        put(key)
    whole = Place()
    expected = look(place=whole)
    assert len(expected) == 2 + len(ORPHANS)
    place, found, before = Place(), [], None
    while place != before:
        before = Place(place.key, dict(place.rows), place.counts.copy())
        one = Inspection(
            at=timezone.now() + timedelta(days=2),
            grace=timedelta(),
            hashing=False,
            place=place,
        )
        found += [(each.kind, each.key) for each in next(one.steps())]
    assert found == expected
    assert place.counts == whole.counts


def test_a_database_that_sorts_otherwise_is_an_error_and_no_loss(alice, monkeypatch):
    fill(alice.workspace)
    rows = families.in_pages

    def backwards(*arguments, **named):
        return reversed(list(rows(*arguments, **named)))

    monkeypatch.setattr("attachments.inventory.own.in_pages", backwards)
    with pytest.raises(ValueError, match="sorts keys otherwise"):
        look()


def test_parts_in_s3_that_no_upload_remembers_are_orphans(alice, storage):
    if not storage.takes_uploads:
        pytest.skip("says something about S3")
    known = make_upload(alice.workspace, b"x" * storage.part_bytes, size=storage.part_bytes + 1)
    assert known.multipart_id
    storage.start_parts(ORPHANS["incoming"])
    assert look() == [("orphaned", ORPHANS["incoming"])]


def test_an_app_adds_its_keys_by_registering_them(storage, monkeypatch):
    monkeypatch.setattr(families, "_families", dict(families._families))
    key = put("reports/a.txt")
    assert look() == [("unknown", key)]

    class Reports(Family):
        name = "reports"
        pattern = families.re.compile(r"reports/\w+\.txt")

        def rows(self, *, after):
            yield from (row for row in [families.Row(key=key, size=3)] if row.key > after)

        def find(self, key):
            return families.Row(key=key, size=3)

        def knows(self, key):
            return True

    register(Reports())
    assert family_of(key).name == "reports"
    assert look() == []
    storage.delete(key)
    assert look() == [("missing", key)]
