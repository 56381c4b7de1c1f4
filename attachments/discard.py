"""Files that came with something, and go with it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from django.db import transaction

from attachments.errors import AttachmentNotFound
from attachments.models import Attachment, Origin
from attachments.retention import delete_attachment
from attachments.uses import uses_of


@transaction.atomic
def discard_attachments(attachments: Iterable[Attachment]) -> None:
    """Delete those that came with what has just let go of them, and that nothing else uses.

    What was uploaded by itself stays, for as long as unused files do.
    """
    for attachment in sorted(attachments, key=lambda one: one.pk):
        if attachment.origin == Origin.ENCLOSED and not uses_of(attachment.pk):
            with suppress(AttachmentNotFound):
                delete_attachment(attachment=attachment)
