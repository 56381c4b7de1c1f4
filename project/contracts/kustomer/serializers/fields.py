"""Fields of requests, and how ids and times are spelt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from messaging.addresses import Address, read_address
from messaging.letter import check_headers
from messaging.serializers.letters import MetadataField
from project.api.fields import ADDRESS_SCHEMA, TextField, TimeField
from project.errors import Refusal
from project.ids import UnknownId, read_hex, spell_hex


def spell_link(kind: str, id: UUID, *, place: str = "") -> dict[str, Any]:
    """A relationship to one thing; `place` is where things of its kind are."""
    spelt = spell_hex(id)
    return {
        "data": {"type": kind, "id": spelt},
        "links": {"self": f"/v1/{place or f'{kind}s'}/{spelt}"},
    }


@extend_schema_field(OpenApiTypes.STR)
class HexIdField(serializers.Field[UUID, str, str, Any]):
    """An id of 24 hex characters."""

    default_error_messages = {"invalid": "This must be an id of 24 hex characters that is known."}

    def to_internal_value(self, data: Any) -> UUID:
        try:
            return read_hex(data) if isinstance(data, str) else self.fail("invalid")
        except UnknownId:
            self.fail("invalid")


@extend_schema_field(ADDRESS_SCHEMA)
class AddressField(serializers.Field[Address, Any, Any, Any]):
    """A mail address: a text, or an object with `email` and perhaps `name`."""

    def to_internal_value(self, data: Any) -> Address:
        return read_leniently(data, field=str(self.field_name))


@extend_schema_field({"type": "array", "items": ADDRESS_SCHEMA})
class AddressesField(serializers.Field[tuple[Address, ...], Any, Any, Any]):
    """A list of addresses; one that stands alone is a list of one."""

    default_error_messages = {
        "max_length": "This has {actual} addresses; at most {limit} are taken."
    }

    def __init__(self, *, max_length: int, **options: Any) -> None:
        self.max_length = max_length
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> tuple[Address, ...]:
        name = str(self.field_name)
        if not isinstance(data, list):
            return (read_leniently(data, field=name),)
        if len(data) > self.max_length:
            self.fail("max_length", actual=len(data), limit=self.max_length)
        return tuple(read_leniently(one, field=f"{name}[{n}]") for n, one in enumerate(data))


def read_leniently(value: Any, *, field: str) -> Address:
    """Read an address; what else an object says is ignored. Raises InvalidAddress."""
    if isinstance(value, Mapping):
        value = {name: value[name] for name in ("email", "name") if name in value}
    return read_address(value, field=field)


class MomentField(TimeField):
    """A time; a blank text is none."""

    def to_internal_value(self, data: Any) -> Any:
        return None if data == "" else super().to_internal_value(data)


HEADERS_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
        "required": ["name", "value"],
    },
}


@extend_schema_field(HEADERS_SCHEMA)
class HeadersField(serializers.Field[dict[str, str], Any, Any, Any]):
    """Headers as a list of `name` and `value`."""

    default_error_messages = {
        "invalid": "This must be an array of objects with a name and a value.",
        "twice": "This has the header {name} twice.",
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        headers: dict[str, str] = {}
        for place, one in enumerate(data if isinstance(data, list) else self.fail("invalid")):
            name, value = self._pair(one)
            if name.lower() in {known.lower() for known in headers}:
                self.fail("twice", name=name[:80])
            _check(name, value, field=f"{self.field_name}[{place}]")
            headers[name] = value
        check_headers(headers, field=str(self.field_name))
        return headers

    def _pair(self, one: Any) -> tuple[str, str]:
        if not isinstance(one, Mapping):
            self.fail("invalid")
        name, value = one.get("name"), one.get("value")
        if not isinstance(name, str) or not isinstance(value, str):
            self.fail("invalid")
        return name, value


def _check(name: str, value: str, *, field: str) -> None:
    try:
        check_headers({name: value})
    except Refusal as refusal:
        refusal.field = field
        raise


@extend_schema_field(OpenApiTypes.ANY)
class KeptField(MetadataField):
    """Any JSON, kept and given back."""

    def to_internal_value(self, data: Any) -> Any:
        return super().to_internal_value({"": data})[""]


class BytesField(TextField):
    """A text that is counted in bytes of UTF-8."""

    default_error_messages = {
        "max_length": "This has {actual} bytes of UTF-8; at most {limit} are taken."
    }

    def __init__(self, *, max_bytes: int, **options: Any) -> None:
        self.max_bytes = max_bytes
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        actual = len(text.encode(errors="replace"))
        if actual > self.max_bytes:
            self.fail("max_length", actual=actual, limit=self.max_bytes)
        return text


def spell_addresses(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [spell_address(str(row["email"]), row.get("name")) for row in rows]


def spell_address(email: str, name: str | None) -> dict[str, str]:
    return {"email": email, "name": name} if name else {"email": email}
