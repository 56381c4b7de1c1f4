"""The workspace: its name, what it allows, and what it uses."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from attachments.quota import Use, use_of
from messaging.api.limits import spell_limits
from messaging.models import Inbox
from project.desk.access import Desk
from project.desk.settings.forms import SettingsForm, line, sent
from project.desk.settings.frame import at_settings, render_settings
from project.errors import Refusal
from project.tenancy.models import MAX_UNDO_SECONDS, MIN_UNDO_SECONDS, Workspace
from project.workspaces.services import update_workspace

SECTION = "workspace"


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a workspace has; equal files are stored once, so that two sizes differ."""

    files: int
    logical_bytes: int  # as people count: every file by itself
    room: Use
    messages: int
    inboxes: list[Inbox]  # each with its `message_count`, closed ones too


class WorkspaceForm(SettingsForm):
    """What a workspace decides for itself."""

    name = line(label="Name", required=True)
    undo_seconds = forms.IntegerField(
        label="Undo sending, seconds",
        min_value=MIN_UNDO_SECONDS,
        max_value=MAX_UNDO_SECONDS,
        help_text=(
            f"For how long a letter can be taken back: "
            f"{MIN_UNDO_SECONDS} to {MAX_UNDO_SECONDS} seconds."
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def workspace(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Name, time for undoing, limits and usage."""
    known = {"name": desk.workspace.name, "undo_seconds": desk.workspace.undo_seconds}
    form = WorkspaceForm(sent(request), initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            update_workspace(workspace=desk.workspace, **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, "Saved.")
            return redirect("desk:settings-workspace")
    facts = {
        "form": form,
        "limits": spell_limits(desk.workspace),
        "usage": usage_of(desk.workspace),
        "max_uploads": settings.WORKSPACE_UPLOADS,
    }
    return render_settings(
        request, desk, "workspace.html", facts, section=SECTION, status=form.status
    )


def usage_of(workspace: Workspace) -> Usage:
    """What a workspace has, in five queries."""
    files = workspace.attachments.visible().filter(blob__isnull=False)
    counted = files.aggregate(number=Count("pk"), size=Sum("size"))
    inboxes = workspace.inboxes.annotate(message_count=Count("messages"))
    return Usage(
        files=counted["number"],
        logical_bytes=counted["size"] or 0,
        room=use_of(workspace),
        messages=workspace.messages.count(),
        inboxes=list(inboxes.order_by("state", "address")),
    )
