"""Drafts."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from attachments.confirm import confirm_attachment
from attachments.limits import Limits
from drafts.api import DraftsView
from drafts.errors import DraftDispatched, DraftNotFound
from drafts.models import Draft, DraftQuerySet, DraftState
from messaging.addresses import Address
from messaging.models import Customer, Inbox
from messaging.models.message import Channel, Status
from project.api.parsers import JSONParser
from project.api.permissions import MissingScope
from project.api.throttling import CallerThrottle
from project.contracts.kustomer import docs
from project.contracts.kustomer.errors import ChannelFixed
from project.contracts.kustomer.limits import LIMITS
from project.contracts.kustomer.paging import answer_page
from project.contracts.kustomer.serializers.customers import noted
from project.contracts.kustomer.serializers.drafts import (
    DraftFields,
    NewDraftFields,
    kept_values,
    letter_values,
    spell_draft,
)
from project.contracts.kustomer.throttling import DraftThrottle
from project.contracts.kustomer.views.base import KustomerView
from project.contracts.kustomer.writing import Timing, drop_draft, rewrite_draft, write_draft
from project.contracts.schema import described
from project.errors import Invalid, NotFound
from project.ids import read_hex, spell_hex
from project.tenancy.models import Scope

#: what has left, or is leaving; the draft of a message with another status is open or gone
LEAVING = (Status.QUEUED, Status.HELD, Status.SENDING, Status.DEFERRED, Status.UNKNOWN)


class KustomerDraftsView(KustomerView, DraftsView):
    """A view on drafts; those that have left are not there."""

    parser_classes = [JSONParser]
    content_keys = frozenset()

    @property
    def limits(self) -> Limits:
        return LIMITS

    @property
    def standing(self) -> DraftQuerySet:
        """The drafts that have not left."""
        now = timezone.now()
        open = self.drafts.in_state(DraftState.OPEN, at=now)
        scheduled = self.drafts.in_state(DraftState.SCHEDULED, at=now)
        return (open | scheduled | self.drafts.in_state(DraftState.WAITING, at=now)).in_full()

    def known_draft(self, id: str) -> Draft:
        """A draft, once it has been seen whether bytes that it waits for have come.

        Raises NotFound.
        """
        draft = self.drafts.in_full().filter(pk=read_hex(id)).first()
        if draft is None:
            raise NotFound(f"There is no draft {id} here.")
        for file in draft.files:
            confirm_attachment(file.attachment)
        return draft

    def draft(self, id: str) -> Draft:
        """A draft that has not left. Raises NotFound."""
        draft = self.known_draft(id)
        if draft.state_at(timezone.now()) == DraftState.DISPATCHED:
            raise DraftNotFound(draft.pk)
        return draft

    def draft_to_change(self, id: str, *, is_sent: bool = False) -> tuple[Draft, int | None]:
        """A draft, and the version that it must have when only that may be changed.

        Changing what is on its way is sending, so it needs that scope.
        Raises NotFound, DraftDispatched and MissingScope.
        """
        draft = self.known_draft(id)
        if draft.state_at(timezone.now()) == DraftState.DISPATCHED:
            is_leaving = draft.message and draft.message.status_at(timezone.now()) in LEAVING
            raise DraftDispatched if is_leaving else DraftNotFound(draft.pk)
        if is_sent or draft.message_id is not None:
            self.require_send()
        return draft, None if Scope.SEND in self.caller.scopes else draft.version

    def require_send(self) -> None:
        """Raises MissingScope."""
        scope = Scope.SEND.value
        if scope not in self.caller.scopes:
            raise MissingScope(f"This needs the scope {scope!r}.", details={"scope": scope})

    def values_of(self, fields: dict[str, Any], draft: Draft | None) -> dict[str, Any]:
        """What a request says of a draft, new or not, with the things that it names.

        Raises Invalid and NotSender.
        """
        values = letter_values(fields)
        if kept := kept_values(fields):
            values["annotations"] = noted(draft.annotations if draft else {}, kept)
        if "from" in fields or draft is None:
            sender: Address | None = fields.get("from")
            values["sender"] = sender
            if sender or draft is None:
                values["inbox"] = self._sender(sender)
        if "conversation" in fields:
            values |= self._conversation(fields["conversation"])
        return values

    def _sender(self, sender: Address | None) -> Inbox:
        """That of the sender, else the organisation's first."""
        if sender is not None:
            return self.sending_inbox(None, sender)
        first = self.inboxes.active().order_by("pk").first()
        if first is None:
            raise Invalid("The organisation has no address to send from.", field="from")
        return first

    def _conversation(self, id: Any) -> dict[str, Any]:
        """The conversation, and the message in it that is answered."""
        if id is None:
            return {"thread": None, "in_reply_to": None}
        thread = self.threads.filter(pk=id).first()
        if thread is None:
            spelt = spell_hex(id)
            raise Invalid(f"There is no conversation {spelt} here.", field="conversation")
        return {"thread": thread, "in_reply_to": thread.messages.order_by("-pk").first()}


