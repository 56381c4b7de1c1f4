"""The base of the native API's views: read, call one service, answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from project.api.bodies import Open, Sink
from project.api.caller import Caller
from project.api.paging import read_page
from project.api.parsers import opener
from project.errors import Invalid
from project.tenancy.models import Workspace

Spell = Callable[[Any], Any]


class ApiView(APIView):
    """One address of the native API.

    `scopes` names the scope that each method needs; reading needs `read` unless it says otherwise.
    A view that takes files may have `upload_handlers(request)` and `open_content()` (`parsers`).
    """

    scopes: ClassVar[Mapping[str, str]] = {}
    content_keys: ClassVar[frozenset[str]] = frozenset({"content"})

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        for name, texts in request.query_params.lists():
            if any("\0" in text for text in texts):  # PostgreSQL knows no such text
                raise Invalid("This may not contain NUL.", field=name)

    @property
    def caller(self) -> Caller:
        """Who is asking."""
        caller = self.request.auth
        assert isinstance(caller, Caller)
        return caller

    @property
    def workspace(self) -> Workspace:
        """Where every query starts."""
        return self.caller.workspace

    def parse(
        self, serializer: type[BaseSerializer[Any]], *, partial: bool = False, data: Any = None
    ) -> dict[str, Any]:
        """The request's fields, or `data`, as the serializer reads them.

        Raises ValidationError.
        """
        reader = serializer(
            data=self.request.data if data is None else data,
            partial=partial,
            context={"request": self.request, "view": self},
        )
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def open_sink(self) -> Sink:
        """A sink of `open_content`, closed once the request has been answered."""
        open_content: Open = getattr(self, "open_content")  # noqa: B009 (few views have it)
        return opener(self.request, open_content)()

    def page(
        self,
        rows: QuerySet[Any],
        spell: Spell | type[BaseSerializer[Any]],
        *,
        order: Sequence[str] = ("-id",),
    ) -> Response:
        """One page of a list; `spell` makes a row's dict, or is a serializer."""
        found = read_page(self.request, rows, order=order)
        if isinstance(spell, type):
            spelt: Any = spell(found.rows, many=True, context={"request": self.request}).data
        else:
            spelt = [spell(row) for row in found.rows]
        body = {"data": spelt, "next": found.next}
        if found.total is not None:
            body["total"] = found.total
        return Response(body)


class ApiViewSet(ViewSetMixin, ApiView):
    """Several actions on one kind of thing; `scopes` names the scope of each action."""
