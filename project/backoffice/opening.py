"""Operators seeing what only the people of a workspace should: on record, and not in secret."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from attachments.models import Attachment
from messaging.models import Message
from project.events.services import emit, happened
from project.tenancy.models import User
from project.tenancy.notices import tell_owners


@transaction.atomic
def record_opening(
    *, kind: str, subject: Message | Attachment, title: str, words: str, reason: str, user: User
) -> None:
    """Write down that an operator has opened something, and tell the owners of its workspace.

    `kind` is that of the event, `title` that of the mail, and `words` say what the operator has
    done.
    """
    payload = {"reason": reason}
    workspace_id = subject.workspace_id
    emit(happened(kind, workspace_id=workspace_id, subject_id=subject.pk, payload=payload))
    tell_owners(
        workspace_id=workspace_id,
        subject=title,
        text=(
            f"{user.email}, an operator of {settings.PUBLIC_URL}, {words}.\n\n"
            f"The reason given: {reason}\n\nIt is in the log of your workspace as {kind}.\n"
        ),
    )
