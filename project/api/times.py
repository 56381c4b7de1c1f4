"""How times are spelt, where no vendor has another way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def spell_time(at: datetime) -> str: ...
@overload
def spell_time(at: None) -> None: ...
def spell_time(at: datetime | None) -> str | None:
    """Spell an aware time as RFC 3339 in UTC, with milliseconds and `Z`; None stays None."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
