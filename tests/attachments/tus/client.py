"""Requests as a client of tus makes them, through the whole WSGI application."""

from __future__ import annotations

import base64
import hashlib

from django.utils import timezone

from attachments.incoming import incoming_folder
from attachments.limits import Limits
from attachments.models import Attachment, Upload
from attachments.resuming import start_upload
from attachments.storage import attachment_storage
from attachments.uploads import adopt_upload
from project.ids import read, spell
from project.tenancy.models import Workspace
from tests.attachments.wire import Answer, send
from tests.people import Person

UPLOADS = "/api/v1/uploads"
PIECE = "application/offset+octet-stream"
FOOBAR = b"foobar"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def metadata(**pairs: str) -> str:
    return ",".join(f"{key} {encoded(value)}" for key, value in pairs.items())


def checksum(content: bytes, algorithm: str = "sha1") -> str:
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


def ask(
    person: Person,
    method: str,
    url: str = UPLOADS,
    body: bytes = b"",
    *,
    length: int | None = None,
    **headers: str | None,
) -> Answer:
    """One request of tus; `length` is what it announces, None takes a header out."""
    given = {"Tus_Resumable": "1.0.0", "Authorization": f"Bearer {person.key}", **headers}
    meta = {f"HTTP_{name.upper()}": text for name, text in given.items() if text is not None}
    content_type = meta.pop("HTTP_CONTENT_TYPE", PIECE if body or length else "")
    return send(method, url, body, length=length, CONTENT_TYPE=content_type, **meta)


def start(person: Person, size: int = 6, body: bytes = b"", **headers: str) -> Answer:
    return ask(person, "POST", UPLOADS, body, Upload_Length=str(size), **headers)


def patch(
    person: Person,
    upload: Upload,
    body: bytes,
    *,
    offset: int = 0,
    length: int | None = None,
    **headers: str,
) -> Answer:
    headers = {"Content_Type": PIECE, "Upload_Offset": str(offset), **headers}
    return ask(person, "PATCH", url_of(upload), body, length=length, **headers)


def offset_of(person: Person, upload: Upload) -> int:
    """What a client that comes back is told."""
    answer = ask(person, "HEAD", url_of(upload))
    assert answer.status == 200, answer
    return int(answer.headers["Upload-Offset"])


def url_of(upload: Upload) -> str:
    return f"{UPLOADS}/{spell('upl', upload.pk)}"


def code_of(answer: Answer) -> str:
    return str(answer.json()["error"]["code"])


def upload_at(location: str) -> Upload:
    return Upload.objects.get(pk=read("upl", location.removeprefix(f"{UPLOADS}/")))


def file_of(upload: Upload) -> Attachment:
    return Attachment.objects.get(pk=upload.pk)


def make_upload(workspace: Workspace, size: int = 6, **fields: str) -> Upload:
    """A file of which nothing has come."""
    limits = Limits.for_workspace(workspace)
    return start_upload(
        workspace=workspace, size=size, limits=limits, **{"filename": "a.bin", **fields}
    )


def bytes_of(attachment: Attachment) -> bytes:
    """The stored bytes, past our own downloads."""
    attachment.refresh_from_db()
    assert attachment.blob, attachment.state
    with attachment_storage().open(attachment.blob.key) as file:
        return bytes(file.read())


def forget_pieces() -> None:
    """Remove what has come of uploads whose rows a test takes back at its end."""
    for path in incoming_folder().glob("*"):
        path.unlink()


def settle(upload: Upload) -> None:
    """Let the worker do that takes over what lies in S3; on disk it has nothing to do."""
    if attachment_storage().takes_uploads:
        Attachment.objects.reserved().filter(pk=upload.pk).update(look_at=timezone.now())
        adopt_upload(upload.pk)
