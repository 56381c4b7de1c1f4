"""Who is told of what happens, what they are told, and what they answered."""

from __future__ import annotations

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from project.events.models.event import Cursor, Event
from project.fields import EncryptedTextField
from project.ids import new_id
from project.tenancy.models import Workspace


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def active(self) -> WebhookEndpointQuerySet:
        """Endpoints that are told of what happens."""
        return self.filter(is_active=True)

    def with_news(self) -> WebhookEndpointQuerySet:
        """Endpoints for which something has happened that they have not been looked at for."""
        log = Event.objects.settled().filter(workspace=OuterRef("workspace"))
        last = log.order_by("-transaction", "-position")
        return (
            self.active()
            .annotate(
                last_transaction=Subquery(last.values("transaction")[:1]),
                last_position=Subquery(last.values("position")[:1]),
            )
            .filter(
                Q(last_transaction__gt=F("told_transaction"))
                | Q(last_transaction=F("told_transaction"), last_position__gt=F("told_position"))
            )
        )

    def with_work(self) -> WebhookEndpointQuerySet:
        """Endpoints that have a delivery whose time it is, the longest waiting first."""
        due = WebhookDelivery.objects.due().filter(endpoint=OuterRef("pk")).order_by("due_at")
        waiting = self.active().annotate(waits_since=Subquery(due.values("due_at")[:1]))
        return waiting.filter(waits_since__isnull=False).order_by("waits_since")

    def locked(self) -> WebhookEndpointQuerySet:
        """Locked until the transaction ends: an endpoint before its deliveries, always."""
        return self.select_for_update(no_key=True)

    def without_secrets(self) -> WebhookEndpointQuerySet:
        """Not read: one that no key of the installation opens must not stop the others."""
        return self.defer("secret", "previous_secret")


class WebhookEndpoint(models.Model):
    """An address that somebody wants told what happens."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="webhooks")
    dialect = models.CharField(max_length=16)  # the door at which it was made, whose shape it gets
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=255, blank=True)
    events = models.JSONField(default=list)  # kinds in the dialect's spelling; none: all
    secret = EncryptedTextField()
    # signs beside the other until this moment, so that nobody has to change both ends at once
    previous_secret = EncryptedTextField(blank=True)
    previous_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    disabled_reason = models.TextField(blank=True)  # why the house has turned it off
    failing_since = models.DateTimeField(null=True)  # null: it took the last delivery
    # how far the log has been looked through for it
    told_transaction = models.BigIntegerField(default=0)
    told_position = models.BigIntegerField(default=0)
    # what a door keeps beside it and only that door understands
    annotations = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="webhook_newest")]

    def __str__(self) -> str:
        return self.url

    @property
    def told(self) -> Cursor:
        """The last event that it was told of, or that was not for it."""
        return Cursor(self.told_transaction, self.told_position)

    @told.setter
    def told(self, cursor: Cursor) -> None:
        self.told_transaction, self.told_position = cursor

    def wants(self, kind: str) -> bool:
        """Whether it asked for a kind, by name or by its noun."""
        return not self.events or kind in self.events or kind.partition(".")[0] in self.events


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def due(self) -> WebhookDeliveryQuerySet:
        """Deliveries whose time it is."""
        return self.filter(due_at__lte=Now())


class WebhookDelivery(models.Model):
    """One thing that one endpoint is told: a row of the outbox of webhooks."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        FAILED = "failed"  # given up; only a replay tries it again

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.CASCADE, related_name="webhook_deliveries")
    kind = models.CharField(max_length=64)  # as the endpoint hears it
    part = models.CharField(max_length=320, blank=True)  # of an event that is told in several
    body = models.TextField(blank=True)  # composed at the first try, and the same at every one
    state = models.CharField(max_length=9, choices=State, default=State.PENDING)
    problem = models.TextField(blank=True)  # why it has failed, or what went wrong the last time
    # when it is to be tried; a lease while it is; null once nothing more happens by itself
    due_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)
    tries = models.PositiveIntegerField(default=0)  # since it was queued, the last time
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True)

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "event", "part"], name="webhook_delivery_once"
            ),
            models.CheckConstraint(
                name="webhook_delivery_due_while_pending",
                condition=Q(state="pending", due_at__isnull=False)
                | (Q(state__in=("delivered", "failed")) & Q(due_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="webhook_delivery_newest"),
            models.Index(
                fields=["endpoint", "due_at"],
                name="webhook_delivery_due",
                condition=Q(due_at__isnull=False),
            ),
            models.Index(fields=["created_at"], name="webhook_delivery_oldest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.state}"


class WebhookAttempt(models.Model):
    """One request to an endpoint, and its answer."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(WebhookDelivery, models.CASCADE, related_name="attempts")
    url = models.CharField(max_length=2048)
    headers = models.JSONField(default=dict)  # of the request; its body is the delivery's
    status = models.PositiveSmallIntegerField(null=True)  # null: there was no answer
    answer = models.TextField(blank=True)  # the beginning of its body
    problem = models.TextField(blank=True)  # blank: it was taken
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["delivery", "id"], name="webhook_attempt_of")]

    def __str__(self) -> str:
        return self.problem or f"{self.status}"
