"""Inboxes, folders, customers and threads in the native spelling."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from messaging.models import Customer, Folder, Inbox, Thread
from messaging.serializers.letters import MetadataField
from project.api.fields import IdField, LineField, TextField, TimeField
from project.api.serializers import StrictSerializer
from project.api.times import spell_time
from project.ids import spell

MAX_NAME = 255  # characters

SMTP_HELP = (
    "Its own way out: `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`; "
    "blank: the installation's. It is stored encrypted and never shown again."
)

SIGNATURE_HELP = (
    "Plain text that the desk puts under what people write; at most 10,000 characters; "
    "blank: none. What a program sends stays as it is."
)


class InboxFields(StrictSerializer):
    """An inbox to be made."""

    address = LineField(help_text="At a domain of the workspace, or at one that all share.")
    name = LineField(required=False, max_length=MAX_NAME, help_text="Shown beside the address.")
    smtp_url = LineField(required=False, help_text=SMTP_HELP)
    signature = TextField(required=False, help_text=SIGNATURE_HELP)


class InboxChanges(StrictSerializer):
    """What may change of an inbox."""

    name = LineField(required=False, max_length=MAX_NAME, help_text="Shown beside the address.")
    smtp_url = LineField(required=False, help_text=SMTP_HELP)
    signature = TextField(required=False, help_text=SIGNATURE_HELP)


class InboxOut(serializers.Serializer[Inbox]):
    """An address that sends and receives."""

    id = IdField("inb")
    address = serializers.CharField(help_text="Its mail address.")
    name = serializers.CharField(help_text="Shown beside the address.")
    state = serializers.ChoiceField(
        Inbox.State.choices, help_text="`deleted`: closed; its mail is still there."
    )
    has_own_smtp = serializers.BooleanField(help_text="It does not use the installation's relay.")
    signature = serializers.CharField(help_text="Put under what people write; blank: none.")
    created_at = TimeField(help_text="When it was made.")

    def to_representation(self, instance: Inbox) -> dict[str, Any]:
        return spell_inbox(instance)


def spell_inbox(inbox: Inbox) -> dict[str, Any]:
    return {
        "id": spell("inb", inbox.pk),
        "address": inbox.address,
        "name": inbox.name,
        "state": inbox.state,
        "has_own_smtp": bool(inbox.smtp_url),
        "signature": inbox.signature,
        "created_at": spell_time(inbox.created_at),
    }


class FolderFields(StrictSerializer):
    """A folder to be made, or renamed."""

    name = LineField(
        max_length=MAX_NAME,
        allow_blank=False,
        help_text="Unlike those of the inbox's other folders.",
    )


class CountsOut(serializers.Serializer[Any]):
    """How many messages are in it."""

    total = serializers.IntegerField(help_text="Messages.")
    unread = serializers.IntegerField(help_text="Those among them that nobody has read.")


class FolderOut(serializers.Serializer[Any]):
    """A place in an inbox; a message is in one."""

    id = IdField("fol")
    inbox_id = IdField("inb")
    name = serializers.CharField(help_text="What people see.")
    role = serializers.ChoiceField(
        [choice for choice in Folder.Role.choices if choice[0]],
        allow_null=True,
        help_text="Null: a folder of your own.",
    )
    counts = CountsOut()
    created_at = TimeField(help_text="When it was made.")


def spell_folder(folder: Folder, *, total: int, unread: int) -> dict[str, Any]:
    return {
        "id": spell("fol", folder.pk),
        "inbox_id": spell("inb", folder.inbox_id),
        "name": folder.name,
        "role": folder.role or None,
        "counts": {"total": total, "unread": unread},
        "created_at": spell_time(folder.created_at),
    }


class CustomerFields(StrictSerializer):
    """A contact to be made, or changed."""

    name = LineField(required=False, max_length=MAX_NAME, help_text="What people see.")
    email = LineField(required=False, help_text="One customer per address; blank: none.")
    metadata = MetadataField(required=False, help_text="A JSON object of your own.")


class CustomerOut(serializers.Serializer[Customer]):
    """A contact of the workspace."""

    id = IdField("cus")
    name = serializers.CharField(help_text="What people see.")
    email = serializers.CharField(allow_null=True, help_text="In lower case; null: none is known.")
    metadata = serializers.DictField(help_text="A JSON object of your own.")
    created_at = TimeField(help_text="When it was made.")
    updated_at = TimeField(help_text="When it was last changed.")

    def to_representation(self, instance: Customer) -> dict[str, Any]:
        return spell_customer(instance)


def spell_customer(customer: Customer) -> dict[str, Any]:
    return {
        "id": spell("cus", customer.pk),
        "name": customer.name,
        "email": customer.email or None,
        "metadata": customer.metadata,
        "created_at": spell_time(customer.created_at),
        "updated_at": spell_time(customer.updated_at),
    }


class ThreadOut(serializers.Serializer[Any]):
    """A conversation in an inbox."""

    id = IdField("thr")
    inbox_id = IdField("inb", allow_null=True)
    subject = serializers.CharField(help_text="Of its first message.")
    message_count = serializers.IntegerField(help_text="Messages in it.")
    unread_count = serializers.IntegerField(help_text="Those among them that nobody has read.")
    last_message_at = TimeField(allow_null=True, help_text="When its newest message was made.")
    created_at = TimeField(help_text="When it was made.")


def spell_thread(thread: Thread) -> dict[str, Any]:
    """A thread that was annotated by `ThreadViewSet.counted`."""
    facts: Any = thread
    return {
        "id": spell("thr", thread.pk),
        "inbox_id": spell("inb", thread.inbox_id) if thread.inbox_id else None,
        "subject": thread.subject,
        "message_count": facts.message_count or 0,
        "unread_count": facts.unread_count or 0,
        "last_message_at": spell_time(facts.last_message_at),
        "created_at": spell_time(thread.created_at),
    }
