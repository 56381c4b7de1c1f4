"""Telling the owners of a workspace that its room comes to an end, once a mark."""

from __future__ import annotations

from django.db import transaction

from attachments.models import StorageUse
from attachments.quota import Use, quota_of, use_of
from project.events.services import emit, happened
from project.tenancy.models import Workspace
from project.tenancy.notices import tell_owners

FULL = 100
#: percent of the quota -> the event that says that so much is used
MARKS = {80: "workspace.filling", FULL: "workspace.full"}
MIB = 1024 * 1024


def tell_of_use() -> None:
    """Tell the owners of all workspaces that have passed a mark since they were last told.

    Who falls below a mark is told again when it is passed again.
    """
    for row in StorageUse.objects.select_related("workspace"):
        if not quota_of(row.workspace) and not row.told_percent:
            continue
        use = use_of(row.workspace)
        mark = max((mark for mark in MARKS if use.percent >= mark), default=0)
        if mark != row.told_percent:
            _tell(row, mark, use)


@transaction.atomic
def _tell(row: StorageUse, mark: int, use: Use) -> None:
    untold = StorageUse.objects.filter(pk=row.pk, told_percent=row.told_percent)
    if not untold.update(told_percent=mark) or mark < row.told_percent:
        return
    emit(
        happened(
            MARKS[mark],
            workspace_id=row.workspace_id,
            subject_id=row.workspace_id,
            payload={"used": use.used_bytes, "quota": use.quota},
        )
    )
    tell_owners(
        workspace_id=row.workspace_id,
        subject=f"{row.workspace.name} uses {use.percent} % of its room for files",
        text=_words(row.workspace, mark, use),
    )


def _words(workspace: Workspace, mark: int, use: Use) -> str:
    used = f"{use.used_bytes / MIB:,.1f} of {use.quota / MIB:,.1f} MiB"
    follows = (
        "Files are not taken any more, and mail from outside waits at its senders, who give up"
        " after some days."
        if mark == FULL
        else "When all of it is used, files are not taken any more, and mail from outside waits at"
        " its senders."
    )
    return (
        f"The files of the workspace {workspace.name} take {used}. {follows}\n\n"
        "Files go when they, or the messages that carry them, are deleted. Whoever runs this"
        " installation can raise the limit.\n"
    )
