"""Invitations, made in a word."""

from __future__ import annotations

from project.tenancy.models import Invitation, Role
from project.workspaces.invitations import invite_member, link_for
from tests.people import Person


def invite(person: Person, email: str = "dora@example.com", *, role: str = "member") -> Invitation:
    """Somebody whom a person asks into their workspace."""
    return invite_member(workspace=person.workspace, email=email, role=role, by=person.user)


def path_of(invitation: Invitation) -> str:
    """Where its link leads."""
    owner = invitation.workspace.memberships.filter(role=Role.OWNER).first()
    assert owner is not None
    link = link_for(invitation=invitation, by=owner.user)
    return "/" + link.split("/", 3)[3]


def token_of(invitation: Invitation) -> str:
    return path_of(invitation).rpartition("/")[2]
