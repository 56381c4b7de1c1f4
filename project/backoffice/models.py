"""What operators have done to many rows at once."""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from project.ids import new_id
from project.tenancy.models import User, Workspace
from project.tenancy.office import Workspaces


class JobQuerySet(models.QuerySet["Job"]):
    def counted(self) -> JobQuerySet:
        """With how many rows each has, and how many came to what."""
        return self.annotate(
            total=Count("rows"),
            **{name: Count("rows", filter=Q(rows__outcome=name)) for name in JobRow.OVER},
        )

    def within(self, workspaces: Workspaces) -> JobQuerySet:
        """Jobs that touch no other workspaces than these."""
        if workspaces is None:
            return self
        others = JobRow.objects.filter(job=OuterRef("pk")).exclude(workspace__in=workspaces)
        return self.filter(~Exists(others))


class Job(models.Model):
    """One deed, done to many rows for one reason."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.CharField(max_length=64)  # such as messaging.message
    deed = models.CharField(max_length=32)
    reason = models.TextField()
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="jobs")
    actor = models.CharField(max_length=80)  # as the log names them
    chosen = models.TextField(blank=True)  # the filter of the list; blank: chosen one by one
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    due_at = models.DateTimeField(null=True)  # when a worker is to look; a lease; null: it is over
    stopped_at = models.DateTimeField(null=True)  # when somebody said stop
    done_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="job_due_until_done",
                condition=Q(due_at__isnull=False, done_at__isnull=True)
                | Q(due_at__isnull=True, done_at__isnull=False),
            ),
            models.CheckConstraint(name="job_has_reason", condition=~Q(reason="")),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="job_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.deed}: {self.reason}"


class JobRow(models.Model):
    """One row of a job, and what came of it; its outcome is written with the deed itself."""

    class Outcome(models.TextChoices):
        LEFT = ""
        DONE = "done"
        REFUSED = "refused"  # it could not be done; the words say why
        FAILED = "failed"  # by a fault of ours; the log of the process has it
        GONE = "gone"

    OVER = ("done", "refused", "failed", "gone")

    job = models.ForeignKey(Job, models.CASCADE, related_name="rows")
    subject_id = models.UUIDField()
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True, default=Outcome.LEFT)
    words = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "subject_id"], name="job_row_once"),
            models.CheckConstraint(
                name="job_row_outcome",
                condition=Q(outcome__in=("", "done", "refused", "failed", "gone")),
            ),
        ]
        indexes = [
            models.Index(fields=["job", "id"], name="job_row_left", condition=Q(outcome="")),
        ]

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.outcome or 'left'}"
