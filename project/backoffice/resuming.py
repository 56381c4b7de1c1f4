"""Ending a pause."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from messaging.models import Pause
from messaging.pausing import pauses_in, resume_sending
from project.errors import Refusal
from project.tenancy.office import reach_of


@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest, id: UUID) -> HttpResponseBase:
    """The page that asks for a reason; with one, mail leaves again."""
    pause = pauses_in(reach_of(request).sees).filter(pk=id).first()
    if pause is None:
        raise Http404
    if not may_resume(request, pause):
        raise PermissionDenied("Your post does not allow this.")
    reason = request.POST.get("reason", "").strip()
    if reason:
        try:
            resume_sending(pause=pause, reason=reason)
        except Refusal as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, "Mail leaves again.")
        return redirect("admin:messaging_pause_changelist")
    facts = {
        **admin.site.each_context(request),
        "title": f"Resume: {pause}",
        "pause": pause,
        "opts": Pause._meta,
        "lacks_reason": request.method == "POST",
    }
    return render(request, "admin/office/resume.html", facts)


def may_resume(request: HttpRequest, pause: Pause) -> bool:
    """Whether whoever asks operates what is paused."""
    operates = reach_of(request).operates
    return operates is None or pause.workspace_id in operates
