"""What became of a message that we sent, in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from messaging.models import Delivery, Message, Recipient
from messaging.models.message import HELD_BY_HAND, REACHED, Direction, Status

WORDS: dict[str, str] = {
    Status.SCHEDULED: "Leaves",
    Status.WAITING: "Waits for",
    Status.HELD: "Held back by an operator",
    Status.QUEUED: "Ready to leave",
    Status.SENDING: "Is being sent",
    Status.SENT: "Delivered",
    Status.PARTIAL: "Delivered to some, not to all",
    Status.DEFERRED: "Not yet taken by their server; tried again",
    Status.FAILED: "Not delivered",
    Status.UNKNOWN: "May have arrived: the connection broke at the very end",
    Status.CANCELED: "Canceled before it left",
    Status.RECORDED: "Kept here, sent to nobody",
}
#: status -> how it looks
LOOKS: dict[str, str] = {
    Status.SENT: "good",
    Status.PARTIAL: "bad",
    Status.FAILED: "bad",
    Status.UNKNOWN: "warn",
    Status.DEFERRED: "warn",
    Status.WAITING: "warn",
    Status.HELD: "warn",
}
#: the state of a recipient -> the same of one person
FATES: dict[str, str] = {
    Recipient.State.PENDING: "not yet sent",
    Recipient.State.ACCEPTED: "their server took it",
    Recipient.State.DEFERRED: "their server asks to try later",
    Recipient.State.REFUSED: "their server refused it",
    Recipient.State.UNKNOWN: "may have got it",
    Recipient.State.SUPPRESSED: "is not written to any more",
    Recipient.State.DELIVERED: "has it",
    Recipient.State.BOUNCED: "it came back",
    Recipient.State.COMPLAINED: "called it spam",
}


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What became of it for one person; `reply` is in their server's words."""

    email: str
    words: str
    reply: str
    is_trouble: bool


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The whole of it; `at` stands behind the words."""

    words: str
    look: str = ""
    at: datetime | None = None
    fates: Sequence[Fate] = field(default_factory=tuple)
    is_in_doubt: bool = False  # people can say what became of it

    @property
    def troubles(self) -> list[Fate]:
        """Those for whom it went wrong, so far."""
        return [fate for fate in self.fates if fate.is_trouble]


def outcome_of(message: Message, *, at: datetime) -> Outcome | None:
    """What became of a message that `in_full` has read; None for one that came in."""
    if message.direction == Direction.INBOUND:
        return None
    status = message.status_at(at)
    return Outcome(
        words=_words(message, status),
        look=LOOKS.get(status, ""),
        at=_moment(message, status),
        fates=[_fate(one) for one in message.recipients],
        is_in_doubt=status == Status.UNKNOWN,
    )


def _words(message: Message, status: Status) -> str:
    if status == Status.WAITING:
        number = len(message.waiting_for())
        return f"Waits for {number} file{'' if number == 1 else 's'}"
    if status == Status.HELD:
        held = message.hold()
        return f"{WORDS[status]}: {held.reason if held and held.reason else HELD_BY_HAND}"
    reasons = [one.reason for one in message.deliveries.all() if _has_failed(one)]
    return f"{WORDS[status]}: {reasons[0]}" if reasons else WORDS[status]


def _has_failed(delivery: Delivery) -> bool:
    return delivery.state == Delivery.State.FAILED and bool(delivery.reason)


def _moment(message: Message, status: Status) -> datetime | None:
    if status in (Status.SCHEDULED, Status.DEFERRED):
        times = [one.due_at for one in message.deliveries.all() if one.due_at]
        return min(times, default=None)
    return message.sent_at if status == Status.SENT else None


def _fate(recipient: Recipient) -> Fate:
    quiet = (*REACHED, Recipient.State.PENDING)
    return Fate(
        email=recipient.email,
        words=FATES[recipient.state],
        reply=recipient.reply,
        is_trouble=recipient.state not in quiet or recipient.state == "complained",
    )
