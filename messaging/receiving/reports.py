"""What other servers report of mail that we sent (RFC 3464)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from messaging.mime.fields import Fields, read_fields
from messaging.mime.reader import Mail
from messaging.models import Message, Recipient
from messaging.models.message import Direction, MessageQuerySet
from messaging.receiving.outcomes import Outcome, apply_outcomes, code_in

State = Recipient.State

#: what an action says of a recipient; `delayed` says nothing that is not known
STATES: dict[str, str] = {
    "failed": State.BOUNCED,
    "delivered": State.DELIVERED,
    "expanded": State.DELIVERED,
    "relayed": State.ACCEPTED,
}
STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
RETURNED_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers")
MAX_REPORT_BYTES = 256 * 1024
MAX_RECIPIENTS = 1000


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
    outcomes = (outcome for part in statuses for outcome in _outcomes(part.head(MAX_REPORT_BYTES)))
    return Report(about=_about(mail), outcomes=list(islice(outcomes, MAX_RECIPIENTS)))


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
    return Outcome(
        names=tuple(name.rpartition(";")[2].strip().strip("<>").lower() for name in names if name),
        state=state,
        code=code_in(words),
        words=words[:1000],
    )


def _about(mail: Mail) -> list[str]:
    found: list[str] = []
    for part in mail.files:
        if part.content_type in RETURNED_TYPES:
            raw = part.head(MAX_REPORT_BYTES)
            found += read_fields(raw, 0, len(raw), is_top=True)[0].message_ids("Message-ID")
    for name in ("In-Reply-To", "References"):
        found += mail.fields.message_ids(name)
    return list(dict.fromkeys(found))


def apply_report(*, messages: MessageQuerySet, report: Report) -> Message | None:
    """Tell the recipients of the mail that a report is about; the message, None if it is not here.

    To be called in a transaction.
    """
    sent = messages.filter(direction=Direction.OUTBOUND)
    known = {one.rfc_message_id: one for one in sent.filter(rfc_message_id__in=report.about)}
    message = next((known[id] for id in report.about if id in known), None)
    if message is None:
        return None
    apply_outcomes(message=message, outcomes=report.outcomes)
    return message
