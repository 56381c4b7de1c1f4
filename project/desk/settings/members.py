"""Who is in the workspace, and who is asked in."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.conf import settings as installation
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from project.desk.access import Desk
from project.desk.protection import protected_among
from project.desk.settings.forms import SettingsForm, sent
from project.desk.settings.frame import at_settings, render_settings
from project.errors import Invalid, NotFound, Refusal
from project.ids import read, spell
from project.tenancy.models import Invitation, Member, Role
from project.workspaces.invitations import (
    invite_member,
    link_for,
    renew_invitation,
    withdraw_invitation,
)
from project.workspaces.members import change_role, remove_member

SECTION = "members"
#: role -> what it may do
ROLES: dict[str, str] = {
    Role.OWNER: "Owner: everything, also who the owners are",
    Role.OPERATOR: "Operator: mail and settings",
    Role.MEMBER: "Member: reads, writes and sends",
    Role.AUDITOR: "Auditor: reads, and changes nothing",
}


@dataclass(frozen=True)
class MemberRow:
    """A member as the list shows it."""

    id: str
    member: Member
    is_protected: bool  # by a second step at signing in
    is_you: bool
    may_change: bool


@dataclass(frozen=True)
class InvitationRow:
    """An invitation that nobody has taken yet."""

    id: str
    invitation: Invitation
    is_open: bool
    may_change: bool


class InviteForm(SettingsForm):
    """Whom to ask in, and as what."""

    email = forms.EmailField(
        label="Mail address", max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role", initial=Role.MEMBER)

    def __init__(self, given: QueryDict | None = None, *, roles: dict[str, str]) -> None:
        super().__init__(given)
        self.choose_from("role", roles.items())


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def members(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Members and invitations; asking somebody in."""
    form = InviteForm(sent(request), roles=_roles_given_by(desk))
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invite_member(workspace=desk.workspace, by=desk.user, **form.cleaned_data)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            return _shown_with_link(request, desk, invitation)
    return _shown(request, desk, form)


@require_POST
@at_settings
def give_role(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Give a member another role."""
    member = _member(desk, id)
    role = request.POST.get("role", "")
    try:
        if role not in ROLES:
            raise Invalid("There is no such role.")
        change_role(member=member, role=role, by=desk.user)
    except NotFound:
        raise
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"{member.user} is now {role}.")
    return redirect("desk:settings-members")


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def remove(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Say what ends, and take a member out."""
    member = _member(desk, id)
    is_you = member.user_id == desk.user.pk
    if request.method == "POST":
        try:
            remove_member(member=member, by=desk.user)
        except NotFound:
            raise
        except Refusal as refusal:
            messages.error(request, refusal.message)
            return redirect("desk:settings-members")
        messages.success(request, f"{member.user} is no longer in {desk.workspace}.")
        return redirect("desk:home" if is_you else "desk:settings-members")
    facts = {"member": member, "id": id, "is_you": is_you}
    return render_settings(request, desk, "remove_member.html", facts, section=SECTION)


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def show_link(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Show the link of an invitation, in this answer only; loaded again, it is not there."""
    if request.method != "POST":
        return redirect("desk:settings-members")
    return _shown_with_link(request, desk, _invitation(desk, id))


@require_http_methods(["GET", "HEAD", "POST"])
@at_settings
def renew(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Write to somebody again, with a new link."""
    if request.method != "POST":
        return redirect("desk:settings-members")
    invitation = _invitation(desk, id)
    renew_invitation(invitation=invitation, by=desk.user)
    return _shown_with_link(request, desk, invitation)


@require_POST
@at_settings
def withdraw(request: HttpRequest, desk: Desk, id: str) -> HttpResponse:
    """Take an invitation back."""
    invitation = _invitation(desk, id)
    withdraw_invitation(invitation=invitation, by=desk.user)
    messages.success(request, f"The invitation of {invitation.email} is taken back.")
    return redirect("desk:settings-members")


def _shown_with_link(request: HttpRequest, desk: Desk, invitation: Invitation) -> HttpResponse:
    link = link_for(invitation=invitation, by=desk.user)
    form = InviteForm(roles=_roles_given_by(desk))
    return _shown(request, desk, form, invited=invitation, link=link)


def _shown(
    request: HttpRequest,
    desk: Desk,
    form: InviteForm,
    *,
    invited: Invitation | None = None,
    link: str = "",
) -> HttpResponse:
    facts = {
        "form": form,
        "members": _members(desk),
        "invitations": _invitations(desk),
        "roles": _roles_given_by(desk),
        "invited": invited,
        "link": link,
        "mail_leaves": bool(installation.SMTP_URL or installation.PROVIDER_BACKEND),
    }
    return render_settings(
        request, desk, "members.html", facts, section=SECTION, status=form.status
    )


def _members(desk: Desk) -> list[MemberRow]:
    rows = list(desk.workspace.memberships.select_related("user").order_by("pk"))
    protected = protected_among([one.user_id for one in rows])
    roles = _roles_given_by(desk)
    return [
        MemberRow(
            id=spell("mbr", one.pk),
            member=one,
            is_protected=one.user_id in protected,
            is_you=one.user_id == desk.user.pk,
            may_change=one.role in roles,
        )
        for one in rows
    ]


def _invitations(desk: Desk) -> list[InvitationRow]:
    now, roles = timezone.now(), _roles_given_by(desk)
    rows = desk.workspace.invitations.select_related("invited_by").order_by("pk")
    return [
        InvitationRow(spell("inv", one.pk), one, one.is_open(now), one.role in roles)
        for one in rows
    ]


def _roles_given_by(desk: Desk) -> dict[str, str]:
    """The roles that a person may give and take; that of an owner only as one."""
    is_owner = desk.workspace.memberships.filter(user=desk.user, role=Role.OWNER).exists()
    return {role: words for role, words in ROLES.items() if is_owner or role != Role.OWNER}


def _member(desk: Desk, id: str) -> Member:
    rows = desk.workspace.memberships.select_related("user", "workspace")
    found = rows.filter(pk=read("mbr", id)).first()
    if found is None:
        raise NotFound(f"There is no member {id} here.")
    return found


def _invitation(desk: Desk, id: str) -> Invitation:
    rows = desk.workspace.invitations.select_related("workspace")
    found = rows.filter(pk=read("inv", id)).first()
    if found is None:
        raise NotFound(f"There is no invitation {id} here.")
    return found
