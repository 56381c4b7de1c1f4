"""Who uses a file, asked without knowing any of them.

Every model that points at Attachment (found through `_meta.related_objects`) answers three
questions about its rows. Its default manager is one of a queryset with these methods:

    needing_bytes() -> Self        rows whose bytes must stay in the storage: drafts, messages that
                                   may still be sent, and sent ones that promise to keep their files
    blocking_deletion() -> Self    rows for whose sake a DELETE is refused: drafts, and messages
                                   that are not sent yet; a subset of `needing_bytes`
    as_uses() -> Iterable[Use]     the rows as people are told of them, newest first

A model without them is an error of `manage.py check` (attachments.E001).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from attachments.models import Attachment

VERBS = ("needing_bytes", "blocking_deletion", "as_uses")


@dataclass(frozen=True, kw_only=True)
class Use:
    """One use of a file: by which thing, and since when. `kind` is `draft` or `message`."""

    kind: str
    id: UUID
    at: datetime


class UseQuerySet(Protocol):
    """The part of a queryset that this module relies on."""

    def filter(self, **lookups: object) -> Self: ...
    def values_list(self, *fields: str, flat: bool) -> Iterable[UUID]: ...
    def needing_bytes(self) -> Self: ...
    def blocking_deletion(self) -> Self: ...
    def as_uses(self) -> Iterable[Use]: ...


def related_rows(ids: Iterable[UUID]) -> Iterator[tuple[str, UseQuerySet]]:
    """Per relation the name of its foreign key and its rows for these attachments."""
    wanted = list(ids)
    for relation in Attachment._meta.related_objects:
        name = relation.field.name
        manager = relation.related_model._default_manager
        yield name, cast("UseQuerySet", manager.filter(**{f"{name}__in": wanted}))


def needed(ids: Iterable[UUID]) -> set[UUID]:
    """Those of the attachments whose bytes somebody still needs."""
    return {
        id
        for name, rows in related_rows(ids)
        for id in rows.needing_bytes().values_list(f"{name}_id", flat=True)
    }


def unneeded(attachments: QuerySet[Attachment]) -> QuerySet[Attachment]:
    """Those of the attachments whose bytes nobody needs any more, as `needed` has it."""
    for relation in Attachment._meta.related_objects:
        rows = cast("UseQuerySet", relation.related_model._default_manager.all())
        users = rows.filter(**{relation.field.name: OuterRef("pk")}).needing_bytes()
        attachments = attachments.filter(~Exists(cast("QuerySet[Any]", users)))
    return attachments


def uses_blocking_deletion(id: UUID) -> list[Use]:
    """The drafts and unsent messages that need the file, newest first."""
    return _newest_first(use for _, rows in related_rows([id]) for use in _blocking(rows))


def uses_of(*ids: UUID) -> list[Use]:
    """Every draft and message that carries one of the files, newest first."""
    return _newest_first(use for _, rows in related_rows(ids) for use in rows.as_uses())


def _blocking(rows: UseQuerySet) -> Iterable[Use]:
    return rows.blocking_deletion().as_uses()


def _newest_first(uses: Iterable[Use]) -> list[Use]:
    return sorted(uses, key=lambda use: (use.at, use.id), reverse=True)
