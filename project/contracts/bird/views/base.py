"""What every view of the contract begins with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework.response import Response

from attachments.incoming import Incoming
from messaging.addresses import Address
from messaging.models import Inbox, Message
from messaging.reading import complete
from project.api.idempotency import Effect, fingerprint_of, read_key, remember
from project.api.parsers import JSONParser
from project.contracts.base import ContractView
from project.contracts.bird.errors import BIRD
from project.contracts.bird.filters import sent_here
from project.contracts.bird.limits import ANSWERS_KEPT_FOR, LIMITS
from project.contracts.bird.submissions import (
    BLANKS,
    Submission,
    facts_of,
    put_files,
    read_submissions,
)
from project.errors import NotFound
from project.ids import read

Ready = TypeVar("Ready")


class BirdView(ContractView):
    """One address."""

    contract = BIRD
    parser_classes = [JSONParser]

    def message(self, id: str, *, whole: bool = True) -> Message:
        """A message that was sent, with what belongs to it if `whole`. Raises NotFound."""
        found = sent_here(self.messages).filter(pk=read("em", id)).first()
        if found is None:
            raise NotFound(f"There is no message {id} here.")
        if whole:
            complete([found])
        return found

    def once(self, effect: Effect) -> Response:
        """The answer of `effect`, which runs once for each Idempotency-Key.

        Refusals are remembered as well, but for those that are not the caller's fault. Raises
        RequestInProgress, IdempotencyKeyReused and InvalidIdempotencyKey.
        """
        return self.prepared(lambda: None, lambda _: effect())

    def prepared(
        self, prepare: Callable[[], Ready], effect: Callable[[Ready], Response]
    ) -> Response:
        """The same, where `effect` gets what `prepare` has made outside the transaction."""
        made: list[Ready] = []
        response, replayed = remember(
            workspace=self.workspace,
            door=BIRD.name,
            key=read_key(self.request.headers.get("Idempotency-Key")),
            fingerprint=lambda: fingerprint_of(self.request, fields=facts_of(self.request.data)),
            effect=lambda: effect(made[0]),
            kept=ANSWERS_KEPT_FOR,
            prepare=lambda: made.append(prepare()),
            refused=self._remembered,
        )
        if replayed:
            response["Idempotency-Replay"] = "true"
        return response

    def _remembered(self, error: Exception) -> Response | None:
        answer = BIRD.refuse(error, {"request": self.request})
        return answer if answer is not None and answer.status_code < 500 else None


class SendingView(BirdView):
    """An address to which messages come, with their files in base64."""

    base64_blanks = BLANKS

    def open_content(self) -> Incoming:
        return Incoming(limit=LIMITS.max_file_bytes)

    def submissions(self, values: dict[str, Any]) -> list[Submission]:
        """What is to be sent, with its files stored, by the places in the request."""
        inboxes: dict[str, Inbox] = {}

        def find_inbox(sender: Address) -> Inbox:
            if sender.key not in inboxes:
                inboxes[sender.key] = self.sending_inbox(None, sender)
            return inboxes[sender.key]

        read = read_submissions(values, find_inbox)
        return put_files(read, workspace=self.workspace, open=self.open_content)
