"""Scanners that are down, slow or odd: nothing reads as clean, and each policy does what it says"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from attachments.models import Attachment, Blob
from attachments.scanning import queue
from attachments.scanning.clamd import Clamd
from attachments.scanning.queue import LEASE, MAX_ATTEMPTS, claim_blob, scan_blob, scan_due
from attachments.scanning.verdicts import poke_scanner
from attachments.storage import attachment_storage
from project.events.models import Event
from project.poke import Poke
from tests.attachments.make import make_attachment
from tests.attachments.scanning.fake import fake_clamd, hang_up, saying
from tests.attachments.scanning.test_verdicts import again, kinds_of
from tests.services.clamav import EICAR, FILE_MAX, STREAM_MAX


@pytest.fixture
def waits(settings: Any) -> Any:
    """Give up on a scanner at once."""
    settings.SCAN_WAIT_SECONDS = 0.0
    return settings


def let_time_pass(**time: float) -> None:
    """Age what the clock looks at."""
    Blob.objects.filter(scan_at__isnull=False).update(
        scan_at=F("scan_at") - timedelta(**time),
        unanswered_since=F("unanswered_since") - timedelta(**time),
    )


def test_a_scanner_that_is_down_holds_files(alice, scanning):
    scanning.stop()
    file = make_attachment(alice.workspace)
    for _ in range(20):
        assert scan_due() == 0
        let_time_pass(seconds=14)
    file = again(file)
    assert (file.state, file.blob.verdict) == ("stored", "unscanned")
    assert (file.blob.scan_attempts, file.reason_code) == (0, "")
    let_time_pass(minutes=5)
    scan_due()
    file = again(file)
    assert (file.state, file.reason_code) == ("stored", "scanner_down")
    since = file.blob.unanswered_since
    assert file.reason == f"The scanner has not answered since {since:%Y-%m-%d %H:%M} UTC."
    scanning.start()
    let_time_pass(minutes=1)
    assert scan_due() == 1
    file = again(file)
    assert (file.state, file.reason_code, file.blob.unanswered_since) == ("ready", "", None)


def test_or_releases_them_and_says_so(alice, scanning, waits):
    waits.SCAN_WHEN_DOWN = "release"
    scanning.stop()
    file = make_attachment(alice.workspace, EICAR)
    scan_due()
    file = again(file)
    assert (file.state, file.reason_code, file.blob.verdict) == ("ready", "unscanned", "unscanned")
    assert "The scanner has not answered since" not in file.reason
    assert file.reason.startswith("It was not checked: the scanner has not answered since")
    assert kinds_of(file) == ["attachment.stored", "attachment.released", "attachment.ready"]
    released = Event.objects.get(kind="attachment.released")
    assert (released.payload["reason"], released.payload["verdict"]) == (file.reason, "unscanned")
    scanning.start()
    let_time_pass(minutes=1)
    scan_due()
    assert again(file).state == "refused"  # it was looked at after all


def test_it_is_released_only_after_the_wait(alice, scanning, settings):
    settings.SCAN_WHEN_DOWN, settings.SCAN_WAIT_SECONDS = "release", 60.0
    scanning.stop()
    file = make_attachment(alice.workspace)
    scan_due()
    let_time_pass(seconds=50)
    scan_due()
    assert again(file).state == "stored"
    let_time_pass(seconds=50)
    scan_due()
    assert again(file).state == "ready"


def test_one_that_is_frozen_is_down(alice, scanning, waits, monkeypatch):
    monkeypatch.setattr(queue, "scanner", lambda: Clamd(scanning.url, connect=0.2))
    scanning.child.pause()
    file = make_attachment(alice.workspace)
    assert scan_due() == 0
    assert (again(file).state, again(file).reason_code) == ("stored", "scanner_down")
    scanning.child.resume()
    let_time_pass(minutes=1)
    assert scan_due() == 1
    assert again(file).state == "ready"


@pytest.mark.parametrize("size", [FILE_MAX + 1, STREAM_MAX + 1])
def test_what_is_too_large_for_the_scanner_is_refused(alice, scanning, size):
    file = make_attachment(alice.workspace, bytes(size))
    assert scan_due() == 1
    file = again(file)
    assert (file.state, file.reason_code, file.blob.verdict) == (
        "refused",
        "unscannable",
        "unscannable",
    )
    assert file.reason == f"It could not be checked: {file.blob.signature}."
    assert make_attachment(alice.workspace, bytes(size)).state == "refused"


def test_or_released_with_a_word(alice, scanning, settings):
    settings.SCAN_UNSCANNABLE = "release"
    file = make_attachment(alice.workspace, bytes(STREAM_MAX + 1))
    scan_due()
    file = again(file)
    assert (file.state, file.reason_code, file.blob.verdict) == (
        "ready",
        "unscanned",
        "unscannable",
    )
    assert "too large for the scanner" in file.reason
    assert "attachment.released" in kinds_of(file)


@pytest.mark.parametrize("scan", [hang_up, saying(b"stream: boom ERROR\0")])
def test_bytes_on_which_the_scanner_fails_are_unscannable_in_the_end(alice, settings, scan):
    with fake_clamd(scan) as settings.CLAMD_URL:
        file = make_attachment(alice.workspace)
        for attempt in range(MAX_ATTEMPTS):
            assert again(file).state == "stored", attempt
            assert scan_due() == 0
            let_time_pass(hours=1)
        assert scan_due() == 1
    file = again(file)
    assert (file.state, file.reason_code, file.blob.verdict) == (
        "refused",
        "unscannable",
        "unscannable",
    )
    assert file.blob.engine == "Fake 1/1"


def test_one_file_that_fails_does_not_hold_up_others(alice, scanning, monkeypatch):
    bad = make_attachment(alice.workspace, b"bad")
    good = make_attachment(alice.workspace, b"good")
    attachment_storage().delete(bad.blob.key)
    scan_due()
    assert again(good).state == "ready"
    lost = again(bad)
    assert (lost.state, lost.reason_code) == ("gone", "lost")


def test_half_of_the_bytes_are_not_clean(alice, scanning):
    file = make_attachment(alice.workspace)
    Blob.objects.update(size=4)
    assert scan_due() == 0
    assert (again(file).state, again(file).blob.verdict) == ("stored", "unscanned")


def test_two_workers_do_not_scan_one(alice, scanning):
    file = make_attachment(alice.workspace)
    Blob.objects.update(scan_at=timezone.now())
    mine = claim_blob(file.blob_id)
    assert mine is not None
    assert claim_blob(file.blob_id) is None
    assert claim_blob(file.blob_id, unasked=True) is None
    assert not scan_blob(file.blob_id, Clamd(scanning.url))
    assert scan_due() == 0


def test_who_dies_is_followed_and_who_was_late_says_nothing(alice, scanning):
    file = make_attachment(alice.workspace, EICAR)
    Blob.objects.update(scan_at=timezone.now())
    dead = claim_blob(file.blob_id)
    let_time_pass(seconds=LEASE.total_seconds() + 1)
    assert scan_due() == 1
    assert again(file).state == "refused"
    Blob.objects.update(verdict="unscanned", signature="", engine="", scanned_at=None)
    answer = queue.scan_claimed(dead, Clamd(scanning.url), engine="Late")
    assert answer is None
    assert again(file).blob.verdict == "unscanned"


def test_bytes_that_kill_every_worker_are_given_up(alice, scanning):
    file = make_attachment(alice.workspace)
    Blob.objects.update(scan_at=timezone.now())
    for _ in range(MAX_ATTEMPTS):
        assert claim_blob(file.blob_id) is not None
        let_time_pass(seconds=LEASE.total_seconds() + 1)
    assert scan_due() == 1
    assert again(file).reason_code == "unscannable"


def test_an_installation_that_gives_up_scanning_gives_its_files_free(alice, scanning, settings):
    bad = make_attachment(alice.workspace, EICAR)
    scan_due()
    file = make_attachment(alice.workspace)
    settings.CLAMD_URL = ""
    scan_due()
    file = again(file)
    assert (file.state, file.reason_code) == ("ready", "unscanned")
    assert again(bad).state == "refused"
    assert make_attachment(alice.workspace, EICAR).state == "refused"
    assert not Attachment.objects.filter(state="stored").exists()


def test_a_poke_is_sent_with_the_commit(
    alice, scanning, monkeypatch, django_capture_on_commit_callbacks
):
    pokes: list[Poke] = []
    monkeypatch.setattr(Poke, "__call__", lambda poke: pokes.append(poke))
    with django_capture_on_commit_callbacks(execute=True):
        make_attachment(alice.workspace)
        assert pokes == []
    assert pokes == [poke_scanner]
