"""What became of mail after it had left, whoever tells: a server's report, or a provider."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from messaging.models import Delivery, Message, Recipient
from messaging.models.message import REACHED
from project.events.services import emit, happened

State = Recipient.State

#: from which states an outcome may lead there
BEFORE: dict[str, tuple[str, ...]] = {
    State.BOUNCED: (State.ACCEPTED, State.UNKNOWN, State.DELIVERED),
    State.COMPLAINED: (State.ACCEPTED, State.UNKNOWN, State.DELIVERED),
    State.DELIVERED: (State.ACCEPTED, State.UNKNOWN),
    State.REFUSED: (State.ACCEPTED, State.UNKNOWN),
    State.ACCEPTED: (State.UNKNOWN,),
}
KINDS: dict[str, str] = {
    State.BOUNCED: "message.bounced",
    State.COMPLAINED: "message.complained",
    State.DELIVERED: "message.delivered",
    State.REFUSED: "message.failed",
    State.ACCEPTED: "message.sent",
}
CODE = re.compile(r"(?<![\d.])([245]\d\d)(?!\.?\d)")


@dataclass(frozen=True)
class Outcome:
    """What is said of one recipient; `names` are the addresses it goes by."""

    names: tuple[str, ...]
    state: str  # a key of BEFORE
    code: int | None
    words: str


def code_in(words: str) -> int | None:
    """The reply code that a server's words begin with, or have somewhere."""
    code = CODE.search(words)
    return int(code[1]) if code else None


def apply_outcomes(*, message: Message, outcomes: Sequence[Outcome]) -> None:
    """Tell the recipients of a message what became of them, and the log.

    To be called in a transaction. Locks deliveries first, as everybody does.
    """
    rows = Delivery.objects.filter(message=message).order_by("pk")
    deliveries = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    told: dict[str, list[str]] = {}
    for outcome in outcomes:
        for one in _concerned(deliveries, outcome):
            Recipient.objects.filter(pk=one.pk).update(
                state=outcome.state, code=outcome.code, reply=outcome.words, at=Now()
            )
            told.setdefault(outcome.state, []).append(one.email)
    if told.keys() & set(REACHED):
        Message.objects.filter(pk=message.pk, sent_at__isnull=True).update(sent_at=Now())
    emit(
        *(
            happened(
                KINDS[state],
                workspace_id=message.workspace_id,
                subject_id=message.pk,
                payload={"recipients": emails, "reached": state in REACHED},
            )
            for state, emails in told.items()
        )
    )


def _concerned(deliveries: Sequence[UUID], outcome: Outcome) -> list[Recipient]:
    """The recipients that an outcome is about, and can still be told.

    A server that forwards reports the address that it forwarded to: with one recipient only, that
    is the one.
    """
    everybody = Recipient.objects.filter(delivery__in=deliveries).select_related("delivery")
    named = Q()
    for name in outcome.names:
        named |= Q(email__iexact=name)
    found = list(everybody.filter(named)) if outcome.names else []
    if not found and everybody.count() == 1:
        found = list(everybody)
    return [one for one in found if _stand_of(one) in BEFORE[outcome.state]]


def _stand_of(one: Recipient) -> str:
    """A recipient's state; in doubt is also who is told of before the answer is written down."""
    if one.state == State.PENDING and one.delivery.state == Delivery.State.DATA:
        return State.UNKNOWN
    return one.state
