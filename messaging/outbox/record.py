"""What came of an attempt, written down."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, DateTimeField, Exists, ExpressionWrapper, F, OuterRef, When
from django.db.models.functions import Now
from django.utils import timezone

from messaging.models import Attempt, Captured, Delivery, Message, Recipient
from messaging.models.message import REACHED
from messaging.outbox.claim import Claim, start_data
from project.events.models import Event
from project.events.services import emit, happened

#: how long to wait after the first, second, … attempt; then the last one again
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (0.25, 1, 5, 15, 30, 60, 120, 240))
#: said of a recipient who may have got the mail or not
IN_DOUBT = "The mail was handed over and the answer was lost: it may have arrived, or not."
#: how long a recipient who is deferred is tried, from the first attempt on
GIVE_UP_AFTER = timedelta(hours=48)
#: that of a file until the first try has ended, from then on that of the tries
DEADLINE = Case(
    When(Exists(Attempt.objects.filter(delivery=OuterRef("pk"))), then=F("deadline")),
    default=ExpressionWrapper(Now() + GIVE_UP_AFTER, DateTimeField()),
)


@dataclass(frozen=True)
class Reply:
    """A server's answer, or our own in its place (code 0).

    `final` is the state in which it leaves a recipient for good; blank: that which its code means.
    `provider_id` is what a provider calls the mail, when it speaks of it later.
    """

    code: int
    text: str
    final: str = ""
    provider_id: str = ""

    @property
    def is_positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def state(self) -> str:
        """The state of a recipient who got this reply."""
        if self.final:
            return self.final
        if self.is_positive:
            return Recipient.State.ACCEPTED
        return Recipient.State.DEFERRED if 400 <= self.code < 500 else Recipient.State.REFUSED

    @property
    def is_temporary(self) -> bool:
        """Whether it asks for another try."""
        return self.state == Recipient.State.DEFERRED and not self.final

    @property
    def outcome(self) -> str:
        """What it means for the try that it answers."""
        return OUTCOME_OF.get(self.state, self.state)

    def __str__(self) -> str:
        text = storable(self.text)
        return f"{self.code} {text}" if self.code else text


def storable(words: str) -> str:
    """What somebody said, without what no database takes: NUL and half surrogate pairs."""
    text = words.encode("utf-8", "replace").decode()
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True)
class Begin:
    """An attempt that asks to pass the point of no return.

    `named` are the recipients for whom this DATA is, `retried` those of them who were deferred
    before; `replies` are the answers of all others, none of them positive.
    """

    claim: Claim
    named: frozenset[UUID]
    retried: frozenset[UUID] = frozenset()
    replies: Mapping[UUID, Reply] = field(default_factory=dict)


@dataclass(frozen=True)
class Try:
    """One attempt at a delivery: what stays the same until it ends."""

    claim: Claim
    message_id: UUID
    workspace_id: UUID
    number: int  # counts from 1
    is_last: bool  # whoever is deferred now is given up
    relay: str
    started_at: datetime


@dataclass(frozen=True)
class End:
    """A try that is over.

    `named` are the recipients of the DATA that was sent, none if none was. `replies` are the
    answers that count, envelope and final ones; a named recipient without one is in doubt.
    When nobody was named or answered, nothing was sent and `reason` says why.
    """

    tried: Try
    named: frozenset[UUID] = frozenset()
    replies: Mapping[UUID, Reply] = field(default_factory=dict)
    reason: str = ""
    sent: Mapping[str, Any] | None = None  # what the DATA was; see Attempt.sent
    missing: frozenset[UUID] = frozenset()  # attachments whose bytes are not in storage
    captured: Captured | None = None

    @property
    def doubtful(self) -> frozenset[UUID]:
        return self.named - self.replies.keys()

    @property
    def outcome(self) -> str:
        """What this try came to, in a word."""
        outcomes = {str(reply.outcome) for reply in self.replies.values()}
        if self.doubtful:
            return Attempt.Outcome.UNKNOWN
        if not outcomes:
            return Attempt.Outcome.LOST
        return Attempt.Outcome.PARTIAL if len(outcomes) > 1 else outcomes.pop()

    @property
    def is_to_be_tried_again(self) -> bool:
        return not self.tried.is_last and (
            self.outcome == Attempt.Outcome.LOST
            or any(reply.is_temporary for reply in self.replies.values())
        )

    def last_word(self, reply: Reply) -> str:
        """The state that a reply leaves its recipient in; the last try gives up the deferred."""
        if self.tried.is_last and reply.is_temporary:
            return Recipient.State.REFUSED
        return reply.state


#: of a state that is not the name of an outcome
OUTCOME_OF: dict[str, str] = {
    Recipient.State.DELIVERED: Attempt.Outcome.ACCEPTED,
    Recipient.State.COMPLAINED: Attempt.Outcome.ACCEPTED,
    Recipient.State.BOUNCED: Attempt.Outcome.REFUSED,
    Recipient.State.SUPPRESSED: Attempt.Outcome.REFUSED,
}
EVENT_OF = {
    Attempt.Outcome.ACCEPTED: "message.sent",
    Attempt.Outcome.PARTIAL: "message.partial",
    Attempt.Outcome.DEFERRED: "message.deferred",
    Attempt.Outcome.REFUSED: "message.failed",
    Attempt.Outcome.LOST: "message.deferred",
    Attempt.Outcome.UNKNOWN: "message.unknown",
}


def commit(begins: Collection[Begin], ends: Collection[End]) -> set[Claim]:
    """Put down, in one transaction, what has come of tries and which may go on to their dot.

    Returns the claims that may send their last block; of two on one delivery, which a worker can
    hold that was gone for longer than a lease, only the newer may. Deliveries are locked before
    their recipients, both in the order of their ids.
    """
    with transaction.atomic():
        held = _lock([*(begin.claim for begin in begins), *(end.tried.claim for end in ends)])
        passed = start_data([begin.claim for begin in begins]) if begins else set()
        _put_down_envelopes([begin for begin in begins if begin.claim in passed])
        if ends:
            _put_down_ends([end for end in ends if end.tried.claim in held], held)
    return passed


def _lock(claims: Iterable[Claim]) -> dict[Claim, str]:
    """The state of each delivery that carries our token; it may have been swept by now."""
    ids = {claim.delivery_id for claim in claims}
    rows = Delivery.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    return {
        Claim(id, token): state
        for id, token, state in rows.values_list("pk", "claim", "state")
        if token is not None
    }


def _put_down_envelopes(begins: Collection[Begin]) -> None:
    """From here on `pending` means exactly: this DATA is for them."""
    retried = [id for begin in begins for id in begin.retried]
    if retried:
        Recipient.objects.filter(pk__in=retried, state=Recipient.State.DEFERRED).update(
            state=Recipient.State.PENDING
        )
    replies = [item for begin in begins for item in begin.replies.items()]
    _put_down_replies({id: (reply.state, reply) for id, reply in replies})


def _put_down_ends(ends: Collection[End], held: Mapping[Claim, str]) -> None:
    """Recipients, deliveries, history and events of tries that are over.

    A delivery that is no longer claimed or in data was swept while we were busy: its doubt is
    lifted for the recipients of this DATA, if they got a last word, and all else stays.
    """
    active = ("claimed", "data")
    late = [end for end in ends if held[end.tried.claim] in ("queued", "done")]
    ends = [end for end in ends if held[end.tried.claim] in active]
    lifted = _lift_doubt(late)
    _put_down_replies(
        {id: (end.last_word(reply), reply) for end in ends for id, reply in end.replies.items()}
    )
    doubtful = [id for end in ends for id in end.doubtful]
    if doubtful:
        Recipient.objects.filter(pk__in=doubtful, state=Recipient.State.PENDING).update(
            state=Recipient.State.UNKNOWN,
            reply=IN_DOUBT,
            at=Now(),
        )
    _let_rest([end for end in ends if not end.is_to_be_tried_again])
    _queue_again([end for end in ends if end.is_to_be_tried_again])
    known = [*ends, *lifted]
    _note_sent(known)
    Captured.objects.bulk_create([end.captured for end in known if end.captured])
    Attempt.objects.bulk_create([_history(end) for end in ends])
    emit(*(_event(end) for end in known))


def _put_down_replies(replies: Mapping[UUID, tuple[str, Reply]]) -> None:
    """What each recipient's server said, unless the recipient has a last word already.

    By hand: `bulk_update` makes a CASE of each row and column, which takes longer than all the
    rest of a commit.
    """
    if not replies:
        return
    id_of, now = Recipient._meta.pk.get_db_prep_value, _now_in_sql()
    rows = [
        (state, reply.code or None, str(reply), reply.provider_id, id_of(id, connection))
        for id, (state, reply) in sorted(replies.items())
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {Recipient._meta.db_table} "  # nosec B608
            "SET state = %s, code = %s, reply = %s, "
            f"provider_id = %s, at = {now} WHERE id = %s AND state IN ('pending', 'deferred')",
            rows,
        )


def _now_in_sql() -> str:
    compiler = Recipient.objects.all().query.get_compiler(connection=connection)
    return str(compiler.compile(Now())[0])


def _lift_doubt(late: Collection[End]) -> list[End]:
    """Tell the truth of recipients in doubt; returns the ends that knew it."""
    lifted = []
    for end in late:
        changed = 0
        for id in sorted(end.named & end.replies.keys()):
            reply = end.replies[id]
            if not reply.is_temporary:
                changed += Recipient.objects.filter(pk=id, state=Recipient.State.UNKNOWN).update(
                    state=reply.state,
                    code=reply.code or None,
                    reply=str(reply),
                    provider_id=reply.provider_id,
                    at=Now(),
                )
        if changed:
            lifted.append(end)
            Attempt.objects.filter(
                delivery=end.tried.claim.delivery_id,
                number=end.tried.number,
                sent__isnull=True,
            ).update(sent=end.sent, replies=_each(end))
    return lifted


def _let_rest(ends: Collection[End]) -> None:
    """Deliveries with nobody left to try."""
    ids = [end.tried.claim.delivery_id for end in ends]
    Delivery.objects.filter(pk__in=ids).update(
        state=Delivery.State.DONE, due_at=None, done_at=Now(), reason=""
    )
    given_up = [end for end in ends if end.outcome == Attempt.Outcome.LOST]
    for end in given_up:
        Recipient.objects.filter(
            delivery=end.tried.claim.delivery_id, state__in=("pending", "deferred")
        ).update(
            state=Recipient.State.REFUSED,
            reply=f"Given up after repeated tries: {end.reason}",
            at=Now(),
        )


def _queue_again(ends: Collection[End]) -> None:
    for end in sorted(ends, key=lambda end: end.tried.claim.delivery_id):
        step = min(end.tried.number, len(BACK_OFF)) - 1
        wait = timedelta() if end.missing else BACK_OFF[step]
        deferred = (str(reply) for reply in end.replies.values() if reply.is_temporary)
        Delivery.objects.filter(pk=end.tried.claim.delivery_id).update(
            state=Delivery.State.QUEUED,
            due_at=Now() + wait,
            deadline=DEADLINE,
            reason=end.reason or next(deferred, ""),
        )


def _note_sent(ends: Collection[End]) -> None:
    ids = [end.tried.message_id for end in ends if _reaches_somebody(end)]
    if ids:
        Message.objects.filter(pk__in=ids, sent_at__isnull=True).update(sent_at=Now())


def _reaches_somebody(end: End) -> bool:
    return any(reply.state in REACHED for reply in end.replies.values())


def _history(end: End) -> Attempt:
    words = end.reason or "; ".join(dict.fromkeys(str(reply) for reply in end.replies.values()))
    return Attempt(
        delivery_id=end.tried.claim.delivery_id,
        number=end.tried.number,
        outcome=end.outcome,
        reply=words,
        relay=end.tried.relay,
        sent=end.sent,
        replies=_each(end),
        started_at=end.tried.started_at,
        ended_at=timezone.now(),
    )


def _each(end: End) -> list[dict[str, Any]]:
    """What each recipient's server said; see Attempt.replies."""
    return [
        {
            "id": id.hex,
            "state": end.last_word(reply),
            "code": reply.code or None,
            "reply": str(reply),
        }
        for id, reply in sorted(end.replies.items())
    ] + [
        {"id": id.hex, "state": Recipient.State.UNKNOWN, "code": None, "reply": IN_DOUBT}
        for id in sorted(end.doubtful)
    ]


def _event(end: End) -> Event:
    kind = EVENT_OF[Attempt.Outcome(end.outcome)]
    if end.outcome == Attempt.Outcome.LOST and end.tried.is_last:
        kind = "message.failed"
    given_up = end.tried.is_last and any(reply.is_temporary for reply in end.replies.values())
    if end.outcome == Attempt.Outcome.DEFERRED and given_up:
        kind = "message.failed"
    concerned = end.named | end.replies.keys()
    return happened(
        kind,
        workspace_id=end.tried.workspace_id,
        subject_id=end.tried.message_id,
        payload={
            "attempt": end.tried.number,
            "relay": end.tried.relay,
            "reason": end.reason,
            "recipients": len(concerned),
            "recipient_ids": sorted(id.hex for id in concerned),
            "reached": _reaches_somebody(end),
        },
    )
