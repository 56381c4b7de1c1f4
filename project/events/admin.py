"""The log, in the back office."""

from __future__ import annotations

from django.contrib import admin

from project.events.models import Event, WebhookEndpoint
from project.tenancy.admin import ReadOnlyAdmin


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "subject_id", "actor", "workspace"]
    list_filter = ["subject_kind", "kind", "workspace", "at"]
    list_select_related = ["workspace"]
    search_fields = ["=subject_id", "actor", "kind"]
    ordering = ["-position"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    list_display = ["url", "dialect", "is_active", "workspace", "created_at"]
    list_filter = ["is_active", "dialect", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["url", "description"]
    exclude = ["secret"]
