"""Who is in a workspace, and as what."""

from __future__ import annotations

from django.db import transaction

from project.errors import NotFound
from project.events.services import emit, happened
from project.tenancy.models import Member, Role, User, Workspace
from project.workspaces.errors import LastOwner, OwnersOnly


@transaction.atomic
def change_role(*, member: Member, role: str, by: User) -> None:
    """Give a member another role. Raises LastOwner, OwnersOnly and NotFound."""
    row = lock_member(member)
    require_owner(row.workspace, by, for_roles=[row.role, role])
    if row.role == Role.OWNER and role != Role.OWNER:
        _require_another_owner(row)
    row.role = Role(role)
    row.save(update_fields=["role"])
    _tell("member.updated", row)
    member.refresh_from_db()


@transaction.atomic
def remove_member(*, member: Member, by: User) -> None:
    """Take somebody out of a workspace, from the next request on; the person stays.

    Raises LastOwner, OwnersOnly and NotFound.
    """
    row = lock_member(member)
    if row.user_id != by.pk:
        require_owner(row.workspace, by, for_roles=[row.role])
    if row.role == Role.OWNER:
        _require_another_owner(row)
    _tell("member.removed", row)
    row.delete()


def lock_workspace(workspace: Workspace) -> None:
    """Let nobody else change who is in a workspace until this transaction ends."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)


def lock_member(member: Member) -> Member:
    """The member as it is now, with all others held still. Raises NotFound when it is gone."""
    lock_workspace(member.workspace)
    row = Member.objects.select_related("workspace", "user").filter(pk=member.pk).first()
    if row is None:
        raise NotFound("This member has been removed.")
    return row


def require_owner(workspace: Workspace, person: User, *, for_roles: list[str]) -> None:
    """Raise OwnersOnly for a person who is no owner, where one of the roles is that of an owner."""
    is_owner = workspace.memberships.filter(user=person, role=Role.OWNER).exists()
    if Role.OWNER in for_roles and not is_owner:
        raise OwnersOnly("Only an owner decides about owners.", field="role")


def _require_another_owner(member: Member) -> None:
    owners = member.workspace.memberships.filter(role=Role.OWNER)
    if not owners.exclude(pk=member.pk).exists():
        raise LastOwner(
            f"{member.user} is the last owner. Make somebody else an owner first.", field="role"
        )


def _tell(kind: str, member: Member) -> None:
    facts = {"email": member.user.email, "role": member.role}
    emit(happened(kind, workspace_id=member.workspace_id, subject_id=member.pk, payload=facts))
