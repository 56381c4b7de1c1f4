"""Making workspaces, people and keys."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from project.errors import Conflict, Invalid
from project.tenancy.models import (
    ApiKey,
    IdempotencyRecord,
    Member,
    Role,
    Scope,
    User,
    Workspace,
    digest_of,
)
from project.tenancy.office import Workspaces, within

MIN_SECRET_CHARACTERS = 8


class KeyTaken(Conflict):
    """Another key has the same text."""

    code = "key_taken"


@transaction.atomic
def find_or_create_workspace(*, name: str) -> tuple[Workspace, User, str | None]:
    """The workspace of that name with its owner; the password is None for an owner it found.

    A new owner signs in as `owner@<name>.test`, spelt so that it is an address.
    """
    workspace, _ = Workspace.objects.get_or_create(name=name)
    membership = workspace.memberships.filter(role=Role.OWNER).select_related("user").first()
    if membership:
        return workspace, membership.user, None
    label = "".join(letter if letter.isalnum() else "-" for letter in name.lower()).strip("-")
    password = secrets.token_urlsafe(12)
    email = f"owner@{label.encode('idna').decode() if label else 'workspace'}.test"
    if User.objects.filter(email=email).exists():
        email = f"owner+{workspace.pk.hex[-8:]}@{email.partition('@')[2]}"
    first = not User.objects.exists()
    user = User.objects.create_user(email, password, is_staff=first, is_superuser=first)
    Member.objects.create(workspace=workspace, user=user, role=Role.OWNER)
    return workspace, user, password


def create_key(
    *,
    workspace: Workspace,
    name: str = "",
    scopes: Iterable[str] = Scope.values,
    inbox_ids: Iterable[UUID] = (),
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the returned text is its secret, which nobody can read again.

    A key with `inbox_ids` is bound to these inboxes.
    `secret` is a text of the operator's choosing. The same text again in the same workspace gives
    the key that is there, if it is alive; in any other case it raises KeyTaken.
    Raises Invalid for unknown scopes and for a chosen secret under 8 characters.
    """
    wanted = [scope for scope in Scope.values if scope in set(scopes)]
    unknown = sorted(set(scopes) - set(Scope.values))
    if unknown:
        raise Invalid(f"There is no scope {unknown[0]!r}.", field="scopes")
    if secret is not None and len(secret) < MIN_SECRET_CHARACTERS:
        raise Invalid(
            "An API key has at least 8 characters.",
            field="api_key",
            limit=MIN_SECRET_CHARACTERS,
            actual=len(secret),
        )
    text = secret or f"enc_{secrets.token_urlsafe(32)}"
    key, created = ApiKey.objects.get_or_create(
        sha256=digest_of(text),
        defaults={
            "workspace": workspace,
            "name": name,
            "hint": text[-4:],
            "scopes": wanted,
            "inbox_ids": [id.hex for id in inbox_ids],
            "expires_at": expires_at,
        },
    )
    if not created and not (key.workspace_id == workspace.pk and key.revoked_at is None):
        raise KeyTaken("This text is, or was, another key.", field="api_key")
    return key, text


def revoke_key(*, key: ApiKey) -> None:
    """End a key at once."""
    ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
    key.refresh_from_db(fields=["revoked_at"])


def rename_user(*, user: User, name: str) -> None:
    """Call a person something else."""
    user.name = name
    user.save(update_fields=["name"])


def end_sessions(*, user: User) -> None:
    """Sign a person out everywhere, from the next request on."""
    User.objects.filter(pk=user.pk).update(session_epoch=F("session_epoch") + 1)
    user.refresh_from_db(fields=["session_epoch"])


def decline_mfa(*, user: User) -> None:
    """Remember that a person wants no second step at signing in for now."""
    user.mfa_declined_at = timezone.now()
    user.save(update_fields=["mfa_declined_at"])


def answers_over(at: datetime) -> QuerySet[IdempotencyRecord]:
    """The answers that are kept no longer."""
    return IdempotencyRecord.objects.filter(expires_at__lte=at)


def forget_idempotency_keys(*, at: datetime, workspaces: Workspaces = None) -> int:
    """Delete the answers that are kept no longer; returns how many."""
    count, _ = within(answers_over(at), "workspace", workspaces).delete()
    return count
