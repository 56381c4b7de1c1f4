"""Drafts in the native spelling."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from rest_framework import serializers

from attachments.serializers import SizeField
from drafts.check import Check
from drafts.models import Draft, DraftState
from messaging.models.message import Channel
from messaging.serializers.letters import (
    AddressOut,
    FilingFields,
    LetterFields,
    spell_address,
)
from messaging.serializers.messages import (
    MAX_UNDO_SECONDS,
    EnclosedOut,
    EntriesField,
    spell_enclosure,
)
from project.api.fields import ChoiceField, IdField, TextField, TimeField
from project.api.schema import FactField
from project.api.serializers import StrictSerializer
from project.api.times import spell_time
from project.ids import spell

PREFIX = "drf"


def spell_draft(draft: Draft, *, at: datetime) -> dict[str, Any]:
    """A draft as every native answer shows it, with its state at `at`; no query if in full."""
    state, sender = draft.state_at(at), draft.sender
    waiting_for = [] if state == DraftState.DISPATCHED else draft.waiting_for()
    return {
        "id": spell(PREFIX, draft.pk),
        "version": draft.version,
        "state": state,
        "channel": draft.channel,
        "inbox_id": _spell_id("inb", draft.inbox_id),
        "customer_id": _spell_id("cus", draft.customer_id),
        "thread_id": _spell_id("thr", draft.thread_id),
        "in_reply_to": _spell_id("msg", draft.in_reply_to_id),
        "from": sender and spell_address(sender.email, sender.name),
        "to": draft.to,
        "cc": draft.cc,
        "bcc": draft.bcc,
        "reply_to": draft.reply_to,
        "subject": draft.subject,
        "text": draft.text,
        "html": draft.html,
        "headers": draft.headers,
        "tags": draft.tags,
        "metadata": draft.metadata,
        "attachments": [spell_enclosure(file) for file in draft.files],
        "send_at": spell_time(draft.send_at),
        "waiting_for": [spell("att", file.pk) for file in waiting_for],
        "message_id": _spell_id("msg", draft.message_id),
        "error": draft.error,
        "created_at": spell_time(draft.created_at),
        "updated_at": spell_time(draft.updated_at),
    }


def spell_check(check: Check) -> dict[str, Any]:
    """The check as the native API answers it."""
    return {
        "ok": check.ok,
        "encoded_size": check.encoded_size,
        "findings": [finding.spelt() for finding in check.findings],
    }


def _spell_id(prefix: str, id: UUID | None) -> str | None:
    return None if id is None else spell(prefix, id)


# In ---------------------------------------------------------------------------------------------


class VersionFields(StrictSerializer):
    """The version that a write expects."""

    version = SizeField(
        required=False,
        min_value=1,
        help_text="The version that you have read, as `If-Match` does; another one answers 409.",
    )


class DraftFields(LetterFields, FilingFields):
    """What a draft may say; all of it may be left out."""

    channel = ChoiceField(
        Channel.choices, required=False, help_text="A `note` is recorded and goes to nobody."
    )
    in_reply_to = IdField(
        "msg", required=False, allow_null=True, help_text="The message that it answers."
    )


class DraftChanges(DraftFields, VersionFields):
    """What changes; what is left out stays as it is."""


class DraftIn(DraftFields):
    """A draft and its files, for the description; `messaging.entries` reads the files."""

    attachments = EntriesField(required=False, help_text="The files, in their order.")


class DraftChangesIn(DraftChanges):
    """What changes, for the description; a list of files replaces the old one."""

    attachments = EntriesField(required=False, help_text="The files, in their order.")


class EnclosureChanges(VersionFields):
    """How a draft carries a file; what is left out stays as it is."""

    inline = serializers.BooleanField(required=False, help_text="Shown by the HTML.")
    content_id = TextField(
        required=False,
        allow_null=True,
        max_length=257,
        help_text="What the HTML shows it by, `cid:…`; an inline file without one gets one.",
    )
    filename = TextField(
        required=False, allow_null=True, help_text="In this draft only; null: the file's own."
    )
    position = SizeField(required=False, min_value=0, help_text="Its new place, from 0.")


class FormEntryFields(StrictSerializer):
    """The fields of a form beside its file."""

    filename = TextField(required=False, help_text="Instead of the file's own name.")
    sha256 = TextField(required=False, help_text="Hex SHA-256 that the bytes must have.")
    inline = serializers.BooleanField(required=False, help_text="Shown by the HTML.")
    content_id = TextField(required=False, max_length=257, help_text="What the HTML shows it by.")
    version = serializers.IntegerField(
        required=False, min_value=1, help_text="The version that you have read."
    )


class SendFields(VersionFields):
    """When it is to leave; without any of these, now."""

    send_at = TimeField(
        required=False, allow_null=True, help_text="When it leaves; a time just over means now."
    )
    undo_seconds = SizeField(
        required=False,
        min_value=0,
        max_value=MAX_UNDO_SECONDS,
        help_text="It leaves that many seconds later at the earliest, and can be taken back "
        "until then.",
    )


class DraftFilters(serializers.Serializer[Any]):
    """The query parameters of a list of drafts."""

    state = ChoiceField(DraftState.choices, required=False, help_text="As it is now.")
    inbox_id = IdField("inb", required=False)
    customer_id = IdField("cus", required=False)


# Out --------------------------------------------------------------------------------------------


class DraftErrorOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="For people.")


class DraftOut(serializers.Serializer[Any]):
    """A draft."""

    id = IdField(PREFIX)
    version = serializers.IntegerField(help_text="One more with every write; also the ETag.")
    state = ChoiceField(
        DraftState.choices,
        help_text="`scheduled`: leaves at `send_at`. `waiting`: leaves when `waiting_for` is in. "
        "`dispatched`: has left; see its message.",
    )
    channel = ChoiceField(Channel.choices, help_text="A `note` is recorded and goes to nobody.")
    inbox_id = IdField("inb", allow_null=True, help_text="Who sends it: `inb_…`")
    customer_id = IdField("cus", allow_null=True, help_text="The contact that it is about: `cus_…`")
    thread_id = IdField(
        "thr", allow_null=True, help_text="The conversation that it continues: `thr_…`"
    )
    in_reply_to = IdField("msg", allow_null=True, help_text="The message that it answers: `msg_…`")
    to = AddressOut(many=True, help_text="To whom.")
    cc = AddressOut(many=True, help_text="Who gets a copy, for all to see.")
    bcc = AddressOut(many=True, help_text="Who gets a copy unseen.")
    reply_to = AddressOut(many=True, help_text="Where answers go, if not to `from`.")
    subject = serializers.CharField(help_text="One line.")
    text = serializers.CharField(allow_null=True, help_text="The plain body.")
    html = serializers.CharField(allow_null=True, help_text="The HTML body.")
    headers = serializers.DictField(child=serializers.CharField(), help_text="Further headers.")
    tags = serializers.ListField(child=serializers.CharField(), help_text="Words of your own.")
    metadata = serializers.DictField(help_text="A JSON object of your own.")
    attachments = EnclosedOut(many=True, help_text="Its files, in their order.")
    send_at = TimeField(allow_null=True, help_text="The time that stands.")
    waiting_for = serializers.ListField(
        child=IdField("att"), help_text="Files whose bytes are on their way."
    )
    message_id = IdField("msg", allow_null=True, help_text="Null while it is open.")
    error = DraftErrorOut(allow_null=True, help_text="Why it was not sent, the last time.")
    created_at = TimeField(help_text="When it was made.")
    updated_at = TimeField(help_text="When it was last changed.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": AddressOut(allow_null=True, help_text="Who sends it."),
            **super().get_fields(),
        }


class FindingOut(serializers.Serializer[Any]):
    """One thing that the check has to say."""

    code = serializers.CharField(help_text="Stable, for programs.")
    severity = ChoiceField(
        ["error", "warning", "waiting"],
        help_text="An `error` stops the send; a `warning` is for people; `waiting` names a file "
        "whose bytes are on their way.",
    )
    message = serializers.CharField(help_text="For people.")
    field = serializers.CharField(required=False, help_text="Path, such as `to[0]`.")
    attachment_id = IdField("att", required=False, help_text="The file that it is about.")
    limit = FactField(required=False, help_text="What was allowed, or expected.")
    actual = FactField(required=False, help_text="What was found.")
    remedy = serializers.CharField(required=False, help_text="What can be done.")


class CheckOut(serializers.Serializer[Any]):
    """What the pre-flight check found."""

    ok = serializers.BooleanField(help_text="Whether it may be sent: there is no `error`.")
    encoded_size = serializers.IntegerField(
        allow_null=True, help_text="Bytes of the whole mail, as sent; null: cannot be written."
    )
    findings = FindingOut(many=True, help_text="What there is to say.")
