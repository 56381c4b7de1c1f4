"""Mail that came in, as it came."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from messaging.models.correspondence import Inbox
from messaging.models.message import Message
from project.ids import new_id
from project.tenancy.models import Workspace


class ArrivalQuerySet(models.QuerySet["Arrival"]):
    def carrying(self, key: str) -> ArrivalQuerySet:
        """Those whose raw bytes lie under a key: all recipients of one mail share them."""
        return self.filter(key=key)


class Arrival(models.Model):
    """A mail for one inbox: whole and durable before its sender hears so, read later."""

    class State(models.TextChoices):
        RECEIVED = "received"
        PARSED = "parsed"
        FAILED = "failed"  # its message has nothing but the raw bytes

    class Via(models.TextChoices):
        SMTP = "smtp"
        LMTP = "lmtp"
        HTTP = "http"
        PROVIDER = "provider"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="arrivals")
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="arrivals")
    via = models.CharField(max_length=8, choices=Via)
    mail_from = models.CharField(max_length=320, blank=True)  # of the envelope; blank: a bounce
    recipient = models.CharField(max_length=320)  # of the envelope, sub-address and all
    key = models.CharField(max_length=255)  # of the raw bytes, in the storage of attachments
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)  # hex
    state = models.CharField(max_length=8, choices=State, default=State.RECEIVED)
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="arrivals")
    problem = models.TextField(blank=True)  # why it could not be read, the last time
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)  # when it is to be read; a lease while it is
    received_at = models.DateTimeField(default=timezone.now, editable=False)
    parsed_at = models.DateTimeField(null=True)

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="arrival_state", condition=Q(state__in=("received", "parsed", "failed"))
            ),
            models.CheckConstraint(
                name="arrival_due_until_read",
                condition=Q(state="received", due_at__isnull=False, message__isnull=True)
                | (~Q(state="received") & Q(due_at__isnull=True, message__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="arrival_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["workspace", "-id"], name="arrival_newest"),
            models.Index(fields=["key"], name="arrival_key"),
        ]

    def __str__(self) -> str:
        return f"{self.mail_from or '<>'} → {self.recipient}"

    def leased(self) -> ArrivalQuerySet:
        """Its row, while the lease that was read is the one that stands."""
        rows = ArrivalQuerySet(Arrival).filter(pk=self.pk, state=Arrival.State.RECEIVED)
        return rows.filter(due_at=self.due_at)
