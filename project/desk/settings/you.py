"""What everybody decides for themselves."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from project.desk.access import Desk, at_desk
from project.desk.protection import is_protected
from project.desk.settings.forms import SettingsForm, line, sent
from project.desk.settings.frame import render_settings
from project.tenancy.services import decline_mfa, end_sessions, rename_user

SECTION = "you"


class YouForm(SettingsForm):
    """What people are called."""

    name = line(label="Name", help_text="Shown to the others in the workspace.")


@require_http_methods(["GET", "HEAD", "POST"])
@at_desk
def you(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Name, password, second step, sessions."""
    form = YouForm(sent(request), initial={"name": desk.user.name})
    if request.method == "POST" and form.is_valid():
        rename_user(user=desk.user, name=form.cleaned_data["name"])
        messages.success(request, "Saved.")
        return redirect("desk:settings-you")
    facts = {"form": form, "is_protected": is_protected(desk.user)}
    return render_settings(request, desk, "you.html", facts, section=SECTION, status=form.status)


@require_POST
@at_desk
def sign_out_elsewhere(request: HttpRequest, desk: Desk) -> HttpResponse:
    """End all sessions of the person but this one."""
    end_sessions(user=desk.user)
    update_session_auth_hash(request, desk.user)  # this one goes on
    messages.success(request, "You are signed out everywhere else.")
    return redirect("desk:settings-you")


@require_POST
@at_desk
def decline_offer(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Offer a person no second step any more, and go back to where they were."""
    decline_mfa(user=desk.user)
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if is_ours else "desk:settings-you")
