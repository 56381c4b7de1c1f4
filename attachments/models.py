"""Files: what people see of them, and their bytes."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from project.ids import new_id
from project.tenancy.models import Workspace


class Encoding(models.TextChoices):
    """How bytes may travel as message/rfc822 (RFC 2046, section 5.2.1)."""

    SEVEN_BIT = "7bit"
    EIGHT_BIT = "8bit"
    BINARY = "binary"


class Verdict(models.TextChoices):
    """What a scanner for malware has said of some bytes."""

    UNSCANNED = "unscanned"  # nothing yet
    CLEAN = "clean"
    INFECTED = "infected"
    UNSCANNABLE = "unscannable", "Could not be checked"  # it was asked, and cannot say


#: how long whoever doomed a blob has for deleting its bytes, before another tries
DOOM_LEASE = timedelta(minutes=10)
#: how long a verdict is good for files that come anew: signatures change daily
VERDICT_LIFE = timedelta(days=1)


class BlobQuerySet(models.QuerySet["Blob"]):
    def standing(self) -> BlobQuerySet:
        """Blobs that are not on their way out."""
        return self.filter(doomed_at__isnull=True)

    def to_sweep(self, at: datetime) -> BlobQuerySet:
        """Blobs of which it is time to see whether anybody uses them."""
        return self.standing().filter(sweep_at__lte=at)

    def to_scan(self, at: datetime) -> BlobQuerySet:
        """Blobs that it is time to have scanned."""
        return self.standing().filter(scan_at__lte=at)

    def unused(self) -> BlobQuerySet:
        """Blobs that no attachment has."""
        return self.filter(~Exists(Attachment.objects.filter(blob=OuterRef("pk"))))

    def to_doom(self, at: datetime) -> BlobQuerySet:
        """Blobs that nobody came to use."""
        return self.to_sweep(at).unused()

    def left_doomed(self, at: datetime) -> BlobQuerySet:
        """Blobs whose bytes somebody was to delete, and has not in time."""
        return self.filter(doomed_at__lte=at - DOOM_LEASE)


class Blob(models.Model):
    """The bytes of one or more attachments of a workspace; they never change.

    A blob that loses its last attachment is first doomed, then its bytes go, then its row: so no
    crash leaves bytes behind that nobody remembers.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="blobs")
    sha256 = models.CharField(max_length=64)  # hex
    size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=255)  # sniffed from the first 8 KiB
    encoding = models.CharField(max_length=6, choices=Encoding)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # When the clock looks whether it is unused; not before an hour after the bytes came (again),
    # so that whoever put them has the time to write the rows that use them. Null: no need.
    sweep_at = models.DateTimeField(null=True, editable=False)
    doomed_at = models.DateTimeField(null=True, editable=False)
    verdict = models.CharField(max_length=11, choices=Verdict, default=Verdict.UNSCANNED)
    signature = models.CharField(max_length=255, blank=True)  # what was found, or why it cannot say
    engine = models.CharField(max_length=255, blank=True)  # and its signatures' version
    scanned_at = models.DateTimeField(null=True, blank=True)
    # When it is to be scanned; a lease while it is. Null: no need.
    scan_at = models.DateTimeField(null=True, editable=False)
    scan_attempts = models.PositiveIntegerField(default=0, editable=False)
    unanswered_since = models.DateTimeField(null=True, editable=False)  # by a scanner that is down

    objects = BlobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "sha256"],
                condition=Q(doomed_at__isnull=True),
                name="blob_once",
            ),
            models.CheckConstraint(name="blob_encoding", condition=Q(encoding__in=Encoding.values)),
            models.CheckConstraint(
                name="blob_verdict_says_who_when_and_what",
                condition=Q(verdict="unscanned", scanned_at__isnull=True, engine="", signature="")
                | (Q(verdict="clean", scanned_at__isnull=False, signature="") & ~Q(engine=""))
                | (
                    Q(verdict__in=("infected", "unscannable"), scanned_at__isnull=False)
                    & ~Q(engine="")
                    & ~Q(signature="")
                ),
            ),
        ]
        indexes = [
            # the clock's sweep
            models.Index(
                fields=["sweep_at"], name="blob_sweep", condition=Q(sweep_at__isnull=False)
            ),
            models.Index(
                fields=["doomed_at"], name="blob_doomed", condition=Q(doomed_at__isnull=False)
            ),
            # the scanner's queue
            models.Index(fields=["scan_at"], name="blob_scan", condition=Q(scan_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.sha256[:16]

    def is_judged(self, at: datetime) -> bool:
        """Whether its verdict is young enough to be that of a file that comes at `at`."""
        return self.scanned_at is not None and self.scanned_at > at - VERDICT_LIFE

    @property
    def key(self) -> str:
        """Where the bytes lie. With the row's own id in it: deleting an old blob's bytes can
        then never hit those of a later upload of the same file.
        """
        return f"{self.workspace_id.hex}/{self.sha256[:2]}/{self.sha256}-{self.id.hex}"


class StorageUse(models.Model):
    """The bytes of all blobs of a workspace; see `quota`, which alone changes it."""

    workspace = models.OneToOneField(
        Workspace, models.CASCADE, primary_key=True, related_name="storage_use"
    )
    stored_bytes = models.PositiveBigIntegerField(default=0)
    # of the quota: what its owners were told last; 0: nothing, or they have room again
    told_percent = models.PositiveSmallIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return f"{self.stored_bytes:,} bytes of {self.workspace_id}"


class Preview(models.Model):
    """What came of drawing a small picture of some bytes; see `previews`."""

    class State(models.TextChoices):
        MADE = "made"
        NONE = "none"  # it cannot be drawn, and is not tried again

    blob = models.OneToOneField(Blob, models.CASCADE, primary_key=True, related_name="preview")
    state = models.CharField(max_length=4, choices=State)
    width = models.PositiveIntegerField(default=0)  # pixels
    height = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=255, blank=True)
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="preview_made_has_size",
                condition=Q(state="made", width__gt=0, height__gt=0)
                | Q(state="none", width=0, height=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} of {self.blob_id}"


class AttachmentState(models.TextChoices):
    RESERVED = "reserved"  # no bytes yet
    STORED = "stored"  # size and digest proven, verdict pending
    READY = "ready"
    REFUSED = "refused"  # quarantined
    GONE = "gone"  # the bytes were removed
    LINKED = "linked"  # the bytes are elsewhere, at `external_url`, and never here


WITHOUT_BYTES = (AttachmentState.RESERVED, AttachmentState.GONE, AttachmentState.LINKED)


class Origin(models.TextChoices):
    """How a file came here."""

    UPLOAD = "upload"  # by itself, to be used as often as one likes
    ENCLOSED = "enclosed"  # with a draft or message of its own
    RECEIVED = "received"  # in a mail from outside


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible(self) -> AttachmentQuerySet:
        """Attachments that have not been deleted."""
        return self.filter(deleted_at__isnull=True)

    def ready(self) -> AttachmentQuerySet:
        """Attachments that may be sent and downloaded."""
        return self.filter(state=AttachmentState.READY)

    def having_digest(self, sha256: str) -> AttachmentQuerySet:
        """Attachments whose bytes have this digest; one that is only announced does not count."""
        return self.filter(sha256=sha256).exclude(state=AttachmentState.RESERVED)

    def uploads(self) -> AttachmentQuerySet:
        """Attachments that came by themselves, not inside a draft or message."""
        return self.filter(origin=Origin.UPLOAD)

    def usable(self, at: datetime) -> AttachmentQuerySet:
        """Attachments that are whole here at `at`, and not past their time, purged or not.

        One that is still being checked is among them: what carries it waits.
        """
        whole = self.visible().filter(state__in=(AttachmentState.STORED, AttachmentState.READY))
        return whole.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at))

    def to_settle(self) -> AttachmentQuerySet:
        """Attachments that wait for a verdict for which nobody has asked, or that is there."""
        return self.filter(state=AttachmentState.STORED, blob__scan_at__isnull=True)

    def reserved(self) -> AttachmentQuerySet:
        """Attachments whose bytes have not come."""
        return self.filter(state=AttachmentState.RESERVED)

    def expired(self, at: datetime) -> AttachmentQuerySet:
        """Attachments that nothing holds and whose time has run out at `at`."""
        return self.filter(expires_at__lte=at)

    def to_confirm(self, at: datetime) -> AttachmentQuerySet:
        """Reservations for whose bytes it is time to look in the storage."""
        return self.reserved().filter(look_at__lte=at)

    def unused(self) -> AttachmentQuerySet:
        """Attachments to which nothing points."""
        unused = self
        for relation in Attachment._meta.related_objects:
            rows = relation.related_model._default_manager
            unused = unused.filter(~Exists(rows.filter(**{relation.field.name: OuterRef("pk")})))
        return unused

    def newest_first(self) -> AttachmentQuerySet:
        """Ids sort by the time they were made."""
        return self.order_by("-id")

    def locked(self) -> AttachmentQuerySet:
        """For a transaction that decides on them; in the one order that everybody locks in."""
        return self.order_by("id").select_for_update(of=("self",), no_key=True)


