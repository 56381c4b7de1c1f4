"""What happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from project.ids import new_id
from project.tenancy.models import Workspace


class CurrentTransaction(models.Func):
    """The number of the running transaction on PostgreSQL; 0 on SQLite, which has one writer."""

    arity = 0
    output_field = models.BigIntegerField()

    template = "0"

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return "pg_current_xact_id()::text::bigint", ()


class OldestOpenTransaction(CurrentTransaction):
    """The lowest number that may still commit: what is below is settled."""

    template = "1"

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint", ()


class NextTransaction(CurrentTransaction):
    """The number that the next transaction will get, or a lower one: nothing written has it yet."""

    template = "1"

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return "pg_snapshot_xmax(pg_current_snapshot())::text::bigint", ()


class Cursor(NamedTuple):
    """A place in the log."""

    transaction: int
    position: int


class EventQuerySet(models.QuerySet["Event"]):
    def settled(self) -> EventQuerySet:
        """Events before which no other can appear any more."""
        oldest: Combinable = OldestOpenTransaction()
        return self.filter(transaction__lt=oldest)

    def ahead(self) -> EventQuerySet:
        """Events of transactions to which this server has not counted: another one wrote them."""
        following: Combinable = NextTransaction()
        return self.filter(transaction__gte=following)

    def after(self, cursor: Cursor) -> EventQuerySet:
        """Events that come later in the log than `cursor`; to be put in order and cut, no more.

        Two stretches of the index: with OR between them SQLite reads the whole log.
        """
        rest = self.filter(transaction=cursor.transaction, position__gt=cursor.position)
        return rest.union(self.filter(transaction__gt=cursor.transaction), all=True)

    def between(self, since: datetime, until: datetime) -> EventQuerySet:
        """Events that happened from `since` on and before `until`."""
        return self.filter(at__gte=since, at__lt=until)

    def in_order(self) -> EventQuerySet:
        """Events as the log has them: by transaction, then by position in it.

        Positions alone are no order to replay by: of two transactions, the one that drew the
        lower position may commit last.
        """
        return self.order_by("transaction", "position")


class Event(models.Model):
    """One line of the log: what happened to what, and who did it."""

    position = models.BigAutoField(primary_key=True)
    transaction = models.BigIntegerField(db_default=CurrentTransaction(), editable=False)
    id = models.UUIDField(unique=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=64)  # noun.verb, such as message.sent
    subject_kind = models.CharField(max_length=16)  # the noun
    subject_id = models.UUIDField()
    actor = models.CharField(max_length=80, blank=True)  # "key:…", "user:…"; blank: the clock
    payload = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "transaction", "position"], name="event_replay"),
            models.Index(fields=["subject_id", "position"], name="event_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"

    @property
    def cursor(self) -> Cursor:
        """Its place in the log."""
        return Cursor(self.transaction, self.position)
