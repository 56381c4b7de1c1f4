"""A message, and the files that it carries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from attachments.models import Attachment, AttachmentState
from attachments.uses import Use
from messaging.models.correspondence import Customer, Folder, Inbox, Thread
from project.ids import new_id
from project.tenancy.models import Workspace

if TYPE_CHECKING:
    from messaging.models.outbox import Delivery, Recipient


class Direction(models.TextChoices):
    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Channel(models.TextChoices):
    EMAIL = "email"
    NOTE = "note"


class Category(models.TextChoices):
    """Why somebody gets it: asked for by what they did, or not."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class Status(models.TextChoices):
    """What has become of a message; derived from its deliveries and recipients, never stored."""

    SCHEDULED = "scheduled"
    WAITING = "waiting"
    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    PARTIAL = "partial"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELED = "canceled"
    RECORDED = "recorded"
    RECEIVED = "received"


OPEN = ("queued", "waiting", "held", "claimed", "data")  # states of a delivery that may still send
HELD_BY_HAND = "It stays here until an operator releases it."  # what no rule has held
REACHED = ("accepted", "delivered", "complained")  # the recipient's server took it, and kept it


class MessageQuerySet(models.QuerySet["Message"]):
    def carrying(self, attachment_id: UUID) -> MessageQuerySet:
        """Messages that carry an attachment."""
        return self.filter(enclosures__attachment_id=attachment_id)

    def in_full(self) -> MessageQuerySet:
        """With everything that an answer speaks of: files, deliveries, recipients; 4 queries."""
        return self.select_related("inbox").prefetch_related(
            models.Prefetch(
                "enclosures", MessageAttachment.objects.select_related("attachment__blob__preview")
            ),
            "deliveries__recipients",
        )

    def settled(self) -> MessageQuerySet:
        """Messages that will not leave any more: no delivery is open."""
        return self.exclude(deliveries__state__in=OPEN)

    def at_rest(self) -> MessageQuerySet:
        """Messages that will never leave again: nobody is in doubt to whom one could resend."""
        return self.settled().exclude(deliveries__recipients__state="unknown")

    def to_let_go(self, at: datetime | Now) -> MessageQuerySet:
        """Messages whose files, and maybe words, were to be kept until before `at`."""
        return self.at_rest().filter(files_until__lte=at, files_released_at__isnull=True)

    def to_delete(self, at: datetime) -> MessageQuerySet:
        """Messages that came into the trash before `at`, and will not leave any more."""
        return self.settled().filter(trashed_at__lte=at)

    def with_status(self, status: str, *, at: datetime) -> MessageQuerySet:
        """Messages whose `status_at(at)` is this one; the same rules, told to the database."""
        return self.filter(_status_condition(Status(status), at))