class Attachment(models.Model):
    """One file as people see it, that drafts and messages point to; its bytes are a Blob."""

    State = AttachmentState

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="attachments")
    filename = models.CharField(max_length=255)
    content_type = models.CharField(max_length=255)  # declared, else by ending, else sniffed
    size = models.PositiveBigIntegerField()  # decoded bytes; as announced while reserved
    # Hex. While reserved: what the bytes must have, or blank; later: what they have, or had.
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=8, choices=AttachmentState, default="reserved")
    origin = models.CharField(max_length=8, choices=Origin, default=Origin.UPLOAD)
    external_url = models.CharField(max_length=2048, blank=True)  # https
    reason_code = models.CharField(max_length=32, blank=True)  # why refused or gone
    reason = models.CharField(max_length=255, blank=True)
    blob = models.ForeignKey(Blob, models.PROTECT, null=True, related_name="attachments")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    stored_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # null: held, never purged
    deleted_at = models.DateTimeField(null=True, blank=True)  # hidden at every door
    # When the clock looks in the storage for bytes that clients put there without us.
    look_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="attachment_state", condition=Q(state__in=AttachmentState.values)
            ),
            models.CheckConstraint(
                name="attachment_ready_has_blob",
                condition=~Q(state=AttachmentState.READY) | Q(blob__isnull=False),
            ),
            models.CheckConstraint(
                name="attachment_no_bytes_no_blob",
                condition=~Q(state__in=WITHOUT_BYTES) | Q(blob__isnull=True),
            ),
            models.CheckConstraint(
                name="attachment_bytes_have_digest",
                condition=Q(blob__isnull=True) | ~Q(sha256=""),
            ),
            models.CheckConstraint(name="attachment_origin", condition=Q(origin__in=Origin.values)),
            models.CheckConstraint(
                name="attachment_linked_has_url",
                condition=Q(state=AttachmentState.LINKED, external_url__startswith="https://")
                | (~Q(state=AttachmentState.LINKED) & Q(external_url="")),
            ),
            models.CheckConstraint(
                name="attachment_gone_says_when_and_why",
                condition=~Q(state=AttachmentState.GONE)
                | (Q(gone_at__isnull=False) & ~Q(reason_code="")),
            ),
        ]
        indexes = [
            # the list, newest first
            models.Index(
                fields=["workspace", "-id"],
                name="attachment_newest",
                condition=Q(deleted_at__isnull=True),
            ),
            # the purge
            models.Index(
                fields=["expires_at"],
                name="attachment_expiry",
                condition=Q(expires_at__isnull=False),
            ),
            # those that wait for a verdict
            models.Index(fields=["blob"], name="attachment_stored", condition=Q(state="stored")),
            # the quarantine
            models.Index(
                fields=["workspace"], name="attachment_refused", condition=Q(state="refused")
            ),
            # what is on its way
            models.Index(
                fields=["workspace"], name="attachment_reserved", condition=Q(state="reserved")
            ),
            # the clock's look for bytes
            models.Index(
                fields=["look_at"], name="attachment_look", condition=Q(look_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def incoming_key(self) -> str:
        """Where a storage that takes uploads by itself finds them before their digest is known."""
        return incoming_key(self.pk)

    @property
    def is_held(self) -> bool:
        """Whether something uses it, so that it does not expire."""
        return self.expires_at is None


def incoming_key(id: UUID) -> str:
    return f"incoming/{id.hex}"


MAX_METADATA = 4096  # characters


class UploadQuerySet(models.QuerySet["Upload"]):
    def of(self, workspace: Workspace) -> UploadQuerySet:
        """The uploads of a workspace whose attachments have not been deleted."""
        mine = self.filter(attachment__workspace=workspace, attachment__deleted_at__isnull=True)
        return mine.select_related("attachment")

    def expired(self, at: datetime) -> UploadQuerySet:
        """Uploads whose time has run out at `at`, and to which nobody appends."""
        return self.unclaimed(at).filter(expires_at__lte=at)

    def unclaimed(self, at: datetime) -> UploadQuerySet:
        """Uploads to which no request that lives appends at `at`."""
        return self.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lte=at))


class Upload(models.Model):
    """How far the bytes of a reservation have come that come piece by piece; see `resuming`.

    Its id is that of the attachment. The row outlives the last byte, for a client that did not
    hear the answer.
    """

    # "+": being uploaded is no use of a file (see `uses`)
    attachment = models.OneToOneField(
        Attachment, models.CASCADE, primary_key=True, related_name="+"
    )
    offset = models.PositiveBigIntegerField(default=0)  # bytes that no crash can take back
    metadata = models.CharField(max_length=MAX_METADATA, blank=True)  # as the client gave it
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    # The one request that appends; it renews its time while bytes come.
    claim = models.UUIDField(null=True, editable=False)
    claimed_until = models.DateTimeField(null=True, editable=False)
    # S3's name for the multipart upload, [ETag, size] of each part in order, and the key of the
    # bytes behind them that are too few for a part.
    multipart_id = models.CharField(max_length=1024, blank=True, editable=False)
    parts = models.JSONField(default=list, blank=True, editable=False)
    rest = models.CharField(max_length=255, blank=True, editable=False)

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="upload_expiry")]  # the purge

    def __str__(self) -> str:
        return f"{self.attachment_id} at {self.offset}"

    @property
    def is_whole(self) -> bool:
        """Whether all bytes have come."""
        return self.offset == self.attachment.size
