"""Whose sign-in has a second step, and who is offered one."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from allauth.mfa.models import Authenticator

from project.tenancy.models import User


def is_protected(user: User) -> bool:
    """Whether signing in takes more than the password; one query."""
    return bool(protected_among([user.pk]))


def protected_among(ids: Collection[UUID]) -> set[UUID]:
    """Those of these people whose sign-in has a second step; recovery codes alone are none."""
    rows = Authenticator.objects.filter(user__in=ids)
    steps = rows.exclude(type=Authenticator.Type.RECOVERY_CODES)
    return set(steps.values_list("user_id", flat=True))


def offers_mfa(user: User) -> bool:
    """Whether the desk offers a second step: until there is one, or it was declined."""
    return user.mfa_declined_at is None and not is_protected(user)
