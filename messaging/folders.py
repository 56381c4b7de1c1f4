"""The folders of an inbox."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from messaging.errors import FolderFixed, FolderNotEmpty, FolderTaken
from messaging.models import Folder, Inbox
from project.events.services import emit, happened


@transaction.atomic
def create_folder(*, inbox: Inbox, name: str) -> Folder:
    """A folder without a role. Raises FolderTaken."""
    folder = Folder(inbox=inbox, name=name)
    _save(folder)
    _tell("folder.created", folder)
    return folder


@transaction.atomic
def rename_folder(*, folder: Folder, name: str) -> None:
    """Its role, if it has one, stays. Raises FolderTaken."""
    before, folder.name = folder.name, name
    _save(folder)
    if name != before:
        _tell("folder.updated", folder)


@transaction.atomic
def delete_folder(*, folder: Folder) -> None:
    """Raises FolderFixed for one with a role, and FolderNotEmpty."""
    if folder.role:
        raise FolderFixed("Every inbox has this folder.")
    locked = Folder.objects.select_for_update().get(pk=folder.pk)
    if locked.messages.exists():
        raise FolderNotEmpty("There are messages in this folder: move them first.")
    _tell("folder.deleted", folder)
    locked.delete()


def _save(folder: Folder) -> None:
    try:
        with transaction.atomic():
            folder.save()
    except IntegrityError:
        raise FolderTaken(f"There is a folder {folder.name!r} already.", field="name") from None


def _tell(kind: str, folder: Folder) -> None:
    facts = {"inbox": folder.inbox_id.hex, "name": folder.name, "role": folder.role}
    emit(
        happened(kind, workspace_id=folder.inbox.workspace_id, subject_id=folder.pk, payload=facts)
    )
