"""Webhooks: who is told what happens, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from project.api.paging import read_flag, read_limit
from project.api.permissions import require_unbound
from project.contracts.bird import webhook_docs as docs
from project.contracts.bird.errors import BIRD
from project.contracts.bird.notifications import try_out
from project.contracts.bird.paging import RowShelf, read_page
from project.contracts.bird.serializers.webhooks import (
    AttemptFilters,
    ReplayFields,
    TestFields,
    WebhookChanges,
    WebhookFields,
    WebhookFilters,
    spell_attempt,
    spell_new_webhook,
    spell_tested,
    spell_webhook,
)
from project.contracts.bird.views.base import BirdView
from project.contracts.schema import described
from project.errors import NotFound
from project.events.models import WebhookAttempt, WebhookEndpoint
from project.events.webhooks.endpoints import (
    create_webhook,
    delete_webhook,
    rotate_secret,
    update_webhook,
)
from project.events.webhooks.queue import replay_failed
from project.ids import read
from project.tenancy.models import Scope

REPLAYED = timedelta(hours=24)  # unless the request says since when


class WebhookView(BirdView):
    """An address that is about webhooks; they concern the whole workspace."""

    scopes = {"POST": Scope.ADMIN, "PATCH": Scope.ADMIN, "DELETE": Scope.ADMIN}

    def webhook(self, id: str) -> WebhookEndpoint:
        """One of them. Raises NotFound."""
        found = self.webhooks.filter(pk=read("whk", id)).first()
        if found is None:
            raise NotFound(f"There is no webhook {id} here.")
        return found


class Webhooks(WebhookView):
    """The webhooks of a workspace."""

    @described(**docs.CREATE)
    def post(self, request: Request) -> Response:
        """Make a webhook; its secret is in this answer only."""
        require_unbound(self.caller)
        fields = self.parse(WebhookFields)
        endpoint = create_webhook(
            workspace=self.workspace,
            dialect=BIRD.name,
            url=fields["url"],
            events=fields["events"],
            description=fields.get("description") or "",
        )
        return Response(spell_new_webhook(endpoint), status=201)

    @described(**docs.LIST)
    def get(self, request: Request) -> Response:
        """Webhooks, newest first unless asked otherwise."""
        rows, asked = self.webhooks, WebhookFilters(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        if "url" in wanted:
            rows = rows.filter(url=wanted["url"])
        by = "url" if wanted["sort"] == "url" else ""
        page = read_page(request, RowShelf(rows, newest_first=wanted["order"] == "desc", by=by))
        body = page.answer([spell_webhook(one) for one in page.things])
        if read_flag(request, "include_total"):
            body["total"] = rows.count()
        return Response(body)


class OneWebhook(WebhookView):
    """A webhook."""

    @described(**docs.GET)
    def get(self, request: Request, webhook_id: str) -> Response:
        """One webhook, without its secret."""
        return Response(spell_webhook(self.webhook(webhook_id)))

    @described(**docs.UPDATE)
    def patch(self, request: Request, webhook_id: str) -> Response:
        """Change what is given; paused, it is told nothing."""

        def effect() -> Response:
            endpoint = self.webhook(webhook_id)
            changes = self.parse(WebhookChanges, partial=True)
            if "description" in changes:
                changes["description"] = changes["description"] or ""
            if "status" in changes:
                changes["is_active"] = changes.pop("status") == "active"
            for name in ("filter", "destination"):
                changes.pop(name, None)
            update_webhook(endpoint=endpoint, **changes)
            return Response(spell_webhook(endpoint))

        return self.once(effect)

    @described(**docs.DELETE)
    def delete(self, request: Request, webhook_id: str) -> Response:
        """Delete a webhook, with what it was told."""

        def effect() -> Response:
            delete_webhook(endpoint=self.webhook(webhook_id))
            return Response(status=204)

        return self.once(effect)


class RotateSecret(WebhookView):
    """Another secret for a webhook."""

    @described(**docs.ROTATE)
    def post(self, request: Request, webhook_id: str) -> Response:
        """Give it a new secret; the old one signs as well for 24 hours. No body is read."""
        endpoint = self.webhook(webhook_id)
        rotate_secret(endpoint=endpoint)
        return Response({"secret": endpoint.secret})


class Test(WebhookView):
    """Trying a webhook."""

    @described(**docs.TEST)
    def post(self, request: Request, webhook_id: str) -> Response:
        """Tell it an event that has not happened, paused or not, and say what came of it."""
        endpoint = self.webhook(webhook_id)
        kind = self.parse(TestFields).get("event_type") or endpoint.events[0]
        started_at = timezone.now()
        answer = try_out(endpoint, kind, at=started_at)
        return Response(spell_tested(answer, took=timezone.now() - started_at))


class Attempts(WebhookView):
    """What was told to a webhook."""

    @described(**docs.ATTEMPTS)
    def get(self, request: Request, webhook_id: str) -> Response:
        """Requests, each with its answer, newest first."""
        rows = WebhookAttempt.objects.filter(delivery__endpoint=self.webhook(webhook_id))
        asked = AttemptFilters(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        if before := asked.validated_data.get("before"):
            rows = rows.filter(started_at__lt=before)
        if after := asked.validated_data.get("after"):
            rows = rows.filter(started_at__gt=after)
        rows = rows.select_related("delivery").order_by("-started_at", "-id")
        return Response({"data": [spell_attempt(one) for one in rows[: read_limit(request)]]})


class Replay(WebhookView):
    """Telling a webhook again."""

    @described(**docs.REPLAY)
    def post(self, request: Request, webhook_id: str) -> Response:
        """Tell it again what it did not take in a time: the last 24 hours, unless asked."""

        def effect() -> Response:
            endpoint = self.webhook(webhook_id)
            fields, now = self.parse(ReplayFields), timezone.now()
            since, until = fields.get("since") or now - REPLAYED, fields.get("until") or now
            replay_failed(endpoint=endpoint, since=since, until=until)
            return Response(status=204)

        return self.once(effect)
