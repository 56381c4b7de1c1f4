"""Small pictures of files, made once for the bytes and lying beside them.

They are made when somebody first wants to see one: most files are never looked at. What a file
does to the process that draws it (see `drawing`) is written down, so that it is tried once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from tempfile import TemporaryFile
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from attachments.incoming import BLOCK_BYTES
from attachments.models import Blob, Preview
from attachments.storage import attachment_storage

#: type of the bytes -> how it is drawn
KINDS = {
    "application/pdf": "pdf",
    **dict.fromkeys(
        (
            "image/bmp",
            "image/gif",
            "image/jpeg",
            "image/png",
            "image/tiff",
            "image/webp",
            "image/x-ms-bmp",
        ),
        "image",
    ),
}
MAX_BYTES = 64 * 1024 * 1024  # of a file that is drawn
PATIENCE = 20  # seconds


@dataclass(frozen=True)
class Drawn:
    """A picture of a file; a blank `picture` when there is none, for the `reason`."""

    picture: bytes = b""
    width: int = 0
    height: int = 0
    reason: str = ""


def can_be_drawn(blob: Blob) -> bool:
    """Whether it is worth trying."""
    return blob.content_type in KINDS and 0 < blob.size <= MAX_BYTES


def may_have_preview(blob: Blob) -> bool:
    """Whether there is a picture of it, or may be once it is tried; reads its `preview`."""
    preview: Preview | None = getattr(blob, "preview", None)
    return can_be_drawn(blob) if preview is None else preview.state == Preview.State.MADE


def make_preview(id: UUID) -> None:
    """Draw the blob with this id, unless that was done; its row says what came of it."""
    blob = Blob.objects.standing().filter(pk=id, preview__isnull=True).first()
    if blob is None or not can_be_drawn(blob):
        return
    drawn = _draw(blob)
    storage, key = attachment_storage(), preview_key(blob)
    if drawn.picture and not storage.exists(key):
        storage.save(key, ContentFile(drawn.picture))
    with transaction.atomic():
        # The sweep dooms a blob under this lock, and deletes both objects after that.
        standing = Blob.objects.standing().select_for_update().filter(pk=blob.pk).first()
        if standing is not None:
            Preview.objects.get_or_create(
                blob=standing,
                defaults={
                    "state": Preview.State.MADE if drawn.picture else Preview.State.NONE,
                    "width": drawn.width,
                    "height": drawn.height,
                    "reason": drawn.reason[:255],
                },
            )
            return
    storage.delete(key)


def preview_key(blob: Blob) -> str:
    """Where the picture of a blob lies."""
    return f"previews/{blob.key}.webp"


def _draw(blob: Blob) -> Drawn:
    """Have the process draw that may die of it."""
    with TemporaryFile() as file:
        with attachment_storage().open(blob.key) as source:
            while block := source.read(BLOCK_BYTES):
                file.write(block)
        file.seek(0)
        command = [sys.executable, "-m", "attachments.drawing", KINDS[blob.content_type]]
        try:
            done = subprocess.run(
                command,
                stdin=file,
                capture_output=True,
                cwd=settings.BASE_DIR,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                timeout=PATIENCE,
                check=False,
                # Whoever stops the worker and its group is not the file that took too much.
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return Drawn(reason=f"It could not be drawn within {PATIENCE} seconds.")
    if done.returncode < 0:
        return Drawn(reason="Drawing it takes more than a file is given.")
    if done.returncode:
        # The last line is ours; libraries may have said something before.
        return Drawn(reason=done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    head, _, picture = done.stdout.partition(b"\n")
    return Drawn(picture=picture, **json.loads(head))
