"""`manage.py export_workspace`, read back."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files import File
from django.core.management import CommandError, call_command
from django.utils import timezone

from attachments.errors import StorageUnavailable
from attachments.incoming import BLOCK_BYTES
from attachments.limits import Limits
from attachments.models import Attachment, Blob
from attachments.s3 import S3Storage
from attachments.scanning.verdicts import QUARANTINED
from attachments.storage import DiskStorage, attachment_storage
from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.letter import Letter
from messaging.models import Arrival, Captured, Inbox, Message
from messaging.outbox.drain import deliver_due
from messaging.records import record_exchange
from messaging.services import record_message
from messaging.source import source_of, with_first_sent
from project.ids import new_id, spell
from project.leaving import records
from project.leaving.records import LEFT_OUT, TABLES
from project.tenancy.models import Workspace
from tests.attachments.inventory.ground import put
from tests.leaving.make import Export, Filled, export, fill, raw_mail
from tests.make import make_workspace
from tests.messaging.dkim.make import make_active_key, make_domain
from tests.messaging.make import LETTER, make_file, make_inbox, make_message, receive
from tests.messaging.manifest.saved import verify
from tests.people import Person
from tests.services.name_server import NameServer
from tests.services.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db(transaction=True)

SAFE = re.compile(r"[a-z0-9_-]+(\.[a-z]+)*(/[a-z0-9_-]+(\.[a-z]+)*)*")
END = {"export.json", "index.jsonl", "keys.json", "summary.json"}


class Breaking(BytesIO):
    """The first block of a file, and then a storage that does not answer."""

    def __init__(self, file: File[bytes]) -> None:
        with file:
            super().__init__(file.read(BLOCK_BYTES))

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        if not block:
            raise StorageUnavailable
        return block


@pytest.fixture
def filled(alice: Person) -> Filled:
    return fill(alice.workspace)


@pytest.fixture(params=["folder", "mail.zip"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def test_every_mail_and_file_is_there_byte_for_byte(alice: Person, filled: Filled, place: Path):
    assert export(alice.workspace, place)[0] == 0
    found = Export(place)
    assert found.wrong_digests() == []
    sent = found.read(found.line("message", "msg", filled.sent)["path"])
    assert sent == b"".join(
        source_of(
            with_first_sent(Message.objects.in_full()).get(pk=filled.sent.pk), at=timezone.now()
        ).blocks()
    )
    with attachment_storage().open(Captured.objects.get().key) as captured:
        assert sent == captured.read()
    assert found.read(found.line("message", "msg", filled.received)["path"]) == raw_mail(1)
    unread = Arrival.objects.get(message=None)
    assert found.read(found.line("arrival", "arr", unread)["path"]) == raw_mail(2)
    for file in Attachment.objects.exclude(blob=None):
        line = found.line("file", "att", file)
        assert (line["sha256"], line["filename"]) == (file.sha256, file.filename)
        with attachment_storage().open(file.blob.key) as stored:
            assert found.read(line["path"]) == stored.read()


def test_every_manifest_proves_its_mail(alice: Person, filled: Filled, place: Path, tmp_path: Path):
    export(alice.workspace, place)
    found = Export(place)
    (keys := tmp_path / "house.json").write_bytes(found.read("keys.json"))
    (line,) = found.of("manifest")
    signed = json.loads(found.read(line["path"]))
    mail = found.read(found.line("message", "msg", filled.sent)["path"])
    assert "This is the mail that was sent" in verify(tmp_path, mail, signed, "--keys", str(keys))


def test_signed_mail_is_there_with_its_signature(
    alice: Person, name_server: NameServer, sink: SmtpSink, settings: Any, place: Path
):
    settings.SMTP_URL = sink.url
    make_active_key(make_domain(alice.workspace), name_server)
    message = make_message(make_inbox(alice.workspace, address="desk@sender.example"))
    deliver_due()
    (kept,) = sink.kept
    assert export(alice.workspace, place)[0] == 0
    found = Export(place)
    mail = found.read(found.line("message", "msg", message)["path"])
    assert mail == kept.data and mail.startswith(b"DKIM-Signature:")


def test_names_are_safe_and_nothing_lies_there_that_is_not_in_the_index(
    alice: Person, filled: Filled, place: Path
):
    export(alice.workspace, place)
    found = Export(place)
    assert found.paths - END == {line["path"] for line in found.index if line.get("path")}
    assert [path for path in found.paths if not SAFE.fullmatch(path)] == []
    assert {line["filename"] for line in found.of("file")} >= {"a?.pdf", "again.pdf"}


def test_equal_bytes_are_there_once(alice: Person, filled: Filled, place: Path):
    export(alice.workspace, place)
    found = Export(place)
    one, other = (found.line("file", "att", file) for file in filled.files[1:])
    assert one["path"] == other["path"]


def test_rows_are_there_without_secrets(alice: Person, filled: Filled, place: Path):
    filled.inbox.smtp_url = "smtp://me:s3cret@relay.test"
    filled.inbox.save()
    endpoint = alice.workspace.webhooks.get()
    export(alice.workspace, place)
    found = Export(place)
    (draft,) = found.rows("drafts")
    assert (draft["subject"], draft["inbox_id"]) == ("Hello", spell("inb", filled.inbox.pk))
    assert [row["name"] for row in found.rows("contacts")] == ["Ann"]
    assert [row["email"] for row in found.rows("suppressions")] == ["never@example.com"]
    assert [row["user__email"] for row in found.rows("members")] == ["alice@acme.test"]
    kinds = [row["kind"] for row in found.rows("events")]
    assert kinds.index("message.accepted") < kinds.index("message.sent")
    everything = b"".join(found.read(path) for path in found.paths)
    for secret in ("s3cret", endpoint.secret, alice.api_key.sha256, alice.user.password):
        assert secret.encode() not in everything


def test_the_summary_counts_what_the_index_has(alice: Person, filled: Filled, place: Path):
    said = json.loads(export(alice.workspace, place)[1])
    found = Export(place)
    assert said == json.loads(found.read("summary.json"))
    assert said["complete"] is True
    assert said["counts"]["file"] == {
        "awaited": 1,
        "here": 4,
        "bytes": sum(Blob.objects.values_list("size", flat=True)),
    }
    assert said["counts"]["message"]["here"] == len(found.of("message")) == 2


def test_what_is_charlies_is_not_there(alice: Person, charlie: Person, filled: Filled, place: Path):
    theirs = fill(charlie.workspace, address="charlie@acme.test")
    export(alice.workspace, place)
    found = Export(place)
    mine = {spell("msg", one.pk) for one in (filled.sent, filled.received)}
    assert {line["id"] for line in found.of("message")} == mine
    everything = b"".join(found.read(path) for path in found.paths)
    for id in (theirs.inbox.pk, theirs.sent.pk, charlie.workspace.pk):
        assert id.hex.encode() not in everything
        assert str(id).encode() not in everything
    assert b"charlie@acme.test" not in everything


def test_missing_and_damaged_bytes_are_told_and_fail_it(alice: Person, filled: Filled, place: Path):
    whole, broken, _ = filled.files
    attachment_storage().delete(whole.blob.key)
    put(broken.blob.key, b"%PDF-1.4 TWO")
    attachment_storage().delete(filled.received.arrivals.get().key)
    status, said = export(alice.workspace, place)
    assert status == 1
    assert "5 missing, damaged or not checked yet" in said
    found = Export(place)
    assert found.wrong_digests() == []
    assert found.line("file", "att", whole)["standing"] == "missing"
    damaged = found.line("file", "att", broken)
    assert damaged["standing"] == "damaged"
    assert damaged["path"] == f"files/{broken.sha256[:2]}/{broken.sha256}.damaged"
    assert found.read(damaged["path"]) == b"%PDF-1.4 TWO"
    assert damaged["expected_sha256"] == broken.sha256 != damaged["sha256"]
    for message in (filled.sent, filled.received):
        assert found.line("message", "msg", message)["standing"] == "missing"
    assert json.loads(found.read("summary.json"))["complete"] is False


def test_a_mail_whose_bytes_are_no_longer_those_that_were_sent_is_damaged(
    alice: Person, filled: Filled, place: Path
):
    put(filled.files[0].blob.key, b"%PDF-1.4 ONE")
    assert export(alice.workspace, place)[0] == 1
    line = Export(place).line("message", "msg", filled.sent)
    assert line["standing"] == "damaged"
    assert line["path"].endswith(".eml.damaged")


def test_what_a_scan_holds_back_does_not_leave_and_is_told(
    alice: Person, filled: Filled, place: Path
):
    file = filled.received.enclosures.get().attachment
    refused = {"state": "refused", "reason_code": QUARANTINED[0], "reason": "Eicar"}
    Attachment.objects.filter(pk=file.pk).update(**refused)
    assert export(alice.workspace, place)[0] == 0
    found = Export(place)
    assert found.line("message", "msg", filled.received)["standing"] == "held back"
    assert found.line("file", "att", file)["standing"] == "held back"
    assert found.line("file", "att", file)["why"] == "Eicar"
    assert f"files/{file.sha256[:2]}/{file.sha256}" not in found.paths


def test_a_file_that_waits_for_its_scan_fails_it(alice: Person, filled: Filled, place: Path):
    Attachment.objects.filter(pk=filled.files[2].pk).update(state="stored")
    assert export(alice.workspace, place)[0] == 1
    assert Export(place).line("file", "att", filled.files[2])["standing"] == "unchecked"


def test_a_storage_that_breaks_leaves_no_half_file_and_no_end(
    alice: Person, filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """In a file's middle; begun anew, it goes on with what is not there."""
    big = make_file(alice.workspace, b"%PDF-1.4 " + b"x" * 700_000, filename="big.pdf")
    storage = type(attachment_storage())
    opened = storage.open

    def breaking(self: DiskStorage | S3Storage, name: str, mode: str = "rb") -> File[bytes]:
        file = opened(self, name, mode)
        return File(Breaking(file)) if name == big.blob.key else file

    folder, archive = tmp_path / "folder", tmp_path / "mail.zip"
    with monkeypatch.context() as patch:
        patch.setattr(storage, "open", breaking)
        for place in (folder, archive):
            assert export(alice.workspace, place)[0] == 2
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "files") == ["folder"]
    written = {path.name: path for path in folder.rglob("*") if path.is_file()}
    assert not {"index.jsonl", "summary.json", big.sha256, f"{big.sha256}.part"} & set(written)
    kept = written[filled.files[0].sha256]
    before = kept.stat().st_ino
    for place in (folder, archive):
        assert export(alice.workspace, place)[0] == 0
        assert Export(place).wrong_digests() == []
    assert kept.stat().st_ino == before


