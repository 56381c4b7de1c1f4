"""The families of keys in the storage: whose they are, and what must lie there.

An app registers its families when it is ready: `register(Arrivals())`. A key that is of no family
is not ours; it is told, and never touched.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet

PAGE = 1000  # rows at a time, so that a reader of millions holds neither memory nor a snapshot


@dataclass(frozen=True, kw_only=True)
class Row:
    """An object that must be there, as the database has it."""

    key: str
    size: int | None = None  # bytes; None: whatever it is
    sha256: str = ""  # hex; blank: whatever it is
    fault: str = ""  # what the rows themselves have wrong


class Family(ABC):
    """Keys of one pattern, no two families having one in common."""

    name: ClassVar[str]
    pattern: ClassVar[re.Pattern[str]]  # of the whole key

    @abstractmethod
    def rows(self, *, after: str) -> Iterator[Row]:
        """What must be there, in the order of keys: behind a key of this family, or all for ""."""

    @abstractmethod
    def find(self, key: str) -> Row | None:
        """What must be at one key; None when nothing need be there."""

    @abstractmethod
    def knows(self, key: str) -> bool:
        """Whether a row accounts for what lies at a key, or one may come to."""

    def lock(self, key: str) -> None:
        """Have what `knows` says stay so until the transaction ends.

        Nothing, where each object has a key of its own: once it is old, no row can come to it.
        """
        return None

    def lose(self, key: str) -> bool:
        """Say that the object is missing to whom it concerns; False where there is nobody."""
        return False

    def match(self, key: str) -> re.Match[str]:
        """The parts of a key of this family."""
        found = self.pattern.fullmatch(key)
        assert found, key
        return found


_families: dict[str, Family] = {}


def register(family: Family) -> None:
    """Have the storage's check know a family of keys."""
    _families[family.name] = family


def all_families() -> list[Family]:
    return list(_families.values())


def family_of(key: str) -> Family | None:
    """Whose a key is; None when it is nobody's."""
    matching = (one for one in _families.values() if one.pattern.fullmatch(key))
    return next(matching, None)


def in_pages(rows: QuerySet[Any, Any], *, by: str, after: object) -> Iterator[dict[str, Any]]:
    """All rows in the order of a column, behind a value of it; of equal ones at least one."""
    while page := list(rows.filter(**{f"{by}__gt": after}).order_by(by)[:PAGE]):
        yield from page
        after = page[-1][by]
