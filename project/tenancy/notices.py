"""What the installation itself has to say to the people of a workspace."""

from __future__ import annotations

import logging
from uuid import UUID

from django.core.mail import EmailMessage
from django.db import transaction

from project.tenancy.models import Member, Role

log = logging.getLogger(__name__)


def write_to(*, email: str, subject: str, text: str) -> None:
    """Write to one address once this transaction stands.

    What cannot be sent is in the log of the process, without its words: they may hold a link.
    """

    def send() -> None:
        try:
            EmailMessage(subject, text, to=[email]).send()
        except Exception:  # (back-ends raise whatever their provider's client raises)
            log.exception("a letter of the installation could not be sent: %s", subject)

    transaction.on_commit(send, robust=True)


def tell_owners(*, workspace_id: UUID, subject: str, text: str) -> None:
    """Write to the owners of a workspace once this transaction stands.

    By the same way as a new password. What cannot be sent is in the log of the process: whatever
    the notice is about has happened all the same, and is an event.
    """
    rows = Member.objects.filter(workspace=workspace_id, role=Role.OWNER)
    emails = list(rows.values_list("user__email", flat=True))

    def send() -> None:
        for email in emails:
            try:
                EmailMessage(subject, text, to=[email]).send()
            except Exception:  # (back-ends raise whatever their provider's client raises)
                log.exception("an owner of workspace %s could not be told: %s", workspace_id, text)

    if emails:
        transaction.on_commit(send, robust=True)
