"""The pages of retention: the rules, what goes next by them, the last runs, and a run at once."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from attachments.limits import MIB, NATIVE_FILE_BYTES
from messaging.receiving.arrivals import MAX_RAW_BYTES
from project.backoffice.retention import RULES, RUNS, ask_for_run, outlook, runs_of
from project.events.retention import RUNS_KEPT
from project.tenancy.models import User, Workspace
from project.tenancy.office import Reach, Workspaces, reach_of, within

#: what else is not kept, or not taken: what, and the rule
OTHERS = (
    ("Pieces of files that a process left when it died", "They go after a day. They have no row."),
    ("What was put into the storage and nobody awaits", "It goes after a day. It has no row."),
    (
        "A mail that comes in",
        f"{MAX_RAW_BYTES // MIB} MiB at most; a file in it over {NATIVE_FILE_BYTES // MIB} MiB"
        " stays in the raw mail only.",
    ),
    ("Runs on this page", f"The newest {RUNS_KEPT} of each rule in each workspace."),
)


@require_safe
def retention(request: HttpRequest) -> HttpResponseBase:
    """What goes next, of all workspaces within reach or of one; nothing is touched by looking."""
    reach = reach_of(request)
    chosen = _chosen(request.GET.get("workspace", ""), reach)
    sees = reach.sees if chosen is None else frozenset([chosen.pk])
    now = timezone.now()
    facts = {
        **admin.site.each_context(request),
        "title": "Retention",
        "at": now,
        "chosen": chosen,
        "workspaces": within(Workspace.objects.order_by("name"), "pk", reach.sees),
        "outlooks": [outlook(rule, at=now, workspaces=sees) for rule in RULES.values()],
        "others": OTHERS,
        "runs": runs_of(sees)[:RUNS],
        "rules": RULES,
        "may_run": _operated(reach, chosen) != frozenset(),
    }
    return render(request, "admin/office/retention.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def run(request: HttpRequest, name: str) -> HttpResponseBase:
    """The page that asks for a reason; with one, the rule is followed at once."""
    reach = reach_of(request)
    rule = RULES.get(name)
    if rule is None:
        raise Http404
    chosen = _chosen(request.GET.get("workspace", ""), reach)
    operates = _operated(reach, chosen)
    if operates == frozenset():
        raise PermissionDenied("Your post does not allow this.")
    reason = request.POST.get("reason", "").strip()
    if reason:
        user = request.user
        assert isinstance(user, User)
        count = ask_for_run(rule=rule, workspaces=operates, reason=reason, user=user)
        words = f"The workers are at it, in {count} workspaces." if count else "Nothing is due."
        messages.success(request, words)
        return redirect("admin:retention")
    facts = {
        **admin.site.each_context(request),
        "title": f"Run now: {rule.title}",
        "outlook": outlook(rule, at=timezone.now(), workspaces=operates),
        "chosen": chosen,
        "lacks_reason": request.method == "POST",
    }
    return render(request, "admin/office/retention_run.html", facts)


def _chosen(id: str, reach: Reach) -> Workspace | None:
    """The workspace of this id; None for no id. Raises Http404 for one out of reach."""
    if not id:
        return None
    try:
        rows = within(Workspace.objects.filter(pk=UUID(id)), "pk", reach.sees)
    except ValueError as error:
        raise Http404 from error
    workspace: Workspace | None = rows.first()
    if workspace is None:
        raise Http404
    return workspace


def _operated(reach: Reach, chosen: Workspace | None) -> Workspaces:
    if chosen is None:
        return reach.operates
    return frozenset([chosen.pk] if reach.may_operate(chosen.pk) else [])
