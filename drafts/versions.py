"""Writes on a version: of two that were made on the same one, the second does not win."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from drafts.errors import DraftNotFound, VersionConflict
from drafts.models import Draft

TRIES = 5  # of a write that names no version, while others come first


class Overtaken(Exception):
    """Another write came first, so that this one was made on rows that are no more."""


def write(draft: Draft, effect: Callable[[Draft], Draft], *, expected: int | None) -> Draft:
    """Run `effect` in a transaction, anew on fresh rows when another write came first.

    With an `expected` version it runs on that one or not at all.
    Raises VersionConflict, DraftNotFound.
    """
    for _ in range(TRIES):
        if expected not in (None, draft.version):
            raise VersionConflict(draft.version)
        try:
            with transaction.atomic():
                return effect(draft)
        except Overtaken:
            draft = _fresh(draft)
    raise VersionConflict(draft.version)


def save(draft: Draft, **columns: Any) -> None:
    """Write columns on the version that was read, and bump it; raises Overtaken."""
    columns = {**columns, "version": draft.version + 1, "updated_at": timezone.now()}
    if not Draft.objects.filter(pk=draft.pk, version=draft.version).update(**columns):
        raise Overtaken
    assign(draft, columns)


def assign(draft: Draft, columns: dict[str, Any]) -> None:
    """Let the object have what its row has."""
    for name, value in columns.items():
        setattr(draft, name, value)


def _fresh(draft: Draft) -> Draft:
    found = Draft.objects.in_full().filter(pk=draft.pk).first()
    if found is None:
        raise DraftNotFound(draft.pk)
    return found
