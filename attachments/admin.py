from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from attachments.models import Attachment, Blob, Upload


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """For looking: states change through the services, and bytes never."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Attachment)
class AttachmentAdmin(ReadOnly):
    list_display = [
        "filename",
        "workspace",
        "state",
        "content_type",
        "size",
        "created_at",
        "expires_at",
        "deleted_at",
    ]
    list_filter = ["state", "workspace", "created_at"]
    list_select_related = ["workspace"]
    search_fields = ["filename", "sha256"]
    raw_id_fields = ["workspace", "blob"]
    date_hierarchy = "created_at"
    show_full_result_count = False


@admin.register(Blob)
class BlobAdmin(ReadOnly):
    list_display = [
        "sha256",
        "workspace",
        "content_type",
        "size",
        "verdict",
        "signature",
        "scanned_at",
        "created_at",
    ]
    list_filter = ["verdict", "encoding", "workspace"]
    list_select_related = ["workspace"]
    search_fields = ["sha256"]
    raw_id_fields = ["workspace"]
    show_full_result_count = False


@admin.register(Upload)
class UploadAdmin(ReadOnly):
    list_display = ["attachment", "offset", "created_at", "expires_at", "claimed_until"]
    list_select_related = ["attachment"]
    raw_id_fields = ["attachment"]
    show_full_result_count = False
