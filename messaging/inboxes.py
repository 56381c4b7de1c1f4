"""Making and closing inboxes."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError, transaction

from messaging.addresses import Address, read_address
from messaging.errors import (
    AddressTaken,
    DomainNotYours,
    InboxInUse,
    InvalidAddress,
    SignatureTooLong,
)
from messaging.models import Delivery, Folder, Inbox
from messaging.outbox.relay import Relay
from project.events.services import emit, happened
from project.tenancy.models import Workspace

MAX_SIGNATURE = 10_000  # characters
FOLDERS = {
    Folder.Role.INBOX: "Inbox",
    Folder.Role.SENT: "Sent",
    Folder.Role.ARCHIVE: "Archive",
    Folder.Role.TRASH: "Trash",
}


def names_of(address: Address) -> tuple[str, str]:
    """The addresses of inboxes that an address may reach: its own, and without its sub-address."""
    email = address.ascii_email.lower()
    local, _, domain = email.rpartition("@")
    return email, f"{local.partition('+')[0]}@{domain}"


def inbox_at(address: str) -> Inbox | None:
    """The inbox that an address reaches, sub-address or not; None when there is none."""
    try:
        names = names_of(read_address(address, field="to"))
    except InvalidAddress:
        return None
    rows = Inbox.objects.active().filter(address__in=names)
    found = list(rows.select_related("workspace"))
    return min(found, key=lambda inbox: names.index(inbox.address), default=None)


@transaction.atomic
def create_inbox(
    *,
    workspace: Workspace,
    address: str,
    name: str = "",
    smtp_url: str = "",
    signature: str = "",
) -> Inbox:
    """An inbox with its folders, at a domain of the workspace or one that all share.

    Raises InvalidAddress, DomainNotYours, AddressTaken, InvalidRelay, SignatureTooLong.
    """
    spelt = read_address(address, field="address").ascii_email.lower()
    domain = spelt.rpartition("@")[2]
    shared = {one.lower() for one in settings.MAIL_DOMAINS}
    if domain not in shared and not workspace.domains.filter(name=domain).exists():
        raise DomainNotYours(
            f"{domain} is neither a domain of this workspace nor one that all share.",
            field="address",
        )
    if smtp_url:
        Relay.read(smtp_url)
    inbox = Inbox(
        workspace=workspace,
        address=spelt,
        name=name,
        smtp_url=smtp_url,
        signature=check_signature(signature),
    )
    try:
        with transaction.atomic():
            inbox.save(force_insert=True)
    except IntegrityError:
        raise AddressTaken(f"There is an inbox {spelt} already.", field="address") from None
    Folder.objects.bulk_create(
        Folder(inbox=inbox, role=role, name=label) for role, label in FOLDERS.items()
    )
    emit(happened("inbox.created", workspace_id=workspace.pk, subject_id=inbox.pk))
    return inbox


@transaction.atomic
def delete_inbox(*, inbox: Inbox) -> None:
    """Close an inbox: it neither sends nor receives, its mail stays, its address is free again.

    Raises InboxInUse while mail of it has not left.
    """
    if Delivery.objects.filter(message__inbox=inbox).open().exists():
        raise InboxInUse("Mail of this inbox has not left yet: cancel it first.")
    close_inbox(inbox=inbox)


@transaction.atomic
def close_inbox(*, inbox: Inbox) -> None:
    """Close an inbox, whatever is on its way out; what was accepted leaves."""
    Inbox.objects.filter(pk=inbox.pk).update(state=Inbox.State.DELETED)
    emit(happened("inbox.deleted", workspace_id=inbox.workspace_id, subject_id=inbox.pk))


@transaction.atomic
def update_inbox(
    *,
    inbox: Inbox,
    name: str | None = None,
    smtp_url: str | None = None,
    signature: str | None = None,
) -> None:
    """Change what is given; a blank `smtp_url` is the installation's relay.

    Raises InvalidRelay and SignatureTooLong.
    """
    if smtp_url:
        Relay.read(smtp_url)
    inbox.name = inbox.name if name is None else name
    inbox.smtp_url = inbox.smtp_url if smtp_url is None else smtp_url
    inbox.signature = inbox.signature if signature is None else check_signature(signature)
    inbox.save(update_fields=["name", "smtp_url", "signature", "updated_at"])
    emit(happened("inbox.updated", workspace_id=inbox.workspace_id, subject_id=inbox.pk))


def check_signature(text: str) -> str:
    """A signature as it is kept: lines end in LF, no space at the end. Raises SignatureTooLong."""
    kept = text.replace("\r\n", "\n").rstrip()
    if len(kept) > MAX_SIGNATURE:
        raise SignatureTooLong(
            f"The signature has {len(kept)} characters; at most {MAX_SIGNATURE} are taken.",
            field="signature",
            limit=MAX_SIGNATURE,
            actual=len(kept),
        )
    return kept