def test_it_goes_over_an_export_that_is_there(alice: Person, filled: Filled, tmp_path: Path):
    folder = tmp_path / "folder"
    export(alice.workspace, folder)
    path = folder / Export(folder).line("file", "att", filled.files[0])["path"]
    path.write_bytes(b"%PDF-")
    later = receive(filled.inbox, raw_mail(3))
    assert export(alice.workspace, folder)[0] == 0
    found = Export(folder)
    assert found.wrong_digests() == []
    assert found.line("message", "msg", later)["standing"] == "here"


def test_it_writes_over_nothing_else(
    alice: Person, charlie: Person, filled: Filled, tmp_path: Path
):
    (letters := tmp_path / "letters").mkdir()
    (letters / "mine.txt").write_text("mine")
    assert "has something else in it" in export(alice.workspace, letters)[1]
    export(charlie.workspace, tmp_path / "theirs")
    assert "the export of something else" in export(alice.workspace, tmp_path / "theirs")[1]
    (archive := tmp_path / "a.zip").write_text("mine")
    assert export(alice.workspace, archive) == (2, f"{archive} is there already.")
    assert [path.read_text() for path in (letters / "mine.txt", archive)] == ["mine", "mine"]


def test_nobody_else_can_read_it(alice: Person, filled: Filled, tmp_path: Path):
    export(alice.workspace, tmp_path / "folder")
    export(alice.workspace, tmp_path / "mail.zip")
    files = [path for path in (tmp_path / "folder").rglob("*") if path.is_file()]
    made = [*files, tmp_path / "folder", tmp_path / "mail.zip"]
    assert len(made) > 30
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_workspace_has_a_name_or_an_id(alice: Person, tmp_path: Path):
    call_command("export_workspace", "Acme", str(tmp_path / "named"), stdout=StringIO())
    export(alice.workspace, tmp_path / "spelt")
    one, other = (Export(tmp_path / name).rows("workspace") for name in ("named", "spelt"))
    assert one == other
    for nobody in ("acme", spell("wsp", new_id())):
        with pytest.raises(CommandError, match="There is no workspace"):
            call_command("export_workspace", nobody, str(tmp_path / "nobody"))
    assert not (tmp_path / "nobody").exists()


