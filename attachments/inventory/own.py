"""The keys of files: their bytes, their pictures, and what is on its way in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from attachments.inventory.families import Family, Row, in_pages, register
from attachments.models import Attachment, Blob, Preview, Upload, incoming_key
from attachments.previews import preview_key
from attachments.retention import lose_blob
from attachments.storage import attachment_storage
from project.tenancy.models import Workspace

BLOB_KEY = r"(?P<workspace>[0-9a-f]{32})/[0-9a-f]{2}/(?P<sha256>[0-9a-f]{64})-(?P<id>[0-9a-f]{32})"
NOWHERE = UUID(int=0)

NEVER_SWEPT = "No attachment has these bytes, and no sweep will come for them."
DISAGREES = "An attachment says another size or digest."


class OfBlobs(Family):
    """Keys with that of a blob in them."""

    def id_of(self, key: str) -> UUID:
        return UUID(self.match(key)["id"])

    def standing(self, *, after: str) -> Iterator[tuple[UUID, str]]:
        """Each workspace, with the digest behind which to go on there, in the order of keys."""
        workspace, sha256 = NOWHERE, ""
        if after:
            place = self.match(after)
            workspace, sha256 = UUID(place["workspace"]), place["sha256"]
        ids = Workspace.objects.filter(pk__gte=workspace).order_by("pk")
        for id in ids.values_list("pk", flat=True):
            yield id, sha256 if id == workspace else ""


class Blobs(OfBlobs):
    """The bytes of files. Each blob's key has its id in it: none is ever written twice."""

    name = "blobs"
    pattern = re.compile(BLOB_KEY)

    def rows(self, *, after: str) -> Iterator[Row]:
        for workspace, sha256 in self.standing(after=after):
            blobs = _judged(Blob.objects.standing().filter(workspace=workspace))
            yield from map(_blob_row, in_pages(blobs, by="sha256", after=sha256))

    def find(self, key: str) -> Row | None:
        found = _judged(Blob.objects.standing().filter(pk=self.id_of(key))).first()
        return _blob_row(found) if found else None

    def knows(self, key: str) -> bool:
        return Blob.objects.filter(pk=self.id_of(key)).exists()

    def lose(self, key: str) -> bool:
        return lose_blob(id=self.id_of(key)) > 0


def _judged(blobs: QuerySet[Blob]) -> QuerySet[Any, Any]:
    having = Attachment.objects.filter(blob=OuterRef("pk"))
    agreeing = Q(size=OuterRef("size"), sha256=OuterRef("sha256"))
    fault = Case(
        When(Q(sweep_at__isnull=True) & ~Exists(having), then=Value(NEVER_SWEPT)),
        When(Exists(having.exclude(agreeing)), then=Value(DISAGREES)),
        default=Value(""),
    )
    return blobs.annotate(fault=fault).values("workspace", "sha256", "id", "size", "fault")


def _blob_row(found: dict[str, Any]) -> Row:
    return Row(
        key=_blob_of(found).key, size=found["size"], sha256=found["sha256"], fault=found["fault"]
    )


def _blob_of(found: dict[str, Any]) -> Blob:
    return Blob(workspace_id=found["workspace"], sha256=found["sha256"], id=found["id"])


class Previews(OfBlobs):
    """Small pictures of files, which can be drawn again."""

    name = "previews"
    pattern = re.compile(rf"previews/{BLOB_KEY}\.webp")

    def rows(self, *, after: str) -> Iterator[Row]:
        for workspace, sha256 in self.standing(after=after):
            blobs = _drawn().filter(workspace=workspace).values("workspace", "sha256", "id")
            for found in in_pages(blobs, by="sha256", after=sha256):
                yield Row(key=preview_key(_blob_of(found)))

    def find(self, key: str) -> Row | None:
        return Row(key=key) if _drawn().filter(pk=self.id_of(key)).exists() else None

    def knows(self, key: str) -> bool:
        return Preview.objects.filter(blob=self.id_of(key)).exists()

    def lock(self, key: str) -> None:
        Blob.objects.select_for_update().filter(pk=self.id_of(key)).first()

    def lose(self, key: str) -> bool:
        """Whoever looks next has it drawn again."""
        return Preview.objects.filter(blob=self.id_of(key)).delete()[0] > 0


def _drawn() -> QuerySet[Blob]:
    return Blob.objects.standing().filter(preview__state=Preview.State.MADE)


class Incoming(Family):
    """What clients put into S3, and uploads that are not whole; on disk temporary files as well."""

    name = "incoming"
    pattern = re.compile(r"incoming/(?P<id>[0-9a-f]{32})(?:\.[0-9a-f-]+)?")

    def rows(self, *, after: str) -> Iterator[Row]:
        id = self.id_of(after) if after else NOWHERE
        for found in in_pages(_begun().values("pk", "rest"), by="pk", after=id):
            yield Row(key=found["rest"] or incoming_key(found["pk"]))

    def find(self, key: str) -> Row | None:
        found = _begun().filter(pk=self.id_of(key)).first()
        is_there = found is not None and key == (found.rest or incoming_key(found.pk))
        return Row(key=key) if is_there else None

    def knows(self, key: str) -> bool:
        id = self.id_of(key)
        reserved = Attachment.objects.reserved().filter(pk=id)
        return reserved.exists() or Upload.objects.filter(pk=id).exists()

    def lock(self, key: str) -> None:
        Attachment.objects.locked().filter(pk=self.id_of(key)).first()

    def id_of(self, key: str) -> UUID:
        return UUID(self.match(key)["id"])


def _begun() -> QuerySet[Upload]:
    """Uploads of which an object must be there: on disk the growing file, in S3 the rest."""
    reserved = Upload.objects.filter(attachment__state=Attachment.State.RESERVED)
    if attachment_storage().takes_uploads:
        return reserved.exclude(rest="")
    return reserved.filter(offset__gt=0)


register(Blobs())
register(Previews())
register(Incoming())
