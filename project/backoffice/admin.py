"""Files, and the jobs of operators, in the back office."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from attachments.figures import scan_heaps
from attachments.models import Attachment
from attachments.quota import use_of
from attachments.retention import delete_attachment
from attachments.scanning.verdicts import release_attachment, scan_again
from project.backoffice import restraints  # noqa: F401  registers pages of its own
from project.backoffice.files import places_of
from project.backoffice.jobs import deed_of, stop_job
from project.backoffice.models import Job, JobRow
from project.events.services import current_actor
from project.tenancy.admin import WorkspaceAdmin
from project.tenancy.models import Workspace
from project.tenancy.office import Deed, ReadOnlyAdmin, Workspaces, reach_of

SHOWN = 50  # rows that could not be done
MB = 1_000_000


class ScanFilter(admin.SimpleListFilter):
    """Files that wait for the scanner, and those that it has refused."""

    title = "scan"
    parameter_name = "scan"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("checking", "Being checked"), ("quarantined", "In quarantine")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(scan_heaps().get(self.value() or "", Q()))


class SizeFilter(admin.SimpleListFilter):
    title = "size"
    parameter_name = "size_from"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(size), f"{size} MB or more") for size in (1, 10, 25, 100)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return queryset.filter(size__gte=int(value) * MB) if value.isdecimal() else queryset


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    """Files: found by name, digest, type and sender; what a scan holds back is decided here."""

    list_display = [
        "filename",
        "workspace",
        "state",
        "reason",
        "content_type",
        "size",
        "created_at",
        "expires_at",
        "deleted_at",
    ]
    list_filter = ["state", ScanFilter, SizeFilter, "workspace", "created_at"]
    list_select_related = ["workspace"]
    search_fields = [
        "filename",
        "sha256",
        "content_type",
        "message_enclosures__message__from_email",
    ]
    raw_id_fields = ["workspace", "blob"]
    date_hierarchy = "created_at"
    change_form_template = "admin/office/file.html"
    deeds = [
        Deed(
            name="release",
            label="Release from quarantine",
            effect=(
                "It may be sent and downloaded, although a scan has refused it or has not come to "
                "an end. It is refused again when something else is found in it."
            ),
            do=lambda file, reason: release_attachment(
                attachment=file, by=current_actor.get(), reason=reason
            ),
        ),
        Deed(
            name="rescan",
            label="Scan again",
            effect="The scanner looks at the bytes anew, with the signatures that it has now.",
            do=lambda file, reason: scan_again(attachment=file),
        ),
        Deed(
            name="delete",
            label="Delete",
            effect="Nobody can use it any more. A file that unsent mail needs stays.",
            do=lambda file, reason: delete_attachment(attachment=file),
        ),
    ]

    def facts(self, request: HttpRequest, row: Attachment) -> dict[str, Any]:
        may_open = reach_of(request).may_operate(row.workspace_id)
        return {"places": places_of(row), "may_open": may_open}


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Seen by those within whose reach all of its rows lie."""

    list_display = ["__str__", "model", "user", "progress", "created_at", "done_at"]
    list_filter = ["created_at"]
    list_select_related = ["user"]
    search_fields = ["reason", "deed", "user__email"]
    ordering = ["-created_at"]
    fields = ["reason", "user", "chosen", "created_at", "stopped_at", "done_at"]
    change_form_template = "admin/office/job.html"

    def rows(self, request: HttpRequest) -> QuerySet[Job]:
        return Job.objects.counted().order_by("-created_at")

    def within(self, rows: QuerySet[Any], workspaces: Workspaces) -> QuerySet[Any]:
        own = Job.objects.within(workspaces)
        return rows if workspaces is None else rows.filter(pk__in=own.values("pk"))

    @admin.display
    def progress(self, job: Any) -> str:
        return f"{job.done + job.refused + job.failed + job.gone} of {job.total}"

    def get_urls(self) -> list[URLPattern]:
        stop = self.admin_site.admin_view(require_POST(self.stop))
        return [path("<uuid:id>/stop", stop, name="backoffice_job_stop"), *super().get_urls()]

    def stop(self, request: HttpRequest, id: Any) -> HttpResponseBase:
        """Have a job end before its next rows."""
        job = self.get_queryset(request).filter(pk=id).first()
        if job is None:
            raise Http404
        if not self.within(Job.objects.filter(pk=id), reach_of(request).operates).exists():
            raise PermissionDenied("Your post does not allow this.")
        stop_job(job=job)
        return redirect("admin:backoffice_job_change", id)

    def facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        over = {name: getattr(row, name) for name in JobRow.OVER}
        return {
            "title": f"{deed_of(row).label}: {row.total} rows",
            "job": row,
            "over": over,
            "finished": sum(over.values()),
            "left": row.total - sum(over.values()),
            "troubles": row.rows.exclude(words="").select_related("workspace")[:SHOWN],
            "subject_page": f"admin:{row.model.replace('.', '_')}_change",
            "may_stop": reach_of(request).is_operator and row.done_at is None,
        }


admin.site.unregister(Workspace)


@admin.register(Workspace)
class WorkspacePages(WorkspaceAdmin):
    """As the tenancy has them, which knows nothing of files, with what is used of the room."""

    change_form_template = "admin/office/workspace.html"

    def facts(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"use": use_of(row), "max_uploads": settings.WORKSPACE_UPLOADS}
