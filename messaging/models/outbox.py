"""The outbox.

The *delivery* is the unit of work: one SMTP transaction on one route. The *recipient* is the unit
of truth: what happened to whom. The *attempt* is history, written once, when an attempt ends.
"""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.lookups import In
from django.utils import timezone

from messaging.models.message import OPEN, Message, MessageAttachment
from messaging.models.pause import Pause
from project.ids import new_id


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def open(self) -> DeliveryQuerySet:
        """Deliveries that may still send: queued, waiting or under way."""
        return self.filter(state__in=OPEN)

    def gated(self) -> DeliveryQuerySet:
        """Deliveries that a file holds back."""
        return self.filter(_has_unready_file())

    def ungated(self) -> DeliveryQuerySet:
        """Deliveries all of whose files are ready: the only ones that may be claimed, or sent."""
        return self.filter(~_has_unready_file())

    def flowing(self) -> DeliveryQuerySet:
        """Deliveries that no pause keeps here: the only ones that may be claimed."""
        return self.filter(~is_paused())

    def going_on(self) -> DeliveryQuerySet:
        """Deliveries that may be sent once they are claimed: a drain lets them."""
        return self.filter(~is_paused(is_drain=False))


class Delivery(models.Model):
    """One message on one route."""

    class State(models.TextChoices):
        QUEUED = "queued"
        WAITING = "waiting"  # due, and a file is missing
        CLAIMED = "claimed"  # a worker has it; nothing of it can have been accepted
        DATA = "data"  # past the point of no return: the final dot may have been sent
        DONE = "done"  # nothing more by itself; the recipients tell what it came to
        HELD = "held"  # an operator keeps it back, until somebody releases or cancels it
        FAILED = "failed"  # a file never came
        CANCELED = "canceled"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="deliveries")
    # "": the relay; "local": own inboxes; "rehearsal": addresses whose answer is known beforehand
    route = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    # Schedule, retry time and lease in one: when a clock must look at this row. Null: never.
    due_at = models.DateTimeField(null=True)
    claim = models.UUIDField(null=True)  # stays after the end: it tells a late reply's owner
    attempts = models.PositiveIntegerField(default=0)
    deadline = models.DateTimeField()  # until when it waits for a file, or is tried again
    reason = models.TextField(blank=True)
    held_until = models.DateTimeField(null=True)  # while a rule holds it; null: until released
    done_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["message", "route"], name="delivery_route_once"),
            models.CheckConstraint(
                name="delivery_state",
                condition=Q(
                    state__in=(
                        "queued",
                        "waiting",
                        "claimed",
                        "data",
                        "done",
                        "held",
                        "failed",
                        "canceled",
                    )
                ),
            ),
            models.CheckConstraint(
                name="delivery_due_while_active",
                condition=Q(state__in=("queued", "claimed", "data"), due_at__isnull=False)
                | (~Q(state__in=("queued", "claimed", "data")) & Q(due_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="delivery_claimed_by_one",
                condition=~Q(state__in=("claimed", "data")) | Q(claim__isnull=False),
            ),
        ]
        indexes = [
            # not `state in (…)`: SQLite need not prove that with bound parameters
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(due_at__isnull=False)),
            models.Index(
                fields=["message"], name="delivery_open", condition=Q(done_at__isnull=True)
            ),
            models.Index(fields=["claim"], name="delivery_claim", condition=Q(claim__isnull=False)),
            models.Index(
                fields=["deadline"], name="delivery_deadline", condition=Q(state="waiting")
            ),
            models.Index(
                fields=["held_until"],
                name="delivery_held_until",
                condition=Q(held_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.route or 'relay'}: {self.state}"

    def is_due(self, at: datetime) -> bool:
        """Whether a clock should look at it at `at`."""
        return self.due_at is not None and self.due_at <= at


def is_paused(**which: object) -> Q:
    """Of deliveries: a pause keeps them here.

    The first part is asked once a statement: while nothing is paused, nothing is asked of a row.
    The last looks up one message at a time: an EXISTS over messages makes PostgreSQL read all
    that a paused workspace has ever sent.
    """
    pauses = Pause.objects.filter(**which)
    workspaces = pauses.filter(workspace__isnull=False).values("workspace")
    own = Subquery(Message.objects.filter(pk=OuterRef("message_id")).values("workspace"))
    return Q(Exists(pauses)) & (Q(Exists(pauses.filter(workspace=None))) | Q(In(own, workspaces)))


def _has_unready_file() -> Exists:
    return Exists(MessageAttachment.objects.unready().filter(message_id=OuterRef("message_id")))


class Recipient(models.Model):
    """What happened to whom."""

    class Role(models.TextChoices):
        TO = "to"
        CC = "cc"
        BCC = "bcc"

    class State(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        DEFERRED = "deferred"
        REFUSED = "refused"
        UNKNOWN = "unknown"
        SUPPRESSED = "suppressed"
        DELIVERED = "delivered"
        BOUNCED = "bounced"
        COMPLAINED = "complained"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="recipients")
    email = models.CharField(max_length=320)
    name = models.CharField(max_length=998, blank=True)
    role = models.CharField(max_length=3, choices=Role, default=Role.TO)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    code = models.PositiveSmallIntegerField(null=True)  # of the last reply
    reply = models.TextField(blank=True)  # the server's words, or ours
    at = models.DateTimeField(null=True)  # of the state
    provider_id = models.CharField(max_length=255, blank=True)  # the mail's, where one sends for us
    # {"state", "code", "reply"}: how a test address behaves, which no server is ever asked for
    rehearsed = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "email"], name="recipient_once"),
            models.CheckConstraint(
                name="recipient_state",
                condition=Q(
                    state__in=(
                        "pending",
                        "accepted",
                        "deferred",
                        "refused",
                        "unknown",
                        "suppressed",
                        "delivered",
                        "bounced",
                        "complained",
                    )
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["delivery"],
                name="recipient_left",
                condition=Q(state__in=("pending", "deferred")),
            ),
            models.Index(  # what has gone wrong lately, and why
                fields=["at"],
                name="recipient_trouble",
                condition=Q(state__in=("deferred", "refused", "bounced")),
            ),
            models.Index(fields=["at"], name="recipient_unknown", condition=Q(state="unknown")),
            models.Index(fields=["email"], name="recipient_email"),
            models.Index(
                fields=["provider_id"],
                name="recipient_provider_id",
                condition=~Q(provider_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.state}"


class Attempt(models.Model):
    """One try of a delivery, written when it ended."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"  # by all who were left
        PARTIAL = "partial"
        DEFERRED = "deferred"
        REFUSED = "refused"
        LOST = "lost"  # before the final dot: nothing was sent
        UNKNOWN = "unknown"  # after it

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="history")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=8, choices=Outcome)
    reply = models.TextField(blank=True)
    relay = models.CharField(max_length=320, blank=True)  # host:port, or the back-end's name
    # {"from", "sha256", "size", "parts"}: the mail whose dot was sent, each part as manifests
    # spell it; a blank digest: a provider wrote its own. Null: nothing was sent, or nobody knows.
    # Signed mail has "signature" as well, the field on top of it.
    sent = models.JSONField(null=True)
    # [{"id", "state", "code", "reply"}]: what was said of whom, by the hex ids of recipients
    replies = models.JSONField(default=list)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["delivery", "number"], name="attempt_of_delivery")]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}: {self.outcome}"


class Captured(models.Model):
    """A mail in the outbox tray: complete, and gone nowhere, because no relay is configured."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.OneToOneField(Delivery, models.CASCADE, related_name="captured")
    mail_from = models.CharField(max_length=320)
    recipients = models.JSONField(default=list)  # the addresses of the envelope
    key = models.CharField(max_length=255)  # of the raw message, in the storage of attachments
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    captured_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "captured"
        indexes = [models.Index(fields=["-captured_at"], name="captured_newest")]

    def __str__(self) -> str:
        return self.key
