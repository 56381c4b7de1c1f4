"""The folders of a grant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.errors import FolderFixed
from messaging.folders import create_folder, delete_folder, rename_folder
from messaging.models import Folder, Inbox
from messaging.search import not_ahead, with_mail
from project.api.fields import LineField
from project.contracts.nylas import read_docs as docs
from project.contracts.nylas.base import GrantView
from project.contracts.nylas.fields import select
from project.contracts.nylas.filters import folders_named
from project.contracts.nylas.paging import page_behind, read_limit, read_token
from project.contracts.nylas.serializers import DRAFTS, spell_grant_id
from project.contracts.schema import described
from project.errors import Invalid, NotFound
from project.ids import spell_hex
from project.tenancy.models import Scope

MAX_NAME = 255
ATTRIBUTES = {
    Folder.Role.INBOX: "\\Inbox",
    Folder.Role.SENT: "\\Sent",
    Folder.Role.ARCHIVE: "\\Archive",
    Folder.Role.TRASH: "\\Trash",
}


@dataclass(frozen=True)
class Counts:
    """How many messages are in a folder."""

    total: int = 0
    unread: int = 0


class FolderFields(serializers.Serializer[Any]):
    """A folder; colours and parents are not kept."""

    name = LineField(max_length=MAX_NAME, allow_blank=False)


class FoldersView(GrantView):
    """One address below a grant that is about its folders."""

    def counts(self, folders: Sequence[Folder]) -> dict[UUID, Counts]:
        """How many messages the lists of the folders have, and how many of them are unread."""
        rows = not_ahead(with_mail(self.messages)).filter(folder__in=folders).order_by()
        numbers = rows.values("folder").annotate(
            total=Count("pk"), unread=Count("pk", filter=Q(unread=True))
        )
        return {
            id: Counts(total, unread)
            for id, total, unread in numbers.values_list("folder", "total", "unread")
        }

    def folder(self, id: str) -> Folder:
        """A folder, by its id or its role's name. Raises NotFound."""
        try:
            wanted = folders_named(self.grant, [id])
        except Invalid:
            wanted = []
        found = self.grant.folders.filter(pk__in=wanted).first()
        if found is None:
            raise NotFound(f"There is no folder {id} in this grant.")
        return found

    def folder_to_change(self, id: str) -> Folder:
        """A folder that is a row. Raises NotFound, and FolderFixed for that of drafts."""
        if id == DRAFTS:
            raise FolderFixed("Every grant has this folder.")
        return self.folder(id)

    def spell(self, *folders: Folder) -> list[dict[str, Any]]:
        counts = self.counts(folders)
        return [
            select(
                self.request,
                spell_folder(one, grant=self.grant, counts=counts.get(one.pk, Counts())),
            )
            for one in folders
        ]

    def spell_drafts(self) -> dict[str, Any]:
        """The folder that all drafts are in, and nothing else."""
        count = self.drafts.count()
        return select(self.request, spell_drafts_folder(grant=self.grant, count=count))


class Folders(FoldersView):
    """The folders of a grant."""

    scopes = {"POST": Scope.SEND}

    @described(**docs.LIST_FOLDERS)
    def get(self, request: Request, grant: str) -> Response:
        """Folders, that of drafts first, then the oldest."""
        limit, token = read_limit(request), read_token(request)
        drafts = [self.spell_drafts()] if token is None else []
        behind = None if token == DRAFTS else token
        if limit == len(drafts):
            return self.answer_list(drafts, next_cursor=DRAFTS)
        rows, limit = self.grant.folders.all(), limit - len(drafts)
        page = page_behind(behind, rows, limit=limit, order=("id",))
        return self.answer_list(drafts + self.spell(*page.rows), next_cursor=page.next)

    @described(**docs.CREATE_FOLDER)
    def post(self, request: Request, grant: str) -> Response:
        """Make a folder."""
        folder = create_folder(inbox=self.grant, **self.parse(FolderFields))
        return self.answer(*self.spell(folder))


class OneFolder(FoldersView):
    """A folder of a grant."""

    scopes = {"PUT": Scope.SEND, "DELETE": Scope.SEND}

    @described(**docs.FIND_FOLDER)
    def get(self, request: Request, grant: str, id: str) -> Response:
        """One folder."""
        found = [self.spell_drafts()] if id == DRAFTS else self.spell(self.folder(id))
        return self.answer(*found)

    @described(**docs.UPDATE_FOLDER)
    def put(self, request: Request, grant: str, id: str) -> Response:
        """Rename a folder."""
        folder = self.folder_to_change(id)
        rename_folder(folder=folder, **self.parse(FolderFields))
        return self.answer(*self.spell(folder))

    @described(**docs.DELETE_FOLDER)
    def delete(self, request: Request, grant: str, id: str) -> Response:
        """Delete an empty folder that somebody has made."""
        delete_folder(folder=self.folder_to_change(id))
        return self.answer_done()


def folder_to_move_to(grant: Inbox, folders: Sequence[str] | None) -> Folder | None:
    """The folder that `folders` of a request names; None when it names none.

    Raises Invalid for what is not exactly one folder of the grant.
    """
    if folders is None:
        return None
    if len(folders) != 1:
        message = f"A message is in one folder, and {len(folders)} are named."
        raise Invalid(message, field="folders", limit=1, actual=len(folders))
    found = grant.folders.filter(pk__in=folders_named(grant, list(folders), field="folders"))
    folder = found.first()
    if folder is None:
        raise Invalid(f"There is no folder {folders[0][:40]!r} in this grant.", field="folders")
    return folder


def spell_folder(folder: Folder, *, grant: Inbox, counts: Counts) -> dict[str, Any]:
    """A folder, with its counts."""
    return {
        "id": spell_hex(folder.pk),
        "grant_id": spell_grant_id(grant),
        "object": "folder",
        "name": folder.name,
        "attributes": [ATTRIBUTES[Folder.Role(folder.role)]] if folder.role else [],
        "system_folder": bool(folder.role),
        "total_count": counts.total,
        "unread_count": counts.unread,
        "child_count": 0,
    }


def spell_drafts_folder(*, grant: Inbox, count: int) -> dict[str, Any]:
    """The folder that drafts are shown in, which is no row."""
    return {
        "id": DRAFTS,
        "grant_id": spell_grant_id(grant),
        "object": "folder",
        "name": "Drafts",
        "attributes": ["\\Drafts"],
        "system_folder": True,
        "total_count": count,
        "unread_count": 0,
        "child_count": 0,
    }
