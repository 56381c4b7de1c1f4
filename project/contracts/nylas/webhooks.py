"""Webhooks: who is told what happens in the grants of a workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from project.api.fields import ChoiceField, LineField
from project.api.permissions import require_unbound
from project.contracts.nylas import webhook_docs as docs
from project.contracts.nylas.base import NylasView
from project.contracts.nylas.errors import NYLAS
from project.contracts.nylas.paging import read_page
from project.contracts.nylas.serializers import spell_seconds
from project.contracts.nylas.triggers import TRIGGERS
from project.contracts.schema import described
from project.errors import NotFound
from project.events.models import WebhookEndpoint
from project.events.webhooks.endpoints import (
    MAX_URL,
    create_webhook,
    delete_webhook,
    rotate_secret,
    update_webhook,
)
from project.ids import read_hex, spell_hex
from project.tenancy.models import Scope

MAX_DESCRIPTION = 255
MAX_EMAILS = 100
EMAILS = "notification_email_addresses"


class WebhookFields(serializers.Serializer[Any]):
    """A webhook to be made."""

    trigger_types = serializers.ListField(
        child=ChoiceField(TRIGGERS), min_length=1, max_length=len(TRIGGERS), source="events"
    )
    webhook_url = LineField(max_length=MAX_URL, source="url")
    description = LineField(required=False, allow_null=True, max_length=MAX_DESCRIPTION)
    notification_email_addresses = serializers.ListField(
        child=LineField(max_length=320), required=False, allow_null=True, max_length=MAX_EMAILS
    )


class WebhookChanges(WebhookFields):
    """What may change of a webhook; only what is sent does."""

    status = ChoiceField(("active", "pause"), required=False)


class WebhookView(NylasView):
    """One address that is about webhooks; they concern the whole workspace."""

    scopes = {"POST": Scope.ADMIN, "PUT": Scope.ADMIN, "DELETE": Scope.ADMIN}

    def webhook(self, id: str) -> WebhookEndpoint:
        """One of them. Raises NotFound."""
        found = self.webhooks.filter(pk=read_hex(id)).first()
        if found is None:
            raise NotFound(f"There is no webhook {id} here.")
        return found


class Webhooks(WebhookView):
    """The webhooks of a workspace."""

    @described(**docs.LIST_WEBHOOKS)
    def get(self, request: Request) -> Response:
        """Webhooks, newest first."""
        page = read_page(request, self.webhooks)
        return self.answer_list([spell_webhook(one) for one in page.rows], next_cursor=page.next)

    @described(**docs.CREATE_WEBHOOK)
    def post(self, request: Request) -> Response:
        """Make a webhook; its secret is in this answer only."""
        require_unbound(self.caller)
        fields = self.parse(WebhookFields)
        endpoint = create_webhook(
            workspace=self.workspace,
            dialect=NYLAS.name,
            url=fields["url"],
            events=fields["events"],
            description=fields.get("description") or "",
            annotations={EMAILS: fields.get(EMAILS) or []},
        )
        return self.answer(spell_webhook_with_secret(endpoint))


class OneWebhook(WebhookView):
    """A webhook."""

    @described(**docs.FIND_WEBHOOK)
    def get(self, request: Request, id: str) -> Response:
        """One webhook, without its secret."""
        return self.answer(spell_webhook(self.webhook(id)))

    @described(**docs.UPDATE_WEBHOOK)
    def put(self, request: Request, id: str) -> Response:
        """Change what is given; the secret stays."""
        endpoint = self.webhook(id)
        changes = self.parse(WebhookChanges, partial=True)
        if "description" in changes:
            changes["description"] = changes["description"] or ""
        if EMAILS in changes:
            changes["annotations"] = {EMAILS: changes.pop(EMAILS) or []}
        if "status" in changes:
            changes["is_active"] = changes.pop("status") == "active"
        update_webhook(endpoint=endpoint, **changes)
        return self.answer(spell_webhook(endpoint))

    @described(**docs.DELETE_WEBHOOK)
    def delete(self, request: Request, id: str) -> Response:
        """Delete a webhook: it is told nothing more."""
        delete_webhook(endpoint=self.webhook(id))
        return self.answer({"status": "success"})


class RotateView(WebhookView):
    """An address at which a webhook gets a new secret: each library has its own."""

    def rotate(self, id: str) -> Response:
        endpoint = self.webhook(id)
        rotate_secret(endpoint=endpoint, overlap=timedelta())
        return self.answer(spell_webhook_with_secret(endpoint))


class PutSecret(RotateView):
    """Where the library for Python goes."""

    @described(**docs.ROTATE_SECRET)
    def put(self, request: Request, id: str) -> Response:
        """Give it a new secret, which alone signs from now on. A body is not read."""
        return self.rotate(id)


class PostSecret(RotateView):
    """Where the library for Node goes, as the vendor's reference has it."""

    @described(**docs.ROTATE_SECRET)
    def post(self, request: Request, id: str) -> Response:
        """Give it a new secret, which alone signs from now on. A body is not read."""
        return self.rotate(id)


class IpAddresses(NylasView):
    """Where webhooks are called from."""

    @described(**docs.IP_ADDRESSES)
    def get(self, request: Request) -> Response:
        """Which addresses calls come from, which only the installation's network knows: none."""
        return self.answer({"ip_addresses": [], "updated_at": 0})


def spell_webhook(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {
        "id": spell_hex(endpoint.pk),
        "description": endpoint.description,
        "trigger_types": endpoint.events,
        "webhook_url": endpoint.url,
        "status": _status_of(endpoint),
        EMAILS: endpoint.annotations.get(EMAILS, []),
        "status_updated_at": spell_seconds(endpoint.failing_since or endpoint.updated_at),
        "created_at": spell_seconds(endpoint.created_at),
        "updated_at": spell_seconds(endpoint.updated_at),
    }


def spell_webhook_with_secret(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """A webhook in the answers that show its secret: those that make one."""
    return {**spell_webhook(endpoint), "webhook_secret": endpoint.secret}


def _status_of(endpoint: WebhookEndpoint) -> str:
    if not endpoint.is_active:
        return "failed" if endpoint.disabled_reason else "pause"
    return "failing" if endpoint.failing_since else "active"
