"""Lists, page by page: `limit`, and `page_token` out of the page before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from project.api.paging import InvalidCursor, Page, cut_page
from project.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_DIGITS = 9

Row = TypeVar("Row", bound=Model)


def read_page(
    request: Request, rows: QuerySet[Row], *, order: Sequence[str] = ("-id",)
) -> Page[Row]:
    """The page that `limit` and `page_token` name; one query. Raises Invalid."""
    return page_behind(read_token(request), rows, limit=read_limit(request), order=order)


def read_limit(request: Request) -> int:
    """How many a page has at most. Raises Invalid."""
    return read_number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)


def read_token(request: Request) -> str | None:
    """Where a page begins; None for the first one."""
    return request.query_params.get("page_token") or None


def page_behind(
    token: str | None, rows: QuerySet[Row], *, limit: int, order: Sequence[str]
) -> Page[Row]:
    """The page that begins behind a token. Raises Invalid."""
    try:
        return cut_page(rows, after=token, limit=limit, order=order)
    except InvalidCursor:
        message = "This is not the next_cursor of an earlier page."
        raise Invalid(message, field="page_token") from None


def read_number(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    """A whole number among the query parameters. Raises Invalid."""
    text = request.query_params.get(name, str(default))
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    if not is_number or not least <= int(text) <= most:
        message = f"This is a whole number from {least} to {most}, not {text[:20]!r}."
        raise Invalid(message, field=name, limit=most, actual=text[:20])
    return int(text)
