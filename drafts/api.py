"""Drafts at the native door."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.api import TakesFiles
from attachments.confirm import confirm_attachment
from attachments.filenames import clean_filename
from attachments.offers import Offer
from drafts import docs
from drafts.check import check_draft
from drafts.errors import DraftNotFound
from drafts.models import Draft, DraftQuerySet
from drafts.replies import forward, reply_to
from drafts.serializers import (
    PREFIX,
    DraftChanges,
    DraftFields,
    DraftFilters,
    DraftOut,
    EnclosureChanges,
    FormEntryFields,
    SendFields,
    VersionFields,
    spell_check,
    spell_draft,
)
from drafts.services import DraftFields as Values
from drafts.services import (
    attach_files,
    create_draft,
    delete_draft,
    detach_file,
    edit_enclosure,
    send_draft,
    unsend_draft,
    update_draft,
)
from messaging.addresses import Address
from messaging.api.mailbox import MailboxView
from messaging.entries import Entry, keep_entries, put_entries, read_entry, take_entries
from messaging.mime.names import check_content_id
from messaging.models import Inbox, Message
from messaging.serializers.letters import letter_of
from messaging.serializers.messages import spell_enclosure
from project.api.idempotency import fingerprint_of, once
from project.api.permissions import MissingScope
from project.api.schema import PAGING, paged
from project.api.versions import take_version
from project.api.views import ApiViewSet
from project.errors import Invalid, NotFound
from project.ids import read, spell
from project.tenancy.models import Scope

LETTER = ("to", "cc", "bcc", "reply_to", "subject", "text", "html", "headers")
KEPT = ("channel", "tags", "metadata")


class DraftsView(TakesFiles, MailboxView):
    """A view on drafts: those of the workspace, or of the inboxes that a key is bound to."""

    @property
    def drafts(self) -> DraftQuerySet:
        """The drafts that the caller may see."""
        rows = DraftQuerySet(Draft).filter(workspace=self.workspace)
        return rows if self.bound_to is None else rows.filter(inbox__in=self.bound_to)

    def draft(self, id: str) -> Draft:
        """A draft in full, once it has been seen whether bytes that it waits for have come.

        Raises DraftNotFound.
        """
        known = read(PREFIX, id)
        found = self.drafts.in_full().filter(pk=known).first()
        if found is None:
            raise DraftNotFound(known)
        for file in found.files:
            confirm_attachment(file.attachment)
        return found

    def draft_to_write(self, id: str, fields: dict[str, Any]) -> tuple[Draft, int | None]:
        """A draft and the version that the caller expects, which is taken from `fields`.

        Changing what is on its way is sending, so it needs that scope. Raises MissingScope.
        """
        found, expected = self.draft(id), take_version(self.request, fields)
        if Scope.SEND not in self.caller.scopes:
            if found.message_id is not None:
                raise MissingScope(
                    f"The draft is on its way: this needs the scope {Scope.SEND.value!r}.",
                    details={"scope": Scope.SEND.value},
                )
            expected = expected or found.version
        return found, expected

    def values(self, fields: dict[str, Any], *, is_new: bool) -> Values:
        """What the fields of a request say of a draft, with the things that they name.

        Raises InvalidAddress, InvalidHeader, UnwritableText, NotFound, NotSender, Invalid.
        """
        letter = letter_of(fields)
        values: dict[str, Any] = {name: getattr(letter, name) for name in LETTER if name in fields}
        values |= {name: fields[name] for name in KEPT if name in fields}
        for name, find in (
            ("customer", self.customer),
            ("thread", self.thread),
            ("in_reply_to", self.message),
        ):
            given = name if name in fields else f"{name}_id"
            if given in fields:
                values[name] = None if fields[given] is None else find(fields[given])
        if "from" in fields:
            values["sender"] = letter.sender
        if is_new or "inbox_id" in fields or letter.sender is not None:
            values["inbox"] = self._inbox(fields, letter.sender, is_new=is_new)
        return cast("Values", values)

    def _inbox(
        self, fields: dict[str, Any], sender: Address | None, *, is_new: bool
    ) -> Inbox | None:
        """The inbox that is named, else that of the sender, else for a new draft the only one."""
        id = fields.get("inbox_id")
        if id is not None or sender is not None:
            return self.sending_inbox(id, sender)
        found = list(self.inboxes.active()[:2]) if is_new else []
        if len(found) != 1 and self.bound_to is not None:
            raise Invalid("Say which inbox sends it.", field="inbox_id")
        return found[0] if len(found) == 1 else None

    def message(self, id: Any) -> Message:
        """A message. Raises NotFound."""
        found = self.messages.filter(pk=id).first()
        if found is None:
            raise NotFound(f"There is no message {spell('msg', id)} here.", field="in_reply_to")
        return found


class DraftViewSet(DraftsView, ApiViewSet):
    """Letters that are being written, with their files, and sending them."""

    scopes = {
        "create": Scope.DRAFT,
        "partial_update": Scope.DRAFT,
        "destroy": Scope.DRAFT,
        "send": Scope.SEND,
        "unsend": Scope.SEND,
    }

    @extend_schema(**docs.CREATE)
    def create(self, request: Request) -> Response:
        """Write a draft, with its files. Nothing has to be complete before it is sent."""
        given, entries = take_entries(self, part="draft")
        values = self.values(self.parse(DraftFields, data=given), is_new=True)
        entries = put_entries(workspace=self.workspace, entries=entries or [], limits=self.limits)

        def effect() -> Response:
            enclosures = keep_entries(workspace=self.workspace, entries=entries, limits=self.limits)
            draft = create_draft(
                workspace=self.workspace, limits=self.limits, enclosures=enclosures, **values
            )
            return _answer(draft, status=201)

        facts = [entry.facts for entry in entries]
        return once(request, effect, fingerprint=fingerprint_of(request, fields=[given, facts]))

    @extend_schema(
        responses=paged(DraftOut),
        parameters=[DraftFilters, *PAGING],
        filters=False,
        examples=[docs.DRAFT],
    )
    def list(self, request: Request) -> Response:
        """Drafts, newest first."""
        now = timezone.now()
        wanted = self.parse(DraftFilters, data=request.query_params.dict())
        rows = self.drafts.in_full()
        if state := wanted.get("state"):
            rows = rows.in_state(state, at=now)
        for name in ("inbox_id", "customer_id"):
            if name in wanted:
                rows = rows.filter(**{name: wanted[name]})
        return self.page(rows, lambda draft: spell_draft(draft, at=now))

    @extend_schema(responses=DraftOut, parameters=[docs.ID], examples=[docs.DRAFT])
    def retrieve(self, request: Request, id: str) -> Response:
        """One draft. Looks first whether the bytes of pre-signed uploads have come."""
        return _answer(self.draft(id))

    @extend_schema(**docs.UPDATE)
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is sent, and nothing else; `attachments` replaces the whole list.

        A draft that is scheduled, or waits, is taken back and sent anew at the time that stands;
        if it cannot be sent as it is now, it is open, and `error` says why.
        """
        given, entries = take_entries(self, part="draft")
        fields = self.parse(DraftChanges, data=given)
        draft, expected = self.draft_to_write(id, fields)
        values = self.values(fields, is_new=False)
        put = put_entries(workspace=self.workspace, entries=entries or [], limits=self.limits)
        with transaction.atomic():
            enclosures = keep_entries(workspace=self.workspace, entries=put, limits=self.limits)
            draft = update_draft(
                draft=draft,
                limits=self.limits,
                expected=expected,
                enclosures=None if entries is None else enclosures,
                **values,
            )
        return _answer(draft)

    @extend_schema(responses={204: None}, parameters=[docs.ID, docs.IF_MATCH])
    def destroy(self, request: Request, id: str) -> Response:
        """Delete a draft; one that has not left does not leave any more. Its files stay a while."""
        draft, expected = self.draft_to_write(id, {})
        delete_draft(draft=draft, expected=expected)
        return Response(status=204)

    @extend_schema(**docs.CHECK)
    def check(self, request: Request, id: str) -> Response:
        """What stands in the way of sending it, and what its writer may want to know."""
        return Response(spell_check(check_draft(draft=self.draft(id), limits=self.limits)))

    @extend_schema(**docs.SEND)
    def send(self, request: Request, id: str) -> Response:
        """Send a draft, now or later. One that is scheduled, or waits, is sent anew."""
        fields = self.parse(SendFields)
        draft, expected = self.draft(id), take_version(request, fields)

        def effect() -> Response:
            sent = send_draft(
                draft=draft,
                limits=self.limits,
                send_at=fields.get("send_at"),
                undo_seconds=fields.get("undo_seconds", 0),
                expected=expected,
            )
            return _answer(sent, status=202)

        return once(request, effect)

    @extend_schema(
        responses={200: DraftOut}, parameters=[docs.ID, docs.IF_MATCH], examples=[docs.DRAFT]
    )
    def unsend(self, request: Request, id: str) -> Response:
        """Take back a draft that has not left: undo, or unschedule. It is open again."""
        draft, expected = self.draft(id), take_version(request, {})
        return _answer(unsend_draft(draft=draft, expected=expected))


