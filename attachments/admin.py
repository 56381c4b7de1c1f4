"""What lies behind files, in the back office; the files themselves are in `project.backoffice`."""

from __future__ import annotations

from django.contrib import admin

from attachments.models import Blob, Upload
from project.tenancy.office import ReadOnlyAdmin


@admin.register(Blob)
class BlobAdmin(ReadOnlyAdmin):
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


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    workspace_at = "attachment__workspace"
    list_display = ["attachment", "offset", "created_at", "expires_at", "claimed_until"]
    list_select_related = ["attachment"]
    raw_id_fields = ["attachment"]
