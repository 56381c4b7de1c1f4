"""Who is asking, be it a program with a key or a person with a session."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from project.ids import spell
from project.tenancy.models import ApiKey, Member, Role, Scope, User, Workspace

#: role of a person -> what they may do through the API
SCOPES_BY_ROLE: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(Scope.values),
    Role.OPERATOR: frozenset(Scope.values),
    Role.MEMBER: frozenset([Scope.READ, Scope.DRAFT, Scope.SEND, Scope.FILES]),
    Role.AUDITOR: frozenset([Scope.READ]),
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A key or a person, in one workspace; `actor` is how the event log names them."""

    workspace: Workspace
    scopes: frozenset[str]
    actor: str
    key: ApiKey | None = None
    user: User | None = None

    @property
    def bound_to(self) -> frozenset[UUID] | None:
        """The only inboxes that a bound key is for; None: all of the workspace."""
        if self.key is None or not self.key.inbox_ids:
            return None
        return frozenset(self.key.bound_inbox_ids)

    @classmethod
    def with_key(cls, key: ApiKey) -> Caller:
        """The caller that a program's key stands for."""
        return cls(
            workspace=key.workspace,
            scopes=frozenset(key.scopes),
            actor=f"key:{spell('key', key.pk)}",
            key=key,
        )

    @classmethod
    def with_membership(cls, member: Member, user: User) -> Caller:
        """The caller that a signed-in person is in one workspace."""
        return cls(
            workspace=member.workspace,
            scopes=SCOPES_BY_ROLE[member.role],
            actor=user.actor,
            user=user,
        )