class DraftFileViewSet(DraftsView, ApiViewSet):
    """The files of a draft."""

    scopes = {"create": Scope.DRAFT, "partial_update": Scope.DRAFT, "destroy": Scope.DRAFT}
    json_types = (dict, str)  # an entry may be just an id

    @extend_schema(**docs.ATTACH)
    def create(self, request: Request, id: str) -> Response:
        """Attach a file: one that is here, one that the request brings, or one that will come."""
        entry, given = self._entry()
        draft, expected = self.draft_to_write(id, given)
        put = put_entries(workspace=self.workspace, entries=[entry], limits=self.limits)

        def effect() -> Response:
            attached = attach_files(
                draft=draft,
                enclosures=keep_entries(workspace=self.workspace, entries=put, limits=self.limits),
                limits=self.limits,
                expected=expected,
            )
            return _answer_with_file(attached, -1, status=201)

        fingerprint = fingerprint_of(request, fields=[entry.facts, expected])
        return once(request, effect, fingerprint=fingerprint)

    @extend_schema(**docs.EDIT_FILE)
    def partial_update(self, request: Request, id: str, attachment_id: str) -> Response:
        """Change how the draft carries a file, or its place among the others."""
        fields = self.parse(EnclosureChanges)
        draft, expected = self.draft_to_write(id, fields)
        known = read("att", attachment_id)
        if fields.get("content_id"):
            fields["content_id"] = clean_content_id(fields["content_id"])
        if fields.get("filename"):
            fields["filename"] = clean_filename(fields["filename"])
        for name in ("content_id", "filename"):
            if name in fields:
                fields[name] = fields[name] or ""
        edited = edit_enclosure(
            draft=draft, attachment_id=known, limits=self.limits, expected=expected, **fields
        )
        ids = [file.attachment_id for file in edited.files]
        return _answer_with_file(edited, ids.index(known))

    @extend_schema(responses={204: None}, parameters=[docs.ID, docs.FILE_ID, docs.IF_MATCH])
    def destroy(self, request: Request, id: str, attachment_id: str) -> Response:
        """Take a file from the draft. It stays for 30 days, if nothing else uses it."""
        draft, expected = self.draft_to_write(id, {})
        known = read("att", attachment_id)
        left = detach_file(draft=draft, attachment_id=known, limits=self.limits, expected=expected)
        return Response(status=204, headers=_tag(left))

    def _entry(self) -> tuple[Entry, dict[str, Any]]:
        """The file that the request describes, and the version that it expects, if any."""
        if self.is_form():
            return self._entry_of_form()
        value: Any = self.request.data
        if not isinstance(value, dict):
            return read_entry(self, value, field="id"), {}
        given = {name: value[name] for name in ("version",) if name in value}
        rest = {name: value[name] for name in value if name not in given}
        return read_entry(self, rest, field=""), self.parse(VersionFields, data=given)

    def _entry_of_form(self) -> tuple[Entry, dict[str, Any]]:
        file = self.form_file("file")
        fields = self.parse(FormEntryFields, data=self.form_fields())
        offer = Offer(
            incoming=file.incoming,
            filename=fields.pop("filename", "") or file.filename,
            content_type=file.content_type,
            sha256=fields.pop("sha256", ""),
        )
        content_id = fields.pop("content_id", "")
        entry = Entry(
            field="file",
            offer=offer,
            inline=fields.pop("inline", False),
            content_id=clean_content_id(content_id) if content_id else "",
        )
        return entry, fields


