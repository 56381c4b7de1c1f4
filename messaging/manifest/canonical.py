"""JSON in one form only, so that the same content is always the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAX_NUMBER = 2**53 - 1  # beyond it JavaScript has no whole numbers


def canonical(value: Any) -> bytes:
    """Spell a value as RFC 8785 (JCS) has it.

    In force: no blanks; the keys of objects sorted by their UTF-16 code units; strings as they are,
    in UTF-8, with only `"`, `\\` and control characters escaped, the short way where there is one.
    Of numbers only whole ones up to 2^53 - 1 are taken, which JCS and Python write alike.

    Raises ValueError for anything else, half a surrogate pair included.
    """
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode()


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value, key=_code_units)}
    if isinstance(value, list | tuple):
        return [_ordered(one) for one in value]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > MAX_NUMBER):
        raise ValueError(f"{value} is no number of a manifest.")
    return value


def _code_units(key: str) -> bytes:
    return key.encode("utf-16-be")
