"""Lists in pages, forwards and backwards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.request import Request

from project.api.paging import InvalidCursor, cursor_of, read_cursor, read_limit
from project.errors import Invalid


class Shelf(ABC):
    """What is paged through: things in an order, each with a cursor."""

    @abstractmethod
    def cursor(self, thing: Any) -> str:
        """The place of one of the things."""

    @abstractmethod
    def beyond(self, cursor: str, *, backwards: bool, count: int) -> list[Any]:
        """At most so many things next to a place, the nearest first; a blank one is the start.

        Raises InvalidCursor.
        """


@dataclass(frozen=True)
class RowShelf(Shelf):
    """Rows by their ids, which sort by the time they were made; by a column `by` before that."""

    rows: QuerySet[Any]
    newest_first: bool = True
    by: str = ""

    @property
    def order(self) -> tuple[str, ...]:
        return (self.by, "id") if self.by else ("id",)

    def cursor(self, thing: Any) -> str:
        return cursor_of(thing, self.order)

    def beyond(self, cursor: str, *, backwards: bool, count: int) -> list[Any]:
        rows, descending = self.rows, self.newest_first != backwards
        side = "lt" if descending else "gt"
        if cursor:
            *values, id = read_cursor(rows, cursor, self.order)
            place = Q((f"id__{side}", id))
            for value in values:
                if "\0" in str(value):  # which PostgreSQL cannot compare with
                    raise InvalidCursor("There is no such place.")
                place = Q((f"{self.by}__{side}", value)) | (Q((self.by, value)) & place)
            rows = rows.filter(place)
        return list(
            rows.order_by(*(f"-{one}" if descending else one for one in self.order))[:count]
        )


@dataclass(frozen=True)
class Page:
    """What is shown of a shelf, in its order, and the cursors that lead on."""

    things: Sequence[Any]
    cursors: dict[str, str | None]

    def answer(self, data: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The body of a list, with the things as they have been spelt."""
        return {"data": data, **self.cursors}


def read_page(request: Request, shelf: Shelf) -> Page:
    """The page that `limit`, `starting_after` and `ending_before` name.

    The first thing's cursor is the anchor for what appears later; on an empty page the cursor that
    led there still is. Raises Invalid and InvalidCursor.
    """
    limit = read_limit(request)
    after = request.query_params.get("starting_after", "")
    before = request.query_params.get("ending_before", "")
    if after and before:
        message = "must not be given together with starting_after"
        raise Invalid(message, field="ending_before")
    found = _found(shelf, after, before, limit + 1)
    more, shown = len(found) > limit, found[:limit]
    if before:
        shown.reverse()
    first = shelf.cursor(shown[0]) if shown else None
    last = shelf.cursor(shown[-1]) if shown else None
    return Page(
        shown,
        {
            "next_cursor": last if more or before else None,
            "prev_cursor": first if after or (before and more) else None,
            "refresh_cursor": first or before or None,
        },
    )


def _found(shelf: Shelf, after: str, before: str, count: int) -> list[Any]:
    try:
        return shelf.beyond(after or before, backwards=bool(before), count=count)
    except InvalidCursor:
        field = "ending_before" if before else "starting_after"
        raise InvalidCursor("must be a cursor of an earlier page", field=field) from None
