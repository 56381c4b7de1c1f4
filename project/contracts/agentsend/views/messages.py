"""Messages."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.acceptance import Filing
from messaging.enclosures import Enclosure
from messaging.models import Inbox, Message
from messaging.reading import complete
from messaging.services import send_message
from messaging.threads import answer_in
from messaging.trash import discard_message
from project.contracts.agentsend import docs
from project.contracts.agentsend.errors import ThreadInboxMismatch
from project.contracts.agentsend.limits import LIMITS, check_daily_limit
from project.contracts.agentsend.serializers import MessageFields, letter_of, spell_message
from project.contracts.agentsend.statuses import WORDS, having_status
from project.contracts.agentsend.views.base import AgentSendView, find, not_found
from project.contracts.schema import described
from project.errors import Invalid
from project.ids import UnknownId, read
from project.tenancy.models import Scope


class InboxMessages(AgentSendView):
    """Sending from an inbox, and what it has sent and received."""

    scopes = {"POST": Scope.SEND}

    @described(**docs.SEND)
    def post(self, request: Request, id: str) -> Response:
        inbox = self.active_inbox(id)
        fields = self.parse(MessageFields)
        letter = letter_of(fields)
        filing = self._filing(inbox, fields.get("thread_id"))
        files = self._files(fields.get("attachment_ids") or [])

        def effect() -> Response:
            check_daily_limit(inbox)
            message = send_message(
                inbox=inbox, letter=letter, enclosures=files, limits=LIMITS, filing=filing
            )
            return Response(spell_message(message, at=timezone.now()), status=202)

        return self.once(effect)

    @described(**docs.MESSAGES)
    def get(self, request: Request, id: str) -> Response:
        rows = self.shown.filter(inbox=self.active_inbox(id))
        status = request.query_params.get("status")
        if status is None:
            return self.messages_page(rows, "-id")
        if status not in WORDS:
            raise Invalid(f"This is one of: {', '.join(WORDS)}.", field="status")
        return self.messages_page(having_status(rows, status, at=timezone.now()), "-id")

    def _filing(self, inbox: Inbox, thread_id: str | None) -> Filing:
        """Raises NotFound and ThreadInboxMismatch."""
        if not thread_id:
            return Filing()
        thread = find(self.threads, "Thread", "thr", thread_id)
        if thread.inbox_id != inbox.pk:
            message = f"Thread '{thread_id}' belongs to another inbox than {inbox.address}."
            raise ThreadInboxMismatch(message, field="thread_id")
        return answer_in(thread)

    def _files(self, texts: Sequence[str]) -> list[Enclosure]:
        """The files of a message, each once, in the order of the request. Raises NotFound."""
        wanted: dict[UUID, str] = {}
        for text in texts:
            try:
                wanted.setdefault(read("att", text), text)
            except UnknownId:
                raise not_found("Attachment", text) from None
        rows = self.workspace.attachments.visible().select_related("blob").in_bulk(list(wanted))
        for id, text in wanted.items():
            if id not in rows:
                raise not_found("Attachment", text)
        return [Enclosure(rows[id]) for id in wanted]


class OneMessage(AgentSendView):
    """A message."""

    scopes = {"DELETE": Scope.SEND}

    @described(**docs.MESSAGE)
    def get(self, request: Request, id: str) -> Response:
        message = self._message(id)
        complete([message])
        return Response(spell_message(message, at=timezone.now()))

    @described(**docs.DELETE_MESSAGE)
    def delete(self, request: Request, id: str) -> Response:
        discard_message(message=self._message(id))
        return Response(status=204)

    def _message(self, id: str) -> Message:
        return find(self.shown.select_related("inbox"), "Message", "msg", id)
