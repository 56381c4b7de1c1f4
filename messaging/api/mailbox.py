"""What a caller sees of the mail: that of the workspace, or of the inboxes a key is bound to."""

from __future__ import annotations

from uuid import UUID

from django.db import models

from messaging.addresses import Address
from messaging.errors import NotSender
from messaging.models import Customer, Inbox, Message, Thread
from messaging.models.correspondence import InboxQuerySet
from messaging.models.message import MessageQuerySet
from project.api.views import ApiView
from project.errors import Invalid, NotFound
from project.ids import spell


class MailboxView(ApiView):
    """A view on mail. Every query starts here, so that a bound key reaches nothing else."""

    @property
    def bound_to(self) -> frozenset[UUID] | None:
        """The only inboxes that the caller may use; None: all."""
        return self.caller.bound_to

    @property
    def inboxes(self) -> InboxQuerySet:
        """The inboxes that the caller may use, closed ones among them."""
        rows = InboxQuerySet(Inbox).filter(workspace=self.workspace)
        return rows if self.bound_to is None else rows.filter(pk__in=self.bound_to)

    @property
    def messages(self) -> MessageQuerySet:
        """The messages that the caller may see."""
        rows = MessageQuerySet(Message).filter(workspace=self.workspace)
        return rows if self.bound_to is None else rows.filter(inbox__in=self.bound_to)

    def inbox(self, id: UUID) -> Inbox:
        """An inbox that sends and receives. Raises NotFound."""
        found = self.inboxes.active().filter(pk=id).first()
        if found is None:
            raise NotFound(f"There is no inbox {spell('inb', id)} here.", field="inbox_id")
        return found

    def sending_inbox(self, id: UUID | None, sender: Address | None) -> Inbox:
        """Who sends: the named inbox, else that of the From address, else the only one there is.

        Raises NotFound, NotSender, and Invalid when nothing says which.
        """
        if id is not None:
            return self.inbox(id)
        rows = self.inboxes.active()
        if sender is None:
            found = list(rows[:2])
            if len(found) != 1:
                raise Invalid("Say which inbox sends it.", field="inbox_id")
            return found[0]
        email = sender.ascii_email.lower()
        local, _, domain = email.rpartition("@")
        own = rows.filter(address__in=(email, f"{local.partition('+')[0]}@{domain}"))
        best = min(own, key=lambda inbox: inbox.address != email, default=None)
        if best is None:
            message = f"{sender.email} is not an address of any inbox here."
            raise NotSender(message, field="from", actual=sender.email)
        return best

    def customer(self, id: UUID) -> Customer:
        """A contact of the workspace. Raises NotFound."""
        found = self.workspace.customers.filter(pk=id).first()
        if found is None:
            raise NotFound(f"There is no customer {spell('cus', id)} here.", field="customer_id")
        return found

    @property
    def threads(self) -> models.QuerySet[Thread]:
        """The conversations that the caller may see."""
        rows = self.workspace.threads.all()
        return rows if self.bound_to is None else rows.filter(inbox__in=self.bound_to)

    def thread(self, id: UUID) -> Thread:
        """A conversation. Raises NotFound."""
        found = self.threads.filter(pk=id).first()
        if found is None:
            raise NotFound(f"There is no thread {spell('thr', id)} here.", field="thread_id")
        return found
