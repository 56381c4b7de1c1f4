"""Inboxes and their folders at the native door."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api.mailbox import MailboxView
from messaging.folders import create_folder, delete_folder, rename_folder
from messaging.inboxes import create_inbox, delete_inbox, update_inbox
from messaging.models import Folder, Inbox
from messaging.serializers.correspondence import (
    FolderFields,
    FolderOut,
    InboxChanges,
    InboxFields,
    InboxOut,
    spell_folder,
    spell_inbox,
)
from project.api.idempotency import once
from project.api.permissions import require_unbound
from project.api.schema import PAGING, page_example, paged
from project.api.views import ApiViewSet
from project.errors import NotFound
from project.ids import read
from project.tenancy.models import Scope

ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`inb_…`")
FOLDER_ID = OpenApiParameter(
    "folder_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`fol_…`"
)
AN_INBOX = {
    "id": "inb_01kagyx6aaeq7b0m4v1c2n8t5r",
    "address": "hello@acme.test",
    "name": "Acme",
    "state": "active",
    "has_own_smtp": False,
    "signature": "Ann Example\nAcme Ltd",
    "created_at": "2026-01-31T09:00:00.000Z",
}
A_FOLDER = {
    "id": "fol_01kagyx6cceq7b0m4v1c2n8t5r",
    "inbox_id": "inb_01kagyx6aaeq7b0m4v1c2n8t5r",
    "name": "Invoices",
    "role": None,
    "counts": {"total": 12, "unread": 3},
    "created_at": "2026-01-31T09:00:00.000Z",
}
INBOX = OpenApiExample("Inbox", response_only=True, value=AN_INBOX)
FOLDER = OpenApiExample("Folder", response_only=True, value=A_FOLDER)
RENAME = OpenApiExample("Rename", request_only=True, value={"name": "Billing"})


class InboxViewSet(MailboxView, ApiViewSet):
    """Inboxes: the addresses that send and receive."""

    scopes = {"create": Scope.ADMIN, "partial_update": Scope.ADMIN, "destroy": Scope.ADMIN}

    @extend_schema(
        request=InboxFields,
        responses={201: InboxOut},
        examples=[
            OpenApiExample(
                "Make", request_only=True, value={"address": "hello@acme.test", "name": "Acme"}
            ),
            INBOX,
        ],
    )
    def create(self, request: Request) -> Response:
        """Make an inbox, with its folders."""
        require_unbound(self.caller)
        fields = self.parse(InboxFields)

        def effect() -> Response:
            return Response(
                spell_inbox(create_inbox(workspace=self.workspace, **fields)), status=201
            )

        return once(request, effect)

    @extend_schema(responses=paged(InboxOut), parameters=PAGING, examples=[page_example(AN_INBOX)])
    def list(self, request: Request) -> Response:
        """Inboxes, newest first."""
        return self.page(self.inboxes.active(), spell_inbox)

    @extend_schema(responses=InboxOut, parameters=[ID], examples=[INBOX])
    def retrieve(self, request: Request, id: str) -> Response:
        """One inbox."""
        return Response(spell_inbox(self.inbox(read("inb", id))))

    @extend_schema(
        request=InboxChanges, responses=InboxOut, parameters=[ID], examples=[RENAME, INBOX]
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change its name, signature, or way out. The address of an inbox never changes."""
        inbox = self.inbox(read("inb", id))
        update_inbox(inbox=inbox, **self.parse(InboxChanges, partial=True))
        return Response(spell_inbox(inbox))

    @extend_schema(responses={204: None}, parameters=[ID])
    def destroy(self, request: Request, id: str) -> Response:
        """Close an inbox: its mail stays, its address is free again. 409 while mail is leaving."""
        delete_inbox(inbox=self.inbox(read("inb", id)))
        return Response(status=204)


class FolderViewSet(MailboxView, ApiViewSet):
    """Folders: the places in an inbox. A message is in one."""

    scopes = {"create": Scope.SEND, "partial_update": Scope.SEND, "destroy": Scope.SEND}

    @extend_schema(
        request=FolderFields,
        responses={201: FolderOut},
        parameters=[ID],
        examples=[OpenApiExample("Make", request_only=True, value={"name": "Invoices"}), FOLDER],
    )
    def create(self, request: Request, id: str) -> Response:
        """Make a folder of your own."""
        inbox, fields = self._inbox(id), self.parse(FolderFields)

        def effect() -> Response:
            folder = create_folder(inbox=inbox, **fields)
            return Response(spell_folder(folder, total=0, unread=0), status=201)

        return once(request, effect)

    @extend_schema(
        responses=paged(FolderOut),
        parameters=[ID, *PAGING],
        examples=[page_example(A_FOLDER)],
    )
    def list(self, request: Request, id: str) -> Response:
        """The folders of an inbox, newest first, with how many messages are in them."""
        return self.page(_counted(self._inbox(id)), _spell)

    @extend_schema(responses=FolderOut, parameters=[ID, FOLDER_ID], examples=[FOLDER])
    def retrieve(self, request: Request, id: str, folder_id: str) -> Response:
        """One folder."""
        return Response(_spell(self._folder(id, folder_id)))

    @extend_schema(
        request=FolderFields,
        responses=FolderOut,
        parameters=[ID, FOLDER_ID],
        examples=[RENAME, FOLDER],
    )
    def partial_update(self, request: Request, id: str, folder_id: str) -> Response:
        """Rename a folder; its role stays."""
        folder = self._folder(id, folder_id)
        rename_folder(folder=folder, **self.parse(FolderFields))
        return Response(_spell(folder))

    @extend_schema(responses={204: None}, parameters=[ID, FOLDER_ID])
    def destroy(self, request: Request, id: str, folder_id: str) -> Response:
        """Delete a folder of your own that is empty; 409 otherwise."""
        delete_folder(folder=self._folder(id, folder_id))
        return Response(status=204)

    def _inbox(self, id: str) -> Inbox:
        return self.inbox(read("inb", id))

    def _folder(self, id: str, folder_id: str) -> Folder:
        found = _counted(self._inbox(id)).filter(pk=read("fol", folder_id)).first()
        if found is None:
            raise NotFound(f"There is no folder {folder_id} in this inbox.")
        return found


def _counted(inbox: Inbox) -> QuerySet[Folder]:
    return inbox.folders.annotate(
        total=Count("messages"), unread=Count("messages", filter=Q(messages__unread=True))
    )


def _spell(folder: Folder) -> dict[str, Any]:
    counted: Any = folder
    return spell_folder(folder, total=counted.total, unread=counted.unread)
