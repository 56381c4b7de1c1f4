"""Inboxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.counts import counts_of
from messaging.inboxes import close_inbox
from messaging.models import Inbox
from project.api.permissions import require_unbound
from project.contracts.agentsend import docs
from project.contracts.agentsend.naming import make_inbox
from project.contracts.agentsend.serializers import InboxFields, spell_inbox
from project.contracts.agentsend.views.base import AgentSendView, find, listed, read_window
from project.contracts.schema import described
from project.tenancy.models import Domain, Scope


class InboxView(AgentSendView):
    """A view on inboxes."""

    def spell(self, inboxes: Sequence[Inbox]) -> list[dict[str, Any]]:
        """The inboxes with their numbers and domains; four queries for all."""
        counts = counts_of(inboxes, at=timezone.now())
        names = {inbox.address.rpartition("@")[2] for inbox in inboxes}
        domains = {one.name: one for one in self.workspace.domains.filter(name__in=names)}
        return [
            spell_inbox(
                inbox,
                counts=counts[inbox.pk],
                domain=domains.get(inbox.address.rpartition("@")[2]),
            )
            for inbox in inboxes
        ]


class Inboxes(InboxView):
    """Making inboxes, and which there are."""

    scopes = {"POST": Scope.ADMIN}

    @described(**docs.CREATE_INBOX)
    def post(self, request: Request) -> Response:
        require_unbound(self.caller)
        fields = self.parse(InboxFields)
        domain_id = fields.pop("domain_id", None)
        domain = self._domain(domain_id) if domain_id else None

        def effect() -> Response:
            inbox = make_inbox(workspace=self.workspace, domain=domain, **fields)
            return Response(self.spell([inbox])[0], status=201)

        return self.once(effect)

    @described(**docs.INBOXES)
    def get(self, request: Request) -> Response:
        rows = self.inboxes.active()
        found = list(rows.order_by("-id")[read_window(request)])
        return listed(self.spell(found), total=rows.count())

    def _domain(self, id: str) -> Domain:
        return find(self.workspace.domains.all(), "Domain", "dom", id)


class OneInbox(InboxView):
    """An inbox."""

    scopes = {"DELETE": Scope.ADMIN}

    @described(**docs.INBOX)
    def get(self, request: Request, id: str) -> Response:
        return Response(self.spell([self.active_inbox(id)])[0])

    @described(**docs.DELETE_INBOX)
    def delete(self, request: Request, id: str) -> Response:
        close_inbox(inbox=self.active_inbox(id))
        return Response(status=204)
