"""Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.models import Attachment, AttachmentState
from messaging.acceptance import Filing
from messaging.addresses import Address
from messaging.amendments import Amendment
from messaging.letter import Letter
from messaging.models import Customer, Inbox, Message, Thread
from messaging.models.message import Channel, Direction, MessageQuerySet, Status
from project.contracts.kustomer import docs
from project.contracts.kustomer.paging import answer_page
from project.contracts.kustomer.recording import Note, note_message, record_with_note
from project.contracts.kustomer.serializers.messages import (
    MessageChanges,
    MessageFields,
    entry_notes,
    notes_of,
    spell_message,
)
from project.contracts.kustomer.views.base import KustomerView
from project.contracts.schema import described
from project.errors import Invalid, NotFound
from project.ids import read_hex, spell_hex
from project.tenancy.models import Scope

LOST = (AttachmentState.GONE, AttachmentState.REFUSED)


class MessagesView(KustomerView):
    """A view on messages; those that are scheduled or wait are not there yet."""

    def standing(self, rows: MessageQuerySet) -> MessageQuerySet:
        """Those of these messages that are there, in full, with the direction before theirs."""
        now = timezone.now()
        rows = rows.filter(trashed_at__isnull=True)
        held = [rows.with_status(one, at=now) for one in (Status.SCHEDULED, Status.WAITING)]
        before = Message.objects.filter(thread=OuterRef("thread"), pk__lt=OuterRef("pk"))
        for some in held:
            rows = rows.exclude(pk__in=some.order_by().values("pk"))
        return rows.in_full().annotate(
            direction_before=Subquery(before.order_by("-pk").values("direction")[:1])
        )

    def message(self, id: UUID, spelt: str) -> Message:
        """A message. Raises NotFound."""
        found = self.standing(self.messages.filter(pk=id)).first()
        if found is None:
            raise NotFound(f"There is no message {spelt} here.")
        return found

    def answer(self, id: UUID, *, status: int = 200) -> Response:
        """A message as it is now."""
        message = self.message(id, spell_hex(id))
        return Response({"data": spell_message(message, at=timezone.now())}, status=status)

    def note(self, fields: Mapping[str, Any], message: Message | None = None) -> Note:
        """What a request says of a message's record. Raises Invalid."""
        custom, tags = fields.get("custom"), fields.get("tags")
        return Note(
            amendments=self._amendments(fields.get("attachments") or [], message),
            kept=notes_of(fields),
            tags=(tags or []) if "tags" in fields else None,
            metadata=(custom or {}) if "custom" in fields else None,
        )

    def _amendments(
        self, entries: list[dict[str, Any]], message: Message | None
    ) -> list[Amendment]:
        ids = [entry["_id"] for entry in entries]
        known = {one.pk: one for one in self.workspace.attachments.visible().filter(pk__in=ids)}
        carried = message.enclosures.all() if message else ()
        known |= {row.attachment_id: row.attachment for row in carried}
        return [
            Amendment(
                attachment=_known(known.get(entry["_id"]), entry["_id"], f"attachments[{place}]"),
                filename=entry["name"],
                annotations=entry_notes(entry),
            )
            for place, entry in enumerate(entries)
        ]


def _known(attachment: Attachment | None, id: UUID, place: str) -> Attachment:
    if attachment is None:
        spelt = spell_hex(id)
        raise Invalid(f"There is no attachment {spelt} here.", field=f"{place}._id")
    if attachment.state in LOST:
        message = f"The bytes of {attachment.filename} are not to be had. {attachment.reason}"
        raise Invalid(message.strip(), field=f"{place}._id")
    return attachment


class OneMessage(MessagesView):
    """One message."""

    scopes = {"PUT": Scope.SEND, "PATCH": Scope.SEND}

    @described(**docs.GET_MESSAGE)
    def get(self, request: Request, id: str) -> Response:
        """One message."""
        return self.answer(self.message(read_hex(id), id).pk)

    @described(**docs.CHANGE_MESSAGE)
    def put(self, request: Request, id: str) -> Response:
        """Add files to a message's record, or change notes on it; nothing is sent again."""
        message = self.message(read_hex(id), id)
        note_message(message=message, note=self.note(self.parse(MessageChanges), message))
        return self.answer(message.pk)

    patch = put


class CustomerMessages(MessagesView):
    """The messages of a customer."""

    scopes = {"POST": Scope.SEND}

    @described(**docs.LIST_MESSAGES)
    def get(self, request: Request, id: str) -> Response:
        """Messages, newest first."""
        now = timezone.now()
        rows = self.standing(self.messages.filter(customer=self.customer_of(id))).order_by("-pk")
        return answer_page(request, rows, lambda message: spell_message(message, at=now))

    @described(**docs.RECORD_MESSAGE)
    def post(self, request: Request, id: str) -> Response:
        """Write down a message that was exchanged elsewhere; nothing is delivered."""
        customer = self.customer_of(id)
        fields = self.parse(MessageFields)
        is_inbound = fields.get("direction") == "in"
        sender = fields.get("from")
        inbox = self._inbox(None if is_inbound else sender)
        message = record_with_note(
            inbox=inbox,
            letter=_letter(fields, customer, inbox, is_inbound=is_inbound),
            direction=Direction.INBOUND if is_inbound else Direction.OUTBOUND,
            at=fields.get("sentAt"),
            filing=Filing(
                thread=self._conversation(fields.get("conversation")),
                customer=customer,
                channel=fields.get("channel", Channel.EMAIL),
            ),
            note=self.note(fields),
        )
        return self.answer(message.pk, status=201)

    def _inbox(self, sender: Address | None) -> Inbox:
        """That of the sender, else the organisation's first."""
        first = None if sender else self.inboxes.active().order_by("pk").first()
        if sender is None and first is None:
            raise Invalid("The organisation has no address of its own.", field="from")
        return first or self.sending_inbox(None, sender)

    def _conversation(self, id: UUID | None) -> Thread | None:
        found = self.threads.filter(pk=id).first() if id else None
        if id and found is None:
            spelt = spell_hex(id)
            raise Invalid(f"There is no conversation {spelt} here.", field="conversation")
        return found


def _letter(
    fields: Mapping[str, Any], customer: Customer, inbox: Inbox, *, is_inbound: bool
) -> Letter:
    """Between the customer and the organisation, in either direction. Raises Invalid."""
    theirs = Address(customer.email, customer.name or None) if customer.email else None
    own = Address(inbox.address, inbox.name or None)
    sender = fields.get("from") or (theirs if is_inbound else own)
    if sender is None:
        raise Invalid("from is required: the customer has no e-mail address.", field="from")
    other = own if is_inbound else theirs
    return Letter(
        sender=sender,
        to=tuple(fields.get("to") or ([other] if other else ())),
        subject=fields.get("subject") or "",
        text=fields.get("body") if fields.get("body") is not None else fields.get("preview"),
    )
