"""What was let go because its time was over."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q

from project.ids import new_id
from project.tenancy.models import Workspace


class RetentionRunQuerySet(models.QuerySet["RetentionRun"]):
    def over(self) -> RetentionRunQuerySet:
        """Runs that have ended, well or not."""
        return self.filter(due_at__isnull=True)


class RetentionRun(models.Model):
    """One time that a rule was followed in a workspace, and what went.

    A run of the clock is written when something went or it failed; one that somebody asked for is
    there before it begins.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rule = models.CharField(max_length=16)
    # null: in several at once, of what came up while the rule was followed in each
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, null=True, related_name="+", db_index=False
    )
    rows = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    error = models.CharField(max_length=255, blank=True)  # the name of what went wrong
    actor = models.CharField(max_length=80, blank=True)  # who asked; blank: the clock
    reason = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True)  # when a worker is to look; a lease; null: it is over
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = RetentionRunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="retention_run_due_until_ended",
                condition=Q(due_at__isnull=False, ended_at__isnull=True)
                | Q(due_at__isnull=True, started_at__isnull=False, ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="retention_run_asked_has_reason",
                condition=(Q(actor="") & Q(reason="")) | (~Q(actor="") & ~Q(reason="")),
            ),
        ]
        indexes = [
            # those that are kept, and the newest of a workspace
            models.Index(fields=["workspace", "rule", "-id"], name="retention_run_newest"),
            models.Index(
                fields=["due_at"], name="retention_run_due", condition=Q(due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.rows}"

    @property
    def duration(self) -> timedelta | None:
        """How long it took; None while it is not over."""
        if self.started_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.started_at