def test_pages_end_between_any_two_rows(
    alice: Person, filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Rows are counted against the tables, with pages of one row."""
    monkeypatch.setattr(records, "PAGE", 1)
    export(alice.workspace, tmp_path / "folder")
    found = Export(tmp_path / "folder")
    for table in TABLES:
        rows = table.model._default_manager.filter(**{table.at: alice.workspace.pk})
        assert len(found.rows(table.name)) == rows.count(), table.name
    assert len(found.rows("events")) == alice.workspace.events.count()


def test_an_empty_workspace_can_leave(place: Path):
    workspace = make_workspace(name="Empty")
    assert export(workspace, place)[0] == 0
    assert Export(place).rows("workspace")[0]["name"] == "Empty"


def test_a_message_that_waits_for_a_file_is_awaited(alice: Person, filled: Filled, place: Path):
    late = Attachment.objects.get(state="reserved")
    message = make_message(filled.inbox, files=[late])
    assert export(alice.workspace, place)[0] == 0
    assert Export(place).line("message", "msg", message)["standing"] == "awaited"


def test_what_was_put_on_record_has_its_row_and_fails_nothing(
    alice: Person, inbox: Inbox, place: Path
):
    """A note of a customer's, and letters that were exchanged elsewhere."""
    limits = Limits.for_workspace(alice.workspace)
    note = record_message(
        inbox=inbox, letter=Letter(text="Called."), limits=limits, filing=Filing(channel="note")
    )
    theirs = replace(LETTER, sender=Address("ann@example.com"))
    out, came = (
        record_exchange(
            inbox=inbox, letter=letter, limits=limits, filing=Filing(), direction=direction
        )
        for letter, direction in ((LETTER, "outbound"), (theirs, "inbound"))
    )
    assert export(alice.workspace, place)[0] == 0
    found = Export(place)
    standings = [found.line("message", "msg", one)["standing"] for one in (note, out, came)]
    assert standings == ["here", "here", "recorded"]
    assert found.of("manifest") == []
    assert {row["text"] for row in found.rows("messages")} == {"Called.", LETTER.text}


def test_every_table_of_a_workspace_is_in_it_or_left_out_for_a_reason():
    told = {table.model for table in TABLES} | set(LEFT_OUT)
    known = {Workspace}
    while True:
        more = {
            model
            for model in apps.get_models()
            for field in model._meta.concrete_fields
            if field.related_model in known and not field.null
        } | known
        if more == known:
            break
        known = more
    assert sorted(str(model) for model in known - told) == []
