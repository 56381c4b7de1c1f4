"""The base of what requests are read with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
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
            message = serializers.ErrorDetail(str(self.error_messages["invalid"]), "invalid")
            raise serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: message})
        known = {str(field.field_name) for field in self._writable_fields}
        unknown = [str(name) for name in data if name not in known]
        if unknown:
            self.refuse_unknown(unknown, known)
        return super().to_internal_value(data)

    def refuse_unknown(self, unknown: list[str], known: Collection[str]) -> None:
        """Raise a ValidationError that says of each name which one may have been meant."""
        code, message = "unknown", str(self.error_messages["unknown"])
        problems = {}
        for name in unknown:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            problems[name] = serializers.ErrorDetail(message + hint, code)
        raise serializers.ValidationError(problems)