class Message(models.Model):
    """A letter that has been accepted for sending, or has been received.

    What goes into the mail never changes once a delivery exists.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="messages")
    inbox = models.ForeignKey(Inbox, models.PROTECT, null=True, related_name="messages")
    # message_folder_newest begins with it
    folder = models.ForeignKey(
        Folder, models.PROTECT, null=True, related_name="messages", db_index=False
    )
    thread = models.ForeignKey(Thread, models.PROTECT, null=True, related_name="messages")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="messages")
    direction = models.CharField(max_length=8, choices=Direction)
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.EMAIL)

    from_email = models.CharField(max_length=320, blank=True)
    from_name = models.CharField(max_length=998, blank=True)
    to = models.JSONField(default=list)  # [{"email", "name"}], as the header has them
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    reply_to = models.JSONField(default=list)
    subject = models.TextField(blank=True)
    text = models.TextField(null=True)  # noqa: DJ001  null: there is none
    html = models.TextField(null=True)  # noqa: DJ001
    headers = models.JSONField(default=dict)
    rfc_message_id = models.CharField(max_length=998, blank=True)  # with angle brackets
    in_reply_to = models.CharField(max_length=998, blank=True)
    references = models.JSONField(default=list)
    date = models.DateTimeField(default=timezone.now)  # of the Date header
    size = models.PositiveBigIntegerField(default=0)  # bytes of the whole mail, as sent
    attachment_count = models.PositiveIntegerField(default=0)

    category = models.CharField(max_length=13, choices=Category, default=Category.TRANSACTIONAL)
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    # What a door keeps beside it and only that door understands, under the door's own name.
    annotations = models.JSONField(default=dict)
    unread = models.BooleanField(default=False)
    starred = models.BooleanField(default=False)
    send_at = models.DateTimeField(null=True)  # the time that was asked for; null: at once
    sent_at = models.DateTimeField(null=True)  # when the first recipient's server took it
    trashed_at = models.DateTimeField(null=True)
    stores_content = models.BooleanField(default=True)  # false: nothing to read once it is sent
    files_until = models.DateTimeField(null=True)  # null: its files stay as long as it does
    files_released_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="message_newest"),
            models.Index(fields=["inbox", "-id"], name="message_inbox_newest"),
            models.Index(fields=["folder", "-id"], name="message_folder_newest"),
            models.Index(fields=["thread", "-id"], name="message_thread_newest"),
            models.Index(
                fields=["inbox", "-id"], name="message_starred", condition=Q(starred=True)
            ),
            models.Index(  # how much is unread in each folder of an inbox
                fields=["inbox", "folder"],
                name="message_unread",
                condition=Q(unread=True, trashed_at__isnull=True),
            ),
            models.Index(
                fields=["workspace", "-id"],
                name="message_with_files",
                condition=Q(attachment_count__gt=0),
            ),
            models.Index(fields=["workspace", "from_email"], name="message_from"),
            models.Index(fields=["inbox", "rfc_message_id"], name="message_rfc_id"),
            models.Index(
                fields=["trashed_at"], name="message_trash", condition=Q(trashed_at__isnull=False)
            ),
            models.Index(
                fields=["files_until"],
                name="message_files_until",
                condition=Q(files_until__isnull=False, files_released_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="message_direction", condition=Q(direction__in=Direction.values)
            ),
            models.CheckConstraint(name="message_channel", condition=Q(channel__in=Channel.values)),
            models.CheckConstraint(
                name="message_category", condition=Q(category__in=Category.values)
            ),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.pk)

    @property
    def recipients(self) -> list[Recipient]:
        """Everybody who is to get it, over all its deliveries, in the letter's order."""
        everybody = [one for delivery in self.deliveries.all() for one in delivery.recipients.all()]
        return sorted(everybody, key=lambda one: one.pk)

    def waiting_for(self) -> list[Attachment]:
        """The files without which it does not leave; none once it has left."""
        if not any(delivery.state in OPEN for delivery in self.deliveries.all()):
            return []
        return [
            enclosure.attachment
            for enclosure in self.enclosures.all()
            if enclosure.in_mail and enclosure.attachment.state != AttachmentState.READY
        ]

    def hold(self) -> Delivery | None:
        """What operators, or a rule of theirs, keep back of it."""
        held = (one for one in self.deliveries.all() if one.state == "held")
        return next(held, None)

    def status_at(self, at: datetime) -> Status:
        """What has become of it, as its deliveries and recipients have it at `at`."""
        deliveries = list(self.deliveries.all())
        if self.direction == Direction.INBOUND:
            return Status.RECEIVED
        if not deliveries:
            return Status.RECORDED
        states = {delivery.state for delivery in deliveries}
        outcomes = {one.state for delivery in deliveries for one in delivery.recipients.all()}
        queued = [delivery for delivery in deliveries if delivery.state == "queued"]
        if states == {"canceled"}:
            return Status.CANCELED
        if states & {"claimed", "data"}:
            return Status.SENDING
        if "unknown" in outcomes:
            return Status.UNKNOWN
        if "held" in states:
            return Status.HELD
        if "waiting" in states or (any(one.is_due(at) for one in queued) and self.waiting_for()):
            return Status.WAITING
        if "deferred" in outcomes or any(delivery.attempts for delivery in queued):
            return Status.DEFERRED
        if queued:
            return Status.QUEUED if any(one.is_due(at) for one in queued) else Status.SCHEDULED
        if self.sent_at is None and outcomes & set(REACHED):
            # Its recipients are read after it: they have heard what its own row does not say yet.
            return Status.SENDING
        return _outcome(outcomes)


def _outcome(outcomes: set[str]) -> Status:
    if outcomes <= set(REACHED):
        return Status.SENT
    return Status.PARTIAL if outcomes & set(REACHED) else Status.FAILED


