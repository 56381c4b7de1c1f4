"""Asking people in. An invitation becomes a membership by its link, and by nothing else.

Nobody is a member before they have followed it: a link may be shown to who invites, and whoever
knows one must not get into another workspace, or at another's account, by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from project.errors import Invalid, NotFound
from project.events.services import emit, happened
from project.ids import UnknownId, read, spell
from project.tenancy.models import Invitation, Member, Role, User, Workspace
from project.tenancy.notices import write_to
from project.workspaces.errors import AlreadyMember, InvitationOver, WrongPerson
from project.workspaces.members import lock_workspace, require_owner

LIFE = timedelta(days=7)
SALT = "project.workspaces.invitations"
LETTER = """\
{inviter} invites you to {workspace} on Enclose, to read and write its mail.

Follow this link to join:

{link}

It works once, until {until} UTC. If you did not expect it, leave it: nothing happens.
"""


@transaction.atomic
def invite_member(*, workspace: Workspace, email: str, role: str, by: User) -> Invitation:
    """Keep a place for whoever reads this address, and write to them.

    Who is invited already is invited anew. Raises AlreadyMember and OwnersOnly.
    """
    lock_workspace(workspace)
    address = email.lower()
    existing = workspace.invitations.filter(email=address).first()
    require_owner(workspace, by, for_roles=[role, *([existing.role] if existing else [])])
    if workspace.memberships.filter(user__email__iexact=address).exists():
        raise AlreadyMember(f"{email} is a member already.", field="email")
    facts = {"role": Role(role), "invited_by": by, "expires_at": timezone.now() + LIFE}
    invitation, _ = workspace.invitations.update_or_create(email=address, defaults=facts)
    _send(invitation, by)
    return invitation


@transaction.atomic
def renew_invitation(*, invitation: Invitation, by: User) -> None:
    """Write again, with a new link; the old one leads nowhere. Raises OwnersOnly and NotFound."""
    row = _lock(invitation)
    require_owner(row.workspace, by, for_roles=[row.role])
    row.expires_at = timezone.now() + LIFE
    row.save(update_fields=["expires_at"])
    _send(row, by)
    invitation.refresh_from_db()


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User) -> None:
    """Take an invitation back. Raises OwnersOnly and NotFound."""
    row = _lock(invitation)
    require_owner(row.workspace, by, for_roles=[row.role])
    _tell("member.uninvited", row)
    row.delete()


def link_for(*, invitation: Invitation, by: User) -> str:
    """The link, to be handed over by another way than mail. Raises OwnersOnly."""
    require_owner(invitation.workspace, by, for_roles=[invitation.role])
    return _link(invitation)


def find_invitation(token: str, *, at: datetime) -> Invitation:
    """The invitation that a link is of. Raises InvitationOver when it does not lead in at `at`."""
    id, _, signature = token.partition(".")
    rows = Invitation.objects.select_related("workspace", "invited_by")
    try:
        invitation = rows.filter(pk=read("inv", id)).first()
    except UnknownId:
        invitation = None
    if (
        invitation is None
        or not invitation.is_open(at)
        or not constant_time_compare(signature, _signature(invitation))
    ):
        raise InvitationOver("This invitation is over.")
    return invitation


@transaction.atomic
def join_as_new(*, invitation: Invitation, name: str, password: str) -> Member:
    """Make the person, who signs in with this password from now on, and the membership.

    Raises InvitationOver, Invalid for a password that is easily guessed, and WrongPerson when
    the address has an account by now: its password is not an invitation's to set.
    """
    row = _take(invitation)
    if User.objects.with_email(row.email):
        raise WrongPerson(f"{row.email} has an account: sign in with it.")
    user = User(email=row.email, name=name)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(" ".join(error.messages), field="password") from None
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError:  # another invitation of theirs was taken a moment ago
        raise WrongPerson(f"{row.email} has an account: sign in with it.") from None
    return _join(row, user)


@transaction.atomic
def join_as(*, invitation: Invitation, user: User) -> Member:
    """Make somebody who has an account a member. Raises InvitationOver and WrongPerson."""
    row = _take(invitation)
    if user.email.lower() != row.email:
        raise WrongPerson(f"This invitation is for {row.email}.")
    return _join(row, user)


def _link(invitation: Invitation) -> str:
    token = f"{spell('inv', invitation.pk)}.{_signature(invitation)}"
    return f"{settings.PUBLIC_URL}{reverse('desk:join', args=[token])}"


def _signature(invitation: Invitation) -> str:
    value = f"{invitation.pk.hex}:{int(invitation.expires_at.timestamp() * 1_000_000)}"
    return salted_hmac(SALT, value, algorithm="sha256").hexdigest()


def _lock(invitation: Invitation) -> Invitation:
    lock_workspace(invitation.workspace)
    row = Invitation.objects.select_related("workspace").filter(pk=invitation.pk).first()
    if row is None:
        raise NotFound("This invitation is over.")
    return row


def _take(invitation: Invitation) -> Invitation:
    """The invitation, locked, if it still is what its reader has seen."""
    lock_workspace(invitation.workspace)
    rows = Invitation.objects.select_related("workspace").filter(expires_at=invitation.expires_at)
    row = rows.filter(pk=invitation.pk).first()
    if row is None or not row.is_open(timezone.now()):
        raise InvitationOver("This invitation is over.")
    return row


def _join(invitation: Invitation, user: User) -> Member:
    """Put a member in the invitation's place; who is in already keeps their role."""
    member, _ = Member.objects.get_or_create(
        workspace=invitation.workspace,
        user=user,
        defaults={"id": invitation.pk, "role": invitation.role},
    )
    _tell("member.joined", invitation, actor=user.actor)
    invitation.delete()
    return member


def _send(invitation: Invitation, by: User) -> None:
    write_to(
        email=invitation.email,
        subject=f"{by.name or by.email} invites you to {invitation.workspace.name}",
        text=LETTER.format(
            inviter=by.name or by.email,
            workspace=invitation.workspace.name,
            link=_link(invitation),
            until=invitation.expires_at.strftime("%d %B %Y, %H:%M"),
        ),
    )
    _tell("member.invited", invitation)


def _tell(kind: str, invitation: Invitation, *, actor: str = "") -> None:
    facts = {"email": invitation.email, "role": str(invitation.role)}
    event = happened(
        kind, workspace_id=invitation.workspace_id, subject_id=invitation.pk, payload=facts
    )
    event.actor = actor or event.actor
    emit(event)
