"""A storage with something of each family in it, and what is found there."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.utils import timezone

from attachments.inventory.inspection import Inspection, Place
from attachments.limits import Limits
from attachments.models import Attachment, Blob, Preview, Upload
from attachments.previews import preview_key
from attachments.resuming import Piece, append_to_upload, start_upload
from attachments.storage import attachment_storage
from messaging.models import Arrival, Captured
from messaging.outbox.drain import deliver_due
from project.tenancy.models import Workspace
from tests.attachments.make import PNG, make_attachment
from tests.messaging.make import make_inbox, make_message, receive

RAW = b"From: ann@example.com\r\nTo: hello@acme.test\r\nSubject: Hi\r\n\r\nHello\r\n"
LATER = timedelta(days=2)


def look(*, hashing: bool = True, place: Place | None = None) -> list[tuple[str, str]]:
    """The kind and the key of all that is wrong, when nothing is young any more."""
    inspection = Inspection(
        at=timezone.now() + LATER, grace=timedelta(hours=1), hashing=hashing, place=place
    )
    return [(one.kind, one.key) for findings in inspection.steps() for one in findings]


def verify(*arguments: str) -> tuple[int, list[str]]:
    """The exit status of the command and the lines it printed."""
    out = StringIO()
    try:
        call_command("verify_storage", *arguments, stdout=out, stderr=StringIO())
    except CommandError as error:
        return error.returncode, out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


def verify_json(*arguments: str) -> tuple[int, list[dict[str, object]]]:
    status, lines = verify("--json", *arguments)
    return status, [json.loads(line) for line in lines]


def put(key: str, content: bytes = b"foo") -> str:
    """Have an object at a key, whatever was there."""
    attachment_storage().delete(key)
    attachment_storage().save(key, ContentFile(content))
    return key


def make_upload(workspace: Workspace, came: bytes = b"half", *, size: int = 8) -> Upload:
    """An upload of which some bytes have come."""
    upload = start_upload(
        workspace=workspace, filename="a.txt", size=size, limits=Limits.for_workspace(workspace)
    )
    append_to_upload(upload=upload, piece=Piece(offset=0, length=len(came), chunks=[came]))
    upload.refresh_from_db()
    return upload


def fill(workspace: Workspace) -> dict[str, str]:
    """Something of each family: its name -> the key of an object that must be there."""
    file = make_attachment(workspace, PNG, filename="a.png")
    for number in range(5):
        make_attachment(workspace, b"%d" % number, filename=f"{number}.txt")
    blob = Blob.objects.get(sha256=file.sha256)
    Preview.objects.create(blob=blob, state="made", width=1, height=1)
    upload = make_upload(workspace)
    inbox = make_inbox(workspace)
    receive(inbox, RAW)
    make_message(inbox, files=[file])
    deliver_due()
    return {
        "blobs": blob.key,
        "previews": put(preview_key(blob)),
        "incoming": upload.rest or Attachment.objects.get(pk=upload.pk).incoming_key,
        "arrivals": Arrival.objects.get().key,
        "outbox": Captured.objects.get().key,
    }