def clean_content_id(text: str) -> str:
    """A Content-ID without the angle brackets that it may have come with. Raises Invalid."""
    bare = text.removeprefix("<").removesuffix(">")
    return check_content_id(bare, field="content_id")


def _tag(draft: Draft) -> dict[str, str]:
    return {"ETag": f'"{draft.version}"'}


def _answer(draft: Draft, *, status: int = 200) -> Response:
    spelt = spell_draft(draft, at=timezone.now())
    return Response(spelt, status=status, headers=_tag(draft))


def _answer_with_file(draft: Draft, position: int, *, status: int = 200) -> Response:
    spelt = spell_enclosure(draft.files[position])
    return Response(spelt, status=status, headers=_tag(draft))


class AnswerViewSet(DraftsView, ApiViewSet):
    """Drafts that begin with a message."""

    scopes = {"reply": Scope.DRAFT, "reply_all": Scope.DRAFT, "forward": Scope.DRAFT}

    @extend_schema(**docs.ANSWER)
    def reply(self, request: Request, id: str) -> Response:
        """A draft to the author of a message, which it quotes."""
        return self._made(request, id, partial(reply_to, to_all=False))

    @extend_schema(**docs.ANSWER)
    def reply_all(self, request: Request, id: str) -> Response:
        """A draft to everybody whom a message came from or went to, but ourselves."""
        return self._made(request, id, partial(reply_to, to_all=True))

    @extend_schema(**docs.ANSWER)
    def forward(self, request: Request, id: str) -> Response:
        """A draft that passes a message on, with its files: none is uploaded again."""
        return self._made(request, id, forward)

    def _made(self, request: Request, id: str, make: Callable[..., Draft]) -> Response:
        rows = self.messages.in_full().select_related("customer", "thread", "workspace")
        message = rows.filter(pk=read("msg", id)).first()
        if message is None:
            raise NotFound(f"There is no message {id} here.")
        return once(request, lambda: _answer(make(message=message, limits=self.limits), status=201))
