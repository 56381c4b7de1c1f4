"""The log, in the back office."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from project.events.models import Event, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from project.events.webhooks.endpoints import WebhookOff
from project.events.webhooks.queue import replay
from project.tenancy.admin import ReadOnlyAdmin, ReadOnlyInline


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "subject_id", "actor", "workspace"]
    list_filter = ["subject_kind", "kind", "workspace", "at"]
    list_select_related = ["workspace"]
    search_fields = ["=subject_id", "actor", "kind"]
    ordering = ["-position"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    list_display = ["url", "dialect", "is_active", "failing_since", "workspace", "created_at"]
    list_filter = ["is_active", "dialect", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["url", "description"]
    exclude = ["secret", "previous_secret"]


class WebhookAttemptInline(ReadOnlyInline):
    model = WebhookAttempt
    fields = ["started_at", "ended_at", "url", "status", "problem", "answer"]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    list_display = ["kind", "state", "tries", "due_at", "problem", "endpoint", "created_at"]
    list_filter = ["state", "kind", "created_at"]
    list_select_related = ["endpoint"]
    search_fields = ["endpoint__url", "=event__subject_id", "=id"]
    raw_id_fields = ["event"]
    inlines = [WebhookAttemptInline]
    actions = ["replay"]

    @admin.action(description="Tell the chosen ones again", permissions=["replay"])
    def replay(self, request: HttpRequest, chosen: QuerySet[WebhookDelivery]) -> None:
        off = 0
        for delivery in chosen.select_related("endpoint"):
            try:
                replay(delivery=delivery)
            except WebhookOff:
                off += 1
        if off:
            self.message_user(request, f"{off} of them go nowhere: turned off.", messages.WARNING)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_webhookdelivery")


@admin.register(WebhookAttempt)
class WebhookAttemptAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "url", "status", "problem", "delivery"]
    list_filter = ["status", "started_at"]
    list_select_related = ["delivery"]
    search_fields = ["url", "=delivery__id", "problem"]
