"""What happens to files with time"""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attachments import retention
from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.models import DOOM_LEASE, Attachment, Blob
from attachments.retention import purge, purge_expired, sweep_blobs, sweep_incoming
from attachments.services import (
    RESERVATION_LIFE,
    SWEEP_AFTER,
    UNUSED_LIFE,
    hold_attachments,
    put_blob,
    release_attachments,
)
from attachments.storage import attachment_storage
from project.events.models import Event
from tests.attachments.make import (
    make_attachment,
    make_draft_with,
    make_incoming,
    make_reserved,
    make_sent,
)
from tests.attachments.statements import verbs_of
from tests.messaging.make import make_inbox, make_message

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


def state_of(attachment: Attachment) -> str:
    attachment.refresh_from_db()
    return attachment.state


def test_an_unused_file_goes_after_30_days(alice):
    attachment = make_attachment(alice.workspace)
    now = timezone.now()
    assert purge_expired(at=now + UNUSED_LIFE - MINUTE) == 0
    assert state_of(attachment) == "ready"
    assert purge_expired(at=now + UNUSED_LIFE + MINUTE) == 1
    assert state_of(attachment) == "gone"
    assert (attachment.reason_code, attachment.blob, attachment.expires_at) == (
        "expired",
        None,
        None,
    )
    assert attachment.sha256
    assert not Blob.objects.exists()
    assert Event.objects.filter(kind="attachment.expired", subject_id=attachment.pk).exists()


def test_its_bytes_go_with_it(alice):
    attachment = make_attachment(alice.workspace)
    purge(at=timezone.now() + UNUSED_LIFE + MINUTE)
    assert not attachment_storage().exists(attachment.blob.key)


def test_a_reservation_goes_after_a_week(alice):
    attachment = make_reserved(alice.workspace)
    purge(at=timezone.now() + RESERVATION_LIFE - MINUTE)
    assert state_of(attachment) == "reserved"
    purge(at=timezone.now() + RESERVATION_LIFE + MINUTE)
    assert state_of(attachment) == "gone"


def test_a_file_in_a_draft_stays(alice):
    attachment, reserved = make_attachment(alice.workspace), make_reserved(alice.workspace)
    make_draft_with(attachment, reserved)
    purge(at=timezone.now() + 2 * UNUSED_LIFE)
    assert (state_of(attachment), state_of(reserved)) == ("ready", "reserved")


def test_a_used_file_whose_hold_was_forgotten_gets_it_back(alice):
    attachment = make_attachment(alice.workspace)
    make_draft_with(attachment)
    Attachment.objects.update(expires_at=timezone.now())
    purge(at=timezone.now() + MINUTE)
    assert state_of(attachment) == "ready"
    assert attachment.is_held


def test_a_released_file_lives_for_30_more_days(alice):
    attachment = make_attachment(alice.workspace)
    draft = make_draft_with(attachment)
    draft.enclosures.all().delete()
    release_attachments([attachment])
    attachment.refresh_from_db()
    assert attachment.expires_at > timezone.now() + UNUSED_LIFE - MINUTE


def test_a_file_that_is_still_used_elsewhere_is_not_released(alice):
    attachment = make_attachment(alice.workspace)
    draft = make_draft_with(attachment)
    make_draft_with(attachment)
    draft.enclosures.all().delete()
    release_attachments([attachment])
    attachment.refresh_from_db()
    assert attachment.is_held


def test_the_files_of_a_sent_message_go_when_it_gives_them_up(alice):
    attachment = make_attachment(alice.workspace)
    message = make_message(make_inbox(alice.workspace), files=[attachment])
    make_sent(message)
    release_attachments([attachment])
    attachment.refresh_from_db()
    assert attachment.is_held
    type(message).objects.filter(pk=message.pk).update(files_until=timezone.now())
    release_attachments([attachment])
    purge(at=timezone.now() + UNUSED_LIFE + MINUTE)
    assert state_of(attachment) == "gone"
    assert message.enclosures.get().attachment == attachment


def test_equal_bytes_stay_for_the_file_that_still_has_them(alice):
    one, two = make_attachment(alice.workspace), make_attachment(alice.workspace)
    hold_attachments([two])
    purge(at=timezone.now() + UNUSED_LIFE + MINUTE)
    assert (state_of(one), state_of(two)) == ("gone", "ready")
    assert attachment_storage().exists(two.blob.key)


def test_the_same_bytes_may_come_again(alice):
    one = make_attachment(alice.workspace)
    purge(at=timezone.now() + UNUSED_LIFE + MINUTE)
    two = make_attachment(alice.workspace)
    assert two.blob.key != one.blob.key
    assert attachment_storage().exists(two.blob.key)


def test_bytes_that_nothing_came_to_use_go_after_an_hour(alice):
    with make_incoming(b"foo") as incoming:
        limits = Limits.for_workspace(alice.workspace)
        blob = put_blob(workspace=alice.workspace, incoming=incoming, limits=limits)
    assert sweep_blobs(at=timezone.now() + SWEEP_AFTER - MINUTE) == 0
    assert attachment_storage().exists(blob.key)
    assert sweep_blobs(at=timezone.now() + SWEEP_AFTER + MINUTE) == 1
    assert not attachment_storage().exists(blob.key)
    assert not Blob.objects.exists()


def test_bytes_that_came_again_are_not_swept_before_their_rows_are_written(alice):
    attachment = make_attachment(alice.workspace)
    with make_incoming(b"foo") as incoming:
        limits = Limits.for_workspace(alice.workspace)
        put_blob(workspace=alice.workspace, incoming=incoming, limits=limits)
    Attachment.objects.update(expires_at=timezone.now())
    purge(at=timezone.now() + MINUTE)
    assert state_of(attachment) == "gone"
    assert attachment_storage().exists(Blob.objects.get().key)


def test_a_sweep_that_died_is_finished_by_a_later_one(alice, monkeypatch):
    attachment = make_attachment(alice.workspace)
    later = timezone.now() + UNUSED_LIFE + MINUTE

    def dies(name: str) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(attachment_storage(), "delete", dies)
        purge_expired(at=later)
    assert Blob.objects.get().doomed_at
    make_attachment(alice.workspace)  # the same bytes, and nothing in their way
    assert sweep_blobs(at=later + DOOM_LEASE) == 1
    assert not attachment_storage().exists(attachment.blob.key)
    assert attachment_storage().exists(Blob.objects.get().key)


def test_it_works_in_batches(alice, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        make_attachment(alice.workspace, filename=f"{number}", content=b"%d" % number)
    assert purge_expired(at=timezone.now() + UNUSED_LIFE + MINUTE) == 5
    assert not Blob.objects.exists()


def test_a_batch_costs_the_same_however_many_files_it_has(alice):
    counts = []
    for files in (1, 5):
        for number in range(files):
            make_attachment(alice.workspace, b"same", filename=f"{number}")
        Attachment.objects.exclude(state="gone").update(expires_at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            purge_expired(at=timezone.now() + MINUTE)
        counts.append(len(verbs_of(queries)))
    assert counts[0] == counts[1]


def test_temporary_files_of_the_dead_go_after_a_day(alice):
    old, new = Incoming(), Incoming()
    past = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(old.temporary_file_path(), (past, past))
    assert sweep_incoming() == 1
    old.close()
    new.close()
