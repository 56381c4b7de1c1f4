"""Lists by `limit` and `offset`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from project.errors import Invalid

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, kw_only=True)
class Window:
    """The stretch of a list that is asked for."""

    limit: int
    offset: int

    def spell(self, *, total: int, returned: int) -> dict[str, Any]:
        """The `pagination` of an answer with so many rows."""
        return {
            "total": total,
            "limit": self.limit,
            "offset": self.offset,
            "hasMore": self.offset + returned < total,
        }


def read_window(request: Request) -> Window:
    """What the query asks for; a limit over 100 means 100. Raises Invalid."""
    limit = _number(request, "limit", DEFAULT_LIMIT, least=1)
    offset = _number(request, "offset", 0, least=0)
    return Window(limit=min(limit, MAX_LIMIT), offset=offset)


def _number(request: Request, name: str, default: int, *, least: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    number = int(text) if NUMBER.fullmatch(text) else -1
    if number < least:
        raise Invalid(f"{name} is a number of at least {least}.", field=name, actual=text[:64])
    return number
