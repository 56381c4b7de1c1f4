"""`manage.py verify_storage`: what operators and programs get of it"""

from __future__ import annotations

import json

import pytest

from attachments.errors import StorageUnavailable
from attachments.inventory import inspection
from attachments.models import Attachment, Blob
from project.events.models import Event
from tests.attachments.inventory.ground import fill, put, verify, verify_json
from tests.attachments.make import make_attachment

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_prints_a_table_and_ends_well_when_all_is_well(alice):
    fill(alice.workspace)
    status, lines = verify()
    assert status == 0
    table = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert lines[0].split() == ["rows", "objects", "bytes"]
    assert {name: facts[:2] for name, facts in table.items()} == {
        "arrivals": ["1", "1"],
        "blobs": ["6", "6"],
        "incoming": ["1", "1"],
        "outbox": ["1", "1"],
        "previews": ["1", "1"],
    }
    total = sum(Blob.objects.values_list("size", flat=True))
    assert table["blobs"][2] == str(total)


def test_it_prints_what_is_wrong_and_ends_with_1(alice, storage):
    key = make_attachment(alice.workspace).blob.key
    storage.delete(key)
    status, lines = verify()
    assert status == 1
    assert lines[0].split() == ["missing", key, "not", "3"]
    assert lines[1].split() == ["rows", "objects", "bytes", "missing"]
    assert lines[2].split() == ["blobs", "1", "0", "0", "1"]


def test_it_prints_json_lines_for_programs(alice, storage):
    key = make_attachment(alice.workspace).blob.key
    put(key, b"bar")
    status, (finding, totals) = verify_json()
    assert status == 1
    assert finding["kind"] == "wrong hash"
    assert (finding["family"], finding["key"]) == ("blobs", key)
    assert finding["expected"] == Blob.objects.get().sha256 != finding["actual"]
    assert totals["kind"] == "totals"
    assert totals["counts"]["blobs"]["wrong hash"] == 1


def test_quick_reads_no_bytes(alice):
    put(make_attachment(alice.workspace).blob.key, b"bar")
    assert verify("--quick")[0] == 0


def test_orphans_have_an_hour_unless_told_otherwise(alice):
    put(f"arrivals/ab/{'0' * 32}.eml")
    assert verify()[0] == 0
    assert verify("--grace", "-1")[0] == 1


def test_it_changes_nothing(alice, storage):
    keys = fill(alice.workspace)
    storage.delete(keys["blobs"])
    put("zzz")
    objects, events = list(storage.walk()), Event.objects.count()
    files = list(Attachment.objects.order_by("id").values())
    assert verify("--grace", "-1")[0] == 1
    assert list(storage.walk()) == objects
    assert list(Attachment.objects.order_by("id").values()) == files
    assert Event.objects.count() == events


def test_it_goes_on_where_a_storage_that_failed_has_stopped_it(alice, storage, monkeypatch):
    """What was found before is not told twice, and is counted all the same."""
    monkeypatch.setattr(inspection, "STEP_KEYS", 1)
    keys = sorted(make_attachment(alice.workspace, bytes([n])).blob.key for n in range(6))
    storage.delete(keys[0])
    storage.delete(keys[5])
    digest, read = inspection.Inspection._digest, []

    def fails(self: inspection.Inspection, key: str) -> str:
        if key == keys[3]:
            raise StorageUnavailable
        read.append(key)
        return digest(self, key)

    with monkeypatch.context() as patch:
        patch.setattr(inspection.Inspection, "_digest", fails)
        status, findings = verify_json()
    assert (status, [one["key"] for one in findings]) == (2, [keys[0]])
    assert read == keys[1:3]
    status, (finding, totals) = verify_json("--resume")
    assert (status, finding["key"]) == (1, keys[5])
    assert totals["counts"]["blobs"] == {
        "rows": 6,
        "objects": 4,
        "bytes": 4,
        "pairs": 4,
        "missing": 2,
    }
    status, _ = verify("--resume")
    assert status == 2  # it had come to its end


def test_a_place_in_the_files_is_json_that_stays_readable(alice, storage, tmp_path, monkeypatch):
    def fails(self: inspection.Inspection, key: str) -> str:
        raise StorageUnavailable

    make_attachment(alice.workspace)
    monkeypatch.setattr(inspection, "STEP_KEYS", 1)
    put("0/readme")
    monkeypatch.setattr(inspection.Inspection, "_digest", fails)
    assert verify("--grace", "-1")[0] == 2
    kept = json.loads((tmp_path / "verify_storage.json").read_text())
    assert (kept["key"], kept["counts"]["(none)"]["unknown"]) == ("0/readme", 1)
