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
        """Inboxes that send and receive, with their workspaces."""
        return self.filter(state=Inbox.State.ACTIVE).select_related("workspace")


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
    signature = models.TextField(blank=True)  # plain text, put under what people write; blank: none
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

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


class CustomerQuerySet(models.QuerySet["Customer"]):
    def in_full(self) -> CustomerQuerySet:
        """With their addresses; one query more."""
        return self.prefetch_related("addresses")

    def with_email(self, email: str) -> CustomerQuerySet:
        """Whoever has this mail address, in any case of its letters."""
        return self._having(CustomerAddress.Kind.EMAIL, email.strip().lower())

    def with_phone(self, phone: str) -> CustomerQuerySet:
        """Whoever has this telephone number, as it was given."""
        return self._having(CustomerAddress.Kind.PHONE, phone.strip())

    def _having(self, kind: str, value: str) -> CustomerQuerySet:
        return self.filter(addresses__kind=kind, addresses__value=value).distinct()


class Customer(models.Model):
    """A contact of the workspace."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="customers")
    name = models.CharField(max_length=255, blank=True)
    external_id = models.CharField(max_length=255, blank=True)  # in a system of the workspace's own
    metadata = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)  # see Message
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "external_id"],
                condition=~Q(external_id=""),
                name="customer_external_id_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or str(self.pk)

    @property
    def emails(self) -> list[CustomerAddress]:
        """Its mail addresses, the preferred one first; `in_full` brings them along."""
        return [one for one in self.addresses.all() if one.kind == CustomerAddress.Kind.EMAIL]

    @property
    def phones(self) -> list[CustomerAddress]:
        """Its telephone numbers, the preferred one first; `in_full` brings them along."""
        return [one for one in self.addresses.all() if one.kind == CustomerAddress.Kind.PHONE]

    @property
    def email(self) -> str:
        """The mail address at which it is written to; blank when none is known."""
        return self.emails[0].value if self.emails else ""


class CustomerAddress(models.Model):
    """One way to reach a customer."""

    class Kind(models.TextChoices):
        EMAIL = "email"
        PHONE = "phone"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="customer_addresses")
    kind = models.CharField(max_length=5, choices=Kind)
    value = models.CharField(max_length=320)  # a mail address in lower case; a number as given
    label = models.CharField(max_length=32, blank=True)  # home, work, …
    verified = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "customer addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "value"],
                condition=Q(kind="email"),
                name="customer_email_once",
            ),
            models.CheckConstraint(
                name="customer_address_kind", condition=Q(kind__in=("email", "phone"))
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "kind", "value"], name="customer_address_value"),
        ]

    def __str__(self) -> str:
        return self.value


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
