"""Requests that bring files: JSON with base64 in it, or a form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any, cast

from rest_framework import serializers
from rest_framework.request import Request

from attachments.api import TakesFiles
from attachments.errors import TotalTooLarge
from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.multipart import FormFile
from attachments.offers import Offer
from messaging.enclosures import Enclosure
from messaging.entries import Entry, keep_entries, put_entries
from messaging.errors import InvalidContentId, UnwritableText
from messaging.mime.names import check_content_id, referenced_content_ids
from project.api.bodies import decode_json, take_content
from project.api.fields import LineField, TextField
from project.api.parsers import JSONParser, MultiPartParser, opener
from project.contracts.nylas.base import GrantView
from project.contracts.nylas.errors import JsonTooLarge
from project.contracts.nylas.limits import (
    LIMITS,
    MAX_FORM_BYTES,
    MAX_JSON_BYTES,
    MAX_RAW_JSON_BYTES,
)
from project.errors import Invalid
from project.ids import spell_hex

PARTS = ("message", "draft")  # names of the form field with the message; the first one counts


class FileFields(serializers.Serializer[Any]):
    """A file in JSON, but for its content."""

    filename = TextField(allow_blank=False)
    content_type = LineField(required=False, allow_null=True)
    content_id = LineField(required=False, allow_null=True)
    content_disposition = LineField(required=False, allow_null=True)
    is_inline = serializers.BooleanField(required=False, allow_null=True)


@dataclass(frozen=True, kw_only=True)
class Given:
    """A file of a request, and what the client said of it."""

    entry: Entry
    content_type: str = ""
    content_id: str = ""
    content_disposition: str = ""
    is_inline: bool | None = None

    @property
    def noted(self) -> dict[str, Any]:
        """What the core does not keep of it."""
        facts = {
            "content_type": self.content_type if ";" in self.content_type else "",
            "content_id": self.content_id if self.content_id != self.entry.content_id else "",
            "content_disposition": self.content_disposition,
            "is_inline": self.is_inline,
        }
        return {name: fact for name, fact in facts.items() if fact not in ("", None)}

    @property
    def facts(self) -> list[Any]:
        """What tells it from another one, fit for JSON."""
        return [*self.entry.facts, self.noted]


class SmallJSONParser(JSONParser):
    """JSON of at most 4.5 MB; a larger one is for a form."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        actual = announced((parser_context or {})["request"])
        if actual > MAX_RAW_JSON_BYTES:
            raise JsonTooLarge(actual=actual, limit=MAX_JSON_BYTES)
        return super().parse(stream, media_type, parser_context)


def announced(request: Request) -> int:
    """The bytes of the body."""
    return int(request.META.get("CONTENT_LENGTH") or 0)


