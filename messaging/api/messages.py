"""Messages at the native door."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.api import TakesFiles
from attachments.download import answer_with_bytes
from attachments.previewing import answer_with_preview
from messaging.acceptance import Filing
from messaging.api import docs
from messaging.api.filters import MessageFilters, narrow
from messaging.api.mailbox import MailboxView
from messaging.api.manifests import MANIFEST
from messaging.entries import Entry, keep_entries, put_entries, take_entries
from messaging.listing import LONG, columns, fill
from messaging.manifest.evidence import signed_manifest
from messaging.models import Folder, Message, MessageAttachment
from messaging.models.message import MessageQuerySet
from messaging.reading import complete
from messaging.retention import check_files_kept
from messaging.serializers.letters import letter_of
from messaging.serializers.messages import (
    MessageChanges,
    MessageFields,
    Resolution,
    spell_message,
)
from messaging.services import cancel_message, resolve_message, send_message
from messaging.sorting import sort_message
from messaging.source import source_of, with_first_sent
from messaging.trash import delete_message, trash_message
from project.api.events import spell_event
from project.api.idempotency import fingerprint_of, once
from project.api.paging import read_flag, read_page
from project.api.views import ApiViewSet
from project.errors import Invalid, NotFound
from project.ids import read, spell
from project.tenancy.models import Scope


class MessageViewSet(TakesFiles, MailboxView, ApiViewSet):
    """Messages: send now or later, find, follow, keep in order, download."""

    scopes = {
        "create": Scope.SEND,
        "partial_update": Scope.SEND,
        "destroy": Scope.SEND,
        "cancel": Scope.SEND,
        "resolve": Scope.SEND,
    }

    @extend_schema(**docs.CREATE)
    def create(self, request: Request) -> Response:
        """Send a letter with its files, now or later.

        Accepted is not yet sent: `status` says how far it is. A file whose bytes have not come
        holds the whole message back, visibly.
        """
        given, entries = take_entries(self, part="message")
        fields = self.parse(MessageFields, data=given)
        letter = letter_of(fields)
        due_at = _due_at(fields, at=timezone.now())
        inbox = self.sending_inbox(fields.get("inbox_id"), letter.sender)
        filing = self._filing(fields)
        files = put_entries(workspace=self.workspace, entries=entries or (), limits=self.limits)

        def effect() -> Response:
            message = send_message(
                inbox=inbox,
                letter=letter,
                enclosures=keep_entries(
                    workspace=self.workspace, entries=files, limits=self.limits
                ),
                limits=self.limits,
                filing=filing,
                due_at=due_at,
            )
            return Response(spell_message(message, at=timezone.now()), status=202)

        return once(request, effect, fingerprint=_fingerprint(request, given, files))

    @extend_schema(**docs.LIST)
    def list(self, request: Request) -> Response:
        """Messages, newest first. Bodies and headers come with `fields=full` only."""
        at = timezone.now()
        wanted = read_filters(request)
        full = _wants_full(request)
        rows = narrow(self.messages, wanted, at=at).values_list(*columns(full=full), named=True)
        found = read_page(request, cast("QuerySet[Any]", rows))
        spelt = [spell_message(one, at=at, full=full) for one in fill(found.rows, full=full)]
        total = {} if found.total is None else {"total": found.total}
        return Response({"data": spelt, "next": found.next, **total})

    @extend_schema(**docs.RETRIEVE)
    def retrieve(self, request: Request, id: str) -> Response:
        """One message, whole."""
        return self._answer(self._message(id))

    @extend_schema(**docs.CHANGE)
    def partial_update(self, request: Request, id: str) -> Response:
        """Keep a message in order: read or not, starred, folder, tags, metadata."""
        message = self._message(id)
        changes = self.parse(MessageChanges, partial=True)
        folder_id = changes.pop("folder_id", None)
        folder = _folder(message, folder_id) if folder_id else None
        sort_message(message=message, folder=folder, **changes)
        return self._answer(message)

    @extend_schema(**docs.DELETE)
    def destroy(self, request: Request, id: str) -> Response:
        """Move a message to the trash, which is emptied after 30 days; or delete it at once."""
        message = self._message(id)
        if read_flag(request, "forever"):
            delete_message(message=message)
        else:
            trash_message(message=message)
        return Response(status=204)

    @extend_schema(**docs.RAW)
    def raw(self, request: Request, id: str) -> HttpResponseBase:
        """The mail itself, byte for byte as it is sent, or as it came."""
        message = self._found(with_first_sent(self._named(id).in_full()), id)
        mail = source_of(message, at=timezone.now())
        headers = {
            "Content-Type": "message/rfc822",
            "Content-Length": str(mail.size),
            "Content-Disposition": f'attachment; filename="{spell("msg", message.pk)}.eml"',
            "X-Content-Type-Options": "nosniff",
        }
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        return StreamingHttpResponse(mail.blocks(), headers=headers)

    @extend_schema(**MANIFEST)
    def manifest(self, request: Request, id: str) -> Response:
        """What was sent to whom, and what their servers said, signed.

        It stays the same for ever, but for `replies`, to which later ones are added. The keys are
        at `/.well-known/enclose-manifest-keys.json`; the signature (Ed25519) is of the manifest in
        the form of RFC 8785, without blanks and with sorted keys. Whoever gets it sees who got a
        blind copy.
        """
        return Response(signed_manifest(self._found(self._named(id), id)))

    @extend_schema(**docs.CONTENT)
    def content(self, request: Request, id: str, attachment_id: str) -> HttpResponseBase:
        """The bytes of one of its files: Range, If-Range, If-None-Match; the ETag is the SHA-256.

        A message keeps its files when they are deleted elsewhere.
        """
        row = self._file(id, attachment_id)
        inline = read_flag(request, "inline")
        return answer_with_bytes(
            request._request, row.attachment, filename=row.filename, inline=inline
        )

    @extend_schema(**docs.PREVIEW)
    def preview(self, request: Request, id: str, attachment_id: str) -> HttpResponseBase:
        """A small picture of one of its files: of an image, or of the first page of a PDF."""
        return answer_with_preview(request._request, self._file(id, attachment_id).attachment)

    @extend_schema(**docs.EVENTS)
    def events(self, request: Request, id: str) -> Response:
        """What happened to a message, newest first."""
        message = self._found(self._named(id).only("id"), id)
        rows = self.workspace.events.filter(subject_id=message.pk)
        return self.page(rows, spell_event, order=("-position",))

    @extend_schema(**docs.CANCEL)
    def cancel(self, request: Request, id: str) -> Response:
        """Hold a message back for good, until the moment it leaves. Its draft is open again."""
        message = self._message(id)
        return once(request, lambda: self._answer(cancel_message(message=message)))

    @extend_schema(**docs.RESOLVE)
    def resolve(self, request: Request, id: str) -> Response:
        """Say what became of recipients who are in doubt, or send it to them again.

        A sending is in doubt when the connection broke behind the final dot: such a mail may have
        arrived, and is never sent again by itself.
        """
        message = self._message(id)
        outcome = self.parse(Resolution)["outcome"]
        return once(
            request, lambda: self._answer(resolve_message(message=message, outcome=outcome))
        )

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # Accept speaks of the mail or file here, whose type is what it is.
        return super().perform_content_negotiation(request, force or self.action in BYTES)

    def _named(self, id: str) -> MessageQuerySet:
        return self.messages.filter(pk=read("msg", id))

    def _file(self, id: str, attachment_id: str) -> MessageAttachment:
        """How a message carries a file whose bytes it has promised to keep until now."""
        wanted = read("att", attachment_id)
        rows = MessageAttachment.objects.filter(message__in=self._named(id))
        rows = rows.select_related("attachment__blob", "message").defer(*LONG_OF_MESSAGE)
        row = rows.filter(attachment=wanted).first()
        if row is None:
            raise NotFound(f"There is no file {attachment_id} in this message.")
        check_files_kept(row.message, at=timezone.now())
        return row

    def _message(self, id: str) -> Message:
        message = self._found(self._named(id), id)
        complete([message])
        return message

    def _found(self, rows: MessageQuerySet, id: str) -> Message:
        found = rows.first()
        if found is None:
            raise NotFound(f"There is no message {id} here.")
        return found

    def _answer(self, message: Message) -> Response:
        return Response(spell_message(message, at=timezone.now()))

    def _filing(self, fields: dict[str, Any]) -> Filing:
        customer_id, thread_id = fields.get("customer_id"), fields.get("thread_id")
        return Filing(
            customer=self.customer(customer_id) if customer_id else None,
            thread=self.thread(thread_id) if thread_id else None,
            tags=fields.get("tags", ()),
            metadata=fields.get("metadata", {}),
        )


BYTES = ("raw", "content", "preview")
LONG_OF_MESSAGE = [f"message__{name}" for name in LONG]


def read_filters(request: Request) -> dict[str, Any]:
    """What the query parameters ask for. Raises ValidationError."""
    reader = MessageFilters(data=dict(request.query_params.items()))
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)


def _wants_full(request: Request) -> bool:
    fields = request.query_params.get("fields", "")
    if fields not in ("", "full"):
        raise Invalid("fields is `full`, or left out.", field="fields")
    return bool(fields)


def _due_at(fields: dict[str, Any], *, at: datetime) -> datetime | None:
    """When it is to leave; None for now. Raises Invalid for two times at once."""
    send_at, undo_seconds = fields.get("send_at"), fields.get("undo_seconds")
    if send_at and undo_seconds:
        raise Invalid("Give send_at or undo_seconds, not both.", field="undo_seconds")
    if undo_seconds:
        return at + timedelta(seconds=undo_seconds)
    return send_at if send_at and send_at > at else None


def _fingerprint(request: Request, given: dict[str, Any], files: list[Entry]) -> str:
    fields = {**given, "attachments": [file.facts for file in files]}
    return fingerprint_of(request, fields=fields)


def _folder(message: Message, id: Any) -> Folder:
    found = Folder.objects.filter(inbox=message.inbox_id, pk=id).first()
    if found is None:
        raise NotFound("There is no such folder in its inbox.", field="folder_id")
    return found
