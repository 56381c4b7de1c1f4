from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from drafts.models import Draft, DraftAttachment, DraftState


class ReadOnly:
    """For looking: drafts are written by whom they belong to."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


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


class EnclosureInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = DraftAttachment
    fields = ["position", "attachment", "filename", "inline", "content_id"]
    extra = 0


@admin.register(Draft)
class DraftAdmin(ReadOnly, admin.ModelAdmin):  # type: ignore[type-arg]
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
    show_full_result_count = False
    inlines = [EnclosureInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Draft.objects.in_full().select_related("workspace")

    @admin.display(description="state")
    def state(self, draft: Draft) -> str:
        return draft.state_at(timezone.now())

    @admin.display(description="files")
    def file_count(self, draft: Draft) -> int:
        return len(draft.files)
