"""The base of what requests are read with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.settings import api_settings


class StrictSerializer(serializers.Serializer[Any]):
    """Reads a request, and refuses what it does not know: a mistyped name must not be lost."""

    default_error_messages = {
        "unknown": "There is no such field.",
        "invalid": "This must be a JSON object.",
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            self.fail_with("invalid", api_settings.NON_FIELD_ERRORS_KEY)
        known = {field.field_name for field in self._writable_fields}
        unknown = [str(name) for name in data if name not in known]
        if unknown:
            self.fail_with("unknown", *unknown)
        return super().to_internal_value(data)

    def fail_with(self, code: str, *names: str) -> None:
        """Raise a ValidationError that says `code` of each named field."""
        message = str(self.error_messages[code])
        raise serializers.ValidationError(
            {name: serializers.ErrorDetail(message, code) for name in names}
        )
