"""The keys that sign mail for a sender domain (DKIM, RFC 6376)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from project.fields import EncryptedTextField
from project.ids import new_id
from project.tenancy.models import Domain

STRING_BYTES = 255  # of one string of a TXT record (RFC 1035, section 3.3.14)
#: how long a record stays needed when its key has stopped signing: servers on the way try for
#: four to five days (RFC 5321, section 4.5.4.1), and the mail is judged when it arrives
KEEP_RECORD = timedelta(days=7)


class SigningKeyManager(models.Manager["SigningKey"]):
    """Leaves private keys where they are until asked for: a broken one spoils nothing else."""

    def get_queryset(self) -> models.QuerySet[SigningKey]:
        return super().get_queryset().select_related("domain").defer("private_key")


class SigningKey(models.Model):
    """An RSA key that signs the mail of a domain; whoever gets it finds the public half in DNS."""

    class State(models.TextChoices):
        NEW = "new"  # signs nothing until its record has been seen, or an operator says so
        ACTIVE = "active"
        RETIRED = "retired"  # signs nothing new; what it has signed may be under way

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # protected: without the key the mail of the domain would go on unsigned, and nobody told
    domain = models.ForeignKey(Domain, models.PROTECT, related_name="signing_keys")
    # a label of DNS, lower case
    selector = models.CharField(max_length=63, help_text="Such as e20261128.")
    private_key = EncryptedTextField()  # PKCS #8 in PEM
    public_key = models.TextField()  # SubjectPublicKeyInfo in base64, as the record has it
    state = models.CharField(max_length=8, choices=State, default=State.NEW)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    active_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    # {"dkim", "spf", "dmarc"}: the records that DNS had when it was last looked at
    found = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)  # of its record, then; blank: it was right

    objects = SigningKeyManager()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.UniqueConstraint(fields=["domain", "selector"], name="signingkey_selector_once"),
            models.UniqueConstraint(
                fields=["domain"], condition=Q(state="active"), name="signingkey_active_once"
            ),
            models.UniqueConstraint(
                fields=["domain"], condition=Q(state="new"), name="signingkey_new_once"
            ),
            models.CheckConstraint(
                name="signingkey_state",
                condition=Q(state="new", active_at__isnull=True, retired_at__isnull=True)
                | Q(state="active", active_at__isnull=False, retired_at__isnull=True)
                | Q(state="retired", active_at__isnull=False, retired_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.record_name

    @property
    def record_name(self) -> str:
        """Where its record stands in DNS."""
        return f"{self.selector}._domainkey.{self.domain.name}"

    @property
    def record(self) -> str:
        """What its record says (RFC 6376, section 3.6.1)."""
        return f"v=DKIM1; k=rsa; p={self.public_key}"

    @property
    def record_strings(self) -> list[str]:
        """The record in the strings of which a TXT record is made."""
        text = self.record
        return [text[at : at + STRING_BYTES] for at in range(0, len(text), STRING_BYTES)]

    @property
    def zone_line(self) -> str:
        """The record as a zone file has it, and as most forms of DNS providers take it."""
        strings = " ".join(f'"{one}"' for one in self.record_strings)
        return f"{self.record_name}. IN TXT ( {strings} )"

    def keeps_record_until(self) -> datetime | None:
        """Until when the record must stay at least; None while the key is in use."""
        return self.retired_at + KEEP_RECORD if self.retired_at else None
