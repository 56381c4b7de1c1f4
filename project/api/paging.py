"""Lists, page by page: by key, so that page 1000 costs what the first does, and without COUNT."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.request import Request

from project.errors import Invalid

DEFAULT_LIMIT = 25
MAX_LIMIT = 100

Row = TypeVar("Row", bound=Model)


class InvalidCursor(Invalid):
    """`after` is not what a list gave as `next`."""

    code = "invalid_cursor"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list; `next` is None at its end, `total` unless it was asked for."""

    rows: list[Row]
    next: str | None
    total: int | None = None


def read_page(
    request: Request, rows: QuerySet[Row], *, order: Sequence[str] = ("-id",)
) -> Page[Row]:
    """The page that `limit` and `after` name; one query, and one more with `count=true`.

    `order` names columns that are together unique, none of them null, all in one direction.
    Raises Invalid and InvalidCursor.
    """
    page = cut_page(
        rows, after=request.query_params.get("after"), limit=read_limit(request), order=order
    )
    total = rows.count() if read_flag(request, "count") else None
    return Page(page.rows, page.next, total)


def cut_page(
    rows: QuerySet[Row], *, after: str | None, limit: int, order: Sequence[str] = ("-id",)
) -> Page[Row]:
    """The page of at most `limit` rows that begins behind a cursor; `order` as in `read_page`.

    Raises InvalidCursor.
    """
    wanted = rows.filter(_beyond(rows, after, order)) if after else rows
    found = list(wanted.order_by(*order)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    return Page(found, cursor_of(found[-1], order) if more else None)


def read_limit(request: Request) -> int:
    """`limit`, 1 to 100; 25 when it is not given."""
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= limit <= MAX_LIMIT:
        message = f"limit is a whole number from 1 to {MAX_LIMIT}."
        raise Invalid(message, field="limit", limit=MAX_LIMIT, actual=limit or text[:20])
    return limit


def read_flag(request: Request, name: str) -> bool:
    """A query parameter that is `true` or `false`; false when it is not given."""
    text = request.query_params.get(name, "false")
    if text not in ("true", "false"):
        raise Invalid(f"{name} is true or false.", field=name)
    return text == "true"


def cursor_of(row: Model, order: Sequence[str] = ("-id",)) -> str:
    """The cursor of the page that begins after `row`."""
    return _spell([getattr(row, name.removeprefix("-")) for name in order])


def _spell(values: list[Any]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(rows: QuerySet[Any], cursor: str, order: Sequence[str] = ("-id",)) -> list[Any]:
    """The values, in `order`, that a cursor was made of. Raises InvalidCursor."""
    fields = [rows.model._meta.get_field(name.removeprefix("-")) for name in order]
    try:
        spelt = msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [field.to_python(value) for field, value in zip(fields, spelt, strict=True)]
        if None in values or _spell(values) != cursor:
            raise ValueError
        return values
    except (ValueError, TypeError, OverflowError, binascii.Error, ValidationError):
        message = "after must be the `next` of an earlier page."
        raise InvalidCursor(message, field="after") from None


def _beyond(rows: QuerySet[Any], cursor: str, order: Sequence[str]) -> Q:
    """(a, b) beyond (x, y) as `a <= x and (a < x or b < y)`, which an index on (a, b) serves."""
    values = read_cursor(rows, cursor, order)
    name, comparison = order[0].removeprefix("-"), "lt" if order[0].startswith("-") else "gt"
    if len(order) == 1:
        return Q((f"{name}__{comparison}", values[0]))
    later = order[1].removeprefix("-")
    return Q((f"{name}__{comparison}e", values[0])) & (
        Q((f"{name}__{comparison}", values[0])) | Q((f"{later}__{comparison}", values[1]))
    )
