"""Plain functions that make what tests need, each with a name of its own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from attachments.models import StorageUse
from project.tenancy.models import ApiKey, Member, Role, Scope, User, Workspace
from project.tenancy.services import create_key

PASSWORD = "correct horse battery staple"

_numbers = count(1)


def make_workspace(*, name: str = "") -> Workspace:
    """A workspace whose files are counted, as they are from its first one on."""
    workspace = Workspace.objects.create(name=name or f"Workspace {next(_numbers)}")
    StorageUse.objects.create(workspace=workspace)
    return workspace


def make_user(*, email: str = "", **fields: Any) -> User:
    return User.objects.create_user(email or f"user{next(_numbers)}@acme.test", PASSWORD, **fields)


def make_member(*, workspace: Workspace, user: User | None = None, role: str = "member") -> User:
    """A person in a workspace."""
    person = user or make_user()
    Member.objects.create(workspace=workspace, user=person, role=Role(role))
    return person


def make_key(
    workspace: Workspace, *, scopes: Iterable[str] = Scope.values, used: bool = True, **fields: Any
) -> tuple[ApiKey, str]:
    """A key and its secret; `used` a moment ago, so that no request writes its last use."""
    key, secret = create_key(workspace=workspace, scopes=scopes, **fields)
    if used:
        key.last_used_at = timezone.now()
        key.save(update_fields=["last_used_at"])
    return key, secret


def api_of(secret: str) -> APIClient:
    """A client of the API that sends a key, and JSON unless told otherwise."""
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {secret}")


def api_with(workspace: Workspace, *scopes: str) -> APIClient:
    """A client with a fresh key of these scopes."""
    return api_of(make_key(workspace, scopes=scopes)[1])
