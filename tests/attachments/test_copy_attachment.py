"""`copy_attachment`, and what is usable"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from attachments.errors import AttachmentInUse
from attachments.limits import Limits
from attachments.models import Attachment, Blob, Origin
from attachments.retention import delete_attachment
from attachments.services import UNUSED_LIFE, copy_attachment
from tests.attachments.make import make_attachment, make_draft_with, make_reserved
from tests.messaging.make import make_inbox, make_message

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_copy_has_the_same_bytes_and_is_held(alice):
    one = make_attachment(alice.workspace, filename="a.txt", content_type="text/csv")
    with transaction.atomic():
        two = copy_attachment(attachment=one, limits=Limits.for_workspace(alice.workspace))
    assert two.pk != one.pk
    assert (two.blob, two.filename, two.content_type) == (one.blob, "a.txt", "text/csv")
    assert (two.state, two.is_held, two.origin) == ("ready", True, Origin.ENCLOSED)
    assert Blob.objects.count() == 1


def test_what_is_whole_is_usable_until_its_time(alice):
    one = make_attachment(alice.workspace)
    held = make_attachment(alice.workspace, held=True)
    make_reserved(alice.workspace)
    now = timezone.now()
    assert set(Attachment.objects.usable(now)) == {one, held}
    assert set(Attachment.objects.usable(one.expires_at)) == {held}
    assert set(Attachment.objects.uploads().usable(now)) == {one}
    delete_attachment(attachment=one)
    assert set(Attachment.objects.usable(now + UNUSED_LIFE - timedelta(days=1))) == {held}


def test_unsent_messages_may_keep_theirs(alice):
    file = make_attachment(alice.workspace)
    make_message(make_inbox(alice.workspace), files=[file])
    deleted = delete_attachment(attachment=file, unsent_keep_theirs=True)
    assert deleted.deleted_at
    file.refresh_from_db()
    assert (file.deleted_at, file.state) == (deleted.deleted_at, "ready")


def test_they_may_not_while_its_bytes_are_on_their_way(alice):
    file = make_reserved(alice.workspace)
    make_message(make_inbox(alice.workspace), files=[file])
    with pytest.raises(AttachmentInUse):
        delete_attachment(attachment=file, unsent_keep_theirs=True)


def test_drafts_never_do(alice):
    file = make_attachment(alice.workspace)
    make_draft_with(file)
    with pytest.raises(AttachmentInUse):
        delete_attachment(attachment=file, unsent_keep_theirs=True)
