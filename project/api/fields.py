"""Serializer fields in the native spelling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from project.api.times import spell_time
from project.ids import UnknownId, read, spell

MAX_LINE = 998  # characters of one line, RFC 5322, section 2.1.1


@extend_schema_field(OpenApiTypes.STR)
class IdField(serializers.Field[UUID, str, str, Any]):
    """An id with a prefix, `att_…`; a text that no object can have raises UnknownId (404)."""

    default_error_messages = {"invalid": "An id is a string."}

    def __init__(self, prefix: str, **options: Any) -> None:
        self.prefix = prefix
        super().__init__(**{"help_text": f"`{prefix}_…`", **options})

    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return read(self.prefix, data)
        except UnknownId as unknown:
            unknown.field = self.field_name or getattr(self.parent, "field_name", None)
            raise

    def to_representation(self, value: UUID) -> str:
        return spell(self.prefix, value)


ADDRESS_SCHEMA = {
    "oneOf": [
        {"type": "string", "example": "Ann <ann@example.com>"},
        {
            "type": "object",
            "properties": {
                "email": {"type": "string", "format": "email"},
                "name": {"type": "string", "nullable": True},
            },
            "required": ["email"],
        },
    ]
}


@extend_schema_field(ADDRESS_SCHEMA)
class AddressField(serializers.Field[Any, Any, Any, Any]):
    """A mail address: `a@b.c`, `Name <a@b.c>` or `{"email", "name"}`; out always the last.

    Only the shape is looked at: what is read is the text or the dict as it came.
    """

    default_error_messages = {
        "shape": 'An address is "a@b.c", "Name <a@b.c>" or {{"email", "name"}}.',
        "unknown": "An address has no {name!r}.",
    }

    def to_internal_value(self, data: Any) -> str | dict[str, str | None]:
        if isinstance(data, str):
            return data
        if not isinstance(data, Mapping):
            self.fail("shape")
        for name in sorted(data.keys() - {"email", "name"}):
            self.fail("unknown", name=name)
        email, name = data.get("email"), data.get("name")
        if not isinstance(email, str) or not isinstance(name, str | None):
            self.fail("shape")
        return {"email": email, "name": name}

    def to_representation(self, value: Any) -> dict[str, str | None]:
        if isinstance(value, Mapping):
            return {"email": value["email"], "name": value.get("name") or None}
        return {"email": value.email, "name": value.name or None}


class ChoiceField(serializers.ChoiceField):
    """One of several words; another one is told which they are."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        words = ", ".join(str(word) for word in self.choices if word)
        self.error_messages["invalid_choice"] = f"This is one of: {words}."


@extend_schema_field(OpenApiTypes.DATETIME)
class TimeField(serializers.Field[datetime, str, str, Any]):
    """A time: RFC 3339 with an offset in, UTC with milliseconds and `Z` out."""

    default_error_messages = {
        "invalid": "A time is written as in 2026-01-31T09:00:00Z.",
        "offset": "A time needs an offset: Z, or +01:00.",
    }

    def to_internal_value(self, data: Any) -> datetime:
        try:
            at = parse_datetime(data) if isinstance(data, str) else None
        except ValueError:
            at = None
        if at is None:
            self.fail("invalid")
        if at.tzinfo is None:
            self.fail("offset")
        try:
            return at.astimezone(UTC)
        except OverflowError:  # in the first or the last hours that there are
            self.fail("invalid")

    def to_representation(self, value: datetime) -> str:
        return spell_time(value)


@extend_schema_field(OpenApiTypes.STR)
class TextField(serializers.Field[str, str, str, Any]):
    """A text of any length, kept as it is.

    DRF's CharField looks at every character in Python, 10 ms for each 100 KB.
    """

    forbidden = "\0"
    default_error_messages = {
        "invalid": "This must be a string.",
        "characters": "This may not contain {names}.",
        "max_length": "This has {actual} characters; at most {limit} are taken.",
        "blank": "This may not be blank.",
    }

    def __init__(
        self, *, max_length: int | None = None, allow_blank: bool = True, **options: Any
    ) -> None:
        self.max_length = max_length
        self.allow_blank = allow_blank
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if any(mark in data for mark in self.forbidden):
            self.fail("characters", names=", ".join(MARKS[mark] for mark in self.forbidden))
        if self.max_length is not None and len(data) > self.max_length:
            self.fail("max_length", actual=len(data), limit=self.max_length)
        if not data.strip() and not self.allow_blank:
            self.fail("blank")
        return data

    def to_representation(self, value: str) -> str:
        return value


MARKS = {"\0": "NUL", "\r": "CR", "\n": "LF"}


class LineField(TextField):
    """A text on one line: it may end in a header, so CR and LF are refused."""

    forbidden = "\0\r\n"

    def __init__(self, *, max_length: int = MAX_LINE, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)
