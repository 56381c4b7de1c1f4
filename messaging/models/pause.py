"""What keeps all mail of a workspace, or of all of them, from leaving."""

from __future__ import annotations

from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from project.ids import new_id
from project.tenancy.models import Workspace


class PauseQuerySet(models.QuerySet["Pause"]):
    def over(self, workspace_id: UUID) -> PauseQuerySet:
        """Pauses that a workspace's mail waits for, its own first."""
        return self.filter(Q(workspace=None) | Q(workspace=workspace_id)).order_by(
            F("workspace").asc(nulls_last=True), "since"
        )


class Pause(models.Model):
    """Why nothing is claimed, in one workspace or everywhere; it holds while the row is there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(  # null: all of them
        Workspace, models.CASCADE, null=True, blank=True, related_name="pauses"
    )
    # workers end what they have, such as before a new version; otherwise what has not reached
    # its dot stays as well
    is_drain = models.BooleanField("drain", default=False)
    reason = models.CharField(max_length=1000)
    since = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField(null=True, blank=True)  # null: until somebody resumes

    objects = PauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace"], name="pause_of_workspace_once"),
            models.UniqueConstraint(
                fields=["is_drain"],
                condition=Q(workspace__isnull=True),
                name="pause_of_all_once",
            ),
            models.CheckConstraint(
                name="pause_drains_all",
                condition=Q(is_drain=False) | Q(workspace__isnull=True),
                violation_error_message="Only the whole installation can be drained.",
            ),
            models.CheckConstraint(
                name="pause_says_why",
                condition=~Q(reason=""),
                violation_error_message="Say why.",
            ),
            models.CheckConstraint(
                name="pause_ends_later",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("since")),
            ),
        ]

    def __str__(self) -> str:
        verb = "Drain" if self.is_drain else "Pause"
        return f"{verb} of {self.workspace or 'the whole installation'}"
