"""The files of a draft: locked, carried in order, let go of.

Locks are taken on attachments in the order of their ids, then on deliveries, then on the draft:
so do all who touch them, and nobody waits in a circle.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from attachments.errors import AttachmentNotFound
from attachments.models import Attachment
from attachments.services import check_not_lost, hold_attachments, release_attachments
from drafts.models import Draft, DraftAttachment
from messaging.enclosures import Enclosure
from messaging.errors import DuplicateContentId, FileTwice
from project.ids import new_id, spell

NO_DOMAIN = "inline.invalid"  # of Content-IDs while there is no inbox


def lock_files(draft: Draft, carried: Sequence[Enclosure]) -> list[Enclosure]:
    """Lock the files that a draft carries or is to carry, and read their states anew.

    Those of the draft get their new state too; those that this transaction has made stay as they
    are. One query. Raises AttachmentNotFound, AttachmentGone and AttachmentRefused for a file that
    the draft does not carry yet.
    """
    known = {file.attachment_id for file in draft.files}
    new = {one.attachment.pk: one.attachment for one in carried if one.is_new}
    locked = new | _locked(known | {one.attachment.pk for one in carried if not one.is_new})
    for file in draft.files:
        file.attachment = locked[file.attachment_id]
    for one in carried:
        if one.attachment.pk not in known:
            _check_usable(draft, one.attachment.pk, locked)
    return [replace(one, attachment=locked[one.attachment.pk]) for one in carried]


def _locked(ids: Iterable[UUID]) -> dict[UUID, Attachment]:
    wanted = list(ids)
    if not wanted:
        return {}
    rows = Attachment.objects.locked().select_related("blob").filter(pk__in=wanted)
    return {row.pk: row for row in rows}


def _check_usable(draft: Draft, id: UUID, locked: dict[UUID, Attachment]) -> None:
    file = locked.get(id)
    if file is None or file.deleted_at or file.workspace_id != draft.workspace_id:
        raise AttachmentNotFound(spell("att", id))
    check_not_lost(file)


def put_files(draft: Draft, carried: Sequence[Enclosure]) -> None:
    """Make these, locked, the files of the draft, in this order; at most five queries.

    Whoever comes is held, whoever goes is released.
    """
    before = {file.attachment_id: file for file in draft.files}
    rows = [
        _row(draft, one, position, before.get(one.attachment.pk))
        for position, one in enumerate(carried)
    ]
    kept = {row.attachment_id for row in rows}
    gone = [file for id, file in before.items() if id not in kept]
    if gone:
        DraftAttachment.objects.filter(pk__in=[file.pk for file in gone]).delete()
    changed = [row for row in rows if _differs(row, before.get(row.attachment_id))]
    if changed:
        DraftAttachment.objects.bulk_update(changed, CARRIED_HOW)
    new = [row for row in rows if row.attachment_id not in before]
    if new:
        DraftAttachment.objects.bulk_create(new)
    loose = [row.attachment for row in new if not row.attachment.is_held]
    if loose:
        hold_attachments(loose)
        for attachment in loose:
            attachment.expires_at = None
    if gone:
        release_attachments(file.attachment for file in gone)
    draft.files = rows


CARRIED_HOW = ("position", "filename", "inline", "content_id")


def _row(
    draft: Draft, one: Enclosure, position: int, before: DraftAttachment | None
) -> DraftAttachment:
    return DraftAttachment(
        id=before.pk if before else new_id(),
        draft=draft,
        attachment=one.attachment,
        position=position,
        filename="" if one.filename == one.attachment.filename else one.filename,
        inline=one.inline,
        content_id=one.content_id,
    )


def _differs(row: DraftAttachment, before: DraftAttachment | None) -> bool:
    return before is not None and any(
        getattr(row, name) != getattr(before, name) for name in CARRIED_HOW
    )


def settle(draft: Draft, carried: Sequence[Enclosure]) -> list[Enclosure]:
    """The same, with a Content-ID for every inline file; each file and each id is there once.

    Raises FileTwice and DuplicateContentId.
    """
    settled = [
        replace(one, content_id=_new_content_id(draft))
        if one.inline and not one.content_id
        else one
        for one in carried
    ]
    ids: set[UUID] = set()
    content_ids: set[str] = set()
    for position, one in enumerate(settled):
        field = f"attachments[{position}]"
        if one.attachment.pk in ids:
            raise FileTwice("A message carries a file once.", field=field)
        if one.content_id in content_ids:
            raise DuplicateContentId(
                f"Another file has the Content-ID {one.content_id}.", field=f"{field}.content_id"
            )
        ids.add(one.attachment.pk)
        content_ids |= {one.content_id} - {""}
    return settled


def _new_content_id(draft: Draft) -> str:
    domain = draft.inbox.address.rpartition("@")[2] if draft.inbox else NO_DOMAIN
    return f"{secrets.token_hex(8)}@{domain}"
