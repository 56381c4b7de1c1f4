"""The vendor's spelling of what the core has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from drafts.models import Draft, DraftAttachment
from messaging.models import Inbox, Message, MessageAttachment
from messaging.plain import first_words
from messaging.search import moment_of
from project.ids import spell_hex

DRAFTS = "DRAFTS"  # the id of the folder that drafts are shown in
DOOR = "nylas"  # the name of the door's own annotations
SNIPPET = 100  # characters
SNIPPET_SOURCE = 65_536  # characters of a plain body that are looked at for it

Annotations = Mapping[str, Any]


def own(annotations: Annotations) -> Annotations:
    """What this door keeps beside a draft or a message."""
    found = annotations.get(DOOR)
    return found if isinstance(found, Mapping) else {}


def spell_grant_id(grant: Inbox) -> str:
    """A grant's id."""
    return str(grant.pk)


def spell_seconds(at: datetime) -> int:
    """A time, in Unix seconds."""
    return int(at.timestamp())


def spell_names(rows: Sequence[Mapping[str, str | None]]) -> list[dict[str, str]]:
    """Addresses; an unknown name is empty."""
    return [{"email": str(row["email"]), "name": row.get("name") or ""} for row in rows]


def spell_bodies(written: Message | Draft) -> dict[str, str]:
    """The body, HTML if there is any, and its first characters without tags."""
    if written.html is not None:
        return {"body": written.html, "snippet": first_words(written.html, SNIPPET)}
    text = written.text or ""
    return {"body": text, "snippet": " ".join(text[:SNIPPET_SOURCE].split())[:SNIPPET]}


def spell_attachment(
    file: MessageAttachment | DraftAttachment, *, grant: Inbox, annotations: Annotations
) -> dict[str, Any]:
    """A file, as the draft or the message with these annotations carries it."""
    id = spell_hex(file.attachment_id)
    given = own(annotations).get("files", {}).get(id, {})
    return {
        "id": id,
        "grant_id": spell_grant_id(grant),
        "filename": file.filename or file.attachment.filename,
        "content_type": _content_type(file, given),
        "size": file.attachment.size,
        "content_id": given.get("content_id") or file.content_id,
        "content_disposition": given.get("content_disposition") or _disposition(file),
        "is_inline": file.inline,
    }


def _content_type(file: MessageAttachment | DraftAttachment, given: Mapping[str, str]) -> str:
    content_type = given.get("content_type") or file.attachment.content_type
    return content_type if "name=" in content_type.lower() else f"{content_type}; {_name(file, '')}"


def _disposition(file: MessageAttachment | DraftAttachment) -> str:
    return f"{'inline' if file.inline else 'attachment'}; {_name(file, 'file')}"


def _name(file: MessageAttachment | DraftAttachment, head: str) -> str:
    name = file.filename or file.attachment.filename
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{head}name="{escaped}"'


def spell_message(message: Message, *, grant: Inbox) -> dict[str, Any]:
    """A message; its files are read from `message.enclosures.all()`."""
    noted = own(message.annotations)
    spelt = {
        "id": spell_hex(message.pk),
        "grant_id": spell_grant_id(grant),
        "object": "message",
        "subject": message.subject,
        **spell_bodies(message),
        "from": spell_names([{"email": message.from_email, "name": message.from_name}])
        if message.from_email
        else [],
        "to": spell_names(message.to),
        "cc": spell_names(message.cc),
        "bcc": spell_names(message.bcc),
        "reply_to": spell_names(message.reply_to),
        "date": spell_seconds(moment_of(message)),
        "created_at": spell_seconds(message.created_at),
        "thread_id": spell_hex(message.thread_id) if message.thread_id else "",
        "folders": [spell_hex(message.folder_id)] if message.folder_id else [],
        "unread": message.unread,
        "starred": message.starred,
        "attachments": [
            spell_attachment(file, grant=grant, annotations=message.annotations)
            for file in message.enclosures.all()
        ],
        "metadata": message.metadata,
        "reply_to_message_id": noted.get("reply_to_message_id", ""),
    }
    return {**spelt, **spell_schedule(message)}


def spell_schedule(message: Message) -> dict[str, Any]:
    """When it is to leave, of a message that was not sent at once."""
    if message.send_at is None:
        return {}
    return {
        "schedule_id": spell_hex(message.pk),
        "send_at": spell_seconds(message.send_at),
        "use_draft": bool(own(message.annotations).get("use_draft")),
    }


def spell_draft(draft: Draft, *, grant: Inbox) -> dict[str, Any]:
    """A draft in full."""
    noted = own(draft.annotations)
    sender = draft.sender
    return {
        "id": spell_hex(draft.pk),
        "grant_id": spell_grant_id(grant),
        "object": "draft",
        "subject": draft.subject,
        **spell_bodies(draft),
        "from": spell_names([{"email": sender.email, "name": sender.name}]) if sender else [],
        "to": spell_names(draft.to),
        "cc": spell_names(draft.cc),
        "bcc": spell_names(draft.bcc),
        "reply_to": spell_names(draft.reply_to),
        "date": spell_seconds(draft.updated_at),
        "created_at": spell_seconds(draft.created_at),
        "thread_id": spell_hex(draft.thread_id) if draft.thread_id else "",
        "folders": [DRAFTS],
        "unread": False,
        "starred": bool(noted.get("starred")),
        "attachments": [
            spell_attachment(file, grant=grant, annotations=draft.annotations)
            for file in draft.files
        ],
        "metadata": draft.metadata,
        "reply_to_message_id": spell_hex(draft.in_reply_to_id) if draft.in_reply_to_id else "",
    }


def spell_tracking(annotations: Annotations) -> dict[str, Any]:
    """The tracking options that a draft or a message was given."""
    default = {"opens": False, "links": False, "thread_replies": False, "label": ""}
    return {**default, **own(annotations).get("tracking_options", {})}
