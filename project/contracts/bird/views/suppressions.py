"""Addresses that get no more mail."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from messaging.suppressions import suppress, unsuppress
from project.api.permissions import require_unbound
from project.contracts.bird import docs
from project.contracts.bird.paging import RowShelf, read_page
from project.contracts.bird.serializers.sends import SuppressionFields
from project.contracts.bird.serializers.suppressions import spell_suppression
from project.contracts.bird.views.base import BirdView
from project.contracts.schema import described
from project.errors import NotFound
from project.ids import read
from project.tenancy.models import Scope


class Suppressions(BirdView):
    """Those of the workspace."""

    scopes = {"POST": Scope.SEND}

    @described(**docs.SUPPRESS)
    def post(self, request: Request) -> Response:
        """Write to an address no more; one that is there already is answered as it is."""
        require_unbound(self.caller)

        def effect() -> Response:
            fields = self.parse(SuppressionFields)
            found, is_new = suppress(workspace=self.workspace, email=fields["email"])
            return Response(spell_suppression(found), status=201 if is_new else 200)

        return self.once(effect)

    @described(**docs.SUPPRESSIONS)
    def get(self, request: Request) -> Response:
        """Suppressions, newest first."""
        require_unbound(self.caller)
        rows = self.workspace.suppressions.select_related("recipient__delivery")
        page = read_page(request, RowShelf(rows))
        return Response(page.answer([spell_suppression(one) for one in page.things]))


class OneSuppression(BirdView):
    """One of them."""

    scopes = {"DELETE": Scope.SEND}

    @described(**docs.UNSUPPRESS)
    def delete(self, request: Request, suppression_id: str) -> Response:
        """Write to the address again."""
        require_unbound(self.caller)

        def effect() -> Response:
            found = self.workspace.suppressions.filter(pk=read("sup", suppression_id)).first()
            if found is None:
                raise NotFound(f"There is no suppression {suppression_id} here.")
            unsuppress(suppression=found)
            return Response(status=204)

        return self.once(effect)