class WritingView(TakesFiles, GrantView):
    """A view that takes a letter with its files."""

    parser_classes = [SmallJSONParser, MultiPartParser]
    base64_blanks = b"\r\n"

    @property
    def limits(self) -> Limits:
        return LIMITS

    def read(self) -> tuple[dict[str, Any], list[Given] | None]:
        """The request's fields but for `attachments`, and these; None when it has none to say.

        Raises Invalid, InvalidBase64, ValidationError, JsonTooLarge, TotalTooLarge, TooManyFiles.
        """
        fields = self._message_part() if self.is_form() else dict(self.entry())
        values = fields.pop("attachments", None)
        if not isinstance(values, list | None):
            raise Invalid("Attachments come as a list.", field="attachments")
        self.limits.check_count(len(values or ()), field="attachments")
        files = [self._file(value, f"attachments[{n}]") for n, value in enumerate(values or ())]
        files += self._form_files(len(files)) if self.is_form() else []
        self.limits.check_count(len(files), field="attachments")
        self._check_size(fields, files)
        return fields, None if values is None and not files else distinct(files)

    def put_files(self, files: Sequence[Given]) -> list[Given]:
        """The same, with their bytes stored; not for use inside a transaction."""
        entries = [one.entry for one in files]
        put = put_entries(workspace=self.workspace, entries=entries, limits=self.limits)
        return [replace(one, entry=entry) for one, entry in zip(files, put, strict=True)]

    def keep(
        self, files: Sequence[Given], *, html: str | None
    ) -> tuple[list[Enclosure], dict[str, Any]]:
        """The files as a message with this body carries them, and what is noted of them, by id."""
        entries = [one.entry for one in files]
        kept = keep_entries(workspace=self.workspace, entries=entries, limits=self.limits)
        pairs = zip(kept, files, strict=True)
        noted = {spell_hex(one.attachment.pk): given.noted for one, given in pairs if given.noted}
        return show(kept, html=html, noted=noted), noted

    def _message_part(self) -> dict[str, Any]:
        given = self.form_fields()
        part = next((name for name in PARTS if name in given), None)
        for name in given:
            if name not in PARTS:
                raise Invalid("A file needs a name.", field=name)
        if part is None:
            raise Invalid("The message parameter is required.")
        fields = decode_json(given[part], field=part)
        if not isinstance(fields, dict):
            raise Invalid("This must be a JSON object.", field=part)
        return fields

    def _file(self, value: Any, field: str) -> Given:
        if not isinstance(value, Mapping):
            raise Invalid("An attachment is an object.", field=field)
        rest = dict(value)
        open = opener(self.request, self.open_content)
        name = f"{field}.content"
        sink = take_content(rest, open=open, field=name, blanks=self.base64_blanks)
        if sink is None:
            raise Invalid("The content, in base64, is required.", field=name)
        reader = FileFields(data=rest)
        if not reader.is_valid():
            raise serializers.ValidationError({field: reader.errors})
        said = reader.validated_data
        content_id = (said.get("content_id") or "").removeprefix("<").removesuffix(">")
        if content_id:
            check_content_id(content_id, field=f"{field}.content_id")
        content_type = said.get("content_type") or ""
        offer = Offer(
            filename=said["filename"],
            content_type=content_type if content_type.isascii() else content_type.partition(";")[0],
            incoming=cast("Incoming", sink),
        )
        return Given(
            entry=Entry(field=field, offer=offer),
            content_type=content_type,
            content_id=content_id,
            content_disposition=said.get("content_disposition") or "",
            is_inline=said.get("is_inline"),
        )

    def _form_files(self, start: int) -> Iterator[Given]:
        files = [
            (name, file)
            for name, several in self.request.FILES.lists()
            for file in cast("list[FormFile]", several)
        ]
        for position, (name, file) in enumerate(files, start):
            if "\0" in name:
                raise Invalid("This may not contain NUL.", field=f"attachments[{position}]")
            offer = Offer(
                filename=file.filename.replace("%22", '"'),
                content_type=file.content_type,
                incoming=file.incoming,
            )
            yield Given(entry=Entry(field=f"attachments[{position}]", offer=offer), content_id=name)

    def _check_size(self, fields: Mapping[str, Any], files: Sequence[Given]) -> None:
        sizes = [_size_of(one) for one in files]
        if self.is_form():
            body = fields.get("body")
            size = sum(sizes) + (len(body.encode()) if isinstance(body, str) else 0)
            if size > MAX_FORM_BYTES:
                raise TotalTooLarge(size=size, limit=MAX_FORM_BYTES)
            return
        encoded = sum(-(-size // 3) * 4 for size in sizes)
        size = announced(self.request) - encoded + sum(sizes)
        if size > MAX_JSON_BYTES:
            raise JsonTooLarge(actual=size, limit=MAX_JSON_BYTES)


def _size_of(file: Given) -> int:
    offer = file.entry.offer
    return offer.incoming.size if offer and offer.incoming else 0


def distinct(files: Sequence[Given]) -> list[Given]:
    """The same, each with the content id that the mail will have: fit for it, and nobody else's."""
    taken: set[str] = set()
    distinct = []
    for file in files:
        mailed = "" if file.content_id in taken else _fit(file.content_id)
        taken.add(mailed)
        distinct.append(replace(file, entry=replace(file.entry, content_id=mailed)))
    return distinct


def _fit(content_id: str) -> str:
    """A content id that can stand in a mail; blank for one that cannot."""
    try:
        return check_content_id(content_id, field="content_id")
    except (InvalidContentId, UnwritableText):
        return ""


def show(
    carried: Sequence[Enclosure], *, html: str | None, noted: Mapping[str, Any]
) -> list[Enclosure]:
    """The same files, inline where the client says so, else where the body shows them."""
    shown = referenced_content_ids(html or "")

    def is_inline(one: Enclosure) -> bool:
        given = noted.get(spell_hex(one.attachment.pk), {})
        said = given.get("is_inline")
        return said if said is not None else given.get("content_id", one.content_id) in shown

    return [replace(one, inline=is_inline(one)) for one in carried]
