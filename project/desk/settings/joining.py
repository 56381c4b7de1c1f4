"""The page behind the link of an invitation."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from project.api.authentication import WORKSPACE
from project.desk.settings.forms import SettingsForm, line, sent
from project.errors import Refusal
from project.tenancy.models import Invitation, Member, User
from project.workspaces.errors import InvitationOver
from project.workspaces.invitations import find_invitation, join_as, join_as_new


class JoinForm(SettingsForm):
    """Who they are, and the password with which they sign in from now on."""

    name = line(label="Your name", widget=forms.TextInput({"autocomplete": "name"}))
    password = forms.CharField(
        label="A password",
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text="At least 8 characters, and not one that many people have.",
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Take an invitation: as somebody new, or with the account of its address."""
    try:
        invitation = find_invitation(token, at=timezone.now())
        return _answer(request, invitation)
    except InvitationOver:
        return render(request, "account/join_over.html", status=410)


def _answer(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    account = User.objects.with_email(invitation.email)
    form = JoinForm(sent(request))
    is_theirs = account is not None and request.user == account
    if request.method == "POST":
        if account is not None and is_theirs:
            return _arrive(request, join_as(invitation=invitation, user=account))
        if account is None and isinstance(request.user, AnonymousUser) and form.is_valid():
            try:
                member = join_as_new(invitation=invitation, **form.cleaned_data)
            except InvitationOver:
                raise
            except Refusal as refusal:
                form.refuse(refusal)
            else:
                login(request, member.user)
                return _arrive(request, member)
    facts = {
        "invitation": invitation,
        "form": form,
        "has_account": account is not None,
        "is_theirs": is_theirs,
    }
    return render(request, "account/join.html", facts, status=form.status)


def _arrive(request: HttpRequest, member: Member) -> HttpResponse:
    request.session[WORKSPACE] = member.workspace_id.hex
    messages.success(request, f"Welcome to {member.workspace}.")
    return redirect("desk:home")
