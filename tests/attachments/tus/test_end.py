"""DELETE /api/v1/uploads/{id}, and uploads that are left alone"""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from attachments.models import Attachment, Upload
from attachments.partial import partial_path
from attachments.retention import delete_attachment, purge, sweep_incoming
from attachments.services import RESERVATION_LIFE, UNUSED_LIFE
from attachments.storage import attachment_storage
from tests.attachments.make import make_draft_with
from tests.attachments.tus.client import (
    FOOBAR,
    ask,
    bytes_of,
    code_of,
    file_of,
    make_upload,
    offset_of,
    patch,
    settle,
    url_of,
)

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def upload(alice) -> Upload:
    upload = make_upload(alice.workspace)
    assert patch(alice, upload, b"foo").status == 204
    assert remains(upload)
    return upload


def remains(upload: Upload) -> list[str]:
    """What the storage has of an upload that is not whole."""
    storage = attachment_storage()
    key = f"incoming/{upload.pk.hex}"
    if not storage.takes_uploads:
        return [key] if partial_path(upload.pk).exists() else []
    client, bucket = storage.client, storage.bucket_name
    objects = client.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
    parts = client.list_multipart_uploads(Bucket=bucket, Prefix=key).get("Uploads", [])
    return [found["Key"] for found in (*objects, *parts)]


def test_it_ends_with_its_file_and_bytes(alice, upload):
    answer = ask(alice, "DELETE", url_of(upload))
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    for method in ("HEAD", "DELETE"):
        assert ask(alice, method, url_of(upload)).status == 404
    assert patch(alice, upload, b"bar", offset=3).status == 404
    assert remains(upload) == []
    assert not Upload.objects.exists()
    assert not Attachment.objects.visible().exists()


def test_a_draft_keeps_its_reservation(alice, upload):
    make_draft_with(file_of(upload))
    assert ask(alice, "DELETE", url_of(upload)).status == 204
    assert remains(upload) == []
    assert file_of(upload).state == "reserved"
    assert ask(alice, "HEAD", url_of(upload)).status == 404


def test_a_file_that_is_whole_stays(alice, upload):
    patch(alice, upload, b"bar", offset=3)
    settle(upload)
    assert ask(alice, "DELETE", url_of(upload)).status == 204
    assert bytes_of(file_of(upload)) == FOOBAR
    assert ask(alice, "HEAD", url_of(upload)).status == 404


def test_it_ends_when_its_file_is_deleted(alice, upload):
    delete_attachment(attachment=file_of(upload))
    assert remains(upload) == []
    assert not Upload.objects.exists()


def test_seven_days_after_the_last_byte_nothing_is_left(alice, upload):
    purge(at=timezone.now() + RESERVATION_LIFE - MINUTE)
    assert offset_of(alice, upload) == 3
    purge(at=timezone.now() + RESERVATION_LIFE + MINUTE)
    assert remains(upload) == []
    assert not Upload.objects.exists()
    file = file_of(upload)
    assert (file.state, file.reason_code) == ("gone", "expired")
    answer = ask(alice, "HEAD", url_of(upload))
    assert (answer.status, code_of(answer)) == (410, "attachment_gone")


def test_a_file_that_a_draft_waits_for_stays_reserved(alice, upload):
    draft = make_draft_with(file_of(upload))
    purge(at=timezone.now() + RESERVATION_LIFE + MINUTE)
    assert remains(upload) == []
    assert not Upload.objects.exists()
    assert file_of(upload).state == "reserved"
    assert draft.enclosures.get().attachment_id == upload.pk


def test_one_that_somebody_appends_to_does_not_expire_under_them(upload):
    late = timezone.now() + RESERVATION_LIFE + MINUTE
    make_draft_with(file_of(upload))
    Upload.objects.update(claimed_until=late + MINUTE)
    purge(at=late)
    assert Upload.objects.get() == upload
    assert remains(upload)


def test_what_is_known_of_a_whole_file_goes_and_the_file_stays(alice, upload):
    patch(alice, upload, b"bar", offset=3)
    settle(upload)
    purge(at=timezone.now() + RESERVATION_LIFE + MINUTE)
    assert not Upload.objects.exists()
    assert bytes_of(file_of(upload)) == FOOBAR
    purge(at=timezone.now() + UNUSED_LIFE + MINUTE)
    assert file_of(upload).state == "gone"


def test_the_sweep_of_what_the_dead_left_spares_what_grows(upload, request):
    if request.config.getoption("files") != "disk":
        pytest.skip("says something about the disk")
    path = partial_path(upload.pk)
    past = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(path, (past, past))
    assert sweep_incoming() == 0
    Upload.objects.all().delete()
    assert sweep_incoming() == 1
    assert not path.exists()


def test_a_crash_while_it_is_ended_hides_no_bytes(alice, upload, monkeypatch):
    def dies(*words: object, **more: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("attachments.partial.Path.unlink", dies)
        patched.setattr("attachments.s3.S3Storage.drop_parts", dies)
        delete_attachment(attachment=file_of(upload))
    assert remains(upload)
    purge(at=timezone.now() + RESERVATION_LIFE + MINUTE)
    assert remains(upload) == []
