"""Who is asking."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils import timezone

from project.ids import new_id, spell


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who signs in by e-mail address; the domain's case is not kept."""
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who may do everything in the back office."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def with_email(self, email: str) -> User | None:
        """Whoever signs in with this address, in any case of its letters."""
        return self.filter(email__iexact=email).first()


class User(AbstractBaseUser, PermissionsMixin):
    """A person, signing in by e-mail address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the back office", default=False)
    session_epoch = models.PositiveIntegerField(default=0, editable=False)  # older ones are over
    # when they said no to a second step at signing in; null: they may be asked
    mfa_declined_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email

    @property
    def actor(self) -> str:
        """How the log of events names this person."""
        return f"user:{spell('usr', self.pk)}"

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must hold to be this person's: a new epoch ends all that are older."""
        of_password: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        return f"{of_password}{self.session_epoch or ''}"


MIN_UNDO_SECONDS, MAX_UNDO_SECONDS = 5, 30


class Workspace(models.Model):
    """The tenant: every query starts from one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=255, unique=True)
    members = models.ManyToManyField(User, through="Member", related_name="workspaces")
    # null: the door's own limit
    max_file_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    max_message_bytes = models.PositiveBigIntegerField(null=True, blank=True)  # as sent
    # of all its files, equal ones once; null: WORKSPACE_QUOTA_BYTES; 0: any number
    max_stored_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    # endings of names that are not taken, such as "exe"; case and a leading dot do not matter
    blocked_extensions = models.JSONField(default=list, blank=True)
    # off: what a message says and carries is forgotten once it has been sent
    stores_content = models.BooleanField(default=True)
    # for how long people can take back what they have sent
    undo_seconds = models.PositiveSmallIntegerField(default=10)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="workspace_undo_seconds",
                condition=Q(undo_seconds__gte=MIN_UNDO_SECONDS, undo_seconds__lte=MAX_UNDO_SECONDS),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner"
    OPERATOR = "operator"
    MEMBER = "member"
    AUDITOR = "auditor"


class Member(models.Model):
    """A person's place in a workspace."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "user"], name="member_once"),
            models.CheckConstraint(name="member_role", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Duty(models.TextChoices):
    """What somebody does in the back office."""

    OPERATOR = "operator"
    AUDITOR = "auditor"  # reads, but no bodies, and changes nothing


class Post(models.Model):
    """A place in the back office: for one workspace, or for the whole installation.

    Superusers need none: they are operators of everything.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="posts")
    duty = models.CharField(max_length=8, choices=Duty)
    # null: all of them
    workspace = models.ForeignKey(
        Workspace, models.CASCADE, null=True, blank=True, related_name="posts"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace"], name="post_once"),
            models.UniqueConstraint(
                fields=["user"], name="post_everywhere_once", condition=Q(workspace__isnull=True)
            ),
            models.CheckConstraint(name="post_duty", condition=Q(duty__in=Duty.values)),
        ]

    def __str__(self) -> str:
        return f"{self.duty} of {self.workspace or 'everything'}"


class Invitation(models.Model):
    """A place in a workspace that is kept for whoever has its link; gone once it is taken.

    Its id becomes the member's. The link is made of the id and the expiry, so that a renewed
    invitation has another one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="invitations")
    email = models.EmailField()  # lower case
    role = models.CharField(max_length=8, choices=Role, default=Role.MEMBER)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "email"], name="invitation_once"),
            models.CheckConstraint(name="invitation_role", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.role})"

    def is_open(self, at: datetime) -> bool:
        """Whether its link still leads in at `at`."""
        return at < self.expires_at


class Domain(models.Model):
    """A mail domain at which a workspace may make inboxes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="domains")
    name = models.CharField(max_length=253, unique=True)  # lower case, A-labels
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    READ = "read"
    DRAFT = "draft"
    SEND = "send"
    FILES = "files"
    ADMIN = "admin"


def digest_of(secret: str) -> str:
    """The hex digest under which a key is stored: of its whole text, whatever its prefix."""
    return sha256(secret.encode()).hexdigest()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def alive(self, at: datetime) -> ApiKeyQuerySet:
        """Keys that are neither revoked nor expired at `at`."""
        return self.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=at), revoked_at__isnull=True
        )


class ApiKey(models.Model):
    """A program's way in. The secret is shown once; only its digest is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="keys")
    name = models.CharField(max_length=255, blank=True)
    sha256 = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=8, blank=True)  # the secret's last four characters
    scopes = models.JSONField(default=list)
    inbox_ids = models.JSONField(default=list)  # hex ids of the inboxes it is bound to; none: all
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name or 'key'} …{self.hint}"

    @property
    def bound_inbox_ids(self) -> list[UUID]:
        """The only inboxes that it is for; none: all of the workspace."""
        return [UUID(hex=hex) for hex in self.inbox_ids]


class IdempotencyRecord(models.Model):
    """A request that must take effect once, and its answer.

    `status` is null while the request is in flight; the reservation then holds until
    `lease_until`, so that a process that died frees the key by itself.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="idempotency_records")
    door = models.CharField(max_length=32)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # hex SHA-256 of what makes requests equal
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    lease_until = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "door", "key"], name="idempotency_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.door}: {self.key}"
