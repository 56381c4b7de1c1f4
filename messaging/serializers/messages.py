"""Messages in the native spelling."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from attachments.docs import JSON_BODY
from attachments.models import Attachment
from attachments.serializers import AttachmentOut, spell_attachment
from messaging.listing import LONG
from messaging.models import Delivery, Message, MessageAttachment, Recipient
from messaging.models.message import HELD_BY_HAND, Direction, Status
from messaging.serializers.letters import (
    MAX_TAG_LENGTH,
    MAX_TAGS,
    AddressOut,
    FilingFields,
    LetterFields,
    MetadataField,
    spell_address,
)
from project.api.fields import ChoiceField, IdField, LineField, TimeField
from project.api.serializers import StrictSerializer
from project.api.times import spell_time
from project.ids import spell

MAX_UNDO_SECONDS = 3600


MANNER = {
    "inline": {"type": "boolean", "default": False},
    "content_id": {"type": "string", "nullable": True},
}
REFERENCE: dict[str, Any] = {
    "title": "Here",
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "description": "`att_…`"},
        "filename": {"type": "string", "nullable": True, "description": "Instead of its own."},
        **MANNER,
    },
}
#: one file of a request that writes a draft or a message
ENTRY = {
    "description": "A file that is here, by its id; one that comes in base64; or one that is "
    "announced by its size, whose bytes are to be sent to its `upload`.",
    "oneOf": [
        {"type": "string", "title": "Id", "description": "`att_…`"},
        REFERENCE,
        *(
            {**shape, "properties": {**shape["properties"], **MANNER}}
            for shape in JSON_BODY["oneOf"]
        ),
    ],
}


class Enclosed(Protocol):
    """How something carries a file; its own name for the file may be blank."""

    attachment: Attachment
    filename: str
    inline: bool
    content_id: str
    position: int


def spell_enclosure(enclosed: Enclosed) -> dict[str, Any]:
    """A file as what carries it shows it."""
    spelt = spell_attachment(enclosed.attachment)
    if enclosed.filename:
        spelt["filename"] = enclosed.filename
    if enclosed.attachment.deleted_at:
        spelt["download_url"] = None  # only what carries it still gives the bytes
    spelt["inline"] = enclosed.inline
    spelt["content_id"] = enclosed.content_id or None
    spelt["position"] = enclosed.position
    return spelt


def spell_message(message: Message, *, at: datetime, full: bool = True) -> dict[str, Any]:
    """A message as every native answer shows it, with its status at `at`; no query if prefetched.

    Without `full` what is long is left out, and not read.
    """
    is_kept = message.files_until is None or message.files_until > at
    enclosures = list(message.enclosures.all())
    known: dict[UUID | None, UUID] = {one.pk: one.attachment.pk for one in enclosures}
    spelt = {
        "id": spell("msg", message.pk),
        "direction": message.direction,
        "status": message.status_at(at),
        "inbox_id": _spell_id("inb", message.inbox_id),
        "thread_id": _spell_id("thr", message.thread_id),
        "customer_id": _spell_id("cus", message.customer_id),
        "from": spell_address(message.from_email, message.from_name),
        "to": message.to,
        "cc": message.cc,
        "bcc": message.bcc,
        "reply_to": message.reply_to,
        "subject": message.subject,
        **({name: getattr(message, name) for name in LONG} if full else {}),
        "rfc_message_id": message.rfc_message_id or None,
        "in_reply_to": message.in_reply_to or None,
        "references": message.references,
        "attachments": [
            _spell_carried(one, is_kept, container=known.get(one.container_id))
            for one in enclosures
        ],
        "size": message.size,
        "tags": message.tags,
        "metadata": message.metadata,
        "recipients": [_spell_recipient(one) for one in message.recipients],
        "folder_id": _spell_id("fol", message.folder_id),
        "unread": message.unread,
        "starred": message.starred,
        "waiting_for": [spell("att", one.pk) for one in message.waiting_for()],
        "hold": _spell_hold(message.hold()),
        "send_at": spell_time(message.send_at),
        "created_at": spell_time(message.created_at),
        "sent_at": spell_time(message.sent_at),
    }
    return spelt


def _spell_id(prefix: str, id: Any) -> str | None:
    return None if id is None else spell(prefix, id)


def _spell_carried(
    row: MessageAttachment, is_kept: bool, *, container: UUID | None
) -> dict[str, Any]:
    spelt = {
        **spell_enclosure(row),
        "in_mail": row.in_mail,
        "part_of": _spell_id("att", container),
    }
    return spelt if is_kept else {**spelt, "download_url": None}


def _spell_hold(held: Delivery | None) -> dict[str, Any] | None:
    if held is None:
        return None
    return {"reason": held.reason or HELD_BY_HAND, "until": spell_time(held.held_until)}


def _spell_recipient(row: Recipient) -> dict[str, Any]:
    return {
        "email": row.email,
        "name": row.name or None,
        "role": row.role,
        "status": row.state,
        "reply": row.reply or None,
        "at": spell_time(row.at),
    }


@extend_schema_field({"type": "array", "items": ENTRY})
class EntriesField(serializers.Field[Any, Any, Any, Any]):
    """Files in every shape that `entries` reads; only for the description."""


class MessageFields(LetterFields, FilingFields):
    """A letter to be sent, now or later."""

    send_at = TimeField(
        required=False, allow_null=True, help_text="When it leaves; left out or past: now."
    )
    undo_seconds = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_UNDO_SECONDS,
        help_text="It leaves that many seconds later; until then `cancel` takes it back.",
    )


class MessageIn(MessageFields):
    """A letter and its files, for the description; `entries` reads the files."""

    attachments = EntriesField(required=False, help_text="The files, in their order.")


class MessageChanges(StrictSerializer):
    """What may change of a message; only what is sent does."""

    unread = serializers.BooleanField(
        required=False, help_text="Whether somebody still has to read it."
    )
    starred = serializers.BooleanField(required=False, help_text="Whether it is marked.")
    folder_id = IdField("fol", required=False, help_text="A folder of the message's inbox.")
    tags = serializers.ListField(
        child=LineField(max_length=MAX_TAG_LENGTH, allow_blank=False),
        required=False,
        max_length=MAX_TAGS,
        help_text="Replaces them all.",
    )
    metadata = MetadataField(required=False, help_text="Replaces the whole object.")


class Resolution(StrictSerializer):
    """What became of the recipients who are in doubt."""

    outcome = ChoiceField(
        ["sent", "resend", "failed"],
        help_text="`sent`: they got it. `failed`: they did not. `resend`: send it to them again.",
    )


class EnclosedOut(AttachmentOut):
    """A file, and how it is carried."""

    inline = serializers.BooleanField(help_text="Shown by the HTML, through `cid:content_id`.")
    content_id = serializers.CharField(allow_null=True, help_text="Without angle brackets.")
    position = serializers.IntegerField(help_text="Its place among the files, from 0.")


class CarriedOut(EnclosedOut):
    """A file of a message."""

    in_mail = serializers.BooleanField(help_text="False: added to the record after it was sent.")
    part_of = IdField(
        "att",
        allow_null=True,
        help_text="The file of this message that it was found in, such as a `winmail.dat` or an "
        "attached mail; null: a file of the mail itself.",
    )


class RecipientOut(serializers.Serializer[Any]):
    """What happened to whom."""

    email = serializers.CharField(help_text="The bare address.")
    name = serializers.CharField(allow_null=True, help_text="The name beside it.")
    role = ChoiceField(Recipient.Role.choices, help_text="The header that names them.")
    status = ChoiceField(
        Recipient.State.choices,
        help_text="How far it is with them. `unknown`: it may have arrived.",
    )
    reply = serializers.CharField(allow_null=True, help_text="Their server's last words, or ours.")
    at = TimeField(allow_null=True, help_text="When that was found out.")


class HoldOut(serializers.Serializer[Any]):
    """Why it is held, and for how long."""

    reason = serializers.CharField(help_text="In plain words.")
    until = TimeField(
        allow_null=True, help_text="When it leaves by itself; null: when an operator releases it."
    )


class MessageOut(serializers.Serializer[Any]):
    """A message, sent or received."""

    id = IdField("msg")
    direction = ChoiceField(
        Direction.choices, help_text="Sent by an inbox here, or received by one."
    )
    status = ChoiceField(
        Status.choices,
        help_text="`waiting`: due, and a file is missing. `deferred`: is tried again. "
        "`unknown`: it may have arrived, and is not sent again by itself; see `resolve`. "
        "`held`: the operators keep it back; see `hold`.",
    )
    inbox_id = IdField("inb", allow_null=True, help_text="The inbox that it is in: `inb_…`")
    thread_id = IdField("thr", allow_null=True, help_text="Its conversation: `thr_…`")
    customer_id = IdField("cus", allow_null=True, help_text="The contact that it is about: `cus_…`")
    to = AddressOut(many=True, help_text="To whom.")
    cc = AddressOut(many=True, help_text="Who got a copy, for all to see.")
    bcc = AddressOut(many=True, help_text="Who got a copy unseen; only its sender is told.")
    reply_to = AddressOut(many=True, help_text="Where answers go, if not to `from`.")
    subject = serializers.CharField(help_text="One line.")
    text = serializers.CharField(allow_null=True, required=False, help_text="Not in lists.")
    html = serializers.CharField(allow_null=True, required=False, help_text="Not in lists.")
    headers = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="Not in lists."
    )
    rfc_message_id = serializers.CharField(allow_null=True, help_text="With angle brackets.")
    in_reply_to = serializers.CharField(
        allow_null=True, help_text="The Message-ID that it answers, with angle brackets."
    )
    references = serializers.ListField(
        child=serializers.CharField(), help_text="Message-IDs of the conversation, oldest first."
    )
    attachments = CarriedOut(many=True, help_text="Its files, in their order.")
    size = serializers.IntegerField(help_text="Bytes of the whole mail, as sent.")
    tags = serializers.ListField(child=serializers.CharField(), help_text="Words of your own.")
    metadata = serializers.DictField(help_text="A JSON object of your own.")
    recipients = RecipientOut(many=True, help_text="What became of it, for each of them.")
    folder_id = IdField("fol", allow_null=True, help_text="The folder that it is in: `fol_…`")
    unread = serializers.BooleanField(help_text="Whether somebody still has to read it.")
    starred = serializers.BooleanField(help_text="Whether it is marked.")
    waiting_for = serializers.ListField(
        child=IdField("att"), help_text="Files that keep it from leaving."
    )
    hold = HoldOut(allow_null=True, help_text="While the operators keep it back.")
    send_at = TimeField(allow_null=True, help_text="The time that it was to leave; null: at once.")
    created_at = TimeField(help_text="When it was accepted or received.")
    sent_at = TimeField(allow_null=True, help_text="When the first server took it.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": AddressOut(), **super().get_fields()}
