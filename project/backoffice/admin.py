"""The jobs of operators, in the back office."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from project.backoffice.jobs import deed_of, stop_job
from project.backoffice.models import Job, JobRow
from project.tenancy.office import ReadOnlyAdmin, Workspaces, reach_of

SHOWN = 50  # rows that could not be done


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

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job: Any = self.get_object(request, object_id)
        known: dict[str, Any] = dict(extra_context or {})
        if job is not None:
            over = {name: getattr(job, name) for name in JobRow.OVER}
            known |= {
                "title": f"{deed_of(job).label}: {job.total} rows",
                "job": job,
                "over": over,
                "finished": sum(over.values()),
                "left": job.total - sum(over.values()),
                "troubles": job.rows.exclude(words="").select_related("workspace")[:SHOWN],
                "subject_page": f"admin:{job.model.replace('.', '_')}_change",
                "may_stop": reach_of(request).is_operator and job.done_at is None,
            }
        return super().change_view(request, object_id, form_url, known)