class CustomerDrafts(KustomerDraftsView):
    """The drafts of a customer."""

    scopes = {"POST": Scope.DRAFT}
    throttle_classes = [CallerThrottle, DraftThrottle]

    @described(**docs.LIST_DRAFTS)
    def get(self, request: Request, id: str) -> Response:
        """Drafts, newest first; those that have left are not among them."""
        now = timezone.now()
        rows = self.standing.filter(customer=self.customer_of(id)).order_by("-pk")
        return answer_page(request, rows, lambda draft: spell_draft(draft, at=now))

    @described(**docs.MAKE_DRAFT)
    def post(self, request: Request, id: str) -> Response:
        """Write a draft, and send it if it has a time."""
        customer = self.customer_of(id)
        fields = self.parse(NewDraftFields)
        timing = Timing.read(fields)
        if timing.send_at is not None:
            self.require_send()
        check_customer(fields, customer.pk)
        values = self.values_of(fields, None)
        if not values.get("to") and fields["channel"] == Channel.EMAIL:
            values["to"] = default_recipients(customer)
        draft = write_draft(workspace=self.workspace, timing=timing, customer=customer, **values)
        return answer_draft(draft, status=201)


class OneDraft(KustomerDraftsView):
    """One draft."""

    scopes = {"PUT": Scope.DRAFT, "PATCH": Scope.DRAFT, "DELETE": Scope.DRAFT}

    @described(**docs.GET_DRAFT)
    def get(self, request: Request, id: str) -> Response:
        """One draft that has not left."""
        return answer_draft(self.draft(id))

    @described(**docs.CHANGE_DRAFT)
    def put(self, request: Request, id: str) -> Response:
        """Change what is sent, and nothing else; with a time, send or schedule."""
        fields = self.parse(DraftFields)
        timing = Timing.read(fields)
        draft, expected = self.draft_to_change(id, is_sent=timing.send_at is not None)
        check_customer(fields, draft.customer_id)
        if fields.pop("channel", draft.channel) != draft.channel:
            raise ChannelFixed(f"The channel of this draft is {draft.channel}.", field="channel")
        values = self.values_of(fields, draft)
        return answer_draft(rewrite_draft(draft=draft, timing=timing, expected=expected, **values))

    patch = put

    @described(**docs.NOTHING)
    def delete(self, request: Request, id: str) -> Response:
        """Delete a draft, its attachments and its schedule."""
        draft, expected = self.draft_to_change(id)
        drop_draft(draft=draft, expected=expected)
        return Response(status=204)


def check_customer(fields: dict[str, Any], id: Any) -> None:
    """Raises Invalid for a customer other than the draft's own."""
    given = fields.get("customer")
    if given is not None and given != id:
        raise Invalid("customer is another than the one of this draft.", field="customer")


def default_recipients(customer: Customer) -> list[Address]:
    """Whom an e-mail to a customer goes to when it does not say. Raises Invalid."""
    if not customer.email:
        raise Invalid("to is required: the customer has no e-mail address.", field="to")
    return [Address(customer.email)]


def answer_draft(draft: Draft, *, status: int = 200) -> Response:
    return Response({"data": spell_draft(draft, at=timezone.now())}, status=status)
