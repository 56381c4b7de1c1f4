"""The rows that are a workspace's, as an export has them: every column but secrets.

A row of JSON lines for each row of a table, named as its columns are; ids are spelt as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Field, Model, QuerySet

from attachments.models import Attachment, Blob, Preview, StorageUse, Upload
from drafts.models import Draft, DraftAttachment
from messaging.models import (
    Arrival,
    Attempt,
    Captured,
    Customer,
    CustomerAddress,
    Delivery,
    Folder,
    Hold,
    HoldRule,
    Inbox,
    Message,
    MessageAttachment,
    Pause,
    Recipient,
    SigningKey,
    Suppression,
    Thread,
)
from project.api.events import spell_event
from project.api.times import spell_time
from project.backoffice.models import Job, JobRow
from project.events.models import (
    Cursor,
    Event,
    RetentionRun,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from project.ids import spell
from project.tenancy.models import (
    ApiKey,
    Domain,
    IdempotencyRecord,
    Invitation,
    Member,
    Post,
    User,
    Workspace,
)

PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of which an export has the rows of a workspace."""

    name: str  # of its file
    model: type[Model]
    at: str  # how its workspace is found from a row
    secret: tuple[str, ...] = ()  # columns that are left out
    beside: tuple[str, ...] = ()  # columns of others that a row says nothing without


TABLES = (
    Table(name="workspace", model=Workspace, at="pk"),
    Table(name="members", model=Member, at="workspace", beside=("user__email", "user__name")),
    Table(name="invitations", model=Invitation, at="workspace"),
    Table(name="domains", model=Domain, at="workspace"),
    Table(name="signing_keys", model=SigningKey, at="domain__workspace", secret=("private_key",)),
    Table(name="keys", model=ApiKey, at="workspace", secret=("sha256",)),
    Table(name="inboxes", model=Inbox, at="workspace", secret=("smtp_url",)),
    Table(name="folders", model=Folder, at="inbox__workspace"),
    Table(name="contacts", model=Customer, at="workspace"),
    Table(name="contact_addresses", model=CustomerAddress, at="workspace"),
    Table(name="suppressions", model=Suppression, at="workspace"),
    Table(name="threads", model=Thread, at="workspace"),
    Table(name="messages", model=Message, at="workspace"),
    Table(name="message_files", model=MessageAttachment, at="message__workspace"),
    Table(name="arrivals", model=Arrival, at="workspace", secret=("key",)),
    Table(name="deliveries", model=Delivery, at="message__workspace", secret=("claim",)),
    Table(name="hold_rules", model=HoldRule, at="workspace"),
    Table(name="holds", model=Hold, at="delivery__message__workspace"),
    Table(name="recipients", model=Recipient, at="delivery__message__workspace"),
    Table(name="attempts", model=Attempt, at="delivery__message__workspace"),
    Table(name="captured", model=Captured, at="delivery__message__workspace", secret=("key",)),
    Table(name="drafts", model=Draft, at="workspace"),
    Table(name="draft_files", model=DraftAttachment, at="draft__workspace"),
    Table(name="files", model=Attachment, at="workspace"),
    Table(name="blobs", model=Blob, at="workspace"),
    Table(
        name="webhooks",
        model=WebhookEndpoint,
        at="workspace",
        secret=("secret", "previous_secret"),
    ),
)

#: what belongs to a workspace and is in no export, and why
LEFT_OUT: Mapping[type[Model], str] = {
    Event: "has a file of its own, in the order of the log",
    IdempotencyRecord: "answers that are kept for a day, of what is in the export itself",
    Pause: "why nothing leaves this installation now; the log has it",
    Post: "who works in the back office of the installation",
    Preview: "pictures that can be drawn again",
    RetentionRun: "what the clock of this installation has let go; the log has it",
    StorageUse: "a sum over the blobs",
    Upload: "bytes on their way in",
    WebhookDelivery: "what was told of events, for a month",
    WebhookAttempt: "what was told of events, for a month",
    Job: "what operators of the installation did; the log has it",
    JobRow: "what operators of the installation did; the log has it",
}

PREFIXES: Mapping[type[Model], str] = {
    ApiKey: "key",
    Arrival: "arr",
    Attachment: "att",
    Customer: "cus",
    Domain: "dom",
    Draft: "drf",
    Folder: "fol",
    HoldRule: "rul",
    Inbox: "inb",
    Invitation: "inv",
    Member: "mbr",
    Message: "msg",
    SigningKey: "dkm",
    Suppression: "sup",
    Thread: "thr",
    User: "usr",
    WebhookEndpoint: "whk",
    Workspace: "wsp",
}


def rows_of(table: Table, workspace: Workspace) -> Iterator[dict[str, Any]]:
    """The rows of a workspace, in the order in which they were made."""
    columns = _columns(table)
    rows = table.model._default_manager.filter(**{table.at: workspace.pk})
    for row in in_pages(rows.values(*columns, *table.beside)):
        yield {name: _spelt(columns.get(name), value) for name, value in row.items()}


def events_of(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """What happened, in the order of the log, as the API tells it."""
    log = Event.objects.filter(workspace=workspace).settled()
    cursor = Cursor(0, 0)
    while page := list(log.after(cursor).in_order()[:PAGE]):
        yield from map(spell_event, page)
        cursor = page[-1].cursor


def in_pages(rows: QuerySet[Any, Any], *, size: int = PAGE) -> Iterator[Any]:
    """All rows by their ids, a page at a time: no transaction stays open, nothing piles up."""
    rows = rows.order_by("pk")
    page = list(rows[:size])
    while page:
        yield from page
        last = page[-1]
        after = last["id"] if isinstance(last, dict) else last.pk
        page = list(rows.filter(pk__gt=after)[:size])


def _columns(table: Table) -> dict[str, Field[Any, Any]]:
    """The columns that are told, by the names under which they are."""
    fields = table.model._meta.concrete_fields
    return {field.attname: field for field in fields if field.name not in table.secret}


def _spelt(field: Field[Any, Any] | None, value: Any) -> Any:
    if isinstance(value, datetime):
        return spell_time(value)
    if field is None or not isinstance(value, UUID):
        return value
    model = field.related_model if field.is_relation else field.model if field.primary_key else None
    prefix = PREFIXES.get(model) if isinstance(model, type) else None
    return spell(prefix, value) if prefix else str(value)
