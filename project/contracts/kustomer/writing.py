"""Writing a draft and sending it in one request, as this door does: both happen, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from django.db import transaction
from django.utils import timezone

from attachments.discard import discard_attachments
from attachments.models import Attachment
from attachments.services import reserve_attachment
from drafts.models import Draft, DraftState
from drafts.services import (
    attach_files,
    create_draft,
    delete_draft,
    detach_file,
    send_draft,
    unsend_draft,
    update_draft,
)
from messaging.enclosures import Enclosure
from messaging.models import Thread
from messaging.models.message import Channel
from project.contracts.kustomer.errors import NoteTaken
from project.contracts.kustomer.limits import LIMITS
from project.errors import Invalid
from project.tenancy.models import Workspace


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What a request says of when a draft is to leave."""

    is_given: bool  # also as null, which takes a time back
    send_at: datetime | None
    is_scheduled: bool | None

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Self:
        return cls(
            is_given="sendAt" in fields,
            send_at=fields.get("sendAt"),
            is_scheduled=fields.get("scheduled"),
        )

    def check(self, *, stands: datetime | None = None) -> None:
        """Raises Invalid for a schedule without a time."""
        if self.is_scheduled and not self.send_at and (self.is_given or not stands):
            raise Invalid("sendAt is required for scheduled: true.", field="send_at")


def write_draft(*, workspace: Workspace, timing: Timing, **values: Any) -> Draft:
    """A new draft; with a time it is sent at once, and at that time only if it says scheduled.

    Raises NoteTaken, and as `create_draft` and `send_draft` do.
    """
    timing.check()
    with transaction.atomic():
        if values["channel"] == Channel.NOTE:
            _claim_note(values.get("thread"))
        draft = create_draft(workspace=workspace, limits=LIMITS, **values)
        if timing.send_at is None:
            return draft
        at = timing.send_at if timing.is_scheduled else None
        return send_draft(draft=draft, limits=LIMITS, send_at=_ahead(at))


def rewrite_draft(*, draft: Draft, timing: Timing, expected: int | None, **values: Any) -> Draft:
    """Change what is named; a time sends or schedules, none given leaves that as it is.

    Raises NoteTaken, and as `update_draft`, `send_draft` and `unsend_draft` do.
    """
    timing.check(stands=draft.send_at)
    with transaction.atomic():
        if timing.is_given and timing.send_at is None:
            draft = unsend_draft(draft=draft, expected=expected)
            expected = expected and draft.version
        if draft.channel == Channel.NOTE and "thread" in values:
            _claim_note(values["thread"], but=draft)
        if values:
            draft = update_draft(draft=draft, limits=LIMITS, expected=expected, **values)
            expected = expected and draft.version
        if timing.send_at is None:
            return draft
        at = _ahead(timing.send_at)
        return send_draft(draft=draft, limits=LIMITS, send_at=at, expected=expected)


def reserve_for_draft(
    *, draft: Draft, filename: str, content_type: str, size: int, expected: int | None
) -> Draft:
    """Reserve a file and attach it, as the draft's last.

    Raises as `reserve_attachment` and `attach_files` do.
    """
    with transaction.atomic():
        attachment = reserve_attachment(
            workspace=draft.workspace,
            filename=filename,
            content_type=content_type,
            size=size,
            limits=LIMITS,
            held=True,
        )
        enclosure = Enclosure(attachment, is_new=True)
        return attach_files(draft=draft, enclosures=[enclosure], limits=LIMITS, expected=expected)


def drop_from_draft(*, draft: Draft, attachment: Attachment, expected: int | None) -> None:
    """Take a file from a draft, with its bytes. Raises as `detach_file` does."""
    with transaction.atomic():
        detach_file(draft=draft, attachment_id=attachment.pk, limits=LIMITS, expected=expected)
        discard_attachments([attachment])


def drop_draft(*, draft: Draft, expected: int | None) -> None:
    """Delete a draft, its files and its schedule. Raises as `delete_draft` does."""
    with transaction.atomic():
        delete_draft(draft=draft, expected=expected)
        discard_attachments(file.attachment for file in draft.files)


def _ahead(at: datetime | None) -> datetime | None:
    """The time if it is yet to come; None means now."""
    return at if at and at > timezone.now() else None


def _claim_note(thread: Thread | None, *, but: Draft | None = None) -> None:
    """Make sure that a conversation has no other note that is being written. Raises NoteTaken."""
    if thread is None:
        return
    Thread.objects.select_for_update().get(pk=thread.pk)  # of two at once, the second sees one
    notes = Draft.objects.filter(thread=thread, channel=Channel.NOTE)
    notes = notes.in_state(DraftState.OPEN, at=timezone.now())
    if (notes.exclude(pk=but.pk) if but else notes).exists():
        raise NoteTaken("There is a draft of a note in this conversation.", field="conversation")
