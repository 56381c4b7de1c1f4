"""Lists, page by page, with all pages counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db.models import Model, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from project.contracts.kustomer.errors import InvalidParameter
from project.contracts.kustomer.limits import DEFAULT_PAGE, MAX_PAGE

FAR = 1_000_000  # pages: nobody has more


def answer_page(
    request: Request, rows: QuerySet[Any], spell: Callable[[Any], dict[str, Any]]
) -> Response:
    """The page of ordered rows that `page` and `pageSize` name. Raises InvalidParameter."""
    number = _number(request, "page", default=1, most=FAR)
    size = _number(request, "pageSize", default=DEFAULT_PAGE, most=MAX_PAGE)
    total = rows.count()
    pages = -(-total // size)
    found: list[Model] = list(rows[(number - 1) * size : number * size]) if total else []

    def link(page: int) -> str:
        return f"{request.path}?{urlencode({'page': page, 'pageSize': size})}"

    return Response(
        {
            "meta": {"page": number, "pageSize": size, "total": total, "totalPages": pages},
            "links": {
                "self": link(number),
                "first": link(1),
                "prev": link(number - 1) if number > 1 else None,
                "next": link(number + 1) if number < pages else None,
            },
            "data": [spell(row) for row in found],
        }
    )


def _number(request: Request, name: str, *, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= number <= most:
        raise InvalidParameter(
            f"{name} is a whole number from 1 to {most}, not {text[:20]!r}.",
            field=name,
            limit=most,
            actual=number or text[:20],
        )
    return number
