"""Webhooks."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from project.api.permissions import require_unbound
from project.contracts.agentsend import docs
from project.contracts.agentsend.errors import AGENTSEND
from project.contracts.agentsend.serializers import (
    WebhookChanges,
    WebhookFields,
    spell_webhook,
)
from project.contracts.agentsend.views.base import AgentSendView, find
from project.contracts.schema import described
from project.events.models import WebhookEndpoint
from project.events.webhooks.endpoints import create_webhook, delete_webhook, update_webhook
from project.tenancy.models import Scope


class WebhookView(AgentSendView):
    """A view on webhooks; they concern the whole account."""

    scopes = {"POST": Scope.ADMIN, "PUT": Scope.ADMIN, "DELETE": Scope.ADMIN}


class Webhooks(WebhookView):
    """Making webhooks, and which there are."""

    @described(**docs.CREATE_WEBHOOK)
    def post(self, request: Request) -> Response:
        require_unbound(self.caller)
        fields = self.parse(WebhookFields)
        endpoint = create_webhook(
            workspace=self.workspace,
            dialect=AGENTSEND.name,
            url=fields["url"],
            events=fields.get("events", ()),
            description=fields.get("description") or "",
        )
        return Response(spell_webhook(endpoint, with_secret=True), status=201)

    @described(**docs.WEBHOOKS)
    def get(self, request: Request) -> Response:
        found = self.webhooks.order_by("-id")
        return Response({"data": [spell_webhook(one) for one in found]})


class OneWebhook(WebhookView):
    """A webhook."""

    @described(**docs.WEBHOOK)
    def get(self, request: Request, id: str) -> Response:
        return Response(spell_webhook(self._webhook(id)))

    @described(**docs.CHANGE_WEBHOOK)
    def put(self, request: Request, id: str) -> Response:
        endpoint = self._webhook(id)
        changes = self.parse(WebhookChanges, partial=True)
        if "description" in changes:
            changes["description"] = changes["description"] or ""
        update_webhook(endpoint=endpoint, **changes)
        return Response(spell_webhook(endpoint))

    @described(**docs.DELETE_WEBHOOK)
    def delete(self, request: Request, id: str) -> Response:
        delete_webhook(endpoint=self._webhook(id))
        return Response(status=204)

    def _webhook(self, id: str) -> WebhookEndpoint:
        return find(self.webhooks, "Webhook", "wh", id)
