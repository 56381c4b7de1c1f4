"""The files of a request that writes a draft or a message: its `attachments`, in every shape.

An entry is `"att_…"`, `{"id", "inline"?, "content_id"?, "filename"?}`, `{"filename", "content", …}`
or `{"filename", "size", …}`; in a form every file is one. Three steps: `take_entries` reads them,
`put_entries` stores the bytes that they bring, and, in the transaction of whatever carries them,
`keep_entries` writes their rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from attachments.api import TakesFiles
from attachments.errors import AttachmentNotFound
from attachments.filenames import clean_filename
from attachments.limits import Limits
from attachments.models import Attachment, Blob
from attachments.multipart import FormFile
from attachments.offers import Offer, keep_offer, put_offer
from messaging.enclosures import Enclosure
from messaging.errors import FileTwice
from messaging.mime.names import check_content_id
from project.api.bodies import decode_json
from project.api.fields import IdField, TextField
from project.api.serializers import StrictSerializer
from project.errors import Invalid, Refusal
from project.ids import spell
from project.tenancy.models import Workspace


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file that is here already, by its id, or one that the request brings or announces.

    `field` is where it stands, such as `attachments[2]`. `blob` has the bytes of an offer, once
    they are put. A blank `filename` means the file's own.
    """

    field: str
    attachment_id: UUID | None = None
    offer: Offer | None = None
    blob: Blob | None = None
    inline: bool = False
    content_id: str = ""
    filename: str = ""

    @property
    def facts(self) -> list[Any]:
        """What tells this entry from another, fit for JSON (see `fingerprint_of`)."""
        offer = self.offer
        brought = [offer.filename, offer.content_type, offer.sha256, offer.size] if offer else []
        known = self.attachment_id.hex if self.attachment_id else ""
        digests = offer.digests if offer else []
        return [known, self.filename, self.inline, self.content_id, *brought, *digests]


class ManneredFields(StrictSerializer):
    """How a file is carried."""

    inline = serializers.BooleanField(required=False)
    content_id = TextField(required=False, allow_null=True, max_length=257)


class ReferenceFields(ManneredFields):
    """A file that is here, and how it is carried."""

    id = IdField("att")
    filename = TextField(required=False, allow_null=True)


def take_entries(view: TakesFiles, *, part: str) -> tuple[dict[str, Any], list[Entry] | None]:
    """The request's fields but for `attachments`, and these; None when it says nothing of files.

    In a form the fields are the JSON in `part`, and every file is an entry behind those in it.
    Raises Invalid, ValidationError, InvalidBase64, TooManyFiles, UnknownId.
    """
    fields, files = _body(view, part)
    if "attachments" not in fields and not files:
        return fields, None
    values = fields.pop("attachments", [])
    if not isinstance(values, list):
        raise Invalid("Attachments come as a list.", field="attachments")
    view.limits.check_count(len(values) + len(files), field="attachments")
    entries = [read_entry(view, value, field=f"attachments[{n}]") for n, value in enumerate(values)]
    return fields, [*entries, *files]


def _body(view: TakesFiles, part: str) -> tuple[dict[str, Any], list[Entry]]:
    if not view.is_form():
        return dict(view.entry()), []
    for name in view.form_fields():
        if name != part:
            raise Invalid("There is no such form field.", field=name)
    fields = decode_json(view.form_fields().get(part, "{}"), field=part)
    if not isinstance(fields, dict):
        raise Invalid("This must be a JSON object.", field=part)
    return fields, list(_form_files(view))


def _form_files(view: TakesFiles) -> Iterator[Entry]:
    for name in view.request.FILES:
        for file in cast("list[FormFile]", view.request.FILES.getlist(name)):
            offer = Offer(
                filename=file.filename, content_type=file.content_type, incoming=file.incoming
            )
            yield Entry(field=name, offer=offer)


def read_entry(view: TakesFiles, value: Any, *, field: str) -> Entry:
    """Read one entry. Raises Invalid, ValidationError, InvalidBase64, UnknownId."""
    if isinstance(value, str):
        value = {"id": value}
    if not isinstance(value, Mapping):
        raise Invalid("A file is an id or an object.", field=field)
    with _named(field):
        if "id" in value:
            fields = view.parse(ReferenceFields, data=value)
            return Entry(field=field, attachment_id=fields["id"], **_manner(fields))
        rest = dict(value)
        given = {name: rest.pop(name) for name in ("inline", "content_id") if name in rest}
        fields = view.parse(ManneredFields, data=given)
        return Entry(field=field, offer=view.offer_of(rest), **_manner(fields))


def _manner(fields: Mapping[str, Any]) -> dict[str, Any]:
    content_id = (fields.get("content_id") or "").removeprefix("<").removesuffix(">")
    filename = fields.get("filename")
    return {
        "inline": fields.get("inline", False),
        "content_id": check_content_id(content_id, field="content_id") if content_id else "",
        "filename": clean_filename(filename) if filename is not None else "",
    }


def put_entries(*, workspace: Workspace, entries: Iterable[Entry], limits: Limits) -> list[Entry]:
    """Store the bytes that entries bring; not for use inside a transaction.

    Raises FileTooLarge, DigestMismatch, InvalidDigest, QuotaExceeded, StorageFull,
    StorageUnavailable.
    """
    return [_put(workspace, entry, limits) for entry in entries]


def _put(workspace: Workspace, entry: Entry, limits: Limits) -> Entry:
    if entry.offer is None:
        return entry
    with _named(entry.field):
        return replace(entry, blob=put_offer(workspace=workspace, offer=entry.offer, limits=limits))


def keep_entries(
    *, workspace: Workspace, entries: Sequence[Entry], limits: Limits
) -> list[Enclosure]:
    """Write the attachments of entries that bring one, and find the others; in the given order.

    To be called in the transaction that attaches them. One query for all that are here already.
    Raises AttachmentNotFound, FileTwice, InvalidFilename, InvalidContentType, TypeBlocked,
    FileTooLarge.
    """
    wanted = [entry.attachment_id for entry in entries if entry.attachment_id]
    rows = workspace.attachments.visible().select_related("blob").filter(pk__in=wanted)
    found = {row.pk: row for row in rows} if wanted else {}
    for entry in entries:
        if entry.attachment_id and wanted.count(entry.attachment_id) > 1:
            raise FileTwice("A message carries a file once.", field=entry.field)
    return [_keep(workspace, entry, found, limits) for entry in entries]


def _keep(
    workspace: Workspace, entry: Entry, found: Mapping[UUID, Attachment], limits: Limits
) -> Enclosure:
    with _named(entry.field):
        attachment = found.get(entry.attachment_id) if entry.attachment_id else None
        if entry.offer:
            attachment = keep_offer(
                workspace=workspace, offer=entry.offer, blob=entry.blob, limits=limits, held=True
            )
        if attachment is None:
            raise AttachmentNotFound(spell("att", cast("UUID", entry.attachment_id)))
    return Enclosure(
        attachment=attachment,
        inline=entry.inline,
        content_id=entry.content_id,
        filename=entry.filename,
        is_new=entry.offer is not None,
    )


@contextmanager
def _named(field: str) -> Iterator[None]:
    """Let what is refused inside name its field as a path that begins with this one."""
    try:
        yield
    except ValidationError as error:
        raise ValidationError({field: error.detail}) from None
    except Refusal as refusal:
        inner = "content" if refusal.field == "file" else refusal.field
        refusal.field = f"{field}.{inner}" if inner else field
        raise
