"""Asking whether the bytes of a reservation have come.

Above the tasks, which it starts; so no service of this app may import it.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from attachments.models import Attachment, AttachmentState
from attachments.storage import attachment_storage
from attachments.tasks import adopt_upload
from attachments.uploads import LEASE


def confirm_attachment(attachment: Attachment) -> None:
    """Look in the storage for the bytes of a reservation and have a worker take them over.

    One HEAD request, and none when nothing can be there. Until the worker is done the attachment
    stays reserved. Without a broker the clock does the same within seconds.
    """
    storage = attachment_storage()
    if attachment.state != AttachmentState.RESERVED or not storage.takes_uploads:
        return
    if not storage.exists(attachment.incoming_key):
        return
    now = timezone.now()
    # Later than a lease ahead it cannot be; within it, a worker is reading the object already.
    idle = Q(look_at__isnull=True) | Q(look_at__lte=now + LEASE / 2)
    if Attachment.objects.reserved().filter(idle, pk=attachment.pk).update(look_at=now):
        transaction.on_commit(lambda: adopt_upload.delay(attachment.pk.hex), robust=True)
