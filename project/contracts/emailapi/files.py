"""The files of a request: one in a form, or those of an email."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from rest_framework.exceptions import ValidationError

from attachments.api import TakesFiles
from attachments.errors import AttachmentNotFound
from attachments.filenames import extension_of
from attachments.incoming import Incoming
from attachments.models import Attachment
from attachments.multipart import FormFile
from attachments.offers import Offer, keep_offer
from attachments.services import copy_attachment
from attachments.sniff import BY_EXTENSION, CHARSET, UNKNOWN
from messaging.enclosures import Enclosure
from messaging.entries import Entry
from project.api.bodies import take_content
from project.api.parsers import opener
from project.contracts.emailapi.limits import GZIP, JPEG, LIMITS, ZIP
from project.contracts.emailapi.serializers import InlineFields, copy_note, read_file_id
from project.errors import Invalid
from project.tenancy.models import Workspace

#: other names of types that are taken
SAME = {"application/x-gzip": GZIP, "application/x-zip-compressed": ZIP, "image/jpg": JPEG}
#: endings that say more than the table of all doors
ENDINGS = BY_EXTENSION | {".exe": "application/x-executable"}


def type_of(declared: str, *names: str) -> str:
    """The declared type, in lower case with its charset only; without one, by a name's ending.

    curl labels few endings, and everything else `application/octet-stream`.
    """
    essence, *parameters = (part.strip() for part in declared.split(";"))
    essence = SAME.get(essence.lower(), essence.lower())
    if essence not in ("", UNKNOWN):
        charset = next((part for part in parameters if CHARSET.fullmatch(part)), "")
        return f"{essence}; {charset}" if charset else essence
    guesses = (ENDINGS.get(f".{extension_of(name)}", UNKNOWN) for name in names)
    return next((guess for guess in guesses if guess != UNKNOWN), UNKNOWN)


def read_form(view: TakesFiles) -> Offer:
    """The file of an upload. Raises Invalid, FileTooLarge, TypeBlocked."""
    files = cast("list[FormFile]", view.request.FILES.getlist("file"))
    if len(files) != 1:
        raise Invalid("Send one file in the form field file.", field="file")
    (file,) = files
    given = str(view.request.POST.get("filename", "")).strip()
    content_type = type_of(file.content_type, given, file.filename)
    return offer_of(file.incoming, given or file.filename, content_type, field="file")


def offer_of(incoming: Incoming, filename: str, content_type: str, *, field: str) -> Offer:
    """A file with its bytes, whose size is looked at before its type."""
    LIMITS.check_size(incoming.size, field=field)
    LIMITS.check_type(filename=filename, content_type=content_type)
    return Offer(filename=filename, content_type=content_type, incoming=incoming)


def read_entries(view: TakesFiles, values: Any) -> list[Entry]:
    """The `attachments` of an email, null or none among them.

    Raises Invalid, ValidationError, InvalidBase64, AttachmentNotFound, TooManyFiles,
    FileTooLarge, TypeBlocked.
    """
    if values is None:
        return []
    if not isinstance(values, list):
        raise Invalid("attachments is a list.", field="attachments")
    LIMITS.check_count(len(values), field="attachments")
    return [
        read_entry(view, value, field=f"attachments[{position}]")
        for position, value in enumerate(values)
    ]


def read_entry(view: TakesFiles, value: Any, *, field: str) -> Entry:
    """One file of an email: by its id, or inline."""
    if not isinstance(value, dict):
        raise Invalid("An attachment is an object.", field=field)
    given = {name: inner for name, inner in value.items() if inner is not None}
    if ("id" in given) == ("content" in given):
        raise Invalid("An attachment has either id, or filename and content.", field=field)
    if "id" in given:
        return Entry(field=field, attachment_id=read_file_id(given["id"], field=f"{field}.id"))
    open = opener(view.request, view.open_content)
    incoming = take_content(given, open=open, field=f"{field}.content")
    try:
        fields = view.parse(InlineFields, data=given)
    except ValidationError as error:
        raise ValidationError({field: error.detail}) from None
    name = fields["filename"]
    content_type = type_of(fields.get("contentType", ""), name)
    offer = offer_of(cast("Incoming", incoming), name, content_type, field=f"{field}.content")
    return Entry(field=field, offer=offer)


def enclose(workspace: Workspace, entries: Sequence[Entry], *, at: datetime) -> list[Enclosure]:
    """What an email carries, in order; a file that is named again goes along as a copy.

    To be called in the transaction that sends it, with the bytes put. Raises AttachmentNotFound.
    """
    found = lock_uploads(workspace, (one.attachment_id for one in entries), at=at)
    used: set[UUID] = set()
    enclosures: list[Enclosure] = []
    for entry in entries:
        if entry.attachment_id is None:
            enclosures.append(keep_inline(workspace, entry))
            continue
        again = entry.attachment_id in used
        file = found[entry.attachment_id]
        enclosures.append(copy_of(file) if again else Enclosure(file))
        used.add(entry.attachment_id)
    return enclosures


def keep_inline(workspace: Workspace, entry: Entry) -> Enclosure:
    assert entry.offer
    file = keep_offer(
        workspace=workspace, offer=entry.offer, blob=entry.blob, limits=LIMITS, held=True
    )
    return Enclosure(file, is_new=True)


def copy_of(file: Attachment) -> Enclosure:
    copy = copy_attachment(attachment=file, limits=LIMITS)
    return Enclosure(copy, is_new=True, annotations=copy_note(file))


def lock_uploads(
    workspace: Workspace, ids: Iterable[UUID | None], *, at: datetime
) -> dict[UUID, Attachment]:
    """Uploads that can be sent at `at`, by id. Raises AttachmentNotFound unless all are there."""
    wanted = {id for id in ids if id}
    if not wanted:
        return {}
    rows = workspace.attachments.uploads().usable(at).locked().select_related("blob", "workspace")
    found = {row.pk: row for row in rows.filter(pk__in=wanted)}
    if len(found) < len(wanted):
        raise AttachmentNotFound
    return found
