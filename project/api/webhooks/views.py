"""Webhooks, and the log of what they were told."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from project.api.idempotency import once
from project.api.permissions import require_unbound
from project.api.schema import PAGING, page_example, paged
from project.api.views import ApiViewSet
from project.api.webhooks.serializers import (
    AGAIN,
    DELIVERY,
    ENDPOINT,
    IN_FULL,
    MADE,
    ONE,
    REPLAYED,
    ROTATED,
    DeliveryInFullOut,
    DeliveryOut,
    NewWebhookOut,
    RangeFields,
    ReplayedOut,
    RotationFields,
    WebhookChanges,
    WebhookFields,
    WebhookOut,
    spell_delivery,
    spell_delivery_in_full,
    spell_webhook,
)
from project.errors import Invalid, NotFound
from project.events.models import WebhookDelivery, WebhookEndpoint
from project.events.webhooks.dialects import NATIVE
from project.events.webhooks.endpoints import (
    create_webhook,
    delete_webhook,
    rotate_secret,
    send_test,
    update_webhook,
)
from project.events.webhooks.queue import replay, replay_range
from project.ids import read
from project.tenancy.models import Scope

STATES = WebhookDelivery.State.values
ID = OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`whk_…`")
DELIVERY_ID = OpenApiParameter(
    "delivery_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="`whd_…`"
)
STATE = OpenApiParameter("state", OpenApiTypes.STR, enum=STATES, description="Only those.")


class Webhooks(ApiViewSet):
    """Addresses that are told what happens; they concern the whole workspace."""

    scopes = {
        "create": Scope.ADMIN,
        "partial_update": Scope.ADMIN,
        "destroy": Scope.ADMIN,
        "rotate": Scope.ADMIN,
        "test": Scope.ADMIN,
        "replay_range": Scope.ADMIN,
        "replay": Scope.ADMIN,
    }

    @extend_schema(
        request=WebhookFields,
        responses={201: NewWebhookOut},
        examples=[
            OpenApiExample(
                "Make",
                request_only=True,
                value={name: ENDPOINT[name] for name in ("url", "events", "description")},
            ),
            MADE,
        ],
    )
    def create(self, request: Request) -> Response:
        """Make a webhook: it is told of what happens from now on, signed by Standard Webhooks.

        Its secret is in this answer only. What it does not take is tried again for a day; after
        five days without one success it is disabled, and the owners are told.
        """
        require_unbound(self.caller)
        fields = self.parse(WebhookFields)
        secrets: list[str] = []

        def effect() -> Response:
            endpoint = create_webhook(workspace=self.workspace, dialect=NATIVE, **fields)
            secrets.append(endpoint.secret)
            return Response(spell_webhook(endpoint), status=201)

        response = once(request, effect)
        if secrets:  # put in after the answer was stored, so that the store has no secrets
            response.data["secret"] = secrets[-1]
        return response

    @extend_schema(
        responses=paged(WebhookOut), parameters=PAGING, examples=[page_example(ENDPOINT)]
    )
    def list(self, request: Request) -> Response:
        """Webhooks of this API, newest first."""
        return self.page(self._endpoints, spell_webhook)

    @extend_schema(responses=WebhookOut, parameters=[ID], examples=[ONE])
    def retrieve(self, request: Request, id: str) -> Response:
        """One webhook."""
        return Response(spell_webhook(self._endpoint(id)))

    @extend_schema(
        request=WebhookChanges,
        responses=WebhookOut,
        parameters=[ID],
        examples=[
            OpenApiExample("Turn off", request_only=True, value={"is_active": False}),
            ONE,
        ],
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change a webhook; only what is sent changes, and the secret stays."""
        endpoint = self._endpoint(id)
        update_webhook(endpoint=endpoint, **self.parse(WebhookChanges, partial=True))
        return Response(spell_webhook(endpoint))

    @extend_schema(responses={204: None}, parameters=[ID])
    def destroy(self, request: Request, id: str) -> Response:
        """Delete a webhook and the log of what it was told."""
        delete_webhook(endpoint=self._endpoint(id))
        return Response(status=204)

    @extend_schema(
        operation_id="webhooks_rotate_secret",
        request=RotationFields,
        responses=NewWebhookOut,
        parameters=[ID],
        examples=[
            OpenApiExample("Two days", request_only=True, value={"overlap_hours": 48}),
            ROTATED,
        ],
    )
    def rotate(self, request: Request, id: str) -> Response:
        """Give it a new secret. The old one signs as well for a while, 24 hours by default."""
        endpoint = self._endpoint(id)
        hours = self.parse(RotationFields)["overlap_hours"]
        rotate_secret(endpoint=endpoint, overlap=timedelta(hours=hours))
        return Response({**spell_webhook(endpoint), "secret": endpoint.secret})

    @extend_schema(
        operation_id="webhooks_test",
        request=None,
        responses={202: WebhookOut},
        parameters=[ID],
        examples=[ONE],
    )
    def test(self, request: Request, id: str) -> Response:
        """Tell it, and nobody else, `webhook.tested`; what came of it is among its deliveries."""
        endpoint = self._endpoint(id)
        send_test(endpoint=endpoint)
        return Response(spell_webhook(endpoint), status=202)

    @extend_schema(
        operation_id="webhooks_replay",
        request=RangeFields,
        responses={202: ReplayedOut},
        parameters=[ID],
        examples=[
            OpenApiExample(
                "A morning",
                request_only=True,
                value={"since": "2026-01-31T08:00:00Z", "until": "2026-01-31T12:00:00Z"},
            ),
            REPLAYED,
        ],
    )
    def replay_range(self, request: Request, id: str) -> Response:
        """Tell it again what it wants of a time, at most 10,000 events, whatever it took before.

        What happened while it was off, or before it was made, is told for the first time.
        """
        endpoint = self._endpoint(id)
        fields = self.parse(RangeFields)
        until = fields.get("until") or timezone.now()
        count = replay_range(endpoint=endpoint, since=fields["since"], until=until)
        return Response({"queued": count}, status=202)

    @extend_schema(
        operation_id="webhooks_deliveries",
        responses=paged(DeliveryOut),
        parameters=[ID, STATE, *PAGING],
        examples=[page_example(DELIVERY)],
    )
    def deliveries(self, request: Request, id: str) -> Response:
        """What it was told, newest first; kept for 30 days."""
        rows = self._deliveries(id).select_related("event")
        if state := request.query_params.get("state"):
            if state not in STATES:
                raise Invalid(f"state is one of {', '.join(STATES)}.", field="state")
            rows = rows.filter(state=state)
        return self.page(rows, spell_delivery)

    @extend_schema(
        operation_id="webhooks_delivery",
        responses=DeliveryInFullOut,
        parameters=[ID, DELIVERY_ID],
        examples=[OpenApiExample("Delivery", response_only=True, value=IN_FULL)],
    )
    def delivery(self, request: Request, id: str, delivery_id: str) -> Response:
        """One delivery, with its body, and every request and answer."""
        return Response(spell_delivery_in_full(self._delivery(id, delivery_id)))

    @extend_schema(
        operation_id="webhooks_replay_one",
        request=None,
        responses={202: DeliveryOut},
        parameters=[ID, DELIVERY_ID],
        examples=[AGAIN],
    )
    def replay(self, request: Request, id: str, delivery_id: str) -> Response:
        """Tell one thing again, whatever came of it before; with the same body and `webhook-id`."""
        delivery = self._delivery(id, delivery_id)
        replay(delivery=delivery)
        delivery.refresh_from_db()
        return Response(spell_delivery(delivery), status=202)

    @property
    def _endpoints(self) -> QuerySet[WebhookEndpoint]:
        """Those that were made at this door. Raises BoundKey."""
        require_unbound(self.caller)
        return self.workspace.webhooks.filter(dialect=NATIVE)

    def _endpoint(self, id: str) -> WebhookEndpoint:
        found = self._endpoints.filter(pk=read("whk", id)).first()
        if found is None:
            raise NotFound(f"There is no webhook {id} here.")
        return found

    def _deliveries(self, id: str) -> QuerySet[WebhookDelivery]:
        return WebhookDelivery.objects.filter(endpoint=self._endpoint(id))

    def _delivery(self, id: str, delivery_id: str) -> WebhookDelivery:
        rows = self._deliveries(id).select_related("event", "endpoint")
        found = rows.filter(pk=read("whd", delivery_id)).first()
        if found is None:
            raise NotFound(f"There is no delivery {delivery_id} of this webhook.")
        return found
