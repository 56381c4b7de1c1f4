"""What is being written."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import cached_property

from attachments.models import Attachment, AttachmentState
from attachments.uses import Use
from messaging.addresses import Address
from messaging.enclosures import Enclosure
from messaging.letter import Letter
from messaging.models import Customer, Delivery, Inbox, Message, MessageAttachment, Thread
from messaging.models.message import Channel, Status
from project.ids import new_id
from project.tenancy.models import Workspace


class DraftState(models.TextChoices):
    """Where a draft stands; read from its message, never stored."""

    OPEN = "open"
    SCHEDULED = "scheduled"
    WAITING = "waiting"
    DISPATCHED = "dispatched"


class DraftQuerySet(models.QuerySet["Draft"]):
    def in_full(self) -> DraftQuerySet:
        """With everything that an answer speaks of: 2 queries, and 3 more for what is sent."""
        return self.select_related("inbox__workspace", "message").prefetch_related(
            models.Prefetch(  # type: ignore[no-redef]  # a cached property takes it (Django does so)
                "enclosures",
                DraftAttachment.objects.select_related("attachment__blob"),
                to_attr="files",
            ),
            models.Prefetch(
                "message__enclosures", MessageAttachment.objects.select_related("attachment__blob")
            ),
            "message__deliveries__recipients",
        )

    def in_state(self, state: str, *, at: datetime) -> DraftQuerySet:
        """Drafts whose `state_at(at)` is this one; the same rules, told to the database."""
        if state == DraftState.OPEN:
            return self.filter(message__isnull=True)
        held_back = {
            status: Q(message__in=Message.objects.with_status(status, at=at))
            for status in (Status.SCHEDULED, Status.WAITING)
        }
        if state in held_back:
            return self.filter(held_back[Status(state)])
        return self.filter(
            ~held_back[Status.SCHEDULED], ~held_back[Status.WAITING], message__isnull=False
        )


class Draft(models.Model):
    """A letter that is being written.

    Sending and scheduling write a message at once, and the draft points to it: its state is read
    from there. Undoing, editing and rescheduling withdraw that message.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="drafts")
    inbox = models.ForeignKey(Inbox, models.PROTECT, null=True, related_name="drafts")
    customer = models.ForeignKey(Customer, models.SET_NULL, null=True, related_name="drafts")
    thread = models.ForeignKey(Thread, models.SET_NULL, null=True, related_name="drafts")
    in_reply_to = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="replies")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.EMAIL)

    from_email = models.CharField(max_length=320, blank=True)  # blank: the inbox's address
    from_name = models.CharField(max_length=998, blank=True)
    to = models.JSONField(default=list)  # [{"email", "name"}]
    cc = models.JSONField(default=list)
    bcc = models.JSONField(default=list)
    reply_to = models.JSONField(default=list)
    subject = models.TextField(blank=True)
    text = models.TextField(null=True)  # noqa: DJ001  null: there is none
    html = models.TextField(null=True)  # noqa: DJ001
    headers = models.JSONField(default=dict)
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    annotations = models.JSONField(default=dict)  # see Message; its message has them too

    send_at = models.DateTimeField(null=True)  # the time that stands; null: none
    version = models.PositiveIntegerField(default=1)
    # Null: open. CASCADE: what was sent does not come back as something to be sent when its
    # message is deleted; whoever takes a message back lets go of it first.
    message = models.OneToOneField(Message, models.CASCADE, null=True, related_name="draft")
    error = models.JSONField(null=True)  # {"code", "message"}: why the last send failed
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = DraftQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["workspace", "-id"], name="draft_newest"),
            # few of all that were ever written are open
            models.Index(
                fields=["inbox", "-updated_at", "-id"],
                name="draft_open_newest",
                condition=Q(message__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(name="draft_channel", condition=Q(channel__in=Channel.values)),
            models.CheckConstraint(name="draft_version_counts", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return self.subject or str(self.pk)

    @cached_property
    def files(self) -> list[DraftAttachment]:
        """How it carries its files, in order; `in_full` brings them along."""
        return list(self.enclosures.select_related("attachment__blob"))

    @property
    def carried(self) -> list[Enclosure]:
        """Its files, as messages take them."""
        return [
            Enclosure(file.attachment, file.inline, file.content_id, file.filename)
            for file in self.files
        ]

    @property
    def sender(self) -> Address | None:
        """Whom it is from: its own choice, else its inbox; None while there is neither."""
        if self.from_email:
            return Address(self.from_email, self.from_name or None)
        if self.inbox is None:
            return None
        return Address(self.inbox.address, self.from_name or self.inbox.name or None)

    @property
    def letter(self) -> Letter:
        """What is written."""
        return Letter(
            sender=self.sender,
            to=_addresses(self.to),
            cc=_addresses(self.cc),
            bcc=_addresses(self.bcc),
            reply_to=_addresses(self.reply_to),
            subject=self.subject,
            text=self.text,
            html=self.html,
            headers=self.headers,
        )

    def state_at(self, at: datetime) -> DraftState:
        """Where it stands at `at`, as its message has it."""
        if self.message is None:
            return DraftState.OPEN
        status = self.message.status_at(at)
        if status == Status.SCHEDULED:
            return DraftState.SCHEDULED
        return DraftState.WAITING if status == Status.WAITING else DraftState.DISPATCHED

    def waiting_for(self) -> list[Attachment]:
        """The files whose bytes are on their way."""
        on_their_way = (AttachmentState.RESERVED, AttachmentState.STORED)
        return [file.attachment for file in self.files if file.attachment.state in on_their_way]


def _addresses(rows: list[dict[str, str | None]]) -> tuple[Address, ...]:
    return tuple(Address(str(row["email"]), row.get("name") or None) for row in rows)


class DraftAttachmentQuerySet(models.QuerySet["DraftAttachment"]):
    def undispatched(self) -> DraftAttachmentQuerySet:
        """Rows of drafts that have not left; what has left is its message's business."""
        open_deliveries = Delivery.objects.filter(message=OuterRef("draft__message_id")).open()
        return self.filter(Q(draft__message__isnull=True) | Exists(open_deliveries))

    def needing_bytes(self) -> DraftAttachmentQuerySet:
        """Rows whose bytes must stay: see `attachments.uses`."""
        return self.undispatched()

    def blocking_deletion(self) -> DraftAttachmentQuerySet:
        """Rows for whose sake a file cannot be deleted: see `attachments.uses`."""
        return self.undispatched()

    def as_uses(self) -> list[Use]:
        """The drafts that carry the file, the newest first: see `attachments.uses`."""
        rows = self.order_by("-draft_id").values_list("draft_id", "draft__created_at")
        return [Use(kind="draft", id=id, at=at) for id, at in rows]


class DraftAttachment(models.Model):
    """How a draft carries a file."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(Draft, models.CASCADE, related_name="enclosures")
    attachment = models.ForeignKey(Attachment, models.PROTECT, related_name="draft_enclosures")
    position = models.PositiveIntegerField()
    filename = models.CharField(max_length=255, blank=True)  # blank: the attachment's own
    inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=255, blank=True)  # without angle brackets

    objects = DraftAttachmentQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["draft", "attachment"], name="draft_enclosure_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What the recipients will see."""
        return self.filename or self.attachment.filename