def _status_condition(status: Status, at: datetime) -> Q:
    """`Message.status_at` as a condition: each rule, and none of those before it.

    It is one statement, which no writer overtakes, so a reached recipient comes with `sent_at`.
    """

    def some(**having: object) -> Exists:
        lookups = {f"deliveries__{name}": value for name, value in having.items()}
        return Exists(Message.objects.filter(pk=OuterRef("pk"), **lookups))

    def recipient(*states: str) -> Exists:
        return some(recipients__state__in=states)

    unready = Exists(MessageAttachment.objects.unready().filter(message=OuterRef("pk")))
    due = some(state="queued", due_at__lte=at)
    others = ("pending", "deferred", "refused", "unknown", "suppressed", "bounced")
    rules: Sequence[tuple[Status, Q]] = (
        (Status.RECEIVED, Q(direction=Direction.INBOUND)),
        (Status.RECORDED, Q(~some(isnull=False))),
        (Status.CANCELED, Q(~some(state__in=(*OPEN, "done", "failed")))),
        (Status.SENDING, Q(some(state__in=("claimed", "data")))),
        (Status.UNKNOWN, Q(recipient("unknown"))),
        (Status.HELD, Q(some(state="held"))),
        (Status.WAITING, Q(some(state="waiting")) | (Q(due) & Q(unready))),
        (Status.DEFERRED, Q(some(state="queued", attempts__gt=0)) | Q(recipient("deferred"))),
        (Status.QUEUED, Q(due)),
        (Status.SCHEDULED, Q(some(state="queued"))),
        (Status.SENT, ~Q(recipient(*others))),
        (Status.PARTIAL, Q(recipient(*REACHED))),
        (Status.FAILED, Q()),
    )
    condition = Q()
    for name, rule in rules:
        if name == status:
            return condition & rule
        condition &= ~rule
    raise AssertionError(status)


class MessageAttachmentQuerySet(models.QuerySet["MessageAttachment"]):
    def unready(self) -> MessageAttachmentQuerySet:
        """Those that hold their message back: part of the mail, and the file is not ready."""
        return self.filter(in_mail=True).exclude(attachment__state=AttachmentState.READY)

    def needing_bytes(self) -> MessageAttachmentQuerySet:
        """Rows whose bytes must stay: see `attachments.uses`."""
        return self.filter(
            Q(message__files_until__isnull=True)
            | Q(message__files_until__gt=Now())
            | _is_unfinished()
            | _is_in_doubt()
        )

    def blocking_deletion(self) -> MessageAttachmentQuerySet:
        """Rows of messages that may still leave: see `attachments.uses`."""
        return self.filter(_is_unfinished())

    def as_uses(self) -> list[Use]:
        """The messages that carry the file, the newest first: see `attachments.uses`."""
        rows = self.order_by("-message_id").values_list("message_id", "message__created_at")
        return [Use(kind="message", id=id, at=at) for id, at in rows]


def _is_unfinished() -> Exists:
    """Of a MessageAttachment: a delivery of its message is queued, waiting or under way."""
    return Exists(Message.objects.filter(pk=OuterRef("message_id"), deliveries__state__in=OPEN))


def _is_in_doubt() -> Exists:
    """Of a MessageAttachment: its message can be sent again to somebody who may not have it."""
    in_doubt = Q(deliveries__recipients__state="unknown")
    return Exists(Message.objects.filter(in_doubt, pk=OuterRef("message_id")))


class MessageAttachment(models.Model):
    """How a message carries a file."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="enclosures")
    attachment = models.ForeignKey(Attachment, models.PROTECT, related_name="message_enclosures")
    position = models.PositiveIntegerField()
    filename = models.CharField(max_length=255)  # as the mail has it
    inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=255, blank=True)  # without angle brackets
    in_mail = models.BooleanField(default=True)  # false: added to the record after it left
    # the file of the same message inside of which it was found; null: a part of the mail itself
    container = models.ForeignKey("self", models.CASCADE, null=True, related_name="contained")
    annotations = models.JSONField(default=dict)  # see Message

    objects = MessageAttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="enclosure_position_once"),
            models.UniqueConstraint(fields=["message", "attachment"], name="enclosure_once"),
        ]

    def __str__(self) -> str:
        return self.filename
