"""Writing answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from django.utils.functional import Promise
from rest_framework import renderers


def encode_json(value: Any, *, order: Literal["sorted"] | None = None) -> bytes:
    """Encode what views answer with: also lazy texts, and subclasses of str."""
    return msgspec.json.encode(value, enc_hook=_plain, order=order)


def _plain(value: Any) -> Any:
    if isinstance(value, str | Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer.")


class JSONRenderer(renderers.BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        indent = (renderer_context or {}).get("indent")
        encoded = encode_json(data)
        return msgspec.json.format(encoded, indent=indent) if indent else encoded
