"""The first things of an installation: a workspace with its owner, an inbox and a key."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from messaging.addresses import read_address
from messaging.errors import AddressTaken
from messaging.inboxes import create_inbox
from messaging.models import Inbox
from project.ids import spell
from project.tenancy.models import Workspace
from project.tenancy.services import create_key, find_or_create_workspace


@dataclass(frozen=True)
class Start:
    """What somebody needs to begin; `password` is None for an owner who was there."""

    workspace: Workspace
    user: str
    password: str | None
    api_key: str
    inbox: Inbox

    def spell(self) -> dict[str, str | None]:
        """As JSON for programs; `grant_id` is the inbox's id as a plain UUID."""
        return {
            "workspace": self.workspace.name,
            "user": self.user,
            "password": self.password,
            "api_key": self.api_key,
            "inbox_id": spell("inb", self.inbox.pk),
            "grant_id": str(self.inbox.pk),
            "address": self.inbox.address,
        }


@transaction.atomic
def set_up_workspace(*, name: str, address: str, api_key: str | None = None) -> Start:
    """Make, or find, a workspace with its owner and an inbox, and make a key with all scopes.

    The operator's word makes the address's domain the workspace's own, if nobody else has it.
    Raises InvalidAddress, AddressTaken, DomainNotYours, KeyTaken, and Invalid for a short key.
    """
    workspace, owner, password = find_or_create_workspace(name=name)
    inbox = _find_or_create_inbox(workspace, address)
    _, secret = create_key(workspace=workspace, name="bootstrap", secret=api_key)
    return Start(
        workspace=workspace, user=owner.email, password=password, api_key=secret, inbox=inbox
    )


def _find_or_create_inbox(workspace: Workspace, address: str) -> Inbox:
    spelt = read_address(address, field="inbox").ascii_email.lower()
    found = Inbox.objects.active().filter(address=spelt).first()
    if found is None:
        domain = spelt.rpartition("@")[2]
        if domain not in settings.MAIL_DOMAINS and not workspace_of(domain):
            workspace.domains.create(name=domain)
        return create_inbox(workspace=workspace, address=spelt, name=workspace.name)
    if found.workspace_id != workspace.pk:
        raise AddressTaken(f"{spelt} is an inbox of another workspace.", field="inbox")
    return found


def workspace_of(domain: str) -> Workspace | None:
    """Whose mail domain it is."""
    return Workspace.objects.filter(domains__name=domain).first()
