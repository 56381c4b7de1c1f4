"""Files that a request brings or announces, before anything is done with them.

A request may bring several and must take effect as a whole: first all their bytes are put, then
one transaction writes the rows of them all and of what carries them.
"""

from __future__ import annotations

from dataclasses import dataclass

from attachments.incoming import Incoming
from attachments.limits import Limits
from attachments.models import Attachment, Blob
from attachments.services import (
    put_blob,
    reserve_attachment,
    settle_name,
    store_attachment,
)
from project.tenancy.models import Workspace


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A file to be: `incoming` has its bytes, or `size` says how many will come."""

    filename: str
    content_type: str = ""
    sha256: str = ""
    size: int = 0
    incoming: Incoming | None = None

    @property
    def digests(self) -> list[str]:
        """What tells this offer from another with the same fields (see `idempotency`)."""
        return [self.incoming.sha256] if self.incoming else []


def put_offer(*, workspace: Workspace, offer: Offer, limits: Limits) -> Blob | None:
    """Store the bytes that an offer brings; None when it brings none.

    Nothing is stored for an offer that would be refused for its name or type.
    Raises as `put_blob` and `store_attachment`.
    """
    settle_name(offer.filename, offer.content_type, limits)
    if offer.incoming is None:
        return None
    return put_blob(
        workspace=workspace, incoming=offer.incoming, limits=limits, sha256=offer.sha256
    )


def keep_offer(
    *,
    workspace: Workspace,
    offer: Offer,
    blob: Blob | None,
    limits: Limits,
    held: bool = False,
) -> Attachment:
    """Write the attachment of an offer whose bytes are in `blob`, or a reservation without one.

    Raises as `store_attachment` and `reserve_attachment`.
    """
    if blob is None:
        return reserve_attachment(
            workspace=workspace,
            filename=offer.filename,
            size=offer.size,
            content_type=offer.content_type,
            sha256=offer.sha256,
            limits=limits,
            held=held,
        )
    return store_attachment(
        workspace=workspace,
        blob=blob,
        filename=offer.filename,
        content_type=offer.content_type,
        limits=limits,
        held=held,
    )
