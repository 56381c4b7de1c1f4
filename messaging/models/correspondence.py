"""Who writes to whom: inboxes with their folders, customers, threads."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from project.fields import EncryptedTextField
from project.ids import new_id
from project.tenancy.models import Workspace


class InboxQuerySet(models.QuerySet["Inbox"]):
    def active(self) -> InboxQuerySet:
        """Inboxes that send and receive."""
        return self.filter(state=Inbox.State.ACTIVE)


class Inbox(models.Model):
    """An address that sends and receives."""

    class State(models.TextChoices):
        ACTIVE = "active"
        DELETED = "deleted"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="inboxes")
    address = models.CharField(max_length=320)  # lower case, the domain in A-labels
    name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE)
    # smtp://…, smtp+starttls://… or smtps://… with its password; blank: the installation's
    smtp_url = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = InboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "inboxes"
        constraints = [
            # of the whole installation: mail that comes in must know where to go
            models.UniqueConstraint(
                fields=["address"], condition=Q(state="active"), name="inbox_address_once"
            ),
        ]

    def __str__(self) -> str:
        return self.address


class Folder(models.Model):
    """A place in an inbox; a message is in one."""

    class Role(models.TextChoices):
        INBOX = "inbox"
        SENT = "sent"
        ARCHIVE = "archive"
        TRASH = "trash"
        FREE = ""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="folders")
    name = models.CharField(max_length=255)
    role = models.CharField(max_length=8, choices=Role, default=Role.FREE, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["inbox", "name"], name="folder_name_once"),
            models.UniqueConstraint(
                fields=["inbox", "role"], condition=~Q(role=""), name="folder_role_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """A contact of the workspace."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="customers")
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=320, blank=True)  # lower case
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=~Q(email=""),
                name="customer_email_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or str(self.pk)


class Thread(models.Model):
    """A conversation in an inbox."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="threads")
    inbox = models.ForeignKey(Inbox, models.CASCADE, null=True, related_name="threads")
    subject = models.TextField(blank=True)  # of its first message
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-id"], name="thread_newest")]

    def __str__(self) -> str:
        return self.subject
