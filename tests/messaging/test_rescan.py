"""`manage.py rescan` and `manage.py quarantine`"""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from attachments.models import Attachment, Blob
from attachments.scanning.queue import scan_due
from attachments.scanning.rescan import rescan
from messaging.models import Inbox
from messaging.outbox.sweep import tick
from project.events.models import Event
from project.ids import spell
from tests.attachments.scanning.test_roads import mail_with
from tests.drafts.make import make_draft
from tests.messaging.make import make_file, make_inbox, make_message, receive
from tests.people import Person
from tests.services.clamav import EICAR, EICAR_NAME

NEW = b"malware of today"


@pytest.fixture
def inbox(alice: Person) -> Inbox:
    return make_inbox(alice.workspace)


def said(command: str, *words: str) -> str:
    out = StringIO()
    call_command(command, *words, stdout=out)
    return out.getvalue()


def test_new_signatures_take_back_old_files_and_tell_who_has_them(
    alice: Person, inbox: Inbox, scanning
):
    file = make_file(alice.workspace, NEW, filename="old.txt")
    sent = make_message(inbox, files=[file])
    received = receive(inbox, mail_with(NEW, "theirs.txt"))
    draft = make_draft(inbox, files=[file])
    make_file(alice.workspace, b"good")
    scan_due()
    tick()
    assert not Attachment.objects.exclude(state="ready").exists()

    assert "scanned: 2, files refused: 0" in said("rescan")
    scanning.learn(Today=NEW)
    told = said("rescan")
    assert "scanned: 2, files refused: 2" in told
    assert f"{spell('att', file.pk)}  old.txt  The scanner found Local.Today.UNOFFICIAL" in told
    assert f"{spell('msg', sent.pk)}  outbound message, sent" in told
    assert f"{spell('msg', received.pk)}  inbound message, received" in told
    assert f"{spell('drf', draft.pk)}  draft" in told
    assert "Downloads are not recorded" in told
    assert set(Attachment.objects.exclude(state="ready").values_list("reason_code", flat=True)) == {
        "malware"
    }
    assert Event.objects.filter(kind="attachment.refused", subject_id=file.pk).count() == 1


def test_a_run_that_was_stopped_goes_on(alice: Person, scanning):
    for number in range(5):
        make_file(alice.workspace, b"file %d" % number)
    scan_due()
    start = timezone.now()
    running = rescan(since=start)
    for _ in range(2):
        next(running)
    running.close()
    assert Blob.objects.filter(scanned_at__gt=start).count() == 2
    assert "scanned: 3, files refused: 0" in said("rescan", "--since", start.isoformat())
    assert "scanned: 0, files refused: 0" in said("rescan", "--since", start.isoformat())


def test_it_leaves_to_others_what_they_have(alice: Person, scanning):
    file = make_file(alice.workspace)
    Blob.objects.update(scan_at=timezone.now() + timedelta(minutes=5))
    assert "scanned: 0" in said("rescan")
    Blob.objects.update(scan_at=None)
    assert "scanned: 1" in said("rescan")
    file.refresh_from_db()
    assert file.state == "ready"


def test_it_scans_what_came_before_there_was_a_scanner(alice: Person, scanning, settings):
    url, settings.CLAMD_URL = settings.CLAMD_URL, ""
    file = make_file(alice.workspace, EICAR)
    assert file.state == "ready"
    settings.CLAMD_URL = url
    assert "files refused: 1" in said("rescan")
    file.refresh_from_db()
    assert file.state == "refused"


def test_without_a_scanner_it_says_so_and_changes_nothing(alice: Person, scanning, settings):
    make_file(alice.workspace)
    scan_due()
    scanning.stop()
    with pytest.raises(CommandError, match="go on with: manage.py rescan --since"):
        said("rescan")
    assert Blob.objects.filter(scan_at=None, verdict="clean").count() == 1
    settings.CLAMD_URL = ""
    with pytest.raises(CommandError, match="CLAMD_URL"):
        said("rescan")


def test_the_quarantine_is_listed_and_a_file_released(alice: Person, scanning):
    bad, good = make_file(alice.workspace, EICAR, filename="bad.txt"), make_file(alice.workspace)
    scan_due()
    id = spell("att", bad.pk)
    listed = said("quarantine", "list")
    assert listed.count("\n") == 1
    assert all(words in listed for words in (id, "bad.txt", "refused", EICAR_NAME, "Acme"))
    with pytest.raises(CommandError, match="No scan holds"):
        said("quarantine", "release", spell("att", good.pk), "--by", "op", "--reason", "x")
    said("quarantine", "release", id, "--by", "op@acme.test", "--reason", "A test file")
    bad.refresh_from_db()
    assert (bad.state, bad.reason) == ("ready", "Released by op@acme.test: A test file")
    assert said("quarantine", "list") == ""


def test_a_file_of_the_quarantine_is_deleted_by_somebody(alice: Person, scanning):
    bad = make_file(alice.workspace, EICAR)
    scan_due()
    said("quarantine", "delete", spell("att", bad.pk), "--by", "op@acme.test")
    bad.refresh_from_db()
    assert (bad.state, bad.reason_code, bad.deleted_at is None) == ("gone", "malware", False)
    assert Event.objects.get(kind="attachment.deleted").actor == "op@acme.test"
    with pytest.raises(CommandError):
        said("quarantine", "delete", "att_nonsense", "--by", "op")
