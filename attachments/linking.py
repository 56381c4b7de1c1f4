"""Files whose bytes are elsewhere, and stay there."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.utils import timezone

from attachments.errors import FileTooLarge, InvalidLink
from attachments.limits import Limits
from attachments.models import Attachment, AttachmentState
from attachments.services import UNUSED_LIFE, settle_name
from project.tenancy.models import Workspace

MAX_URL = 2048  # characters
MAX_SIZE = 2**53 - 1  # what every reader of JSON can count to


def link_attachment(
    *,
    workspace: Workspace,
    url: str,
    filename: str,
    size: int,
    content_type: str = "",
    limits: Limits,
) -> Attachment:
    """Make an attachment of a file that others have: known by name, never fetched, never sent.

    Raises InvalidLink, FileTooLarge, InvalidFilename, InvalidContentType, TypeBlocked.
    """
    if size > MAX_SIZE:
        raise FileTooLarge(size=size, limit=MAX_SIZE, field="size")
    filename, content_type = settle_name(filename, content_type, limits)
    now = timezone.now()
    return Attachment.objects.create(
        workspace=workspace,
        filename=filename,
        content_type=content_type,
        size=size,
        state=AttachmentState.LINKED,
        external_url=check_link(url),
        created_at=now,
        expires_at=now + UNUSED_LIFE,
    )


def check_link(url: str) -> str:
    """The URL, if people can be given it: https, with a host and without a password in it."""
    if len(url) > MAX_URL:
        message = f"A link has at most {MAX_URL} characters."
        raise InvalidLink(message, field="external_url", limit=MAX_URL, actual=len(url))
    try:
        parts = urlsplit(url)
        host, has_credentials = parts.hostname, "@" in parts.netloc
        parts.port  # noqa: B018  (nonsense raises)
    except ValueError:
        host, has_credentials = None, False
    if not url.startswith("https://") or not host or not url.isprintable() or " " in url:
        raise InvalidLink("A link begins with https:// and a host.", field="external_url")
    if has_credentials:
        raise InvalidLink("A link has no user name or password in it.", field="external_url")
    return url
