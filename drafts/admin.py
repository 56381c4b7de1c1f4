"""Drafts in the back office, for looking: they are written by whom they belong to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from drafts.models import Draft, DraftAttachment, DraftState
from project.tenancy.office import ReadOnlyAdmin, ReadOnlyInline


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, str(state.label)) for state in DraftState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        wanted = Draft.objects.in_state(str(self.value()), at=timezone.now())
        return queryset.filter(pk__in=wanted.values("pk"))


class EnclosureInline(ReadOnlyInline):
    model = DraftAttachment
    workspace_at = "draft__workspace"
    show_change_link = False
    fields = ["position", "attachment", "filename", "inline", "content_id"]


@admin.register(Draft)
class DraftAdmin(ReadOnlyAdmin):
    list_display = [
        "__str__",
        "workspace",
        "inbox",
        "state",
        "file_count",
        "version",
        "send_at",
        "updated_at",
    ]
    list_filter = [StateFilter, "channel", "workspace", "created_at"]
    search_fields = ["subject", "from_email", "inbox__address"]
    date_hierarchy = "created_at"
    exclude = ["text", "html", "annotations"]
    inlines = [EnclosureInline]

    def rows(self, request: HttpRequest) -> QuerySet[Any]:
        return Draft.objects.in_full().select_related("workspace")

    @admin.display(description="state")
    def state(self, draft: Draft) -> str:
        return draft.state_at(timezone.now())

    @admin.display(description="files")
    def file_count(self, draft: Draft) -> int:
        return len(draft.files)
