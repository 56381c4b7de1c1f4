"""Bytes are stored once, whoever else stores or sweeps them"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from attachments import services
from attachments.errors import DigestMismatch, FileTooLarge, InvalidDigest
from attachments.limits import Limits
from attachments.models import Attachment, Blob
from attachments.services import SWEEP_AFTER, fill_attachment, put_blob, put_measured
from attachments.storage import attachment_storage
from tests.attachments.make import make_attachment, make_incoming, make_reserved

FOO = sha256(b"foo").hexdigest()


def put(workspace, content: bytes = b"foo", **fields: Any) -> Blob:
    with make_incoming(content) as incoming:
        return put_blob(
            workspace=workspace,
            incoming=incoming,
            limits=Limits.for_workspace(workspace),
            **fields,
        )


def test_it_keeps_what_it_learnt_of_the_bytes(alice):
    blob = put(alice.workspace, b"From: a\r\n\r\nhi\r\n")
    assert (blob.size, blob.encoding, blob.content_type) == (15, "7bit", "message/rfc822")
    assert blob.key.startswith(f"{alice.workspace.pk.hex}/{blob.sha256[:2]}/{blob.sha256}-")
    with attachment_storage().open(blob.key) as file:
        assert file.read() == b"From: a\r\n\r\nhi\r\n"


def test_it_checks_size_and_digest_before_it_stores(alice):
    alice.workspace.max_file_bytes = 2
    with pytest.raises(FileTooLarge):
        put(alice.workspace)
    alice.workspace.max_file_bytes = None
    with pytest.raises(DigestMismatch):
        put(alice.workspace, sha256="0" * 64)
    with pytest.raises(InvalidDigest):
        put(alice.workspace, sha256="0")
    assert put(alice.workspace, sha256=f" {FOO.upper()} ").sha256 == FOO
    assert Blob.objects.count() == 1


def test_it_never_stores_what_was_cut_at_a_limit(alice):
    with make_incoming(b"foo", limit=2) as incoming, pytest.raises(ValueError, match="limit"):
        put_measured(workspace=alice.workspace, incoming=incoming)


def test_the_second_of_two_at_once_gets_the_first_ones_blob(alice, monkeypatch):
    first = put(alice.workspace)
    touch = services.touch_blob

    def blind_once(**who: Any) -> Blob | None:
        """It is not there yet when the second one looks."""
        monkeypatch.setattr(services, "touch_blob", touch)
        return None

    monkeypatch.setattr(services, "touch_blob", blind_once)
    deleted: list[str] = []
    monkeypatch.setattr(attachment_storage(), "delete", deleted.append)
    assert put(alice.workspace) == first
    assert len(deleted) == 1
    assert deleted[0] != first.key


def test_a_blob_that_was_swept_meanwhile_is_stored_anew(alice):
    old = put(alice.workspace)
    Blob.objects.update(doomed_at=timezone.now())
    new = put(alice.workspace)
    assert new.key != old.key
    assert attachment_storage().exists(new.key)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_blob_and_one_object(alice):
    def upload(number: int) -> Attachment:
        try:
            return make_attachment(alice.workspace, b"foo", filename=f"{number}.txt")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        attachments = list(pool.map(upload, range(16)))
    blob = Blob.objects.get()
    assert {attachment.blob_id for attachment in attachments} == {blob.pk}
    assert attachment_storage().exists(blob.key)


@pytest.mark.django_db(transaction=True)
def test_of_many_different_bytes_for_one_reservation_one_wins(alice):
    reserved = make_reserved(alice.workspace, 3)

    def fill(number: int) -> str:
        attachment = Attachment.objects.select_related("workspace").get(pk=reserved.pk)
        try:
            with make_incoming(b"%03d" % (number % 2)) as incoming:
                return fill_attachment(attachment=attachment, incoming=incoming).sha256
        except services.BytesDiffer:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(fill, range(12)))
    reserved.refresh_from_db()
    assert set(outcomes) == {reserved.sha256, "refused"}
    assert outcomes.count("refused") == 6


# Constraints ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ready", "blob": None},
        {"state": "reserved"},
        {"state": "gone", "gone_at": timezone.now(), "reason_code": "x"},
        {"state": "gone", "blob": None, "gone_at": timezone.now()},
        {"state": "gone", "blob": None, "reason_code": "x"},
        {"state": "lost"},
        {"sha256": ""},
        {"size": -1},
    ],
)
def test_the_database_holds_state_and_bytes_together(alice, change):
    attachment = make_attachment(alice.workspace)
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.filter(pk=attachment.pk).update(**change)


def test_the_database_keeps_bytes_once_and_as_long_as_they_are_used(alice):
    blob = make_attachment(alice.workspace).blob
    with pytest.raises(IntegrityError), transaction.atomic():
        Blob.objects.create(
            workspace=alice.workspace, sha256=FOO, size=3, content_type="a/b", encoding="7bit"
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        blob.delete()
    assert blob.sweep_at > timezone.now() + SWEEP_AFTER * 0.9
