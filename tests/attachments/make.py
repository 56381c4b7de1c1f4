"""Files for tests, made by the services that make all files."""

from __future__ import annotations

from typing import Any

from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.models import Attachment
from attachments.services import (
    hold_attachments,
    put_blob,
    reserve_attachment,
    store_attachment,
)
from drafts.models import Draft
from messaging.models import Delivery, Message
from project.tenancy.models import Workspace

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa7\x9a\xa0\xa0"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)
HTML = b"<!DOCTYPE html><html><head><script>alert(1)</script></head><body>hello</body></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'


def make_incoming(content: bytes, *, limit: int | None = None) -> Incoming:
    incoming = Incoming(limit=limit)
    incoming.write(content)
    return incoming


def make_attachment(
    workspace: Workspace,
    content: bytes = b"foo",
    *,
    filename: str = "foo.txt",
    content_type: str = "",
    held: bool = False,
) -> Attachment:
    """A ready file with these bytes."""
    limits = Limits.for_workspace(workspace)
    with make_incoming(content) as incoming:
        blob = put_blob(workspace=workspace, incoming=incoming, limits=limits)
    return store_attachment(
        workspace=workspace,
        blob=blob,
        filename=filename,
        content_type=content_type,
        limits=limits,
        held=held,
    )


def make_reserved(
    workspace: Workspace, size: int = 3, *, filename: str = "foo.txt", **fields: Any
) -> Attachment:
    """A file whose bytes have not come."""
    limits = Limits.for_workspace(workspace)
    return reserve_attachment(
        workspace=workspace, filename=filename, size=size, limits=limits, **fields
    )


def make_draft_with(*attachments: Attachment) -> Draft:
    """A draft that carries these files."""
    draft = Draft.objects.create(workspace=attachments[0].workspace)
    for position, attachment in enumerate(attachments):
        draft.enclosures.create(attachment=attachment, position=position)
    hold_attachments(attachments)
    return draft


def make_sent(message: Message) -> None:
    """Let a message have left."""
    Delivery.objects.filter(message=message).update(
        state=Delivery.State.DONE, due_at=None, claim=None
    )
