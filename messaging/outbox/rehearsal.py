"""Rehearsals: addresses whose answer is known beforehand, and which no server is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from attachments.errors import StorageUnavailable
from messaging.models import Recipient
from messaging.outbox.parcel import Addressee, FilesMissing, Line, Parcel, carry_in_turn
from messaging.outbox.record import End, Reply
from project.errors import Refusal

#: what a rehearsed recipient can come to
STATES = (
    Recipient.State.ACCEPTED,
    Recipient.State.DELIVERED,
    Recipient.State.BOUNCED,
    Recipient.State.COMPLAINED,
    Recipient.State.REFUSED,
    Recipient.State.DEFERRED,
    Recipient.State.SUPPRESSED,
)
GO_ON = Reply(250, "")


class Rehearsed(TypedDict):
    """What a recipient is to come to: the state (of STATES), and the reply that says so."""

    state: str
    code: int | None
    reply: str


@dataclass(frozen=True)
class RehearsalTransport:
    """Goes every step of a real sending, and says nothing to anybody outside."""

    name: str = "rehearsal"

    def run(self, parcel: Parcel, line: Line) -> None:
        """Rehearse this parcel, and those that `line` has next."""
        carry_in_turn(parcel, line, self.rehearse)

    def rehearse(self, parcel: Parcel, line: Line) -> tuple[End | None, Parcel | None]:
        """Rehearse one: its end, None if it may not go, and the next, if the drain named one."""
        try:
            parcel.open()
        except FilesMissing as error:
            return parcel.without_files(error), None
        except (OSError, StorageUnavailable, Refusal) as error:
            return parcel.unsent(f"The mail could not be read: {error}"), None
        replies = {one.recipient_id: reply_to(one) for one in parcel.addressees}
        answer = line.begin(parcel.begin(dict.fromkeys(replies, GO_ON)))
        if not answer.may_go:
            return None, answer.next
        return parcel.answered(replies, named=frozenset(replies)), answer.next


def reply_to(one: Addressee) -> Reply:
    """The reply that has been laid down for somebody; it is the last word."""
    assert one.rehearsed  # nobody else goes this way
    return Reply(one.rehearsed["code"] or 0, one.rehearsed["reply"], final=one.rehearsed["state"])
