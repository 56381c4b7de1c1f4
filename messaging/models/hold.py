"""Rules that hold mail, and what they have held."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from messaging.models.outbox import Delivery
from project.ids import new_id
from project.tenancy.models import Workspace


class HoldRuleQuerySet(models.QuerySet["HoldRule"]):
    def in_force(self) -> HoldRuleQuerySet:
        """Rules that hold mail, the oldest first."""
        return self.filter(is_active=True).order_by("pk")


class HoldRule(models.Model):
    """Which mail is held when it comes due: that of which all that is given here is true."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(
        Workspace,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="hold_rules",
        help_text="Blank: of every workspace.",
    )
    name = models.CharField(
        max_length=200, help_text="Why it is held. Those who wrote the mail read this."
    )
    sender = models.CharField(
        max_length=320, blank=True, help_text="Mail from this address: ann@example.com"
    )
    recipient_domain = models.CharField(
        max_length=253, blank=True, help_text="Mail with a recipient there: example.org"
    )
    content_type = models.CharField(
        max_length=255, blank=True, help_text="Mail with such a file: application/zip, or image/*"
    )
    min_bytes = models.PositiveBigIntegerField(
        "size", null=True, blank=True, help_text="Mail of this many bytes or more, as sent."
    )
    hold_hours = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="It leaves by itself so many hours later. Blank: it stays until it is released.",
    )
    is_active = models.BooleanField(
        "active", default=True, help_text="What it holds when it is turned off stays held."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = HoldRuleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="hold_rule_has_name",
                condition=~Q(name=""),
                violation_error_message="Say why it is held.",
            ),
            models.CheckConstraint(
                name="hold_rule_asks_something",
                condition=~Q(sender="", recipient_domain="", content_type="", min_bytes=None),
                violation_error_message=(
                    "Say which mail is meant. To stop all of it, pause the workspace."
                ),
            ),
            models.CheckConstraint(
                name="hold_rule_ends_later",
                condition=Q(hold_hours__isnull=True) | Q(hold_hours__gt=0),
                violation_error_message="It has to be held for an hour at least.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def in_words(self) -> str:
        """Which mail is meant."""
        parts = (
            f"from {self.sender}" if self.sender else "",
            f"to {self.recipient_domain}" if self.recipient_domain else "",
            f"with {self.content_type}" if self.content_type else "",
            f"of {self.min_bytes} bytes or more" if self.min_bytes is not None else "",
        )
        return ", ".join(part for part in parts if part)


class Hold(models.Model):
    """That a rule has held a delivery: it never does so twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="holds")
    rule = models.ForeignKey(HoldRule, models.PROTECT, related_name="holds")
    at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "rule"], name="hold_once"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} of {self.delivery_id}"
