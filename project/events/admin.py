"""The log, in the back office."""

from __future__ import annotations

from django.contrib import admin

from project.events.models import Event
from project.tenancy.admin import ReadOnlyAdmin


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "subject_id", "actor", "workspace"]
    list_filter = ["subject_kind", "kind", "workspace", "at"]
    list_select_related = ["workspace"]
    search_fields = ["=subject_id", "actor", "kind"]
    ordering = ["-position"]
