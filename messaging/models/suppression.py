"""Whom not to write to."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from messaging.models.message import Category
from messaging.models.outbox import Recipient
from project.ids import new_id
from project.tenancy.models import Workspace


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def holding_back(self, category: str) -> SuppressionQuerySet:
        """Those that apply to messages of a category."""
        if category == Category.TRANSACTIONAL:
            return self.filter(applies_to=Suppression.Scope.ALL)
        return self.all()


class Suppression(models.Model):
    """An address to which a workspace does not write any more, and why."""

    class Reason(models.TextChoices):
        HARD_BOUNCE = "hard_bounce"
        COMPLAINT = "complaint"
        UNSUBSCRIBE = "unsubscribe"
        MANUAL = "manual"

    class Scope(models.TextChoices):
        ALL = "all"
        NON_TRANSACTIONAL = "non_transactional"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="suppressions")
    email = models.CharField(max_length=320)  # lower case
    reason = models.CharField(max_length=11, choices=Reason, default=Reason.MANUAL)
    applies_to = models.CharField(max_length=17, choices=Scope, default=Scope.ALL)
    # whose bounce or complaint it was
    recipient = models.ForeignKey(Recipient, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "email"], name="suppression_once"),
            models.CheckConstraint(
                name="suppression_reason",
                condition=Q(reason__in=("hard_bounce", "complaint", "unsubscribe", "manual")),
            ),
            models.CheckConstraint(
                name="suppression_scope", condition=Q(applies_to__in=("all", "non_transactional"))
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="suppression_newest")]

    def __str__(self) -> str:
        return self.email
