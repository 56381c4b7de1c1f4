"""What other servers report of mail that we sent (RFC 3464), and whom it concerns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from messaging.mime.fields import Fields, read_fields
from messaging.mime.reader import Mail
from messaging.models import Delivery, Message, Recipient
from messaging.models.message import Direction, MessageQuerySet
from project.events.services import emit, happened

State = Recipient.State

#: what an action says of a recipient; `delayed` says nothing that is not known
STATES: dict[str, str] = {
    "failed": State.BOUNCED,
    "delivered": State.DELIVERED,
    "expanded": State.DELIVERED,
    "relayed": State.ACCEPTED,
}
#: from which states a report may lead there
BEFORE: dict[str, tuple[str, ...]] = {
    State.BOUNCED: (State.ACCEPTED, State.UNKNOWN, State.DELIVERED),
    State.DELIVERED: (State.ACCEPTED, State.UNKNOWN),
    State.ACCEPTED: (State.UNKNOWN,),
}
KINDS: dict[str, str] = {
    State.BOUNCED: "message.bounced",
    State.DELIVERED: "message.delivered",
    State.ACCEPTED: "message.sent",
}
STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
RETURNED_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers")
MAX_REPORT_BYTES = 256 * 1024
MAX_RECIPIENTS = 1000
CODE = re.compile(r"\b([245]\d\d)\b")


@dataclass(frozen=True)
class Outcome:
    """What a report says of one recipient; `names` are the addresses it goes by."""

    names: tuple[str, ...]
    state: str
    code: int | None
    words: str


@dataclass(frozen=True)
class Report:
    """A delivery status notification: about which mail, and what of whom."""

    about: Sequence[str]  # Message-IDs, the likeliest first
    outcomes: Sequence[Outcome]


def read_report(mail: Mail) -> Report | None:
    """What a mail reports; None when it is no report."""
    statuses = [part for part in mail.files if part.content_type in STATUS_TYPES]
    if not statuses:
        return None
    outcomes = [
        outcome for part in statuses for outcome in _outcomes(part.content()[:MAX_REPORT_BYTES])
    ]
    return Report(about=_about(mail), outcomes=outcomes[:MAX_RECIPIENTS])


def _outcomes(raw: bytes) -> Iterator[Outcome]:
    """Every group of fields behind the first, which is about the message as a whole."""
    position = 0
    while position < len(raw):
        fields, following = read_fields(raw, position, len(raw))
        if following <= position:  # a line that is no field: read on behind it
            following = raw.find(b"\n", position) + 1 or len(raw)
        position = following
        state = STATES.get(fields.raw("Action").strip().lower())
        if state:
            yield _outcome(fields, state)


def _outcome(fields: Fields, state: str) -> Outcome:
    names = (fields.raw(name) for name in ("Original-Recipient", "Final-Recipient"))
    words = fields.text("Diagnostic-Code").partition(";")[2].strip() or fields.text("Status")
    code = CODE.search(words)
    return Outcome(
        names=tuple(name.rpartition(";")[2].strip().strip("<>").lower() for name in names if name),
        state=state,
        code=int(code[1]) if code else None,
        words=words[:1000],
    )


def _about(mail: Mail) -> list[str]:
    found: list[str] = []
    for part in mail.files:
        if part.content_type in RETURNED_TYPES:
            raw = part.content()[:MAX_REPORT_BYTES]
            found += read_fields(raw, 0, len(raw), is_top=True)[0].message_ids("Message-ID")
    for name in ("In-Reply-To", "References"):
        found += mail.fields.message_ids(name)
    return list(dict.fromkeys(found))


def apply_report(*, messages: MessageQuerySet, report: Report) -> Message | None:
    """Tell the recipients of the mail that a report is about; the message, None if it is not here.

    To be called in a transaction. Locks deliveries first, as everybody does.
    """
    sent = messages.filter(direction=Direction.OUTBOUND)
    known = {one.rfc_message_id: one for one in sent.filter(rfc_message_id__in=report.about)}
    message = next((known[id] for id in report.about if id in known), None)
    if message is None:
        return None
    rows = Delivery.objects.filter(message=message).order_by("pk")
    deliveries = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    told: dict[str, list[str]] = {}
    for outcome in report.outcomes:
        for one in _concerned(deliveries, outcome):
            Recipient.objects.filter(pk=one.pk).update(
                state=outcome.state, code=outcome.code, reply=outcome.words, at=Now()
            )
            told.setdefault(outcome.state, []).append(one.email)
    if told.keys() & {State.DELIVERED, State.ACCEPTED}:
        Message.objects.filter(pk=message.pk, sent_at__isnull=True).update(sent_at=Now())
    emit(
        *(
            happened(
                KINDS[state],
                workspace_id=message.workspace_id,
                subject_id=message.pk,
                payload={"recipients": emails},
            )
            for state, emails in told.items()
        )
    )
    return message


def _concerned(deliveries: Sequence[UUID], outcome: Outcome) -> list[Recipient]:
    """The recipients that an outcome is about, and can still be told.

    A server that forwards reports the address that it forwarded to: with one recipient only, that
    is the one.
    """
    everybody = Recipient.objects.filter(delivery__in=deliveries)
    named = Q()
    for name in outcome.names:
        named |= Q(email__iexact=name)
    found = list(everybody.filter(named)) if outcome.names else []
    if not found and everybody.count() == 1:
        found = list(everybody)
    return [one for one in found if one.state in BEFORE[outcome.state]]
